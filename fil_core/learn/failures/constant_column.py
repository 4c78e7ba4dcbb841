"""A column that is zero in every row and stays in the model.

No example bends the objective along it, so H there is n l2 alone, theta is 0, and the block of J is r / (n l2) times
the identity: eta becomes max(eta, |r| / (n l2)), the size of the residual, for a column that says nothing.

Source: docs/maths.md, before section 1.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from fil_core.dataset import Dataset
from fil_core.display.numbers import number
from fil_core.learn.fits import L2, eta_of, fitted_to
from fil_core.learn.mode import Outcome, Said
from fil_core.linalg.correlation import spearman
from fil_core.models import Glm


def run(dataset: Dataset, strength: float) -> Outcome:
    """Eta without and with so many columns of zeros."""
    k = int(strength)
    more = tuple(f"zero {j + 1}" for j in range(k))
    padded = dataclasses.replace(
        dataset, X=np.hstack([dataset.X, np.zeros((dataset.n, k))]), feature_names=(*dataset.feature_names, *more)
    )
    fitted = fitted_to(padded)
    eta, other = eta_of(fitted_to(dataset), dataset), eta_of(fitted, padded)
    terms = fitted.terms(padded)
    residual = (terms.r.abs() if isinstance(terms, Glm) else terms.delta.norm(dim=1)).numpy()
    summary = {
        "ridge": dataset.n * L2,
        "spearman": spearman(other, eta),
        "with_residual": spearman(other, residual),
        "taken_over": int((other > eta * (1 + 1e-9)).sum()),
        "median": float(np.median(eta)),
        "median_other": float(np.median(other)),
    }
    return Outcome(eta, other, {"residual": residual}, summary)


def sentence(said: Said) -> str:
    """Of how many examples eta is now that of a column of zeros."""
    if said["strength"] == 0:
        return f"Without such a column both agree for all {said['n']:,} examples."
    columns = "a column of zeros" if said["strength"] == 1 else f"{said['strength']:g} columns of zeros"
    return (
        f"With {columns}, η of **{said['taken_over']:,}** of {said['n']:,} examples becomes the size of the residual "
        f"over nλ = {number(said['ridge'])}; the median goes from {number(said['median'])} to "
        f"**{number(said['median_other'])}**, and the ranks correlate at "
        f"{said.correlation('with_residual')} with the residual and "
        f"at **{said.correlation('spearman')}** with η as it should be."
    )
