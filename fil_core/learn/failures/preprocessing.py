"""The scale of the features is taken as public, though the longest row sets it.

With x~ = x / s, s = |x_m|, a change of the longest row changes all rows: its J has the term H^-1 G v^T more
(`fil_core.leakage.scaling`), that is, everybody's derivative along their own row.

Source: docs/maths.md, before section 1.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from fil_core.dataset import Dataset
from fil_core.display.numbers import number
from fil_core.leakage.scaling import eta_through_scale
from fil_core.learn.fits import eta_of, fitted_to, place
from fil_core.learn.mode import Outcome, Said


def run(dataset: Dataset, strength: float) -> Outcome:
    """Eta with the scale's dependence on the longest row and without, that row made longer by `strength`."""
    longer = with_longer(dataset, strength)
    fitted = fitted_to(longer)
    other = eta_of(fitted, longer)
    eta, rows = other.copy(), eta_through_scale(fitted, longer)
    if rows is None:
        raise TypeError("preprocessing: expected features divided by the largest norm of a row")
    for id, through in zip(rows.ids, rows.eta, strict=True):
        eta[dataset.row(id)] = through
    row = dataset.row(rows.ids[0])
    summary = {
        "record": rows.ids[0],
        "eta": float(eta[row]),
        "eta_other": float(other[row]),
        "rank": place(eta, row),
        "rank_other": place(other, row),
        "factor": float(eta[row] / other[row]) if other[row] > 0 else float("inf"),
    }
    return Outcome(eta, other, {"row_norm": np.linalg.norm(longer.X, axis=1)}, summary)


def with_longer(dataset: Dataset, factor: float) -> Dataset:
    """The data with their longest source row multiplied by `factor` >= 1, divided by its new norm.

    Args:
        dataset: of which every row was divided by the largest norm; principal directions are kept.
        factor: of the longest row.
    """
    source = dataset.source.astype(np.float64)
    norms = np.linalg.norm(source, axis=1)
    source[norms.argmax()] *= factor
    scaled = dataclasses.replace(dataset.preprocessing, scale=dataset.preprocessing.scale / factor)
    return dataclasses.replace(dataset, source=source, preprocessing=scaled, X=scaled.forward(source))


def sentence(said: Said) -> str:
    """Eta of the row that sets the scale, with what it changes in all others and without."""
    longer = "" if said["strength"] == 1 else f", made {said['strength']:g} times as long,"
    return (
        f"{said.called(said['record'])}, the longest row{longer} sets the scale of all {said['n']:,}: its η is "
        f"**{number(said['eta_other'])}**, rank {said['rank_other']:,}, with the scale taken as public, and "
        f"**{number(said['eta'])}**, rank {said['rank']:,}, with what it changes in every other row, "
        f"{number(said['factor'])} times as much."
    )
