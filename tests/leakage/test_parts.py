"""The parts of eta, and Cook's distance, against their definitions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fil_core.leakage.fil import fil
from fil_core.leakage.parts import cooks_distance, eta_parts
from fil_core.models import fit
from fil_core.specs import ModelSpec
from tests.reference import Reference

WEIGHTS = np.linspace(0.5, 1.5, 40)


@pytest.mark.parametrize("kind", ["least-squares", "logistic"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "unequal"])
def test_the_parts_are_those_of_the_leading_direction(make_dataset, kind, weights):
    data = make_dataset(classes=2 if kind == "logistic" else 0, n=40)
    fitted = fit(ModelSpec(kind=kind, l2=0.02), data, weights=weights)
    parts = {name: values.numpy() for name, values in eta_parts(fitted, data).items()}
    w = np.ones(40) if weights is None else weights
    reference = Reference(kind, data.X, data.y, w, 40 * 0.02)
    theta, inverse = reference.theta, np.linalg.inv(reference.hessian(reference.theta))
    for i in (0, 7, 31):
        x, z = data.X[i], reference.theta @ data.X[i]
        s = 1 / (1 + np.exp(-z))
        r, a = (z - data.y[i], 1.0) if kind == "least-squares" else (s - data.y[i], s * (1 - s))
        v, u = np.linalg.svd(reference.jacobian(i))[0][:, 0], inverse @ x
        assert parts["residual_part"][i] == pytest.approx(w[i] ** 2 * r**2 * np.square(inverse @ v).sum(), rel=1e-8)
        lever = w[i] ** 2 * (a**2 * theta @ theta + 1) * (v @ u) ** 2
        assert parts["leverage_part"][i] == pytest.approx(lever, rel=1e-8)
        both = 2 * w[i] ** 2 * a * r * (v @ u) * (v @ inverse @ theta)
        assert parts["interaction_part"][i] == pytest.approx(both, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("kind", ["least-squares", "logistic"])
def test_they_sum_to_the_square_of_eta(make_dataset, kind, intercept):
    data = make_dataset(classes=2 if kind == "logistic" else 0, n=40)
    fitted = fit(ModelSpec(kind=kind, l2=0.02, intercept=intercept), data)
    parts = eta_parts(fitted, data)
    whole = sum(parts[name] for name in ("residual_part", "leverage_part", "interaction_part"))
    np.testing.assert_allclose(whole, fil(fitted, data).square(), rtol=1e-10)
    assert (parts["residual_part"] >= 0).all() and (parts["leverage_part"] >= 0).all()


def test_cooks_distance_of_least_squares_is_what_leaving_out_moves(make_dataset):
    data = make_dataset(n=30, d=4)
    fitted = fit(ModelSpec(l2=0.0, intercept=True), data)
    X = np.column_stack([data.X, np.ones(30)])
    theta = np.linalg.lstsq(X, data.y, rcond=None)[0]
    s2 = np.square(data.y - X @ theta).sum() / (30 - 5)
    for i in range(0, 30, 7):
        kept = np.arange(30) != i
        moved = X @ (theta - np.linalg.lstsq(X[kept], data.y[kept], rcond=None)[0])
        assert float(cooks_distance(fitted, data)[i]) == pytest.approx(moved @ moved / (5 * s2), rel=1e-9)


def test_cooks_distance_is_not_defined_without_freedom(make_dataset):
    data = make_dataset(n=6, d=5)
    square = dataclasses.replace(data, X=data.X[:5], y=data.y[:5], ids=data.ids[:5])
    assert np.isnan(cooks_distance(fit(ModelSpec(l2=0.0), square), square).numpy()).all()
    assert np.isfinite(cooks_distance(fit(ModelSpec(l2=0.0), data), data).numpy()).all()


def test_examples_left_out_are_no_observations(make_dataset):
    data = make_dataset(n=30, d=4)
    weights = np.ones(30)
    weights[20:] = 0
    kept = dataclasses.replace(data, X=data.X[:20], y=data.y[:20], ids=data.ids[:20])
    model = ModelSpec(l2=0.0)
    found = cooks_distance(fit(model, data, weights=weights), data).numpy()
    np.testing.assert_allclose(found[:20], cooks_distance(fit(model, kept), kept).numpy(), rtol=1e-10)
    assert (found[20:] == 0).all()
