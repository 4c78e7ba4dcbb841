"""Success of the white box in closed form: against quadrature, simulation and the formula for two values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import multivariate_normal

from fil_core.attacks.success import both_below, sigma_for_success, success_probability
from fil_core.errors import BadRequest

PRIOR = np.array([0.5, 0.3, 0.2])


def grams(n: int, k: int, seed: int = 0, *, exact: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shifts (n, k, 4), their Gram matrices and the true codes; `exact` puts the true candidate at 0."""
    rng = np.random.default_rng(seed)
    shifts, codes = rng.standard_normal((n, k, 4)), rng.integers(0, k, n)
    if exact:
        shifts[np.arange(n), codes] = 0
    return shifts, shifts @ shifts.transpose(0, 2, 1), codes


EDGES = [0.0, 1e-12, -1e-12, 0.4, -1.3, 3.0, -6.0]


@pytest.mark.parametrize("rho", [0.0, 0.5, -0.5, 0.95, -0.95, 0.999999, -0.999999])
def test_two_planes_against_quadrature(rho):
    for h in EDGES:
        for k in EDGES:
            true = multivariate_normal.cdf([h, k], cov=[[1, rho], [rho, 1]], abseps=1e-13, releps=1e-13)
            # Owen's T function is good to 1e-15, scipy's quadrature to 1e-13.
            assert both_below(h, k, rho) == pytest.approx(true, abs=1e-12)


@pytest.mark.parametrize(
    ("h", "k", "rho", "p"),
    [
        (0, 0, 1, 0.5), (0, 0, -1, 0.0), (1, 0.5, 1, ndtr(0.5)), (1, 0.5, -1, ndtr(1) - ndtr(-0.5)),
        (1, -1, -1, 0.0), (np.inf, 0.7, 0.3, ndtr(0.7)), (-np.inf, 0.7, 0.3, 0.0), (np.inf, np.inf, -1, 1.0),
        (-np.inf, np.inf, 1, 0.0), (-np.inf, -np.inf, 0.5, 0.0), (np.inf, -0.7, -1, ndtr(-0.7)), (0, np.inf, 0.9, 0.5),
    ],
)  # fmt: skip
def test_two_planes_at_the_edges(h, k, rho, p):
    assert both_below(h, k, rho) == pytest.approx(p, abs=1e-15)


def test_two_values_follow_the_formula():
    _, gram, codes = grams(50, 2)
    prior, other = np.array([0.7, 0.3]), 1 - codes
    distance = np.sqrt(gram[np.arange(50), other, other])
    for sigma in (0.1, 1.0, 5.0):
        plain = ndtr(distance / (2 * sigma))
        weighed = ndtr(distance / (2 * sigma) + sigma * np.log(prior[codes] / prior[other]) / distance)
        assert success_probability(gram, codes, sigma) == pytest.approx(plain, rel=1e-13)
        assert success_probability(gram, codes, sigma, prior) == pytest.approx(weighed, rel=1e-12)


@pytest.mark.parametrize("exact", [True, False], ids=["true candidate at 0", "binned: anywhere"])
@pytest.mark.parametrize("prior", [False, True])
@pytest.mark.parametrize("k", [2, 3])
def test_it_agrees_with_simulation_on_24_pairs(k, prior, exact):
    shifts, gram, codes = grams(8, k, seed=k, exact=exact)
    shares = PRIOR[:k] / PRIOR[:k].sum() if prior else None
    bonus = 0 if shares is None else np.log(shares)
    draws = 20_000
    noise = np.random.default_rng(1).standard_normal((draws, 4))
    for sigma in (0.2, 1.0, 4.0):
        p = success_probability(gram, codes, sigma, shares)
        distance = ((sigma * noise[:, None, None] - shifts) ** 2).sum(3) - 2 * sigma**2 * bonus
        share = (distance.argmin(2) == codes).mean(0)
        # Three standard errors; the seed is fixed, so this passes or fails for good. 1/draws covers a share of 0 or 1.
        assert (np.abs(share - p) <= 3 * np.sqrt(p * (1 - p) / draws) + 1 / draws).all()


def test_without_noise_the_nearest_candidate_wins_and_a_tie_is_a_miss():
    _, gram, codes = grams(30, 3)
    assert (success_probability(gram, codes, 0.0) == 1).all()
    assert (success_probability(gram, codes, 1e-9) == 1).all()
    tied = np.zeros((1, 3, 3))
    tied[0, 2, 2] = 1.0  # the first two candidates are one, the third is not
    assert success_probability(tied, np.array([0]), 0.0) == 0


@pytest.mark.parametrize("sigma", [0.0, 1e-3, 10.0])
@pytest.mark.parametrize("k", [2, 3])
def test_where_the_parameters_do_not_depend_on_the_value_it_is_a_guess(k, sigma):
    codes, shares = np.array([0, 1, 0, 1]), np.array([0.2, 0.5, 0.3])[:k]
    gram = np.zeros((4, k, k))
    assert success_probability(gram, codes, sigma) == pytest.approx(1 / k)
    assert success_probability(gram, codes, sigma, shares / shares.sum()).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("k", [2, 3])
def test_little_noise_gives_everyone_away_whatever_the_prior(k):
    _, gram, codes = grams(30, k)
    for sigma in (0.0, 1e-30, 1e-9):
        assert (success_probability(gram, codes, sigma, PRIOR[:k] / PRIOR[:k].sum()) == 1).all()


@pytest.mark.parametrize("k", [2, 3])
def test_unlimited_noise_leaves_the_prior_and_its_mode(k):
    _, gram, codes = grams(300, k)
    for sigma in (1e9, 1e30):
        assert (success_probability(gram, codes, sigma, PRIOR[:k] / PRIOR[:k].sum()) == (codes == 0)).all()


def test_unlimited_noise_leaves_an_attacker_without_prior_a_guess():
    _, gram, codes = grams(300, 2)
    assert success_probability(gram, codes, 1e9) == pytest.approx(0.5, abs=1e-8)  # Phi(distance / 2e9)
    # Of three, the share of directions that point away from both others.
    shifts, gram, codes = grams(300, 3)
    a, b = (shifts[np.arange(300), (codes + v) % 3] for v in (1, 2))
    angle = np.arccos((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1))
    assert success_probability(gram, codes, 1e9) == pytest.approx((np.pi - angle) / (2 * np.pi), abs=1e-8)


@given(st.integers(0, 10**6), st.sampled_from([2, 3]), st.floats(1e-8, 1e8), st.booleans(), st.floats(1e-12, 1e12))
def test_it_is_a_probability_that_scales(seed, k, sigma, prior, scale):
    _, gram, codes = grams(4, k, seed)
    shares = PRIOR[:k] / PRIOR[:k].sum() if prior else None
    p = success_probability(gram, codes, sigma, shares)
    assert ((p >= 0) & (p <= 1)).all()
    if not prior:  # distances and noise in another unit
        assert success_probability(gram * scale**2, codes, sigma * scale) == pytest.approx(p, abs=1e-9)


def test_equal_candidates_are_told_apart_by_the_prior_alone():
    gram = np.zeros((2, 2, 2))
    assert success_probability(gram, np.array([0, 1]), 1.0, np.array([0.6, 0.4])).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("bad", [dict(gram=np.zeros((2, 4, 4))), dict(sigma=-1.0), dict(sigma=np.nan)])
def test_bad_input_is_refused(bad):
    asked = {"gram": np.zeros((2, 2, 2)), "codes": np.array([0, 1]), "sigma": 1.0} | bad
    with pytest.raises(BadRequest, match="expected"):
        success_probability(**asked)


@pytest.mark.parametrize("k", [2, 3])
def test_the_noise_for_a_target_gives_it(k):
    _, gram, codes = grams(60, k)
    for target in (0.6, 0.9, 0.99):
        sigma = sigma_for_success(gram, codes, target)
        # sigma is found to 1e-6, and the mean changes by less than its own size over a factor e of sigma.
        assert success_probability(gram, codes, sigma).mean() == pytest.approx(target, abs=2e-6)
    with pytest.raises(BadRequest, match="between"):
        sigma_for_success(gram, codes, 0.1)
