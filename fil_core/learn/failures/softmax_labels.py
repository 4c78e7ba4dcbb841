"""Labels of a softmax model that may leave the simplex: all entries of one label rise together.

Along the direction 1 / sqrt(C) of the label J is -H^-1 [1 / sqrt(C) (x) x] = -(1 / sqrt(C) (x) x) / (n l2), since the
scores' common level bends nothing but the penalty, and it is orthogonal to all other columns. So with U = [class steps,
t 1 / sqrt(C)] in place of the class steps eta becomes max(eta, t |x| / (n l2)), no property of the model.

Source: docs/maths.md, section 1.
"""

from __future__ import annotations

import numpy as np

from fil_core.dataset import Dataset
from fil_core.display.numbers import number
from fil_core.learn.fits import L2, eta_of, fitted_to
from fil_core.learn.mode import Outcome, Said
from fil_core.linalg.correlation import spearman


def run(dataset: Dataset, strength: float) -> Outcome:
    """Eta with labels in the simplex, and with labels that may leave it by `strength`."""
    eta = eta_of(fitted_to(dataset, "softmax"), dataset)
    length = np.linalg.norm(dataset.X, axis=1)
    free = strength * length / (dataset.n * L2)
    other = np.maximum(eta, free)
    summary = {
        "ridge": dataset.n * L2,
        "taken_over": int((free > eta).sum()),
        "spearman": spearman(other, eta),
        "with_length": spearman(other, length),
        "median": float(np.median(eta)),
        "median_other": float(np.median(other)),
    }
    return Outcome(eta, other, {"length": length}, summary)


def sentence(said: Said) -> str:
    """Of how many examples eta is now the length of the row."""
    if said["strength"] == 0:
        return f"With labels that stay in the simplex both agree for all {said['n']:,} examples."
    return (
        f"If all entries of a label may rise together{'' if said['strength'] == 1 else ' by that share'}, η of "
        f"**{said['taken_over']:,}** of {said['n']:,} examples is the length of the row over nλ = "
        f"{number(said['ridge'])}; the median goes from {number(said['median'])} to "
        f"**{number(said['median_other'])}**, and the ranks correlate at "
        f"{said.correlation('with_length')} with the length and "
        f"at **{said.correlation('spearman')}** with η as it should be."
    )
