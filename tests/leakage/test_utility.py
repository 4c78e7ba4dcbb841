"""Expected scores under noise against seeded Monte Carlo and closed special cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm

from fil_core.leakage.utility import correct_probability, expected_accuracy, expected_squared_error
from fil_core.models import fit
from fil_core.specs import ModelSpec

DRAWS = 4000
QUADRATURE = 1e-9  # the rule leaves about 1e-10


def released(fitted, X, sigma, seed):
    """Scores of `DRAWS` noisy releases, (draws, n) or (draws, n, C)."""
    theta = fitted.theta.numpy()
    noise = np.random.default_rng(seed).standard_normal((DRAWS, *theta.shape))
    return np.einsum("nd,s...d->sn...", X, theta + sigma * noise)


def check(share_of_each_release, expected):
    error = 3 * share_of_each_release.std(ddof=1) / np.sqrt(DRAWS)
    assert error < 0.02
    assert expected == pytest.approx(share_of_each_release.mean(), abs=error)


@pytest.mark.parametrize("sigma", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("kind", ["least-squares", "logistic"])
def test_two_classes(kind, sigma, make_dataset):
    data = make_dataset(classes=2, n=50, d=4)
    fitted = fit(ModelSpec(kind=kind, l2=0.01), data)
    Z = released(fitted, data.X, sigma, seed=1)
    norms = np.linalg.norm(data.X, axis=1)
    scores = fitted.scores(data.X).numpy()
    check(((Z > 0) == (data.y == 1)).mean(1), expected_accuracy(scores, norms, data.y, sigma))


@pytest.mark.parametrize("sigma", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("classes", [2, 5])
def test_several_classes(classes, sigma, make_dataset):
    data = make_dataset(classes=classes, n=50, d=4)
    fitted = fit(ModelSpec(kind="softmax", l2=0.01), data)
    Z = released(fitted, data.X, sigma, seed=2)
    norms = np.linalg.norm(data.X, axis=1)
    scores = fitted.scores(data.X).numpy()
    check((Z.argmax(2) == data.y).mean(1), expected_accuracy(scores, norms, data.y, sigma))


@pytest.mark.parametrize(("kind", "classes"), [("logistic", 2), ("softmax", 5)])
def test_without_noise_it_is_the_accuracy(kind, classes, make_dataset):
    data = make_dataset(classes=classes, n=50, d=4)
    fitted = fit(ModelSpec(kind=kind, l2=0.01), data)
    scores, norms = fitted.scores(data.X).numpy(), np.linalg.norm(data.X, axis=1)
    accuracy = fitted.score(data.X, data.y)
    assert 0.3 < accuracy < 1
    assert expected_accuracy(scores, norms, data.y, 0.0) == pytest.approx(accuracy, abs=1e-15)
    assert expected_accuracy(scores, norms, data.y, 1e-12) == pytest.approx(accuracy, abs=1e-6)


def test_boundless_noise_leaves_a_guess(make_dataset):
    data = make_dataset(classes=5, n=50, d=4)
    fitted = fit(ModelSpec(kind="softmax", l2=0.01), data)
    found = correct_probability(fitted.scores(data.X).numpy(), np.linalg.norm(data.X, axis=1), data.y, 1e9)
    np.testing.assert_allclose(found, 1 / 5, rtol=1e-7)


def test_two_softmax_scores_are_one_difference():
    """z_1 - z_0 has noise sigma sqrt(2) |x|: the integral must give that normal probability."""
    rng = np.random.default_rng(3)
    Z, norms, y = rng.standard_normal((30, 2)), rng.uniform(0.1, 2, 30), rng.integers(0, 2, 30)
    lead = np.where(y == 1, 1, -1) * (Z[:, 1] - Z[:, 0])
    expected = norm.cdf(lead / (0.7 * np.sqrt(2) * norms))
    np.testing.assert_allclose(correct_probability(Z, norms, y, 0.7), expected, rtol=0, atol=QUADRATURE)


def test_the_quadrature_is_the_integral():
    Z, norms, y, sigma = np.array([[0.3, -0.5, 1.1, 0.9]]), np.array([1.3]), np.array([2]), 0.6
    gap = (Z[0, 2] - np.delete(Z[0], 2)) / (sigma * norms[0])
    exact = quad(lambda t: norm.pdf(t) * norm.cdf(gap + t).prod(), -12, 12, epsabs=1e-13)[0]
    assert correct_probability(Z, norms, y, sigma)[0] == pytest.approx(exact, abs=QUADRATURE)


def test_probabilities_of_the_labels_sum_to_one():
    Z, norms = np.random.default_rng(4).standard_normal((20, 5)), np.linspace(0.1, 3, 20)
    total = sum(correct_probability(Z, norms, np.full(20, c), 0.8) for c in range(5))
    np.testing.assert_allclose(total, 1, rtol=0, atol=QUADRATURE)


def test_an_example_of_norm_zero_stays_where_its_score_is():
    """x = 0 scores 0 whatever the noise, and 0 is read as the first class."""
    found = correct_probability(np.array([0.0, 0.0]), np.zeros(2), np.array([0, 1]), 1.0)
    np.testing.assert_array_equal(found, [1.0, 0.0])


@pytest.mark.parametrize("sigma", [0.0, 0.05, 0.5])
def test_squared_error(sigma, make_dataset):
    data = make_dataset(n=50, d=4)
    fitted = fit(ModelSpec(l2=0.01), data)
    residuals, norms = fitted.scores(data.X).numpy() - data.y, np.linalg.norm(data.X, axis=1)
    expected = expected_squared_error(residuals, norms, sigma)
    if sigma == 0:
        assert expected == pytest.approx(fitted.score(data.X, data.y), rel=1e-12)
        return
    errors = ((released(fitted, data.X, sigma, seed=5) - data.y) ** 2).mean(1)
    assert expected == pytest.approx(errors.mean(), abs=3 * errors.std(ddof=1) / np.sqrt(DRAWS))


@pytest.mark.parametrize("classes", [2, 3, 10, 100])
@pytest.mark.parametrize("spread", [0.05, 0.5, 5.0])
def test_the_quadrature_keeps_its_promise(classes: int, spread: float) -> None:
    rng = np.random.default_rng(classes)
    scores, labels, norms = rng.standard_normal((30, classes)) / spread, rng.integers(0, classes, 30), np.ones(30)
    t = np.linspace(-12, 12, 20_001)
    density = np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi)
    wanted = []
    for row, label in zip(scores, labels, strict=True):
        gaps = row[label] - np.delete(row, label)
        wanted.append(np.trapezoid(density * ndtr(gaps[:, None] + t).prod(0), t))
    # 1e-9: the rule promises 1e-10, the reference's own step adds about as much.
    np.testing.assert_allclose(correct_probability(scores, norms, labels, 1.0), wanted, rtol=0, atol=1e-9)
