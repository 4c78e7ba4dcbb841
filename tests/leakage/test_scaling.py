"""Eta through the scale, against models that are trained anew on rows that are scaled anew."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fil_core.data import Raw
from fil_core.data.loading import assemble
from fil_core.leakage.fil import fil
from fil_core.leakage.scaling import eta_through_scale
from fil_core.linalg import sum_zero_basis
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec

_STEP = 1e-5


def raw_of(kind: str, n: int = 24, d: int = 3) -> Raw:
    rng = np.random.default_rng(5)
    X = rng.standard_normal((n, d)) + np.eye(d)[0]
    X[7] *= 4 / np.linalg.norm(X[7])
    classes = {"least-squares": (), "logistic": ("no", "yes"), "softmax": ("a", "b", "c")}[kind]
    y = np.arange(n) % len(classes) if classes else X @ [1.0, -1, 2] + rng.standard_normal(n)
    return Raw(X=X, y=y, ids=np.arange(n) + 100, X_test=X[:0], y_test=y[:0], feature_names=("u", "v", "w"),
               class_names=classes)  # fmt: skip


def dataset_of(raw: Raw, pca: int | None = None):
    spec = DataSpec(name="digits", preprocess="unit-ball", pca=pca)
    return assemble(raw, spec, title="t", task="classification" if raw.class_names else "regression")


@pytest.mark.parametrize("weight", [1.0, 0.0, 3.0])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("kind", ["least-squares", "logistic", "softmax"])
def test_refitting_on_rows_that_are_scaled_anew_moves_the_parameters_so(kind, intercept, weight):
    raw, spec = raw_of(kind), ModelSpec(kind=kind, l2=0.05, intercept=intercept)
    w = np.ones(len(raw.X))
    w[7] = weight
    dataset = dataset_of(raw)
    fitted = fit(spec, dataset, weights=w)
    scale = np.linalg.norm(raw.X[7])

    def theta(dx):
        """Parameters after x_7 moves by dx in units of the first scale."""
        X = raw.X.copy()
        X[7] += dx * scale
        moved = dataset_of(dataclasses.replace(raw, X=X))
        assert moved.preprocessing.scale == pytest.approx(1 / np.linalg.norm(X[7]))
        return fit(spec, moved, weights=w, start=fitted.theta).theta.numpy().ravel()

    columns = [(theta(_STEP * e) - theta(-_STEP * e)) / (2 * _STEP) for e in np.eye(3)]
    features = np.stack(columns, 1)
    found = eta_through_scale(fitted, dataset, sigma=2.0, columns=(0, 1, 2))
    assert found.ids == (107,)
    assert 2 * found.eta[0] == pytest.approx(np.linalg.norm(features, 2), rel=1e-6)
    one = eta_through_scale(fitted, dataset, columns=(1,))
    assert one.eta[0] == pytest.approx(np.linalg.norm(features[:, 1]), rel=1e-6)
    # The label does not move the scale, so its part is that of eta itself.
    whole = np.concatenate([features, label_part(fitted, dataset, 7)], 1)
    assert eta_through_scale(fitted, dataset).eta[0] == pytest.approx(np.linalg.norm(whole, 2), rel=1e-6)
    held = fil(fitted, dataset, columns=(0, 1, 2))[7].item()
    assert 2 * found.eta[0] != pytest.approx(held, rel=1e-3)  # so that a lost term would show


def label_part(fitted, dataset, i):
    """Derivative in the label, by the implicit function theorem on the dense Hessian."""
    x = np.append(dataset.X[i], 1.0) if fitted.intercept else dataset.X[i]
    w = float(fitted.weights[i])
    H = fitted.curvature.inverse_power(1).numpy()
    if fitted.spec.kind != "softmax":
        return w * H @ x[:, None]
    steps = np.kron(np.eye(2) * 2**0.5, x[:, None])  # label coordinates in which one class step has length 1
    return np.kron(sum_zero_basis(3).numpy(), np.eye(len(x))) @ (w * H @ steps)


@pytest.mark.parametrize("kind", ["least-squares", "softmax"])
def test_mean_and_directions_of_components_are_held(kind):
    raw, spec = raw_of(kind), ModelSpec(kind=kind, l2=0.05, intercept=False)
    dataset = dataset_of(raw, pca=2)
    fitted, map_ = fit(spec, dataset), dataset.preprocessing
    scale = np.linalg.norm(raw.X[7])

    def theta(dx):
        X = raw.X.copy()
        X[7] += dx * scale
        moved = dataclasses.replace(dataset, X=(X - map_.centre) / np.linalg.norm(X[7]) @ map_.basis)
        return fit(spec, moved, start=fitted.theta).theta.numpy().ravel()

    assert theta(np.zeros(3)) == pytest.approx(fitted.theta.numpy().ravel(), abs=1e-9)
    features = np.stack([(theta(_STEP * e) - theta(-_STEP * e)) / (2 * _STEP) for e in np.eye(3)], 1)
    whole = np.concatenate([features, label_part(fitted, dataset, 7)], 1)
    assert eta_through_scale(fitted, dataset).eta[0] == pytest.approx(np.linalg.norm(whole, 2), rel=1e-6)


def test_rows_of_equal_norm_are_named_and_nothing_where_no_row_sets_the_scale():
    raw = raw_of("logistic")
    X = raw.X.copy()
    X[3] = -X[7]
    dataset = dataset_of(dataclasses.replace(raw, X=X))
    found = eta_through_scale(fit(ModelSpec(l2=0.05), dataset), dataset)
    assert found.ids == (103, 107) and found.eta[0] != found.eta[1]
    spec = DataSpec(name="digits", preprocess="standardise")
    other = assemble(raw, spec, title="t", task="classification")
    assert eta_through_scale(fit(ModelSpec(l2=0.05), other), other) is None
