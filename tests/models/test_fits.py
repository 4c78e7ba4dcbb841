"""The three fits against scikit-learn and a literal Newton, and what each refuses."""

from __future__ import annotations

import dataclasses
import warnings

import mpmath
import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from fil_core.errors import BadRequest, DeviceUnavailable, NotConverged, SingularCurvature
from fil_core.linalg import sum_zero_basis
from fil_core.models import fit
from fil_core.models.fitted import device_of
from fil_core.models.glm import logistic_terms
from fil_core.models.newton import Optimum, minimise, require
from fil_core.models.softmax import hessian_blocks
from fil_core.specs import ModelSpec

CLOSED_FORM = {"rtol": 1e-9, "atol": 1e-12}  # two solvers of the same normal equations, condition 1e4
# scikit-learn stops at a gradient of tol = 1e-10 a sample, which its own curvature n * l2 turns into about 1e-7.
ITERATED = {"rtol": 1e-6, "atol": 1e-6}


def weights_of(n, seed=0):
    w = np.random.default_rng(seed).uniform(0.2, 3, n)
    w[5] = 0
    return w


@pytest.mark.parametrize("l2", [1e-4, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [0, 2])
def test_least_squares_is_ridge_regression_without_intercept(l2, weighted, classes, make_dataset):
    data = make_dataset(classes=classes, n=60, d=6, condition=100.0)
    w = weights_of(60) if weighted else None
    ours = fit(ModelSpec(kind="least-squares", l2=l2), data, weights=w)
    targets = 2 * data.y - 1 if classes else data.y
    theirs = Ridge(alpha=60 * l2, fit_intercept=False, solver="cholesky").fit(data.X, targets, sample_weight=w)
    np.testing.assert_allclose(ours.theta.numpy(), theirs.coef_, **CLOSED_FORM)


@pytest.mark.parametrize("l2", [1e-3, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_logistic_is_scikit_learns_with_c_one_over_n_l2(l2, weighted, make_dataset):
    data = make_dataset(classes=2, n=60, d=6)
    w = weights_of(60) if weighted else None
    ours = fit(ModelSpec(kind="logistic", l2=l2), data, weights=w)
    model = LogisticRegression(C=1 / (60 * l2), fit_intercept=False, tol=1e-10, solver="newton-cholesky", max_iter=500)
    theirs = model.fit(data.X, data.y, sample_weight=w)
    np.testing.assert_allclose(ours.theta.numpy(), theirs.coef_[0], **ITERATED)
    assert ours.score(data.X, data.y) == pytest.approx(theirs.score(data.X, data.y), abs=1e-12)


@pytest.mark.parametrize("l2", [1e-3, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [3, 5])
def test_softmax_is_scikit_learns_multinomial(l2, weighted, classes, make_dataset):
    data = make_dataset(classes=classes, n=80, d=5)
    w = weights_of(80) if weighted else None
    ours = fit(ModelSpec(kind="softmax", l2=l2), data, weights=w)
    model = LogisticRegression(C=1 / (80 * l2), fit_intercept=False, tol=1e-10, solver="newton-cg", max_iter=2000)
    theirs = model.fit(data.X, data.y, sample_weight=w)
    np.testing.assert_allclose(ours.theta.numpy(), theirs.coef_, **ITERATED)
    assert ours.score(data.X, data.y) == pytest.approx(theirs.score(data.X, data.y), abs=1e-12)


def test_the_optimum_and_its_curvature_are_the_references(problem):
    fitted, ref = problem.fitted, problem.reference
    np.testing.assert_allclose(fitted.theta.numpy().ravel(), ref.theta, rtol=1e-9, atol=1e-12)
    H = ref.hessian(ref.theta)
    if ref.kind == "softmax":  # in a basis of the directions among classes that sum to zero
        V = np.kron(sum_zero_basis(ref.T.shape[1]).numpy(), np.eye(ref.X.shape[1]))
        H = V.T @ H @ V
    Q, h = fitted.curvature.vectors.numpy(), fitted.curvature.values.numpy()
    np.testing.assert_allclose((Q * h) @ Q.T, H, rtol=1e-9, atol=1e-10 * np.linalg.norm(H))
    assert fitted.optimum.converged
    # What the library says of its gradient is what the gradient is, up to rounding of a sum of n terms.
    assert np.linalg.norm(ref.gradient(fitted.theta.numpy().ravel())) <= fitted.optimum.tolerance


def test_a_weight_is_as_good_as_repeating_the_example(make_dataset):
    data = make_dataset(classes=2, n=30, d=4)
    w = np.ones(30)
    w[[2, 9]] = 2, 3
    rows = np.repeat(np.arange(30), w.astype(int))
    repeated = dataclasses.replace(data, X=data.X[rows], y=data.y[rows])
    for kind in ("least-squares", "logistic", "softmax"):
        once = fit(ModelSpec(kind=kind, l2=0.1), data, weights=w)
        more = fit(ModelSpec(kind=kind, l2=0.1 * 30 / len(rows)), repeated)  # the penalty is multiplied by n
        np.testing.assert_allclose(once.theta.numpy(), more.theta.numpy(), **CLOSED_FORM)


# --- no optimum -----------------------------------------------------------------------------------------------------


def separable(from_arrays, d=2):
    X = np.random.default_rng(1).standard_normal((20, d))
    X[:, 0] = np.where(np.arange(20) % 2, 1, -1) * (0.5 + np.abs(X[:, 0]))
    return from_arrays(X, np.arange(20) % 2, classes=2)


def test_separable_classes_without_a_penalty_have_no_logistic_optimum(from_arrays):
    with pytest.raises(NotConverged, match=r"separable.*l2 > 0"):
        fit(ModelSpec(kind="logistic", l2=0.0), separable(from_arrays))


@pytest.mark.parametrize("others", [0, 3])
def test_classes_separated_in_part_have_no_logistic_optimum_either(others, from_arrays, make_dataset):
    """A level that only one class has: its parameter grows without end while the gradient vanishes."""
    data = make_dataset(classes=2, n=40, d=others) if others else None
    level = np.r_[np.ones(5), np.zeros(35)]
    X = np.c_[data.X, level] if data else level[:, None]
    y = np.where(level, 1, data.y if data else np.arange(40) % 2)
    with pytest.raises(NotConverged, match=r"separated.*l2 > 0"):
        fit(ModelSpec(kind="logistic", l2=0.0), from_arrays(X, y, classes=2))


@pytest.mark.parametrize("kind", ["logistic", "softmax"])
@pytest.mark.parametrize("l2", [1e-9, 1e-5, 1.0])
def test_separable_classes_with_a_penalty_have_one(kind, l2, from_arrays):
    fitted = fit(ModelSpec(kind=kind, l2=l2), separable(from_arrays))
    assert fitted.optimum.converged
    assert torch.isfinite(fitted.theta).all()


def test_classes_that_overlap_need_no_penalty(make_dataset):
    assert fit(ModelSpec(kind="logistic", l2=0.0), make_dataset(classes=2, n=60, d=3)).optimum.converged


@pytest.mark.parametrize("kind", ["least-squares", "logistic"])
@pytest.mark.parametrize(
    ("column", "names"),
    [
        ("zero", r"all-zero columns: x2"),
        ("copy", r"duplicate columns: x2 = x0"),
        ("sum", r"columns that depend linearly on others: x\d \(on x\d and x\d\)\. .*or leave out x\d\."),
    ],
)
def test_dependent_columns_without_a_penalty_are_named(kind, column, names, make_dataset):
    data = make_dataset(classes=2, n=40, d=3)
    X = data.X.copy()
    X[:, 2] = {"zero": 0 * X[:, 0], "copy": X[:, 0], "sum": X[:, 0] + X[:, 1]}[column]
    with pytest.raises(SingularCurvature, match=names) as error:
        fit(ModelSpec(kind=kind, l2=0.0), dataclasses.replace(data, X=X))
    assert "l2 > 0" in str(error.value)
    assert fit(ModelSpec(kind=kind, l2=1e-3), dataclasses.replace(data, X=X)).optimum.converged


def test_columns_that_depend_on_one_another_and_the_intercept_are_named(make_dataset):
    data = make_dataset(classes=2, n=40, d=4)
    X = data.X.copy()
    X[:, 3] = 1 - X[:, 1]
    singular = dataclasses.replace(data, X=X)
    with pytest.raises(SingularCurvature, match=r"x([13]) \(on x([13])\)\. .*or leave out x\1\."):
        fit(ModelSpec(l2=0.0, intercept=True), singular)
    fit(ModelSpec(l2=0.0, intercept=False), singular)
    X[:, 3] = 2
    with pytest.raises(SingularCurvature, match=r"constant columns beside an intercept: x3; .*|leave out x3"):
        fit(ModelSpec(l2=0.0, intercept=True), dataclasses.replace(data, X=X))


def test_more_features_than_examples_without_a_penalty_are_named(make_dataset, from_arrays):
    data = from_arrays(np.random.default_rng(0).standard_normal((4, 7)), np.arange(4.0))
    with pytest.raises(SingularCurvature, match=r"fewer examples \(4\) than features \(7\)"):
        fit(ModelSpec(l2=0.0), data)


def test_one_constant_column_is_an_intercept_and_no_trouble(make_dataset):
    data = make_dataset(n=40, d=3)
    X = np.c_[data.X, np.ones(40)]
    fitted = fit(ModelSpec(l2=0.0), dataclasses.replace(data, X=X))
    residuals = X @ fitted.theta.numpy() - data.y
    assert residuals.sum() == pytest.approx(0, abs=1e-10)  # what an intercept does


# --- requests that do not fit -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "classes", "expected"),
    [
        ("logistic", 0, "expected least-squares, got logistic"),
        ("softmax", 0, "expected least-squares, got softmax"),
        ("least-squares", 3, "expected softmax, got least-squares"),
        ("logistic", 3, "expected softmax, got logistic"),
    ],
)
def test_a_model_that_does_not_fit_the_task_is_refused(kind, classes, expected, make_dataset):
    with pytest.raises(BadRequest, match=expected):
        fit(ModelSpec(kind=kind, l2=0.1), make_dataset(classes=classes))


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (np.ones(39), "expected 40 numbers"),
        (np.ones((40, 1)), "expected 40 numbers"),
        (np.r_[np.ones(39), -1e-9], "finite numbers >= 0"),
        (np.r_[np.ones(39), np.nan], "finite numbers >= 0"),
        (np.r_[np.ones(39), np.inf], "finite numbers >= 0"),
        (np.zeros(40), "not all zero"),
    ],
    ids=["short", "matrix", "negative", "nan", "infinite", "zero"],
)
def test_weights_that_are_not_weights_are_refused(bad, text, make_dataset):
    with pytest.raises(BadRequest, match=text):
        fit(ModelSpec(l2=0.1), make_dataset(), weights=bad)


def test_inputs_are_never_written_to(three):
    for problem in three:
        X, y, w = problem.dataset.X.copy(), problem.dataset.y.copy(), problem.weights.copy()
        frozen = [v.setflags(write=False) or v for v in (X.copy(), y.copy(), w.copy())]
        data = dataclasses.replace(problem.dataset, X=frozen[0], y=frozen[1])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # torch warns of a read-only array, which is the point
            fitted = fit(problem.spec, data, weights=frozen[2])
        np.testing.assert_array_equal(data.X, X)
        np.testing.assert_array_equal(data.y, y)
        np.testing.assert_array_equal(fitted.weights.numpy(), w)
        fitted.weights.zero_()  # the fit's weights are its own
        np.testing.assert_array_equal(frozen[2], w)


def test_progress_is_told_of_newton_steps(make_dataset):
    told = []
    fit(ModelSpec(kind="logistic", l2=0.01), make_dataset(classes=2), progress=lambda *args: told.append(args))
    assert [step for step, _, _ in told] == list(range(len(told)))
    assert len(told) > 2
    assert all(total is None and "Newton" in what for _, total, what in told)


# --- Newton's method itself -------------------------------------------------------------------------------------------


def test_newton_is_done_with_a_quadratic_at_once():
    H, b = torch.diag(torch.tensor([1.0, 50.0]).double()), torch.tensor([3.0, -2.0]).double()
    found = minimise(
        lambda v: v @ H @ v / 2 - b @ v, lambda v: H @ v - b, lambda v: H, torch.zeros(2).double(), tolerance=1e-9
    )
    np.testing.assert_allclose(found.theta, [3.0, -0.04], rtol=1e-14)
    assert found.iterations <= 2
    assert found.converged


def test_newton_backtracks_where_the_full_step_diverges():
    """sqrt(1 + v^2) from v = 3: Newton's step is v -> -v^3, which grows without end."""
    found = minimise(
        lambda v: (1 + v * v).sqrt().sum(),
        lambda v: v / (1 + v * v).sqrt(),
        lambda v: torch.diag((1 + v * v) ** -1.5),
        torch.tensor([3.0]).double(),
        tolerance=1e-12,
    )
    assert found.converged
    assert abs(float(found.theta)) < 1e-12


def test_a_point_that_is_no_optimum_is_refused_with_its_gradient():
    with pytest.raises(NotConverged, match=r"after 7 Newton steps.*0\.5; expected at most 1e-06.*l2"):
        require(Optimum(torch.zeros(2), 0.5, 1e-6, 7), "This")
    require(Optimum(torch.zeros(2), 1e-6, 1e-6, 7), "This")


def test_newton_refuses_a_hessian_that_is_not_definite():
    zero = torch.zeros(2).double()
    with pytest.raises(SingularCurvature):
        minimise(lambda v: v.sum(), torch.ones_like, lambda v: torch.zeros(2, 2).double(), zero, tolerance=1e-9)


# --- the logistic loss where exponentials are tiny ------------------------------------------------------------------


@pytest.mark.parametrize("z", [-700.0, -30.0, -20.5, -1.0, 0.0, 19.5, 20.5, 40.0, 700.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_the_logistic_loss_keeps_its_digits(z, y):
    """log(1 + e^v), v = -z for y = 1 and z for y = 0, which 50-digit arithmetic gives without cancellation."""
    loss, r, a = (float(v) for v in logistic_terms(torch.tensor(z).double(), torch.tensor(y).double()))
    with mpmath.workdps(50):
        v = mpmath.mpf(-z if y else z)
        e = mpmath.exp(v)
        assert loss == pytest.approx(float(mpmath.log1p(e)), rel=1e-14)
        assert abs(r) == pytest.approx(float(e / (1 + e)), rel=1e-7, abs=1e-15)  # s - 1 keeps what 1 leaves it
        assert a == pytest.approx(float(e / (1 + e) ** 2), rel=1e-13)


# --- devices ----------------------------------------------------------------------------------------------------------


def test_cuda_by_name_needs_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto").type == device_of("cpu").type == "cpu"
    with pytest.raises(DeviceUnavailable, match="none"):
        device_of("cuda")


@pytest.mark.parametrize("classes", [3, 9])
def test_the_hessian_of_few_and_of_many_classes_is_the_sum_of_its_terms(classes):
    """Above as many classes as features it is formed in one product."""
    rng = np.random.default_rng(1)
    X, w = rng.standard_normal((12, 4)), rng.uniform(0, 2, 12)
    p = rng.dirichlet(np.ones(classes), 12)
    V = sum_zero_basis(classes).numpy()
    true = 0.3 * np.eye(4 * (classes - 1))
    for x, weight, probability in zip(X, w, p, strict=True):
        S = V.T @ (np.diag(probability) - np.outer(probability, probability)) @ V
        true += weight * np.kron(S, np.outer(x, x))
    found = hessian_blocks(*map(torch.from_numpy, (X, p, w)), 0.3)
    np.testing.assert_allclose(found.numpy(), true, rtol=1e-12, atol=1e-14)
