"""A lower bound on epsilon from one training run with many canaries, each in by a fair coin.

Of m canaries an auditor guesses r coins and abstains on the others; v guesses are right. If training is
(epsilon, delta)-differentially private in each canary, then

    P[v or more are right] <= P[W >= v] + 2 m delta max_{1 <= i <= v} P[v > W >= v - i] / i

with W ~ Binomial(r, e^epsilon / (1 + e^epsilon)), however the guesses come about.

Source: Steinke, Nasr, Jagielski (NeurIPS 2023), Theorem 5.2 and appendix D; docs/maths.md, section 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, expit
from scipy.stats import binom

from fil_core.errors import BadData, BadRequest
from fil_core.membership.bisection import last
from fil_core.membership.checks import at_least_zero, check_confidence, check_delta

SHARES = (0.02, 0.05, 0.10, 0.25, 0.50)  # of the canaries, guessed from either end


@dataclass(frozen=True, slots=True)
class OneRun:
    """What one run shows.

    Attributes:
        epsilon: the lower bound, >= 0, at the confidence asked for.
        guesses: r.
        correct: v.
        share: of the canaries that are guessed from either end: k of m are guessed in, and k out.
        p_value: of the hypothesis that epsilon is 0, before the correction.
        choices: how many numbers of guesses were tried, and corrected for.
    """

    epsilon: float
    guesses: int
    correct: int
    share: float
    p_value: float
    choices: int


def p_value(epsilon: ArrayLike, *, canaries: int, guesses: int, correct: int, delta: float = 0.0) -> np.ndarray:
    """A bound on the probability of so many right guesses if the mechanism is (epsilon, delta)-private, at most 1.

    >>> float(p_value(0.0, canaries=4, guesses=3, correct=3))  # three fair coins
    0.125

    Args:
        epsilon: >= 0, any shape.
        canaries: m.
        guesses: r, 0 to m.
        correct: v, 0 to r.
        delta: in [0, 1].

    Returns:
        Of the shape of epsilon, which it rises with.

    Raises:
        BadRequest: not 0 <= v <= r <= m, a delta that is no probability, or an epsilon < 0.
    """
    _check(canaries, guesses, correct, delta)
    q = expit(at_least_zero("epsilon", epsilon))
    if not correct:
        return np.ones_like(q)
    found = betainc(correct, guesses - correct + 1, q)  # P[W >= v]
    if delta:
        i = np.arange(1, correct + 1)
        below = np.cumsum(binom.pmf(correct - i, guesses, q[..., None]), axis=-1)
        found = found + 2 * canaries * delta * (below / i).max(-1)
    return np.minimum(found, 1.0)


def lower_bound(*, canaries: int, guesses: int, correct: int, delta: float = 0.0, confidence: float = 0.95) -> float:
    """The largest epsilon that so many right guesses refute: its p-value is below 1 - confidence; 0 if none is.

    All r guesses right at delta = 0: q^r = 1 - confidence and epsilon = log(q / (1 - q)).

    >>> q = 0.05 ** (1 / 20)
    >>> bool(np.isclose(lower_bound(canaries=50, guesses=20, correct=20), np.log(q / (1 - q)), rtol=1e-12))
    True

    Args:
        canaries: m.
        guesses: r, 0 to m.
        correct: v, 0 to r.
        delta: in [0, 1].
        confidence: in (0, 1).

    Raises:
        BadRequest: as of `p_value`, or a confidence outside (0, 1).
    """
    check_confidence(confidence)
    low, _ = last(
        lambda at: p_value(at, canaries=canaries, guesses=guesses, correct=correct, delta=delta) < 1 - confidence
    )
    return float(low)


def audit(
    scores: np.ndarray,
    coins: np.ndarray,
    *,
    delta: float = 0.0,
    confidence: float = 0.95,
    shares: Sequence[float] = SHARES,
) -> OneRun:
    """The largest lower bound over several numbers of guesses, each at (1 - confidence) over their number.

    The k canaries of largest score are guessed in, the k of smallest score out. Of equal scores the later canary counts
    as the larger, which the coins have no part in.

    Args:
        scores: (m,), larger for a canary that is rather in, m >= 2; no function of the coins but through the output of
            the mechanism.
        coins: (m,) bool, true for a canary that was in; fair, and independent of one another: not exactly half.
        delta: in [0, 1].
        confidence: in (0, 1), of all choices together.
        shares: of the canaries, guessed from either end, each in (0, 0.5].

    Raises:
        BadData: other shapes, fewer than two canaries, or a score that is not a number.
        BadRequest: a share outside (0, 0.5], or as of `lower_bound`.
    """
    scores, coins = _check_scores(scores, coins)
    check_confidence(confidence)
    if not shares or not all(0 < share <= 0.5 for share in shares):
        raise BadRequest(f"shares: expected numbers in (0, 0.5], of the canaries guessed at either end; got {shares}.")
    m = len(scores)
    ends = {min(m // 2, max(1, round(share * m))): share for share in shares}  # the same number is one choice
    each = 1 - (1 - confidence) / len(ends)
    order = np.argsort(scores, kind="stable")
    found = []
    for k, share in ends.items():
        correct = int(coins[order[-k:]].sum() + (~coins[order[:k]]).sum())
        epsilon = lower_bound(canaries=m, guesses=2 * k, correct=correct, delta=delta, confidence=each)
        p = float(p_value(0.0, canaries=m, guesses=2 * k, correct=correct, delta=delta))
        found.append(OneRun(epsilon, 2 * k, correct, share, p, len(ends)))
    return max(found, key=lambda one: (one.epsilon, -one.p_value))


def _check(canaries: int, guesses: int, correct: int, delta: float) -> None:
    check_delta(delta)
    if not 0 <= correct <= guesses <= canaries:
        raise BadRequest(
            "one-run audit: expected 0 <= correct <= guesses <= canaries; got "
            f"{correct:,} correct of {guesses:,} guesses about {canaries:,} canaries."
        )


def _check_scores(scores: np.ndarray, coins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, coins = np.asarray(scores, dtype=np.float64), np.asarray(coins, dtype=bool)
    if scores.ndim != 1 or scores.shape != coins.shape or len(scores) < 2:
        raise BadData(
            f"canaries: expected one score and one coin for each of at least 2; got {scores.shape} and {coins.shape}."
        )
    if np.isnan(scores).any():
        raise BadData(
            f"canaries: expected scores that are numbers; got NaN at canary {np.flatnonzero(np.isnan(scores))[0]}."
        )
    return scores, coins
