"""The linear decoder: both dense forms, the conditional mean of Gaussians, exact recovery, the matched filter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from fil_core.errors import BadData, BadRequest
from fil_core.membership.decoder import decode


def release(m, p, sigma, seed=0):
    rng = np.random.default_rng(seed)
    D, base = rng.standard_normal((m, p)) * rng.uniform(0.1, 3, (m, 1)), rng.standard_normal(p)
    coins = rng.random(m) < 0.5
    return base + coins @ D + sigma * rng.standard_normal(p), base, D, coins


@pytest.mark.parametrize(("m", "p"), [(6, 15), (15, 6), (8, 8), (1, 5), (5, 1)])
@pytest.mark.parametrize("sigma", [1e-3, 0.7, 40.0])
def test_both_dense_forms(m, p, sigma):
    released, base, D, _ = release(m, p, sigma)
    rest = released - base - D.sum(0) / 2
    by_parameters = 0.5 + D @ np.linalg.solve(D.T @ D / 4 + sigma**2 * np.eye(p), rest) / 4
    by_canaries = 0.5 + np.linalg.solve(D @ D.T / 4 + sigma**2 * np.eye(m), D @ rest) / 4
    found = decode(released, base, D, sigma=sigma)
    # The condition numbers of the dense forms are up to 1e9 at the smallest noise.
    np.testing.assert_allclose(found, by_parameters, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found, by_canaries, rtol=1e-6, atol=1e-7)


def test_without_noise_every_coin_is_read():
    released, base, D, coins = release(20, 31, 0.0)
    np.testing.assert_allclose(decode(released, base, D, sigma=0.0), coins, atol=1e-12)
    np.testing.assert_allclose(decode(released, base, D, sigma=1e-9), coins, atol=1e-12)


def test_without_noise_dependent_shifts_tell_what_is_in_their_range():
    released, base, D, coins = release(7, 30, 0.0)
    D[3] = D[2]
    D[6] = 0
    coins[2], coins[3], coins[6] = True, False, True
    released = base + coins @ D
    found = decode(released, base, D, sigma=0.0)
    expected = coins.astype(float)
    expected[2] = expected[3] = expected[6] = 0.5
    np.testing.assert_allclose(found, expected, atol=1e-12)
    U = np.linalg.svd(D, full_matrices=False)[0][:, :5]
    np.testing.assert_allclose(found - 0.5, U @ (U.T @ (coins - 0.5)), atol=1e-12)
    assert decode(released, base, np.zeros((7, 30)), sigma=0.0).tolist() == [0.5] * 7


def test_one_canary_is_the_matched_filter():
    rng = np.random.default_rng(3)
    D, sigma = rng.standard_normal((1, 50)), 2.0
    coins = rng.random(20000) < 0.5
    released = coins[:, None] * D + sigma * rng.standard_normal((20000, 50))
    found = decode(released, np.zeros(50), D, sigma=sigma)[:, 0]
    length = np.linalg.norm(D)
    np.testing.assert_allclose(found, 0.5 + (released - D / 2) @ D[0] / (length**2 + 4 * sigma**2), rtol=1e-10)
    right = ((found > 0.5) == coins).mean()
    exact = ndtr(length / (2 * sigma))  # of the best test between two Gaussians that far apart
    assert abs(right - exact) < 4 * np.sqrt(exact * (1 - exact) / 20000)  # four standard deviations


def test_no_linear_estimate_has_less_error():
    rng = np.random.default_rng(4)
    _, base, D, _ = release(12, 9, 0.0)
    coins = rng.random((40000, 12)) < 0.5
    released = base + coins @ D + 1.5 * rng.standard_normal((40000, 9))
    found = decode(released, base, D, sigma=1.5)
    design = np.hstack([released, np.ones((40000, 1))])
    fitted = design @ np.linalg.lstsq(design, coins.astype(float))[0]  # the least error on these very draws
    error, least = ((found - coins) ** 2).mean(), ((fitted - coins) ** 2).mean()
    assert least <= error < least * 1.002  # ten coefficients fitted to 40,000 draws gain 10 / 40,000
    assert error < 0.2


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: decode(np.zeros(3), np.zeros(3), np.zeros((2, 4)), sigma=1.0), BadData),
        (lambda: decode(np.zeros(4), np.zeros(3), np.zeros((2, 3)), sigma=1.0), BadData),
        (lambda: decode(np.full(3, np.nan), np.zeros(3), np.zeros((2, 3)), sigma=1.0), BadData),
        (lambda: decode(np.zeros(3), np.zeros(3), np.zeros((2, 3)), sigma=-1.0), BadRequest),
    ],
)
def test_what_is_refused(call, error):
    with pytest.raises(error, match="expected"):
        call()
