"""Large and small numbers: measured to all digits inside the limits, refused by name outside."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from fil_core.data import Raw
from fil_core.data.loading import assemble
from fil_core.errors import BadData
from fil_core.leakage.fil import measure
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec

_rng = np.random.default_rng(7)
X = _rng.standard_normal((12, 3))
Y = X @ [1.0, 2.0, -1.0] + _rng.standard_normal(12)


def table(X, y, preprocess="none", classes=(), **more):
    raw = Raw(
        X=X, y=y, ids=np.arange(len(y)), X_test=X[:0], y_test=y[:0], feature_names=("age", "height", "weight"),
        class_names=classes, target_name="cost", **more,
    )  # fmt: skip
    spec = DataSpec(name="digits", preprocess=preprocess)
    return assemble(raw, spec, title="t", task="classification" if classes else "regression")


def exact_eta(X, y, l2, i):
    """Largest singular value of the Jacobian of least squares in 80 digits, formed."""
    with mpmath.workdps(80):
        n, d = X.shape
        M, t = mpmath.matrix(X.tolist()), mpmath.matrix(y.tolist())
        B = (M.T * M + n * mpmath.mpf(l2) * mpmath.eye(d)) ** -1
        theta, x = B * (M.T * t), M[i, :].T
        u, r = B * x, (x.T * theta)[0] - t[i]
        J = r * B + u * theta.T
        whole = mpmath.matrix(d, d + 1)
        for a in range(d):
            for b in range(d):
                whole[a, b] = -J[a, b]
            whole[a, d] = u[a]
        return float(mpmath.svd_r(whole, compute_uv=False)[0])


@pytest.mark.parametrize("features", [1e-18, 1.0, 1e18])
@pytest.mark.parametrize("target", [1e-18, 1.0, 1e18])
@pytest.mark.parametrize("l2", [0.0, 1e-30, 1.0])
def test_inside_the_limits_every_digit_is_kept(features, target, l2):
    dataset = table(X * features, Y * target)
    fitted = fit(ModelSpec(kind="least-squares", l2=l2, intercept=False), dataset)
    eta = measure(fitted, dataset, prior_std=1.0)["eta"]
    for i in range(3):
        assert eta[i] == pytest.approx(exact_eta(X * features, Y * target, l2, i), rel=1e-12)


@pytest.mark.parametrize(
    ("features", "target", "preprocess", "named"),
    [
        (1.0, 1e80, "none", "cost"), (1.0, 1e80, "unit-ball", "cost"), (1.0, 1e-40, "none", "cost"),
        (1e-40, 1.0, "none", "weight"), (1e-60, 1.0, "none", "weight"), (1e40, 1.0, "none", "weight"),
        (1e-120, 1.0, "unit-ball", "weight"), (1e-170, 1.0, "standardise", "weight"),
        (1e160, 1.0, "standardise", "weight"),
    ],
)  # fmt: skip
def test_beyond_the_limits_the_column_is_named(features, target, preprocess, named):
    with pytest.raises(BadData, match=named):
        table(
            X * [1.0, 1.0, features] if preprocess != "none" else X * features * [0.1, 0.1, 1], Y * target, preprocess
        )


@pytest.mark.parametrize("factor", [1e-90, 1e90])
@pytest.mark.parametrize("preprocess", ["unit-ball", "standardise"])
def test_preprocessing_brings_numbers_back(factor, preprocess):
    near, far = (table(X * f, Y * f, preprocess, standardise_target=True) for f in (1.0, factor))
    np.testing.assert_allclose(far.X, near.X, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(far.y, near.y, rtol=1e-12, atol=1e-14)


def test_classes_have_no_size_and_zeros_are_no_small_numbers():
    rows = np.where(np.arange(36).reshape(12, 3) % 5 == 0, 1.0, 0.0)
    assert table(rows, np.arange(12) % 2, classes=("no", "yes")).d == 3
