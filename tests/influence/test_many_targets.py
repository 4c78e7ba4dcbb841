"""Influence on the losses of many targets at once, from the parameters alone, against the dense formula."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fil_core.errors import SingularCurvature
from fil_core.influence.linear import examples_of, of_hessian, on_targets
from fil_core.models import fit
from fil_core.specs import ModelSpec


@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_by_the_dense_formula(problem, damping):
    data, reference, fitted = problem.dataset, problem.reference, problem.fitted
    theta = reference.theta
    # A pseudo-inverse, since with one vector added to every row of Theta softmax's curvature is the penalty alone.
    H = reference.hessian(theta) + data.n * damping * np.eye(reference.parameters)
    G = np.array([reference.example_gradient(theta, i) for i in range(data.n)])
    true = (problem.weights[:, None] * G) @ np.linalg.pinv(H, hermitian=True) @ G[:5].T
    found = on_targets(fitted, data, (data.X[:5], data.y[:5]), damping=damping).numpy()
    np.testing.assert_allclose(found, true, atol=1e-9 * np.abs(true).max())  # theta to rounding, times the condition
    assert not found[problem.weights == 0].any()


def test_its_mean_is_the_influence_on_the_mean_loss_also_with_an_intercept(make_dataset):
    data = make_dataset(classes=3, n=40, d=3, seed=1)
    fitted = fit(ModelSpec(kind="softmax", l2=1e-2, intercept=True), data)
    train, target = examples_of(fitted, data.X, data.y), examples_of(fitted, data.X[:7], data.y[:7])
    mean = of_hessian(fitted, train, target.mean_gradient, damping=0.0).influence
    found = on_targets(fitted, data, (data.X[:7], data.y[:7])).mean(1)
    np.testing.assert_allclose(found, mean, atol=1e-12 * float(mean.abs().max()))  # two factorisations' rounding


def test_columns_that_are_zero_in_training_change_nothing(make_dataset):
    data = make_dataset(classes=3, n=40, d=5, seed=3)
    spec, targets = ModelSpec(kind="softmax", l2=1e-2), data.X[:6].copy()
    data = dataclasses.replace(data, X=data.X * [1, 0, 1, 1, 0])
    fitted, y = fit(spec, data), data.y[:6]
    found = on_targets(fitted, data, (targets, y)).numpy()
    each = examples_of(fitted, data.X, data.y)
    for j in range(6):
        target = examples_of(fitted, targets[[j]], y[[j]]).mean_gradient
        one = of_hessian(fitted, each, target, damping=0.0).influence
        # Two factorisations' rounding.
        np.testing.assert_allclose(found[:, j], one, atol=1e-12 * float(one.abs().max()))


def test_a_curvature_that_is_not_positive_definite_is_refused(make_dataset):
    data = make_dataset(classes=2, n=30, d=3, seed=2)
    fitted = fit(ModelSpec(kind="logistic", l2=1e-2), data)
    none = dataclasses.replace(fitted, weights=0 * fitted.weights, spec=ModelSpec(kind="logistic", l2=0.0))
    with pytest.raises(SingularCurvature, match="larger damping"):
        on_targets(none, data, (data.X, data.y))
    assert on_targets(none, data, (data.X, data.y), damping=0.1).shape == (30, 30)
