"""Lambda = 0 on data that a plane separates: there is no optimum, and as lambda falls eta grows as 1 / lambda.

With the classes separated |theta| grows as log(1 / lambda), every residual and every curvature a falls as lambda, so
H ~ lambda and the label's column u = H^-1 x of every example grows as 1 / lambda while the classifier stays the same.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

import numpy as np

from fil_core.dataset import Dataset
from fil_core.display.numbers import number
from fil_core.errors import FilError, NotConverged
from fil_core.learn.fits import L2, eta_of, fitted_to
from fil_core.learn.mode import Outcome, Said
from fil_core.linalg.correlation import spearman

_PENALTIES = np.geomspace(1e-8, 1.0, 9)


def run(dataset: Dataset, strength: float) -> Outcome:
    """Eta at the usual penalty and at another, and along a grid of them."""
    fitted = fitted_to(dataset)
    eta, other = eta_of(fitted, dataset), np.full(dataset.n, np.nan)
    summary = {"usual": L2, "theta": float(fitted.theta.norm()), "at_zero": _at_zero(dataset)}
    try:
        again = fitted_to(dataset, l2=strength)
        other = eta_of(again, dataset)
        agree = (fitted.predictions(fitted.scores(dataset.X)) == again.predictions(again.scores(dataset.X))).double()
        summary |= {
            "theta_other": float(again.theta.norm()),
            "agree": float(agree.mean()),
            "ratio": float(np.median(other) / np.median(eta)),
            "spearman": spearman(other, eta),
        }
    except FilError:
        if strength > 0:
            raise
    arrays = _along(dataset)
    two = arrays["median_eta"][:2]
    summary["growth"] = float(np.log(two[0] / two[1]) / np.log(_PENALTIES[1] / _PENALTIES[0]))
    return Outcome(eta, other, {}, summary, arrays)


def _at_zero(dataset: Dataset) -> str:
    """Whether there is an optimum at lambda = 0: `exists`, `separable`, or `singular`."""
    try:
        fitted_to(dataset, l2=0.0)
    except NotConverged:
        return "separable"
    except FilError:
        return "singular"
    return "exists"


def _along(dataset: Dataset) -> dict[str, np.ndarray]:
    """Median and largest eta, and the length of the parameters, over the grid of penalties."""
    rows = []
    for l2 in _PENALTIES:
        fitted = fitted_to(dataset, l2=float(l2))
        eta = eta_of(fitted, dataset)
        rows.append((np.median(eta), eta.max(), float(fitted.theta.norm())))
    median, largest, length = np.array(rows).T
    return {"penalty": _PENALTIES, "median_eta": median, "largest_eta": largest, "theta_length": length}


_SAID = {
    "separable": "At λ = 0 there is no optimum, since a plane separates the classes, and **η has no value**",
    "singular": "At λ = 0 the parameters are not unique, and **η has no value**",
    "exists": "A plane does not separate these classes, so that η has a value even at λ = 0",
}


def sentence(said: Said) -> str:
    """What there is at 0, and how eta changed on the way there."""
    growth = f"towards it the median of η grows as λ to the power of −{abs(said['growth']):.2f}"
    if said["growth"] < 0.005:
        growth = "towards it the median of η stays what it is"
    first = f"{_SAID[said['at_zero']]}; {growth} (from 10⁻⁷ to 10⁻⁸)."
    if "ratio" not in said.summary:
        return first
    return (
        f"{first} From λ = {said['usual']:g} to {said['strength']:g} the median changes by a factor of "
        f"**{number(said['ratio'])}**, while {100 * said['agree']:.0f} % of the predictions stay the same."
    )
