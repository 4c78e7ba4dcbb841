"""One feature in another unit, with the penalty left as it is.

With x'_1 = c x_1 the optimum at lambda = 0 is the same classifier, theta'_1 = theta_1 / c, and still J' = D^-1
[J_x D^-1, J_y] with D = diag(c, 1, ...): |J|_2 weighs the entries of theta and of x by their units. A penalty adds that
a feature in small numbers needs a large parameter.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from fil_core.dataset import Dataset
from fil_core.display.numbers import number
from fil_core.learn.fits import eta_of, fitted_to, kept_at_top
from fil_core.learn.mode import Outcome, Said
from fil_core.linalg.correlation import spearman
from fil_core.models import Fitted


def run(dataset: Dataset, strength: float) -> Outcome:
    """Eta as the data are, and with the column that the model uses most multiplied by `strength`."""
    fitted = fitted_to(dataset)
    column = most_used(fitted, dataset)
    X = dataset.X.copy()
    X[:, column] *= strength
    scaled = dataclasses.replace(dataset, X=X)
    eta, other = eta_of(fitted, dataset), eta_of(fitted_to(scaled), scaled)
    kept, top = kept_at_top(eta, other)
    summary = {
        "column": column,
        "spearman": spearman(other, eta),
        "kept": kept,
        "top": top,
        "ratio": float(np.median(other) / np.median(eta)),
        "leakiest": int(dataset.ids[eta.argmax()]),
        "leakiest_other": int(dataset.ids[other.argmax()]),
    }
    return Outcome(eta, other, {}, summary)


def most_used(fitted: Fitted, dataset: Dataset) -> int:
    """The column whose parameter times its standard deviation is largest."""
    size = np.abs(np.atleast_2d(fitted.theta.numpy())).max(0)
    return int((size * dataset.X.std(0)).argmax())


def sentence(said: Said) -> str:
    """How the ranking changes with the unit of one feature."""
    return (
        f"With the most used of {said['d']:,} features multiplied by **{said['strength']:g}** the ranks of η "
        f"correlate at **{said.correlation('spearman')}** with those before; {order(said)}, and the median is "
        f"**{number(said['ratio'])} ×** what it was."
    )


def order(said: Said) -> str:
    """Who stays among the leakiest."""
    same = said["leakiest"] == said["leakiest_other"]
    now = (
        "is the same"
        if same
        else f"is {said.called(said['leakiest_other'])} instead of {said.called(said['leakiest'])}"
    )
    several = f"{said['kept']} of the {said['top']} leakiest examples stay among them, and " if said["top"] > 1 else ""
    return f"{several}the leakiest {now}"
