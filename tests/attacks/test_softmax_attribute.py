"""Attribute inference on softmax models: many classes, intercepts, two classes beside logistic, and literal attacks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.attacks.attackers import ATTACKERS
from fil_core.attacks.attribute import attribute_of
from fil_core.attacks.candidates import candidate_shifts
from fil_core.attacks.inference import infer
from fil_core.attacks.success import sigma_for_success
from fil_core.data import load
from fil_core.linalg import sum_zero_basis
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec
from tests.reference import fredrikson14
from tests.test_published_figures import FOLDER

# Exact but for rounding, which the curvature's condition multiplies.
SAME = 1e-8


def softmax(l2, **options):
    return ModelSpec(kind="softmax", l2=l2, **options)


def shifts(fitted, data, attribute) -> torch.Tensor:
    return torch.cat([shift for _, shift in candidate_shifts(fitted, data, attribute)])


def ten_classes(with_attribute, n=60, k=3):
    """Ten classes, which every class has some of."""
    data = with_attribute(classes=2, k=k, n=n)
    y = np.random.default_rng(4).integers(0, 10, n).astype(float)
    y[:10] = np.arange(10)
    names = tuple(f"class {c}" for c in range(10))
    return dataclasses.replace(data, y=y, y_test=y[: n // 2], class_names=names)


@pytest.mark.parametrize(("classes", "k", "l2"), [(3, 3, 0.01), (3, 2, 1e-6), (10, 3, 0.01), (10, 2, 1e-4)])
def test_candidates_equal_refits_with_an_intercept_and_weights(classes, k, l2, with_attribute):
    data = ten_classes(with_attribute, k=k) if classes == 10 else with_attribute(classes=classes, k=k)
    attribute, spec = attribute_of(data, "kind"), softmax(l2, intercept=True)
    weights = np.random.default_rng(7).uniform(0.3, 2.0, data.n)
    fitted = fit(spec, data, weights=weights)
    found, V = shifts(fitted, data, attribute), sum_zero_basis(classes)
    for i in range(0, data.n, 12):
        for v in range(k):
            X = data.X.copy()
            X[i, list(attribute.columns)] = attribute.values[v]
            again = fit(spec, dataclasses.replace(data, X=X), weights=weights)
            true = (V.T @ (again.theta - fitted.theta)).flatten()
            # Newton stops once what is left should be 1e-9 of the shift; measured 2e-9, beside rounding of theta.
            assert (found[i, v] - true).norm() <= 1e-8 * true.norm() + 1e-12 * fitted.theta.norm()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [2, 3, 5])
def test_two_classes_are_a_logistic_model_of_half_the_penalty_and_root_two_times_the_noise(k, weighted, with_attribute):
    data = with_attribute(classes=2, k=k)
    attribute, l2, sigmas = attribute_of(data, "kind"), 0.02, (0.0, 0.05, 0.4)
    weights = np.random.default_rng(7).uniform(0.3, 2.0, data.n) if weighted else None
    two, one = (fit(spec, data, weights=weights) for spec in (softmax(l2), ModelSpec(kind="logistic", l2=l2 / 2)))
    noises = [sigmas, [2**0.5 * sigma for sigma in sigmas]]
    # The same draws, since T is the difference of the two rows over root two.
    of_two, of_one = (infer(f, data, attribute, sigmas=s, trials=50) for f, s in zip((two, one), noises, strict=True))
    for name in ATTACKERS:
        assert of_two.success[name] == pytest.approx(of_one.success[name], abs=SAME)
        assert of_two.accuracy[name] == pytest.approx(of_one.accuracy[name], abs=SAME)
        assert of_two.guessed[name] == pytest.approx(of_one.guessed[name], abs=SAME)
    if k < 4:
        assert 2 * of_two.gram == pytest.approx(of_one.gram, rel=SAME, abs=SAME * np.abs(of_one.gram).max())
        needed = [sigma_for_success(found.gram, attribute.codes, 0.8) for found in (of_two, of_one)]
        assert needed[0] * 2**0.5 == pytest.approx(needed[1], rel=2e-6)  # of a bisection to 1e-6


def test_examples_fitted_to_many_digits_keep_theirs(with_attribute):
    """Separable classes: some examples move the parameters by a trillionth of what others do, and no digit is lost."""
    data = with_attribute(classes=2, k=2)
    data = dataclasses.replace(data, y=(data.X[:, 1] > 0).astype(float))
    data.X[:, 1] *= 40
    attribute = attribute_of(data, "kind")
    found = shifts(fit(softmax(2e-4), data), data, attribute) * 2**0.5
    true = shifts(fit(ModelSpec(kind="logistic", l2=1e-4), data), data, attribute)
    far = true.norm(dim=2).max(1).values
    assert far.min() < 1e-12 * far.max()
    # Newton's method stops at 1e-9 of each shift.
    assert ((found - true).norm(dim=2).max(1).values <= 1e-8 * far).all()


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("name", ["whitebox", "whitebox-prior"])
def test_success_is_the_share_of_noisy_releases_of_models_that_are_trained_again(
    k, name, with_attribute, make_reference
):
    data = with_attribute(classes=3, k=k, n=15, d=2)
    attribute, spec, sigma, trials = attribute_of(data, "kind"), softmax(0.05), 0.15, 20_000
    reference, columns = make_reference(spec, data), list(attribute.columns)
    found = infer(fit(spec, data), data, attribute, attackers=(name,), sigmas=(sigma,))
    # Noise on every entry of Theta, of which the attacker looks at all.
    noise = np.random.default_rng(5).standard_normal((trials, reference.parameters))
    bonus = 2 * sigma**2 * np.log(attribute.prior) if name == "whitebox-prior" else np.zeros(k)
    right = np.empty(data.n)
    for i in range(data.n):
        candidates = np.array([reference.candidate(i, columns, v) for v in attribute.values])
        released = candidates[attribute.codes[i]] + sigma * noise
        distance = ((released[:, None] - candidates) ** 2).sum(2) - bonus
        right[i] = (distance.argmin(1) == attribute.codes[i]).mean()
    # Four standard errors of a share.
    assert found.success[name][:, 0] == pytest.approx(right, abs=4 * 0.5 / trials**0.5)
    assert 0.3 < right.mean() < 0.98


def test_the_black_box_of_ten_classes_counts_what_is_confused_with_what(with_attribute):
    data, trials, sigma = ten_classes(with_attribute), 20, 0.2
    attribute, fitted = attribute_of(data, "kind"), fit(softmax(0.01), data)
    found = infer(fitted, data, attribute, attackers=("fredrikson14",), sigmas=(sigma,), trials=trials)
    e = torch.randn(trials, 9, data.d, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    thetas = (fitted.theta + sigma * sum_zero_basis(10) @ e).flatten(1).numpy()
    y, columns = np.eye(10)[data.y.astype(int)], list(attribute.columns)
    guesses = [
        fredrikson14("softmax", theta, data.X, y, columns, attribute.values, attribute.prior) for theta in thetas
    ]
    assert found.success["fredrikson14"][:, 0] == pytest.approx((guesses == attribute.codes).mean(0), rel=1e-12)


def test_an_example_that_was_left_out_is_guessed_blindly(with_attribute):
    data = with_attribute(classes=3, k=2)
    attribute, weights = attribute_of(data, "kind"), np.ones(data.n)
    weights[5] = 0
    found = infer(fit(softmax(0.02), data, weights=weights), data, attribute, sigmas=(0.1,))
    assert found.success["whitebox"][5, 0] == 0.5
    assert found.success["whitebox-prior"][5, 0] == float(attribute.codes[5] == attribute.prior.argmax())
    assert np.delete(found.success["whitebox"][:, 0], 5).min() > 0.5


@pytest.mark.realdata
@pytest.mark.skipif(FOLDER is None, reason="FIL_DATA_DIR is not set: no published data files at hand")
def test_adult_as_two_classes_of_softmax_is_adult_as_logistic():
    data = load(DataSpec(name="uciadult", subset=800))
    attribute, sigma = attribute_of(data, "sex"), 0.002
    two, one = fit(softmax(2e-3), data), fit(ModelSpec(kind="logistic", l2=1e-3), data)
    of_two, of_one = (
        infer(f, data, attribute, sigmas=(s,), trials=20) for f, s in ((two, sigma), (one, 2**0.5 * sigma))
    )
    assert 2 * of_two.gram == pytest.approx(of_one.gram, rel=SAME, abs=SAME * of_one.gram.max())
    for name in ("whitebox", "whitebox-prior"):
        assert of_two.success[name] == pytest.approx(of_one.success[name], abs=SAME)
    # The same draws: nothing differs but a prediction that ties to the last digit.
    assert of_two.accuracy["fredrikson14"] == pytest.approx(of_one.accuracy["fredrikson14"], abs=1e-4)
    assert of_two.accuracy["ideal"] == pytest.approx(of_one.accuracy["ideal"], abs=1e-12)
