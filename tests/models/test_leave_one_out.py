"""Leaving one example out, against training again without it."""

from __future__ import annotations

import dataclasses
import os

import mpmath
import numpy as np
import pytest

from fil_core.leakage.fil import measure
from fil_core.models import fit
from fil_core.models import leave_one_out as module
from fil_core.models.leave_one_out import leave_one_out
from fil_core.specs import DataSpec, ModelSpec
from tests.reference import Reference

PROMISED = 1e-6  # relative error of a shift; the iteration stops at an estimate of 1e-7


def retrained(spec: ModelSpec, data, rows, weights=None) -> np.ndarray:
    """Shifts by training without each row, plain Newton to rounding."""
    T = np.eye(len(data.class_names))[data.y.astype(int)] if spec.kind == "softmax" else data.y
    w = np.ones(data.n) if weights is None else weights
    problem = Reference(spec.kind, data.X, T, w, data.n * spec.penalty)
    return np.array([problem.leave_one_out_shift(i) for i in rows])


def shifts(spec: ModelSpec, data, weights=None):
    return leave_one_out(fit(spec, data, weights=weights), data)


def test_of_every_kind_of_model(problem):
    found = leave_one_out(problem.fitted, problem.dataset)
    rows = [i for i in range(problem.dataset.n) if problem.weights[i]]
    true = np.array([problem.reference.leave_one_out_shift(i) for i in rows])
    np.testing.assert_allclose(found.shift.numpy()[rows], true, rtol=PROMISED)
    assert found.error <= module.CLOSE
    assert not found.shift.numpy()[problem.weights == 0].any()


@pytest.mark.parametrize("l2", [1e-1, 1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize(("kind", "classes"), [("logistic", 2), ("softmax", 2), ("softmax", 4)])
def test_at_small_penalties_where_one_newton_step_is_far_off(kind, classes, l2, make_dataset):
    data, spec = make_dataset(classes=classes, n=50, d=4, seed=2), ModelSpec(kind=kind, l2=l2)
    rows = range(0, 50, 7)
    np.testing.assert_allclose(shifts(spec, data).shift.numpy()[list(rows)], retrained(spec, data, rows), rtol=PROMISED)


def in_forty_digits(X, y, ridge, left_out):
    """Shifts of a logistic model, every number in 40 digits."""
    with mpmath.workdps(40):
        X, n = mpmath.matrix(X.tolist()), len(y)

        def theta(without):
            t = mpmath.matrix(X.cols, 1)
            for _ in range(60):
                g, H = ridge * t, ridge * mpmath.eye(X.cols)
                for j in range(n):
                    if j != without:
                        x = X[j, :].T
                        s = 1 / (1 + mpmath.exp(-(x.T * t)[0]))
                        g, H = g + (s - int(y[j])) * x, H + s * (1 - s) * x * x.T
                step = mpmath.lu_solve(H, g)
                t = t - step
                if mpmath.norm(step) < mpmath.mpf(10) ** -36:
                    return t
            raise AssertionError("the reference did not converge")

        whole = theta(None)
        return np.array([float(mpmath.norm(theta(i) - whole)) for i in left_out])


@pytest.mark.parametrize("kind", ["logistic", "softmax"])
def test_of_examples_that_are_fitted_to_many_digits(kind, from_arrays):
    """Residuals down to 1e-12, where sums over all the others would round away what one of them moves."""
    rng = np.random.default_rng(0)
    x = np.linspace(1, 28, 14)[:, None] * np.where(np.arange(14) % 2, 1, -1)[:, None]
    data = from_arrays(np.hstack([x, rng.standard_normal((14, 1))]), np.arange(14) % 2, classes=2)
    true = in_forty_digits(data.X, data.y, 14 * 2e-3, range(14))
    assert true.min() < 1e-11
    # Two classes of a softmax model are a logistic one of half the penalty, with theta = (-theta', theta') / 2.
    spec = ModelSpec(kind=kind, l2=2e-3 if kind == "logistic" else 4e-3)
    length = 1.0 if kind == "logistic" else 2**-0.5
    np.testing.assert_allclose(shifts(spec, data).shift, length * true, rtol=PROMISED)


def test_with_an_intercept(make_dataset):
    data = make_dataset(classes=2, n=40, d=3, seed=4)
    spec = ModelSpec(kind="logistic", l2=1e-3, intercept=True)
    X, ridge = np.hstack([data.X, np.ones((40, 1))]), np.array([40e-3] * 3 + [0.0])

    def theta(w):
        t = np.zeros(4)
        for _ in range(60):
            p = 1 / (1 + np.exp(-X @ t))
            t = t - np.linalg.solve(
                (X.T * (w * p * (1 - p))) @ X + np.diag(ridge), X.T @ (w * (p - data.y)) + ridge * t
            )
        return t

    rows, ones = range(0, 40, 5), np.ones(40)
    true = [np.linalg.norm(theta(np.where(np.arange(40) == i, 0.0, 1.0)) - theta(ones)) for i in rows]
    np.testing.assert_allclose(shifts(spec, data).shift.numpy()[list(rows)], true, rtol=PROMISED)


def test_where_the_example_alone_determines_a_parameter(from_arrays):
    """Without it and without a penalty there are no parameters to compare."""
    X = np.vstack([np.random.default_rng(1).standard_normal((20, 2)) @ [[1, 0, 0], [0, 1, 0]], [[0.0, 0.0, 2.0]]])
    data = from_arrays(X, np.random.default_rng(2).standard_normal(21))
    table = measure(fit(ModelSpec(l2=0.0), data), data, prior_std=1.0)
    assert np.isnan(table["loo_shift"].iloc[20])
    assert np.isnan(table["membership_auc"].iloc[20])
    assert np.isfinite(table["loo_shift"].iloc[:20]).all()


def test_blocks_do_not_matter(make_dataset, monkeypatch):
    data, spec = make_dataset(classes=3, n=30, d=3), ModelSpec(kind="softmax", l2=1e-4)
    whole = shifts(spec, data).shift
    monkeypatch.setitem(module._PAIRS, "cpu", 1)
    np.testing.assert_allclose(shifts(spec, data).shift, whole, rtol=1e-12)


def test_an_example_for_which_the_iteration_fails_is_trained_without(make_dataset, monkeypatch):
    data, spec = make_dataset(classes=2, n=30, d=3), ModelSpec(kind="logistic", l2=1e-5)
    monkeypatch.setattr(module, "_STEPS", 1)
    np.testing.assert_allclose(shifts(spec, data).shift, retrained(spec, data, range(30)), rtol=PROMISED)


def test_too_many_pairs_leave_a_newton_step_whose_error_is_told(make_dataset, monkeypatch):
    data, spec = make_dataset(classes=2, n=60, d=3, seed=1), ModelSpec(kind="logistic", l2=1e-2)
    exact = shifts(spec, data)
    monkeypatch.setattr(module, "MOST_WORK", 0.0)
    step = shifts(spec, data)
    off = np.abs(step.shift / exact.shift - 1).max()
    assert 1e-4 < off <= step.error


@pytest.mark.realdata
@pytest.mark.skipif(not os.environ.get("FIL_DATA_DIR"), reason="FIL_DATA_DIR does not name a folder with MNIST")
def test_thousands_at_once_equal_retraining():
    from fil_core.data import load

    data = load(DataSpec(name="mnist", classes=("0", "1"), pca=20))
    spec = ModelSpec(kind="logistic", l2=8e-4)
    fitted = fit(spec, data)
    found = leave_one_out(fitted, data).shift.numpy()
    rows = [int(np.argmax(found)), int(np.argmin(found)), 0, 7000]
    for i in rows:
        w = np.ones(data.n)
        w[i] = 0
        true = float((fit(dataclasses.replace(spec), data, weights=w).theta - fitted.theta).norm())
        assert found[i] == pytest.approx(true, rel=PROMISED)


@pytest.mark.parametrize(("kind", "classes"), [("logistic", 2), ("softmax", 2), ("softmax", 3)])
def test_the_only_one_of_a_class_beside_an_intercept_has_no_optimum_without_it(kind, classes, from_arrays):
    """The intercept of an empty class has no penalty: the loss falls for as long as it runs off."""
    rng = np.random.default_rng(0)
    y = np.r_[np.arange(20) % (classes - 1), classes - 1]
    data = from_arrays(rng.standard_normal((21, 3)), y, classes=classes)
    alone = shifts(ModelSpec(kind=kind, l2=1e-2, intercept=True), data).shift
    assert np.isnan(alone).tolist() == [False] * 20 + [True]
    assert np.isfinite(shifts(ModelSpec(kind=kind, l2=1e-2, intercept=False), data).shift).all()
