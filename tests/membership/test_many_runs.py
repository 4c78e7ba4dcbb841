"""Many runs: confidence limits beside SciPy's, a literal choice, and mechanisms whose epsilon is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from fil_core.errors import BadData, BadRequest
from fil_core.membership.clopper_pearson import lower_limit, upper_limit
from fil_core.membership.gaussian_mechanism import epsilon_at
from fil_core.membership.many_runs import audit, bounds

RUNS = 200


@pytest.mark.parametrize("n", [1, 7, 60])
def test_limits_are_those_of_scipy(n):
    for k in range(n + 1):
        theirs = binomtest(k, n).proportion_ci(0.95, "exact")  # 2.5 % on either side
        assert lower_limit(k, n, 0.025) == pytest.approx(theirs.low, rel=1e-9, abs=1e-300)
        assert upper_limit(k, n, 0.025) == pytest.approx(theirs.high, rel=1e-9)


def test_a_limit_fails_as_seldom_as_it_says_for_every_probability():
    for n, p in [(10, 0.1), (50, 0.5), (200, 0.03), (200, 0.97)]:
        k = np.arange(n + 1)
        mass = binom.pmf(k, n, p)
        assert mass[lower_limit(k, n, 0.05) > p].sum() <= 0.05
        assert mass[upper_limit(k, n, 0.05) < p].sum() <= 0.05


def literal(scores, coins, delta, alpha):
    """Every canary and every threshold in turn."""
    best = (-1.0, -2.0)
    for i, (row, was) in enumerate(zip(scores, coins, strict=True)):
        for t in sorted(set(row), reverse=True):
            said, n_in, n_out = row >= t, was.sum(), (~was).sum()
            if not n_in or not n_out:
                continue
            low = lower_limit((said & was).sum(), n_in, alpha)
            high = upper_limit((said & ~was).sum(), n_out, alpha)
            value = max(0.0, *map(float, bounds(low, high, delta)))
            found = (value, (said & was).sum() / n_in - (said & ~was).sum() / n_out)
            if found > best:
                best, chosen = found, (i, t)
    return chosen


def gaussian(seed, m, M, s):
    """Scores N(s, 1) with the canary and N(0, 1) without it."""
    rng = np.random.default_rng(seed)
    coins = rng.random((m, M)) < 0.5
    return rng.standard_normal((m, M)) + s * coins, coins


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("whole", [False, True])
def test_the_choice_is_made_on_the_first_half_and_judged_on_the_second(seed, whole):
    scores, coins = gaussian(seed, 4, 61, 2.0)
    scores = scores.round() if whole else scores
    coins[2, :30] = True  # never out in the first half
    found, alpha = audit(scores, coins, delta=0.01, confidence=0.9), (1 - 0.9) / 2
    canary, threshold = literal(scores[:, :30], coins[:, :30], 0.01, alpha)
    assert (found.canary, found.threshold) == (canary, threshold)
    said, was = scores[canary, 30:] >= threshold, coins[canary, 30:]
    assert (found.true_in, found.runs_in) == ((said & was).sum(), was.sum())
    assert (found.false_in, found.runs_out) == ((said & ~was).sum(), (~was).sum())
    assert found.tpr_low == lower_limit(found.true_in, found.runs_in, alpha)
    assert found.fpr_high == upper_limit(found.false_in, found.runs_out, alpha)
    of_in, of_out = map(float, bounds(found.tpr_low, found.fpr_high, 0.01))
    assert found.epsilon == max(0.0, of_in, of_out)
    assert found.flags == ("in" if of_in >= of_out else "out")


def test_the_second_half_has_no_say_in_the_choice():
    scores, coins = gaussian(3, 8, 100, 1.0)
    other = scores.copy()
    other[:, 50:] = np.random.default_rng(9).standard_normal((8, 50))
    first, second = audit(scores, coins), audit(other, coins)
    assert (first.canary, first.threshold) == (second.canary, second.threshold)


@pytest.mark.parametrize(("m", "s", "delta"), [(1, 1.0, 1e-5), (20, 2.0, 1e-2), (20, 0.5, 0.0)])
def test_the_bound_of_a_gaussian_mechanism_exceeds_its_epsilon_as_seldom_as_it_says(m, s, delta):
    true = float(epsilon_at(delta, s))
    beyond = sum(audit(*gaussian(seed, m, 200, s), delta=delta).epsilon > true for seed in range(RUNS))
    assert beyond <= binom.ppf(0.999, RUNS, 0.05)


def test_the_bound_of_randomised_response_is_sound_and_near():
    eps, rng = 2.0, np.random.default_rng(0)
    found = []
    for _ in range(RUNS):
        coins = rng.random((1, 4000)) < 0.5
        scores = np.where(rng.random(coins.shape) < 1 / (1 + math.exp(-eps)), coins, ~coins).astype(float)
        found.append(audit(scores, coins).epsilon)
    assert sum(one > eps for one in found) <= binom.ppf(0.999, RUNS, 0.05)
    assert np.median(found) > 1.7


def test_either_direction_is_found():
    rng = np.random.default_rng(1)
    coins = np.tile([True, False], (1, 400))
    # A canary that is out shows 0 or 1, one that is in nearly always 1: only "out" is ever certain.
    rare = np.where(coins, 1.0, rng.random(coins.shape) < 0.5)
    assert (found := audit(rare, coins)).flags == "out"
    assert found.epsilon > 3
    assert audit(-rare, ~coins).flags == "in"
    assert audit(-rare, ~coins).epsilon == pytest.approx(found.epsilon, rel=1e-12)
    assert audit(rare, coins, delta=0.6).epsilon == 0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: audit(np.zeros((2, 3)), np.ones((2, 3), bool)), BadData),
        (lambda: audit(np.zeros((2, 8)), np.ones((2, 7), bool)), BadData),
        (lambda: audit(np.zeros((2, 8)), np.ones((2, 8), bool)), BadData),
        (lambda: audit(np.full((2, 8), np.nan), np.ones((2, 8), bool)), BadData),
        (lambda: audit(np.zeros((1, 8)), np.tile([True, False], (1, 4)), delta=-0.1), BadRequest),
        (lambda: audit(np.zeros((1, 8)), np.tile([True, False], (1, 4)), confidence=0.0), BadRequest),
    ],
)
def test_what_is_refused(call, error):
    with pytest.raises(error, match="expected"):
        call()
