"""A record that the data hold k times: eta of one copy, and of the record itself.

k copies weigh as one of weight k, among n + k - 1 rows. One copy alone has a k-th of the eta of all together: whoever
is described by all of them changes all of them, and J of that is the sum of the k equal ones.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

import numpy as np

from fil_core.dataset import Dataset
from fil_core.display.numbers import number
from fil_core.learn.fits import L2, eta_of, fitted_to, place
from fil_core.learn.mode import Outcome, Said


def run(dataset: Dataset, strength: float) -> Outcome:
    """The leakiest record said `strength` times: eta of all copies that move together, and of a single one."""
    alone = eta_of(fitted_to(dataset), dataset)
    row, weights = int(alone.argmax()), np.ones(dataset.n)
    weights[row] = strength
    rows = dataset.n + strength - 1  # so many the data then have, by which the penalty is multiplied
    eta = eta_of(fitted_to(dataset, weights=weights, l2=L2 * rows / dataset.n), dataset)
    one = eta / weights
    summary = {
        "record": int(dataset.ids[row]),
        "alone": float(alone[row]),
        "together": float(eta[row]),
        "one": float(one[row]),
        "rank_together": place(eta, row),
        "rank_one": place(one, row),
    }
    return Outcome(eta, one, {"copies": weights.astype(np.int64)}, summary)


def sentence(said: Said) -> str:
    """Eta of one copy and of all."""
    return (
        f"{said.called(said['record'])}, the leakiest record with η = {number(said['alone'])}, has, held "
        f"**{said['strength']:g}** times, η = **{number(said['one'])}** for one copy, rank {said['rank_one']:,} of "
        f"{said['n']:,}, and **{number(said['together'])}** for all copies together, rank {said['rank_together']:,}."
    )
