"""Reconstruction: exact without noise, at the floor with little, and a posterior mean that sampling confirms."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.attacks.one_score import OneScore
from fil_core.attacks.reconstruction import reconstruct
from fil_core.data import load
from fil_core.errors import BadRequest, SingularCurvature
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec
from tests.reference import Sampled, prior_of_others

MODELS = [("least-squares", 0, 0.02), ("least-squares", 2, 0.05), ("logistic", 2, 0.02)]


def attacked(fitted, data, rows, **options):
    asked = {"sigmas": [0.0], "trials": 10, "prior_std": 1.0} | options
    return reconstruct(fitted, data, rows, **asked)


def explanations(fitted, data, row, released=None):
    """Both explanations of a release, (2, d), in features, and which is taken."""
    adversary = OneScore(fitted, data)
    target = adversary.target(row)
    at = target.theta[None] if released is None else torch.as_tensor(released)[None] @ target.vectors
    roots = adversary.roots(target, at)
    return (roots.x[0] @ target.vectors.T).numpy(), int(roots.best[0]), bool(roots.real[0])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("kind", "classes", "l2"), MODELS)
def test_one_explanation_is_the_example_itself(kind, classes, l2, weighted, make_dataset):
    data = make_dataset(classes=classes)
    weights = np.random.default_rng(7).uniform(0.3, 2.0, data.n) if weighted else None
    fitted = fit(ModelSpec(kind=kind, l2=l2), data, weights=weights)
    for row in range(0, data.n, 3):
        x, _, real = explanations(fitted, data, row)
        # Near a double root half of the digits go.
        assert np.abs(x - data.X[row]).max(1).min() <= 1e-6 * np.linalg.norm(data.X[row])
        assert real


@pytest.mark.parametrize(("kind", "classes", "l2"), MODELS)
def test_both_explanations_give_the_released_parameters_when_trained_on(kind, classes, l2, make_dataset):
    data, spec = make_dataset(classes=classes), ModelSpec(kind=kind, l2=l2)
    fitted = fit(spec, data)
    released = fitted.theta.numpy() + 1e-3 * np.random.default_rng(0).standard_normal(data.d)
    seen = 0
    for row in range(0, data.n, 4):
        x, _, real = explanations(fitted, data, row, released)
        if not real:
            continue
        seen += 1
        for candidate in x:
            X = data.X.copy()
            X[row] = candidate
            # Training ends at a gradient of 1e-10 of its scale, which an explanation as long as 1e3 enlarges.
            assert fit(spec, dataclasses.replace(data, X=X)).theta.numpy() == pytest.approx(
                released, rel=1e-5, abs=1e-7
            )
    assert seen >= 5


@pytest.mark.parametrize(("kind", "classes", "l2"), MODELS)
def test_explanations_are_weighed_by_the_volume_of_examples_that_share_them(
    kind, classes, l2, make_dataset, make_reference
):
    """Against |det dtheta/dx| of the dense Jacobian, with the explanation in the example's place."""
    data, spec = make_dataset(classes=classes), ModelSpec(kind=kind, l2=l2)
    weights = np.random.default_rng(7).uniform(0.3, 2.0, data.n)
    fitted, reference = fit(spec, data, weights=weights), make_reference(spec, data, weights)
    adversary, two = OneScore(fitted, data), 0
    for row in range(0, data.n, 2):
        target = adversary.target(row)
        roots = adversary.roots(target, target.theta[None])
        found = adversary._log_volume(target, roots.x, roots.z, *adversary.loss_terms(roots.z, target.y))[0].numpy()
        dense = []
        for x in (roots.x[0] @ target.vectors.T).numpy():
            dense.append(np.linalg.slogdet(reference.with_row(row, x).feature_jacobian(row))[1])
        # Up to what both share; an explanation as long as 1e3 has its optimum to 1e-9 or so.
        assert found[0] - found[1] == pytest.approx(dense[1] - dense[0], rel=1e-6, abs=1e-6)
        two += abs(found[0] - found[1]) > 1e-3
    assert two >= 5  # of a logistic model some releases have one explanation only


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("model", ["least-squares", "logistic"])
@pytest.mark.parametrize("pca", [None, 12])
def test_digits_are_read_off_the_bare_parameters(model, pca, weighted):
    data = load(DataSpec(name="digits", classes=("3", "8"), pca=pca))
    weights = np.random.default_rng(7).uniform(0.3, 2.0, data.n) if weighted else None
    fitted = fit(ModelSpec(kind=model, l2=1e-3), data, weights=weights)
    found = attacked(fitted, data, range(0, 60, 3))
    errors = np.array([one.squared_error[0][0] for one in found])
    # All pixels are whole numbers, which tells the two explanations apart; components keep no whole numbers.
    assert (errors < 1e-12).mean() >= (1.0 if pca is None else 0.9)
    assert set(data.y[range(0, 60, 3)]) == {0, 1}
    assert all((one.guess == one.guess_prior).all() for one in found)
    for one, row in zip(found, range(0, 60, 3), strict=True):
        assert (one.truth == data.X[row]).all()
        assert one.squared_error[0][0] == pytest.approx(np.mean((one.guess[0] - data.X[row]) ** 2), abs=1e-13)


@pytest.mark.parametrize(("classes", "l2"), [(0, 0.0), (0, 0.02), (2, 0.0), (2, 0.05)])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_table_of_whole_numbers_is_read_off_the_bare_parameters(classes, l2, weighted, make_dataset):
    data = make_dataset(classes=classes)
    X = np.round(40 * data.X)  # so large that a multiple of an example is hardly ever whole by chance
    data = dataclasses.replace(data, X=X, source=X)
    weights = np.random.default_rng(7).uniform(0.3, 2.0, data.n) if weighted else None
    for kind in ("least-squares", "logistic")[: 1 + (classes == 2)]:
        fitted = fit(ModelSpec(kind=kind, l2=l2), data, weights=weights)
        errors = [one.squared_error[0][0] for one in attacked(fitted, data, range(data.n))]
        assert max(errors) < 1e-12


def test_whole_numbers_tell_explanations_apart():
    data = load(DataSpec(name="diabetes"))  # age, sex and two more are whole
    fitted = fit(ModelSpec(l2=1e-3), data)
    errors = [one.squared_error[0][0] for one in attacked(fitted, data, range(0, data.n, 3))]
    assert max(errors) < 1e-12
    blind = dataclasses.replace(data, source=data.source + 0.123)
    wrong = [one.squared_error[0][0] > 1e-6 for one in attacked(fitted, blind, range(0, data.n, 3))]
    assert 0 < np.mean(wrong) < 0.5  # of two explanations the likelier is not always the true one


@pytest.mark.parametrize(("kind", "classes", "l2"), MODELS)
def test_the_unbiased_error_approaches_its_floor_from_no_further_than_a_tenth(kind, classes, l2, make_dataset):
    data = make_dataset(classes=classes)
    fitted = fit(ModelSpec(kind=kind, l2=l2), data)
    # Those whose likelier explanation is the true one: for the others no noise is small.
    rows = [r for r, one in enumerate(attacked(fitted, data, range(data.n))) if one.squared_error[0][0] < 1e-10][:3]
    assert len(rows) == 3
    found = attacked(fitted, data, rows, sigmas=[1e-7], trials=4000)
    for one in found:
        # 4,000 releases in at least one direction: a standard error of at most sqrt(2/4000) = 2.2 %.
        assert one.squared_error[0].mean() / one.bound_unbiased[0] == pytest.approx(1, abs=0.1)
        assert one.explained[0] == 1


@pytest.mark.parametrize(("kind", "classes", "l2"), MODELS)
def test_a_constant_that_is_known_tells_as_much_as_the_bound_says(kind, classes, l2, make_dataset):
    data = make_dataset(classes=classes)
    fitted = fit(ModelSpec(kind=kind, l2=l2, intercept=True), data)
    rows = [r for r, one in enumerate(attacked(fitted, data, range(data.n))) if one.squared_error[0][0] < 1e-10][:3]
    assert len(rows) == 3  # the constant tells the two explanations apart
    for one in attacked(fitted, data, rows, sigmas=[1e-7], trials=4000):
        for errors in (one.squared_error, one.squared_error_prior):
            assert errors[0].mean() / one.bound_unbiased[0] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("strength", [0.1, 1.0, 10.0])
def test_with_a_constant_the_posterior_mean_is_that_of_importance_sampling(strength, make_dataset):
    """Least squares, where the optimum with another x has a closed form, formed for each of 100,000 draws."""
    n, d, row = 30, 2, 4
    data = make_dataset(n=n, d=d)
    fitted = fit(ModelSpec(l2=0.02, intercept=True), data)
    Z, ridge = np.column_stack([data.X, np.ones(n)]), n * 0.02 * np.diag([1.0, 1.0, 0.0])
    others = np.delete(np.arange(n), row)
    A, b = Z[others].T @ Z[others] + ridge, Z[others].T @ data.y[others]
    Q = np.linalg.eigh(A)[1]
    adversary = OneScore(fitted, data)
    target = adversary.target(row)
    assert np.abs(np.abs(Q.T @ target.vectors.numpy()) - np.eye(d + 1)).max() < 1e-9
    V = target.vectors.numpy() @ np.diag(target.variance.numpy()) @ target.vectors.numpy().T
    mean = target.vectors.numpy() @ target.mean.numpy()
    # The prior, conditioned on a last entry of 1.
    V = V - np.outer(V[:, 2], V[2]) / V[2, 2]
    xs = mean + np.random.default_rng(0).multivariate_normal(np.zeros(3), V, 100_000, method="eigh")
    np.testing.assert_allclose(xs[:, 2], 1, atol=1e-6)
    thetas = np.linalg.solve(A + xs[:, :, None] * xs[:, None, :], (b + xs * data.y[row])[..., None])[..., 0]
    sigma = strength * float(np.linalg.norm(thetas.std(0)))
    e = torch.randn(1, d + 1, generator=torch.Generator().manual_seed(3), dtype=torch.float64).numpy()[0]
    released = fitted.theta.numpy() + sigma * e
    weight = np.exp(-((thetas - released) ** 2).sum(1) / (2 * sigma**2))
    weight /= weight.sum()
    expected = weight @ xs[:, :d]
    spread = np.sqrt(weight @ (xs[:, :d] - expected) ** 2)
    found = attacked(fitted, data, [row], sigmas=[sigma], trials=1, seed=3)[0].guess_prior[0]
    assert np.linalg.norm(found - expected) < 0.15 * np.linalg.norm(spread)


def beside_sampling(kind, classes, l2, make_dataset, make_reference, *, d, row, strength, seeds=3, n=30):
    """|guess_prior - E[x | release]| over the posterior's spread, and the effective number of samples, a seed each.

    The expectation is over 60,000 examples from the prior, each trained on to its true theta*(x). `strength` is the
    noise relative to how far theta*(x) moves under the prior.
    """
    data, spec = make_dataset(classes=classes, n=n, d=d), ModelSpec(kind=kind, l2=l2)
    fitted, reference = fit(spec, data), make_reference(spec, data)
    alike = (data.y == data.y[row]) if classes else np.ones(data.n, bool)
    mean, variance, Q = prior_of_others(reference, row, alike)
    xs = mean + (np.random.default_rng(0).standard_normal((60_000, d)) * np.sqrt(variance)) @ Q.T
    thetas = reference.optima_with_row(row, xs)
    sigma = strength * float(np.linalg.norm(thetas.std(0)))
    found = []
    for seed in range(seeds):
        e = torch.randn(1, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).numpy()[0]
        true = Sampled.of(xs, thetas, reference.theta + sigma * e, sigma)
        guess = attacked(fitted, data, [row], sigmas=[sigma], trials=1, seed=seed)[0].guess_prior[0]
        found.append((np.linalg.norm(guess - true.mean) / true.spread, true.effective))
    return np.array(found).T


@pytest.mark.parametrize(("d", "row"), [(2, 5), (2, 11), (3, 5), (3, 8), (3, 11)])
@pytest.mark.parametrize(("kind", "classes", "l2"), MODELS)
def test_the_posterior_mean_is_that_of_importance_sampling(kind, classes, l2, d, row, make_dataset, make_reference):
    # (noise, tolerance): the score is taken for Gaussian given the release, which matters less the more noise there is.
    # Measured over these examples: 0.061 and 0.027, of which sampling itself is about 0.005.
    for strength, tolerance in ((1.0, 0.08), (3.0, 0.035)):
        off, effective = beside_sampling(
            kind, classes, l2, make_dataset, make_reference, d=d, row=row, strength=strength
        )
        assert effective.min() > 12_000
        assert off.max() <= tolerance


@pytest.mark.parametrize(("kind", "l2"), [("least-squares", 0.05), ("logistic", 0.02)])
def test_with_little_noise_the_posterior_mean_is_within_an_eighth_of_its_spread(kind, l2, make_dataset, make_reference):
    for row in (5, 8):
        # Measured 0.091 (least squares) and 0.060, of which sampling is 0.01 to 0.04.
        off, effective = beside_sampling(kind, 2, l2, make_dataset, make_reference, d=3, row=row, strength=0.3)
        assert effective.min() > 500
        assert off.max() <= 0.125


def test_among_ten_examples_one_weighs_enough_for_the_small_terms_to_show(make_dataset, make_reference):
    for row in (5, 8, 9):
        off, effective = beside_sampling(
            "least-squares", 0, 0.02, make_dataset, make_reference, d=2, row=row, strength=0.5, seeds=4, n=10
        )
        assert effective.min() > 2_500
        # Measured 0.048, of which sampling is up to 0.02. Without log(1 + w a x^T A x) it is 0.067, without -tr in E s
        # 0.156, without the width of the score in its density 0.183.
        assert off.max() <= 0.06


@pytest.mark.parametrize(("row", "strength", "seeds"), [(5, 0.3, 1), (8, 0.1, 2)])
def test_two_likely_explanations_are_averaged(row, strength, seeds, make_dataset, make_reference):
    """Of a regression at little noise: 51 % of the posterior at one and 49 % at the other; then 77 and 23 %."""
    off, effective = beside_sampling(
        "least-squares", 0, 0.02, make_dataset, make_reference, d=3, row=row, strength=strength, seeds=seeds
    )
    assert effective.min() > 3_000
    # Whoever takes one of two equal peaks is off by one spread; sampling is off by 1 / sqrt(3,000) = 0.02.
    assert off.max() <= 0.3


@pytest.mark.parametrize(("kind", "classes", "l2"), MODELS)
def test_next_to_no_noise_is_as_none(kind, classes, l2, make_dataset):
    """From 1e-7, where rounding is far below the noise, down to where it is all there is."""
    data = make_dataset(classes=classes)
    fitted, sigmas = fit(ModelSpec(kind=kind, l2=l2), data), [0.0, 1e-15, 1e-12, 1e-9, 1e-7]
    found = attacked(fitted, data, range(data.n), sigmas=sigmas, trials=3)
    unbiased, prior, nearer = (
        np.array([[e.mean() for e in getattr(one, name)] for one in found])
        for name in ("squared_error", "squared_error_prior", "squared_error_nearer")
    )
    wrong = (unbiased > 1e-4).mean(0)
    assert 0 < wrong[0] < 0.25  # of two explanations the likelier is not always the true one
    assert (wrong == wrong[0]).all()
    # One of the two always is; noise of 1e-7 is enlarged by at most the curvature over a residual.
    assert nearer.max() < 1e-6
    # With a prior both are averaged by how likely they are, which costs no more in the mean than to take one.
    assert (prior[:, 1:].mean(0) <= unbiased[:, 1:].mean(0)).all()
    assert np.ptp(prior[:, 1:].mean(0)) <= 0.02 * prior[:, 1].mean()


@pytest.mark.parametrize(("kind", "classes", "l2"), MODELS)
def test_unlimited_noise_leaves_the_mean_of_the_others_alike(kind, classes, l2, make_dataset):
    data = make_dataset(classes=classes)
    fitted = fit(ModelSpec(kind=kind, l2=l2), data)
    row = 4
    alike = (data.y == data.y[row]) if classes else np.ones(data.n, bool)
    alike[row] = False
    mean = data.X[alike].mean(0)
    one = attacked(fitted, data, [row], sigmas=[1e4])[0]
    # Within a tenth of the others' spread: the score alone still says a little.
    assert np.linalg.norm(one.guess_prior[0] - mean) <= 0.1 * np.linalg.norm(data.X[alike].std(0))


@pytest.mark.parametrize("d", [1, 2, 6])
@pytest.mark.parametrize("sigma", [1e3, 1e6, 1e12])
def test_endless_noise_leaves_the_mean_of_the_others_even_where_classes_are_apart(sigma, d, from_arrays):
    """A separable logistic model in two dimensions, whose score is far from Gaussian under the prior."""
    rng = np.random.default_rng(1)
    y = np.arange(20) % 2
    data = from_arrays(rng.standard_normal((20, d)) + 6 * (y - 0.5)[:, None], y, classes=2)
    fitted = fit(ModelSpec(kind="logistic", l2=1e-4), data)
    for row in range(4):
        alike = (y == y[row]) & (np.arange(20) != row)
        found = attacked(fitted, data, [row], sigmas=(sigma,), trials=5)[0]
        assert np.abs(found.guess_prior[0] - data.X[alike].mean(0)).max() < 0.01


def test_a_prior_helps_on_average():
    data = load(DataSpec(name="digits", classes=("3", "8")))
    for kind in ("least-squares", "logistic"):
        fitted = fit(ModelSpec(kind=kind, l2=1e-3), data)
        std = float(np.sqrt(data.X.var(0).mean()))
        found = attacked(fitted, data, range(0, 60, 5), sigmas=[1e-4, 1e-3, 1e-2, 1.0], prior_std=std)
        unbiased, prior = (
            np.mean([[e.mean() for e in getattr(one, name)] for one in found], 0)
            for name in ("squared_error", "squared_error_prior")
        )
        assert (prior <= 1.02 * unbiased).all()
        assert np.isfinite(unbiased).all()


def test_seeds_and_the_shape_of_the_answer(make_dataset):
    data = make_dataset(classes=2)
    fitted = fit(ModelSpec(kind="logistic", l2=0.02), data)
    one, again, other = (attacked(fitted, data, [3], sigmas=[0.0, 0.01], seed=s)[0] for s in (0, 0, 1))
    assert (one.squared_error[1] == again.squared_error[1]).all()
    assert (one.squared_error[1] != other.squared_error[1]).all()
    assert [len(e) for e in one.squared_error] == [1, 10]
    assert one.guess.shape == one.guess_prior.shape == (2, data.d)
    assert one.bound_unbiased[0] == one.bound_prior[0] == 0 < one.bound_prior[1] <= one.bound_unbiased[1]


def test_one_at_a_time_is_as_all_at_once(make_dataset):
    data = make_dataset(classes=2)
    fitted = fit(ModelSpec(kind="logistic", l2=0.02), data)
    both = attacked(fitted, data, [3, 8], sigmas=[0.01])
    for row, one in zip((3, 8), both, strict=True):
        alone = attacked(fitted, data, [row], sigmas=[0.01])[0]
        assert alone.squared_error_prior[0] == pytest.approx(one.squared_error_prior[0], rel=1e-9)


def test_the_only_example_of_its_label_is_compared_with_everybody(from_arrays):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 3))
    y = np.zeros(20)
    y[7] = 1
    data = from_arrays(X, y, classes=2)
    one = attacked(fit(ModelSpec(kind="logistic", l2=0.1), data), data, [7], sigmas=[0.0, 0.1])[0]
    assert np.isfinite(one.guess_prior).all()


@pytest.mark.parametrize(
    "bad",
    [dict(sigmas=[-1.0]), dict(sigmas=[]), dict(sigmas=[float("nan")]), dict(prior_std=0.0)],
)
def test_bad_input_is_refused(bad, make_dataset):
    data = make_dataset()
    with pytest.raises(BadRequest, match="expected"):
        attacked(fit(ModelSpec(l2=0.1), data), data, [0], **bad)


def test_no_examples_no_influence_and_no_optimum_without_one_are_refused(make_dataset, from_arrays):
    data = make_dataset()
    with pytest.raises(BadRequest, match="at least one example"):
        attacked(fit(ModelSpec(l2=0.1), data), data, [])
    weights = np.ones(data.n)
    weights[2] = 0
    with pytest.raises(BadRequest, match="weight > 0"):
        attacked(fit(ModelSpec(l2=0.1), data, weights=weights), data, [2])
    X = np.zeros((6, 2))
    X[:, 0] = np.arange(1, 7)
    X[4, 1] = 1  # nobody else has this column
    lonely = from_arrays(X, np.arange(6) ** 0.5)
    with pytest.raises(SingularCurvature):
        attacked(fit(ModelSpec(l2=0.0), lonely), lonely, [4])
