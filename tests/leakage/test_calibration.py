"""From eta to noise and back: closed forms, round trips and a Monte Carlo."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from fil_core.errors import BadRequest
from fil_core.leakage.calibration import (
    membership_auc,
    sigma_for_error,
    sigma_for_eta,
    sigma_for_membership,
    total_eta,
)
from fil_core.leakage.fil import fil, measure

CLOSED = {"rel": 1e-12}  # a handful of operations


@pytest.mark.parametrize("target", [1e-3, 0.5, 40.0])
def test_sigma_for_eta_brings_the_largest_eta_to_the_target(target, three):
    for problem in three:
        worst = float(fil(problem.fitted, problem.dataset).max())
        sigma = sigma_for_eta(worst, target)
        assert float(fil(problem.fitted, problem.dataset, sigma=sigma).max()) == pytest.approx(target, **CLOSED)


@pytest.mark.parametrize("target", [1e-3, 0.5, 40.0])
def test_sigma_for_error_makes_the_smallest_bound_the_target(target, three):
    for problem in three:
        worst = measure(problem.fitted, problem.dataset, prior_std=1.0)["bound_unbiased"].min()
        table = measure(problem.fitted, problem.dataset, prior_std=1.0, sigma=sigma_for_error(worst, target))
        assert table["bound_unbiased"].min() == pytest.approx(target, **CLOSED)


def test_sigma_for_error_is_that_of_the_dense_information(three):
    """sigma^2 Tr((J_x^T J_x)^-1) / d is the target for the example that needs the most noise."""
    for problem in three:
        rows = [i for i in range(problem.dataset.n) if problem.weights[i]]
        jacobians = [problem.reference.feature_jacobian(i) for i in rows]
        bounds = [np.trace(np.linalg.inv(J.T @ J)) / problem.dataset.d for J in jacobians]
        table = measure(problem.fitted, problem.dataset, prior_std=1.0)
        sigma = sigma_for_error(table["bound_unbiased"].min(), 0.3)
        assert sigma == pytest.approx(np.sqrt(0.3 / min(bounds)), rel=1e-6)


@pytest.mark.parametrize("target", [0.501, 0.6, 0.99])
def test_sigma_for_membership_and_back(target):
    sigma = sigma_for_membership(0.02, target)
    assert membership_auc(0.02, sigma) == pytest.approx(target, rel=1e-12)


@pytest.mark.parametrize("ratio", [0.1, 1.0, 3.0])
def test_membership_auc_is_the_chance_that_the_test_ranks_right(ratio):
    """Releases drawn with and without the example, scored by the likelihood ratio, in three dimensions."""
    rng, draws = np.random.default_rng(1), 200_000
    shift = np.array([0.6, 0.0, 0.8]) * 0.05
    sigma = 0.05 / ratio
    inside, outside = (rng.normal(mean, sigma, (draws, 3)) for mean in (shift, 0 * shift))
    score = [norm.logpdf(v, shift, sigma).sum(1) - norm.logpdf(v, 0, sigma).sum(1) for v in (inside, outside)]
    share = np.mean(score[0] > score[1])
    assert membership_auc(0.05, sigma) == pytest.approx(share, abs=3 * np.sqrt(share * (1 - share) / draws))


def test_membership_of_no_shift_is_a_coin_and_of_a_great_one_certain():
    np.testing.assert_array_equal(membership_auc(np.array([0.0, 1e9]), 1.0), [0.5, 1.0])


def test_independent_releases_add_in_squares():
    first, second = np.array([3.0, 0.0, 1.0]), np.array([4.0, 2.0, 1.0])
    np.testing.assert_allclose(total_eta([first, second]), [5.0, 2.0, np.sqrt(2)], rtol=1e-15)
    np.testing.assert_array_equal(total_eta([first]), first)
    np.testing.assert_allclose(total_eta([first] * 9), 3 * first, rtol=1e-15)


def test_two_releases_leak_as_one_stacked_jacobian_at_most(three):
    """eta_total^2 <= sum of eta^2, with equality only where both leak in the same direction."""
    a, b = three[0].reference.jacobian(0), three[0].reference.jacobian(1)
    stacked = np.linalg.norm(np.vstack([a, b]), 2)
    bound = total_eta([np.array([np.linalg.norm(J, 2)]) for J in (a, b)])[0]
    assert max(np.linalg.norm(a, 2), np.linalg.norm(b, 2)) <= stacked <= bound
    assert np.linalg.norm(np.vstack([a, a]), 2) == pytest.approx(np.sqrt(2) * np.linalg.norm(a, 2), rel=1e-12)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan")])
def test_targets_that_are_not_positive_are_refused(bad):
    for call in (lambda: sigma_for_eta(1.0, bad), lambda: sigma_for_error(1.0, bad), lambda: membership_auc(1.0, bad)):
        with pytest.raises(BadRequest, match="> 0"):
            call()


@pytest.mark.parametrize("bad", [0.5, 1.0, 0.2, float("nan")])
def test_an_area_outside_a_half_to_one_is_refused(bad):
    with pytest.raises(BadRequest, match="target AUC"):
        sigma_for_membership(1.0, bad)


@pytest.mark.parametrize("bad", [[], [np.ones(3), np.ones(4)]])
def test_a_ledger_needs_releases_over_the_same_examples(bad):
    with pytest.raises(BadRequest, match="ledger"):
        total_eta(bad)
