"""What Gaussian noise promises: in fifty digits, and beside Google's accountant."""

from __future__ import annotations

import itertools

import dp_accounting
import mpmath
import numpy as np
import pytest
import torch

from fil_core.errors import BadRequest
from fil_core.lood import gaussians
from fil_core.membership.bisection import last
from fil_core.membership.gaussian_mechanism import delta_at, epsilon_at

DISTANCES = [1e-12, 1e-6, 1e-3, 0.02, 0.1, 0.5, 0.99, 1.0, 1.01, 1.9, 2.1, 5.0, 20.0, 37.0, 100.0]
EPSILONS = [0.0, 1e-9, 1e-3, 0.1, 0.7, 1.0, 3.0, 10.0, 50.0, 400.0, 700.0, 5000.0]


def literal(eps, s):
    """The formula as it stands, with 400 digits more than what cancels."""
    with mpmath.workdps(450):
        eps, s = mpmath.mpf(float(eps)), mpmath.mpf(float(s))
        upper, lower = s / 2 - eps / s, -s / 2 - eps / s

        def phi(x):
            return mpmath.erfc(-x / mpmath.sqrt(2)) / 2

        return phi(upper) - mpmath.exp(eps) * phi(lower)


def test_every_digit_of_delta_also_where_the_two_terms_cancel():
    seen = 0
    for s, eps in itertools.product(DISTANCES, EPSILONS):
        exact = literal(eps, s)
        if exact < 1e-300:
            assert delta_at(eps, s) < 1.1e-300
            continue
        seen += 1
        # An exponent of at most 700, half the square of a number that is rounded, loses three digits.
        assert abs(float(delta_at(eps, s) / exact) - 1) < 1e-11, (s, eps)
    assert seen > 90


def test_delta_broadcasts_and_falls_in_epsilon_and_rises_in_distance():
    table = delta_at(np.linspace(0, 8, 60)[:, None], np.linspace(0.4, 4, 50))
    assert table.shape == (60, 50)
    assert (np.diff(table, axis=0) < 0).all()
    assert (np.diff(table, axis=1) > 0).all()


@pytest.mark.parametrize("sigma", [0.2, 0.5, 1.0, 3.0, 30.0])
def test_epsilon_is_that_of_another_accountant(sigma):
    for delta in (1e-12, 1e-8, 1e-5, 1e-2):
        theirs = dp_accounting.get_epsilon_gaussian(sigma, delta)
        assert epsilon_at(delta, 1 / sigma) == pytest.approx(theirs, rel=1e-6, abs=1e-10)  # abs: theirs stops at 1e-12
        back = dp_accounting.get_sigma_gaussian(float(epsilon_at(delta, 1 / sigma)), delta)
        assert back == pytest.approx(sigma, rel=1e-6)


def test_epsilon_is_the_smallest_for_its_delta():
    delta, s = np.array([1e-12, 1e-5, 0.1])[:, None], np.array([0.05, 0.4, 1.0, 7.0, 1e4])
    eps = epsilon_at(delta, s)
    assert eps.shape == (3, 5)
    assert (delta_at(eps, s) <= delta).all()
    inside = eps > 0
    assert inside.sum() > 10
    assert (delta_at(eps * (1 - 1e-9), s) > delta)[inside].all()


def test_it_is_the_limit_of_the_gaussians_of_unequal_width():
    eps, s = torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64), 1.3
    equal = torch.ones_like(eps)
    nearly = gaussians.delta_at(gaussians.Gap(1e-9 * equal, s**2 * equal, 1), eps)
    np.testing.assert_allclose(delta_at(eps.numpy(), s), nearly, rtol=1e-7)  # the width differs by 5e-10


def test_limits():
    assert delta_at([0.0, 3.0], 0.0).tolist() == [0, 0]
    assert delta_at([0.0, 1e6], np.inf).tolist() == [1, 1]
    assert delta_at(1e300, 1e-300) == 0
    assert epsilon_at([0.0, 1e-5], 0.0).tolist() == [0, 0]
    assert epsilon_at([0.0, 1e-5, 1.0], np.inf).tolist() == [np.inf, np.inf, 0]
    assert epsilon_at([0.0, 1.0], 1.0).tolist() == [np.inf, 0]
    assert np.isfinite(epsilon_at(1e-300, 1e-8))


@pytest.mark.parametrize(
    "call",
    [lambda: delta_at(-1, 1), lambda: delta_at(1, [1, -1]), lambda: epsilon_at(1.5, 1), lambda: epsilon_at(np.nan, 1)],
)
def test_no_probabilities(call):
    with pytest.raises(BadRequest, match="expected"):
        call()


def test_the_last_number_that_holds():
    low, high = last(lambda x: x < np.array([0.0, 1e-200, 3.0, 1e200]), (4,))
    assert high.tolist() == [0.0, 1e-200, 3.0, 1e200]
    assert low.tolist() == [0.0, *np.nextafter([1e-200, 3.0, 1e200], 0)]
    low, high = last(lambda x: x >= 0)
    assert np.isinf(high)
    assert low > 1e307
