"""A lower bound on epsilon from many training runs: error rates of one test, with their confidence limits.

In each run every canary was in or out by a coin. A test says "in" of a canary where its score is at or above a
threshold. If training is (epsilon, delta)-differentially private, then

    TPR <= e^epsilon FPR + delta    and    1 - FPR <= e^epsilon (1 - TPR) + delta.

Source: Jagielski, Ullman, Oprea (NeurIPS 2020); Clopper, Pearson (1934); docs/maths.md, section 12.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fil_core.errors import BadData
from fil_core.membership.checks import check_confidence, check_delta
from fil_core.membership.clopper_pearson import lower_limit, upper_limit


@dataclass(frozen=True, slots=True)
class ManyRuns:
    """What many runs show of the canary that the first half of them chose.

    Attributes:
        epsilon: the lower bound, >= 0, at the confidence asked for.
        canary: which one, 0 to m - 1.
        threshold: says "in" at or above it.
        flags: "in" where the bound is that of the rate of true "in" over false "in", "out" where of true "out" over
            false "out".
        true_in, runs_in: how many of the runs with the canary, in the second half, say "in".
        false_in, runs_out: how many of those without it.
        tpr_low, fpr_high: the confidence limits, each at (1 - confidence) / 2.
    """

    epsilon: float
    canary: int
    threshold: float
    flags: str
    true_in: int
    runs_in: int
    false_in: int
    runs_out: int
    tpr_low: float
    fpr_high: float


def audit(scores: np.ndarray, coins: np.ndarray, *, delta: float = 0.0, confidence: float = 0.95) -> ManyRuns:
    """The bound of one canary and one threshold, both chosen on the first half of the runs and judged on the second.

    epsilon = max(0, log((TPR_low - delta) / FPR_high), log((1 - FPR_high - delta) / (1 - TPR_low)))

    Both limits hold together with the confidence, so both ratios do. Chosen is what has the largest such bound on the
    first half, and of those with the same bound the largest TPR - FPR; then the earlier canary.

    Args:
        scores: (m, M) of m canaries under M independent runs, larger for one that is rather in; M >= 4. Of pairs
            with complementary halves take one of each pair.
        coins: (m, M) bool, whether the canary was in.
        delta: in [0, 1].
        confidence: in (0, 1).

    Raises:
        BadData: other shapes, fewer than 4 runs, a score that is not a number, or no canary that is both in and out in
            the first half.
        BadRequest: a delta or confidence that is none.
    """
    check_delta(delta)
    check_confidence(confidence)
    scores, coins = _checked(scores, coins)
    half = scores.shape[1] // 2
    alpha = (1 - confidence) / 2
    canary, threshold = _chosen(scores[:, :half], coins[:, :half], delta, alpha)
    said, was = scores[canary, half:] >= threshold, coins[canary, half:]
    counts = int((said & was).sum()), int(was.sum()), int((said & ~was).sum()), int((~was).sum())
    low, high = float(lower_limit(*counts[:2], alpha)), float(upper_limit(*counts[2:], alpha))
    of_in, of_out = (float(bound) for bound in bounds(low, high, delta))
    flags = "in" if of_in >= of_out else "out"
    return ManyRuns(max(0.0, of_in, of_out), canary, threshold, flags, *counts, low, high)


def bounds(tpr_low: ArrayLike, fpr_high: ArrayLike, delta: float) -> tuple[np.ndarray, np.ndarray]:
    """log((TPR - delta) / FPR) and log((1 - FPR - delta) / (1 - TPR)); -inf where delta alone explains the rate.

    Args:
        tpr_low: what the true-positive rate is at least, any shape.
        fpr_high: what the false-positive rate is at most, of a shape that broadcasts.
        delta: in [0, 1].
    """
    low, high = np.asarray(tpr_low, dtype=np.float64), np.asarray(fpr_high, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_in = np.where(low > delta, np.log((low - delta).clip(0) / high), -np.inf)
        of_out = np.where(1 - high > delta, np.log((1 - high - delta).clip(0) / (1 - low)), -np.inf)
    return of_in, of_out


def _chosen(scores: np.ndarray, coins: np.ndarray, delta: float, alpha: float) -> tuple[int, float]:
    """The canary and the threshold of the largest bound; thresholds are the scores themselves."""
    order = np.argsort(-scores, axis=1, kind="stable")
    falling, was = np.take_along_axis(scores, order, 1), np.take_along_axis(coins, order, 1)
    true_in, false_in = was.cumsum(1), (~was).cumsum(1)
    runs_in, runs_out = true_in[:, -1:], false_in[:, -1:]
    low = _tabled(lower_limit, true_in, runs_in, alpha)
    high = _tabled(upper_limit, false_in, runs_out, alpha)
    bound = np.maximum(0, np.maximum(*bounds(low, high, delta)))
    apart = true_in / np.maximum(runs_in, 1) - false_in / np.maximum(runs_out, 1)
    last_of_equal = np.diff(falling, axis=1, append=-np.inf) != 0
    possible = last_of_equal & (runs_in > 0) & (runs_out > 0)
    if not possible.any():
        raise BadData("runs: expected a canary that is in and out in the first half of them; take more runs.")
    best = np.lexsort((-apart[possible], -bound[possible]))[0]
    canary, place = np.argwhere(possible)[best]
    return int(canary), float(falling[canary, place])


def _tabled(limit: Callable[..., np.ndarray], k: np.ndarray, n: np.ndarray, alpha: float) -> np.ndarray:
    """A limit for many counts, computed once for each that occurs."""
    k, n = np.broadcast_arrays(k, n)
    pairs, inverse = np.unique(k * (n.max() + 1) + n, return_inverse=True)
    return limit(pairs // (n.max() + 1), pairs % (n.max() + 1), alpha)[inverse].reshape(k.shape)


def _checked(scores: np.ndarray, coins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, coins = np.asarray(scores, dtype=np.float64), np.asarray(coins, dtype=bool)
    if scores.ndim != 2 or scores.shape != coins.shape or scores.shape[1] < 4 or not len(scores):
        raise BadData(
            "runs: expected scores and coins of the same shape (canaries, runs) with at least 4 runs; got "
            f"{scores.shape} and {coins.shape}."
        )
    if not np.isfinite(scores).all():
        row, column = np.argwhere(~np.isfinite(scores))[0]
        raise BadData(f"runs: expected finite scores; got {scores[row, column]} of canary {row} in run {column}.")
    return scores, coins
