"""A record so far out that the model has given in to it: its residual and curvature vanish, and so does its eta.

Eta is a derivative at the optimum with the record in it. What membership tests ask is what its absence changes, and
that is not small: without it the model is another one, under which the record's loss is large.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from fil_core.dataset import Dataset
from fil_core.display.numbers import number
from fil_core.leakage.calibration import membership_auc
from fil_core.learn.fits import eta_of, fitted_to, place, varying
from fil_core.learn.mode import Outcome, Said
from fil_core.models import Fitted
from fil_core.models.leave_one_out import leave_one_out


def run(dataset: Dataset, strength: float) -> Outcome:
    """The worst fitted record with its features multiplied by `strength`, beside all others."""
    before = fitted_to(dataset, "logistic")
    row = worst(before.terms(dataset).loss.numpy(), dataset.y)
    X = dataset.X.copy()
    X[row, varying(dataset)] *= strength
    moved = dataclasses.replace(dataset, X=X)
    fitted = fitted_to(moved, "logistic")
    eta = eta_of(fitted, moved)
    shift = leave_one_out(fitted, moved).shift.numpy()
    loss = fitted.terms(moved).loss.numpy()
    summary = {
        "record": int(dataset.ids[row]),
        "eta": float(eta[row]),
        "eta_median": float(np.median(eta)),
        "eta_rank": place(eta, row),
        "shift": float(shift[row]),
        "shift_median": float(np.median(shift)),
        "shift_rank": place(shift, row),
        "auc": float(membership_auc(shift[row], 1.0)),
        "loss": float(loss[row]),
        "loss_without": _without(fitted, moved, row),
    }
    columns = {
        "loo_shift": shift,
        "membership_auc": membership_auc(shift, 1.0),
        "eta_features": eta_of(fitted, moved, tuple(range(dataset.d))),
        "loss": loss,
    }
    return Outcome(eta_of(before, dataset), eta, columns, summary)


def worst(loss: np.ndarray, y: np.ndarray) -> int:
    """The row of largest loss, of a class that has others, without which there is none to train on.

    >>> worst(np.array([3.0, 1.0, 2.0]), np.array([0, 1, 1]))
    2
    """
    _, which, counts = np.unique(y, return_inverse=True, return_counts=True)
    return int(np.where(counts[which] > 1, loss, -1.0).argmax())


def _without(fitted: Fitted, dataset: Dataset, row: int) -> float:
    """The record's loss under the model that was trained without it."""
    weights = np.ones(dataset.n)
    weights[row] = 0.0
    z = float(fitted_to(dataset, "logistic", weights=weights).scores(dataset.X[[row]]))
    return float(np.logaddexp(0.0, z if dataset.y[row] == 0 else -z))


def sentence(said: Said) -> str:
    """Its ranks by eta and by what its absence changes."""
    return (
        f"{said.called(said['record'])}, the worst fitted record, with its features multiplied by "
        f"**{said['strength']:g}**, has η = **{number(said['eta'])}**, rank **{said['eta_rank']:,}** of {said['n']:,} "
        f"(median {number(said['eta_median'])}); leaving it out moves the parameters by **{number(said['shift'])}**, "
        f"rank **{said['shift_rank']:,}** (median {number(said['shift_median'])}), so that at σ = 1 the best "
        f"membership test has an area under the ROC curve of {said['auc']:.3f}, and its loss is "
        f"{number(said['loss'])} with it and {number(said['loss_without'])} without it."
    )
