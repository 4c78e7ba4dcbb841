"""Leakage, unique information and leverage of one model beside its train-test gap, and how they go together over many.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.influence.linear import Examples, examples_of
from fil_core.leakage.fil import blocks
from fil_core.linalg.correlation import spearman, spearman_interval
from fil_core.models import Fitted
from fil_core.models.leave_one_out import leave_one_out
from fil_core.progress import Progress
from fil_core.shift.outside import terms_outside
from fil_core.shift.polynomials import Powers, jacobians_through

_HIGH = 0.95  # quantile of eta
_ENOUGH = 5  # models, for an interval

SUMMARIES = (
    "eta_mean", "eta_median", "eta_p95", "eta_max", "eta_whole", "held_out_mean", "held_out_median", "ratio",
    "unique_mean", "unique_max", "leverage_mean", "leverage_max", "leverage_sum",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Utility:
    """How a model does on training and on held-out rows.

    Attributes:
        train_loss, test_loss: mean loss without the penalty.
        train_score, test_score: accuracy, or mean squared error.
    """

    train_loss: float
    test_loss: float
    train_score: float
    test_score: float


@dataclass(frozen=True, slots=True)
class Leaks:
    """What one model gives away of its training examples, at sigma = 1.

    Attributes:
        eta: (n,) Fisher information loss of each.
        whole: |[J_1, ..., J_n]|_2, of all of them together.
        leverage: (n,) the effective number of parameters that each one fits.
        unique: (n,) half the squared distance that the parameters move without it; NaN where it is not known.
        held_out: (m,) eta of examples that the model was not trained on, each with its true label.
    """

    eta: np.ndarray
    whole: float
    leverage: np.ndarray
    unique: np.ndarray
    held_out: np.ndarray

    def summaries(self) -> dict[str, float]:
        """One number for each of `SUMMARIES`; unique information over the examples that have some."""
        middle, outside = float(np.median(self.eta)), float(np.median(self.held_out))
        known = self.unique[~np.isnan(self.unique)]
        return {
            "eta_mean": float(self.eta.mean()),
            "eta_median": middle,
            "eta_p95": float(np.quantile(self.eta, _HIGH)),
            "eta_max": float(self.eta.max()),
            "eta_whole": self.whole,
            "held_out_mean": float(self.held_out.mean()),
            "held_out_median": outside,
            "ratio": middle / outside if outside > 0 else float("nan"),
            "unique_mean": float(known.mean()) if known.size else float("nan"),
            "unique_max": float(known.max()) if known.size else float("nan"),
            "leverage_mean": float(self.leverage.mean()),
            "leverage_max": float(self.leverage.max()),
            "leverage_sum": float(self.leverage.sum()),
        }


def utility(fitted: Fitted, dataset: Dataset) -> Utility:
    """Losses and scores of a linear model on its training rows and on the held-out ones."""
    losses = [
        float(terms_outside(fitted, X, y).loss.mean())
        for X, y in ((dataset.X, dataset.y), (dataset.X_test, dataset.y_test))
    ]
    scores = [fitted.score(dataset.X, dataset.y), fitted.score(dataset.X_test, dataset.y_test)]
    return Utility(losses[0], losses[1], scores[0], scores[1])


def leaks_of_features(
    fitted: Fitted, dataset: Dataset, held_out: tuple[np.ndarray, np.ndarray], *, progress: Progress | None = None
) -> Leaks:
    """What a linear model of the features themselves gives away.

    Args:
        fitted: an optimum with its curvature factorised.
        dataset: the n examples it was trained on.
        held_out: features (m, d) and labels (m,) of examples that it was not trained on.
        progress: called with (examples done, n, text).
    """
    parts, outer = [], None
    for _, J in blocks(fitted.terms(dataset), progress):
        parts.append((J.eta_squared().sqrt(), J.leverage()))
        outer = J.outer_sum() if outer is None else outer + J.outer_sum()
    outside = [J.eta_squared().sqrt() for _, J in blocks(terms_outside(fitted, *held_out), progress)]
    assert outer is not None
    return _leaks(fitted, dataset, parts, outer, outside, progress)


def leaks_of_powers(
    fitted: Fitted, powers: Powers, dataset: Dataset, held_out: tuple[np.ndarray, np.ndarray],
    *, progress: Progress | None = None,
) -> Leaks:  # fmt: skip
    """What a linear model of powers of the features gives away about the features themselves.

    Args:
        fitted: an optimum of `powers.dataset(dataset)`.
        powers: the powers.
        dataset: the n examples, their features not yet multiplied.
        held_out: features (m, f), likewise, and labels (m,) of examples that it was not trained on.
        progress: called with (examples done, n, text).
    """

    def seen(X: np.ndarray, y: np.ndarray, w: Tensor | None = None) -> Examples:
        return examples_of(fitted, powers.inputs(X), y, w)

    parts, outer = [], fitted.theta.new_zeros(fitted.curvature.size, fitted.curvature.size)
    train = seen(dataset.X, dataset.y, fitted.weights)
    for J, leverage in jacobians_through(fitted, powers, train, dataset.X, progress):
        parts.append((_norms(J), leverage))
        flat = J.transpose(0, 1).flatten(1)
        outer += flat @ flat.T
    outside = [
        _norms(J) for J, _ in jacobians_through(fitted, powers, seen(*held_out), held_out[0], progress)
    ]  # fmt: skip
    return _leaks(fitted, powers.dataset(dataset), parts, outer, outside, progress)


def _norms(J: Tensor) -> Tensor:
    """Spectral norm of each of several matrices, (b,), from their Gram matrices, whose top eigenvalue keeps digits."""
    return torch.linalg.eigvalsh(J.mT @ J)[:, -1].clamp_min(0).sqrt()


def _leaks(
    fitted: Fitted, dataset: Dataset, parts: list[tuple[Tensor, Tensor]], outer: Tensor, outside: list[Tensor],
    progress: Progress | None,
) -> Leaks:  # fmt: skip
    eta, leverage = (torch.cat(each).cpu().numpy() for each in zip(*parts, strict=True))
    whole = float(torch.linalg.eigvalsh(outer)[-1].clamp_min(0).sqrt())
    unique = leave_one_out(fitted, dataset, progress=progress).shift.square().cpu().numpy() / 2
    return Leaks(eta, whole, leverage, unique, torch.cat(outside).cpu().numpy())


def associations(table: pd.DataFrame, *, draws: int, seed: int) -> dict[str, dict[str, float]]:
    """Spearman's correlation of every summary with the gap over the models, with its bootstrap interval.

    Args:
        table: one row for each model, with `gap` and `SUMMARIES`.
        draws: of models with replacement, >= 1.
        seed: of these draws, the same for every summary.

    Returns:
        By summary `spearman`, and the ends `low` and `high` of the 95 % percentile interval; NaN where it is constant,
        and the interval of fewer than five models, whose draws would only repeat them.
    """
    gap, found = table["gap"].to_numpy(np.float64), {}
    for name in SUMMARIES:
        values = table[name].to_numpy(np.float64)
        known = np.isfinite(values) & np.isfinite(gap)
        low, high = float("nan"), float("nan")
        if known.sum() >= _ENOUGH:
            low, high = spearman_interval(values[known], gap[known], draws=draws, seed=seed)
        found[name] = {"spearman": spearman(values[known], gap[known]), "low": low, "high": high}
    return found
