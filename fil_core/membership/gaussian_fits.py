"""Normal distributions of a record's scores over the models that had it, and over those that had not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from fil_core.linalg import row_blocks
from fil_core.membership.signals import Signals

_CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Gaussians:
    """Normal distributions, one for each of n records.

    Attributes:
        number: (n,) scores that each was fitted to.
        mean: (n,); NaN where there is none.
        variance: (n,) with n - 1 in the denominator; NaN where there are fewer than two.
    """

    number: np.ndarray
    mean: np.ndarray
    variance: np.ndarray

    def of(self, rows: slice) -> Gaussians:
        """Those of some records."""
        return Gaussians(self.number[rows], self.mean[rows], self.variance[rows])


def gaussians(scores: np.ndarray, which: np.ndarray) -> Gaussians:
    """Number, mean and variance of some of each record's scores.

    Directly, over deviations from one of the scores and then from their mean: nothing cancels, and the variance of
    equal scores is exactly 0.

    >>> found = gaussians(np.array([[1.0, 3.0, 9.0], [2.0, 2.0, 2.0]]), np.array([[1, 1, 0], [1, 1, 1]], dtype=bool))
    >>> found.mean.tolist(), found.variance.tolist()
    ([2.0, 2.0], [2.0, 0.0])

    Args:
        scores: (n, M), finite.
        which: (n, M) bool, the scores that count.
    """
    n, models = scores.shape
    number, mean, variance = np.count_nonzero(which, axis=1), np.full(n, np.nan), np.full(n, np.nan)
    for rows in row_blocks(n, models, _CPU):
        mean[rows], variance[rows] = _moments(scores[rows], which[rows], number[rows])
    return Gaussians(number, mean, variance)


def shadow_gaussians(signals: Signals, target: int) -> tuple[Gaussians, Gaussians]:
    """Of every record, over the shadow models of a target that had it, and over those that had not.

    Args:
        signals: of the ensemble.
        target: the model that is attacked, 0 to M - 1; `Signals.shadows` says which others may be used.
    """
    shadows = signals.shadows(target)
    scores, inclusion = signals.scores[:, shadows], signals.inclusion[:, shadows]
    return gaussians(scores, inclusion), gaussians(scores, ~inclusion)


def pooled(fits: Gaussians) -> Gaussians:
    """With one variance for all: the mean square of the deviations from each record's own mean.

    `sum_i (n_i - 1) v_i / sum_i (n_i - 1)`. Records with fewer than two scores keep NaN.

    >>> pooled(Gaussians(np.array([2, 4]), np.zeros(2), np.array([1.0, 5.0]))).variance.tolist()
    [4.0, 4.0]

    Args:
        fits: of each record.
    """
    known = fits.number > 1
    freedom = fits.number[known] - 1
    variance = np.full(len(known), np.nan)
    variance[known] = freedom @ fits.variance[known] / freedom.sum() if known.any() else np.nan
    return Gaussians(fits.number, fits.mean, variance)


def positive(*fits: Gaussians) -> tuple[Gaussians, ...]:
    """With the smallest positive variance of all in place of those that are 0; 1 where none is positive.

    Scores that saturate at one float have none, and the density of that limit is degenerate: any other score would be
    infinitely unlikely. Here no record is surer than the surest of those whose scores vary. A standard deviation below
    the rounding of the largest mean counts as 0.

    Args:
        *fits: what is to be compared with each other, such as of scores with a record and without it.
    """
    means, variances = (np.concatenate([getattr(each, name) for each in fits]) for name in ("mean", "variance"))
    rounding = np.finfo(np.float64).eps * np.fmax.reduce(np.abs(means), initial=0.0)
    varying = variances[variances > rounding**2]
    least = varying.min() if varying.size else 1.0
    return tuple(Gaussians(each.number, each.mean, np.maximum(each.variance, least)) for each in fits)


def _moments(scores: np.ndarray, which: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not scores.shape[1]:  # no shadow models at all
        return np.full(len(scores), np.nan), np.full(len(scores), np.nan)
    first = scores[np.arange(len(scores)), which.argmax(1)]
    with np.errstate(invalid="ignore", divide="ignore"):
        away = (scores - first[:, None]) * which
        shift = away.sum(1) / number
        away = np.where(which, away - shift[:, None], 0.0)
        variance = np.einsum("ij,ij->i", away, away) / (number - 1)
    return first + shift, np.where(number > 1, variance, np.nan)
