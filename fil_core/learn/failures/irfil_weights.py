"""Iteratively reweighted FIL that forgets the weights in the Hessian.

J_i = -w_i [r H^-1 + a u theta^T, -u] with H = sum_j w_j a_j x_j x_j^T + n l2 I. With H = sum_j a_j x_j x_j^T + n l2 I
instead, the rounds still converge to equal numbers, but these are not the eta of the model that is released.

Source: docs/maths.md, section 5.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from fil_core.dataset import Dataset
from fil_core.display.numbers import number
from fil_core.learn.fits import eta_of, fitted_to
from fil_core.learn.mode import Outcome, Said
from fil_core.linalg import Curvature, weighted_gram
from fil_core.models import Fitted
from fil_core.models.fitted import penalties
from fil_core.models.glm import penalised

L2 = 1e-2


def run(dataset: Dataset, strength: float) -> Outcome:
    """So many rounds of reweighting by the right eta, and by one whose Hessian has no weights."""
    rounds = int(strength)
    right, believed = rounds_of(dataset, rounds, forget=False), rounds_of(dataset, rounds, forget=True)
    eta, other = right[-1]["eta"], believed[-1]["eta"]
    arrays = {
        "round": np.arange(rounds + 1),
        "spread": np.array([spread(one["eta"]) for one in right]),
        "spread_other": np.array([spread(one["eta"]) for one in believed]),
        "spread_believed": np.array([spread(one["used"]) for one in believed]),
    }
    summary = {name: float(values[-1]) for name, values in arrays.items() if name != "round"}
    summary |= {"largest": float(eta.max()), "largest_other": float(other.max()), "first": float(arrays["spread"][0])}
    summary |= {"largest_believed": float(believed[-1]["used"].max())}
    columns = {
        "eta_believed": believed[-1]["used"],
        "weight": right[-1]["weights"],
        "weight_other": believed[-1]["weights"],
    }
    return Outcome(eta, other, columns, summary, arrays)


def rounds_of(dataset: Dataset, rounds: int, *, forget: bool) -> list[dict[str, np.ndarray]]:
    """Rounds 0 to `rounds`: the weights, the true eta, and the one that is used for the next weights.

    Args:
        dataset: its examples.
        rounds: >= 0.
        forget: whether the Hessian of the eta that is used has no weights.
    """
    omega, found, theta = np.ones(dataset.n), [], None
    for _ in range(rounds + 1):
        weights = omega / omega.mean()
        fitted = fitted_to(dataset, l2=L2, weights=weights, start=theta)
        theta, eta = fitted.theta, eta_of(fitted, dataset)
        used = eta_of(forgetful(fitted, dataset), dataset) if forget else eta
        found.append({"weights": weights, "eta": eta, "used": used})
        omega = weights / used
    return found


def forgetful(fitted: Fitted, dataset: Dataset) -> Fitted:
    """The model with the Hessian of equal weights, which is not its own."""
    terms: Any = fitted.terms(dataset)
    H = penalised(weighted_gram(terms.X, terms.a), penalties(fitted.spec, dataset, False, terms.X.device))
    return dataclasses.replace(fitted, curvature=Curvature.factor(H))


def spread(eta: np.ndarray) -> float:
    """Standard deviation over the mean."""
    return float(eta.std() / eta.mean())


def sentence(said: Said) -> str:
    """The spread that is believed and the one that is there."""
    if said["strength"] == 0:
        return f"Before the first round all {said['n']:,} weights are 1, and both agree."
    rounds = "1 round" if said["strength"] == 1 else f"{said['strength']:g} rounds"
    return (
        f"After **{rounds}** the standard deviation of η is **{100 * said['spread']:.2g} %** of its mean, from "
        f"{100 * said['first']:.3g} %; with the weights left out of the Hessian it is believed to be "
        f"{100 * said['spread_believed']:.2g} % and is **{100 * said['spread_other']:.3g} %**, and the largest η is "
        f"**{number(said['largest_other'])}** where {number(said['largest_believed'])} is believed (done right, "
        f"{number(said['largest'])})."
    )
