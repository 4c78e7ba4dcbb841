"""A constant term that is not penalised and never at risk, against dense matrices and training again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression, Ridge

from fil_core.attacks.attribute import attribute_of
from fil_core.attacks.candidates import candidate_shifts
from fil_core.attacks.reconstruction import reconstruct
from fil_core.leakage.fil import fil, group_fil, jacobians, measure
from fil_core.mitigations.irfil import irfil
from fil_core.models import fit
from fil_core.specs import ModelSpec
from fil_core.specs.weights import Irfil
from tests.reference import class_steps, spectral_norm

KINDS = {"least-squares": 0, "two classes": 2, "logistic": 2, "softmax": 3}
N, D = 30, 4


class Dense:
    """The optimum and every Jacobian with a column of ones, each matrix formed; the penalty spares the constant."""

    def __init__(self, kind: str, X: np.ndarray, T: np.ndarray, w: np.ndarray, ridge: float) -> None:
        self.kind, self.T, self.w = kind, T.reshape(len(X), -1), w
        self.X = np.hstack([X, np.ones((len(X), 1))])
        self.k, m = self.T.shape[1], X.shape[1] + 1
        self.penalty = np.tile(np.append(np.full(m - 1, ridge), 0.0), self.k)
        # Softmax: every shift of all rows of Theta alike is free for the intercept, so that the least of all is taken.
        self.inverse = np.linalg.pinv if kind == "softmax" else np.linalg.inv
        self.theta = np.zeros(self.k * m)
        for _ in range(100):
            step = self.inverse(self.hessian(), rcond=1e-12) @ self.gradient() if kind == "softmax" else (
                np.linalg.solve(self.hessian(), self.gradient())
            )  # fmt: skip
            self.theta = self.theta - step
            if np.abs(step).max() < 1e-13:
                break

    def p(self) -> np.ndarray:
        Z = self.X @ self.theta.reshape(self.k, -1).T
        return {"softmax": lambda z: softmax(z, axis=1), "logistic": expit}.get(self.kind, lambda z: z)(Z)

    def S(self, i: int) -> np.ndarray:
        p = self.p()[i]
        slope = {"softmax": lambda: np.diag(p) - np.outer(p, p), "logistic": lambda: np.diag(p * (1 - p))}
        return slope.get(self.kind, lambda: np.eye(1))()

    def gradient(self) -> np.ndarray:
        return ((self.w[:, None] * (self.p() - self.T)).T @ self.X).ravel() + self.penalty * self.theta

    def hessian(self) -> np.ndarray:
        H = sum(self.w[i] * np.kron(self.S(i), np.outer(x, x)) for i, x in enumerate(self.X))
        return H + np.diag(self.penalty)

    def jacobian(self, i: int) -> np.ndarray:
        x, r = self.X[i], (self.p() - self.T)[i]
        Theta, d = self.theta.reshape(self.k, -1), len(x) - 1
        dx = np.kron(r[:, None], np.eye(d + 1)[:, :d]) + np.kron((self.S(i) @ Theta)[:, :d], x[:, None])
        dy = -np.kron(class_steps(self.k) if self.k > 1 else np.eye(1), x[:, None])
        inverse = np.linalg.pinv(self.hessian(), rcond=1e-12) if self.kind == "softmax" else np.linalg.inv(
            self.hessian()
        )  # fmt: skip
        return -self.w[i] * inverse @ np.hstack([dx, dy])


@pytest.fixture(params=KINDS)
def both(request, make_dataset):
    kind, classes = request.param if request.param != "two classes" else "least-squares", KINDS[request.param]
    data = make_dataset(classes=classes, n=N, d=D, seed=5)
    spec, w = ModelSpec(kind=kind, l2=0.01, intercept=True), np.random.default_rng(0).uniform(0.5, 1.5, N)
    fitted = fit(spec, data, weights=w)
    T = np.eye(3)[data.y.astype(int)] if kind == "softmax" else fitted.targets(data.y).numpy()
    return data, fitted, Dense(kind, data.X, T, w, N * 0.01)


def test_the_optimum(both):
    _, fitted, dense = both
    np.testing.assert_allclose(fitted.theta.numpy().ravel(), dense.theta, rtol=1e-8, atol=1e-11)


def test_every_measure_is_that_of_the_dense_jacobian(both):
    data, fitted, dense = both
    table = measure(fitted, data, prior_std=0.8)
    J = jacobians(fitted.terms(data), slice(None))
    squares = J.feature_squares().numpy()
    of_two = fil(fitted, data, columns=(1, 3))
    for i in range(N):
        whole = dense.jacobian(i)
        x = whole[:, :D]
        information = x.T @ x
        assert table["eta"].iloc[i] == pytest.approx(spectral_norm(whole), rel=1e-8)
        assert float(of_two[i]) == pytest.approx(spectral_norm(x[:, [1, 3]]), rel=1e-8)
        assert squares[i] == pytest.approx((x**2).sum(0), rel=1e-7, abs=1e-12)
        assert table["dfil"].iloc[i] == pytest.approx((x**2).sum() / D, rel=1e-8)
        bound = np.trace(np.linalg.inv(information)) / D
        assert table["bound_unbiased"].iloc[i] == pytest.approx(bound, rel=1e-5)
        prior = np.trace(np.linalg.inv(information + np.eye(D) / 0.8**2)) / D
        assert table["bound_prior"].iloc[i] == pytest.approx(prior, rel=1e-8)
    both_of = np.hstack([dense.jacobian(2), dense.jacobian(9)])
    assert group_fil(fitted, data, [2, 9]) == pytest.approx(spectral_norm(both_of), rel=1e-8)


def test_directions_are_top_right_singular_vectors(both):
    data, fitted, dense = both
    V = jacobians(fitted.terms(data), slice(None)).directions().numpy()
    for i in range(0, N, 4):
        x = dense.jacobian(i)[:, :D]
        assert V[i].shape == (D,)
        assert np.linalg.norm(x @ V[i]) == pytest.approx(spectral_norm(x), rel=1e-8)


def test_the_fits_are_those_of_scikit_learn(make_dataset):
    data = make_dataset(classes=2, n=60, d=D, seed=2)
    ours = fit(ModelSpec(kind="logistic", l2=0.02, intercept=True), data).theta.numpy()
    theirs = LogisticRegression(C=1 / (60 * 0.02), tol=1e-12, solver="newton-cholesky", max_iter=500).fit(
        data.X, data.y
    )
    np.testing.assert_allclose(ours, np.append(theirs.coef_[0], theirs.intercept_), rtol=1e-6, atol=1e-7)
    regression = make_dataset(n=60, d=D, seed=2)
    ours = fit(ModelSpec(l2=0.02, intercept=True), regression).theta.numpy()
    ridge = Ridge(alpha=60 * 0.02, solver="cholesky").fit(regression.X, regression.y)
    np.testing.assert_allclose(ours, np.append(ridge.coef_, ridge.intercept_), rtol=1e-9)


def test_adding_a_constant_to_the_target_of_a_regression_changes_no_eta(make_dataset, from_arrays):
    data, spec = make_dataset(n=N, d=D), ModelSpec(l2=0.01, intercept=True)
    moved = from_arrays(data.X, data.y + 1000)
    np.testing.assert_allclose(fil(fit(spec, moved), moved), fil(fit(spec, data), data), rtol=1e-8)


@pytest.mark.parametrize(("kind", "classes"), [("least-squares", 0), ("logistic", 2)])
def test_candidates_and_reconstruction_know_the_constant(kind, classes, with_attribute):
    data = with_attribute(classes=classes, k=3, n=40, d=3)
    fitted = fit(ModelSpec(kind=kind, l2=0.02, intercept=True), data)
    attribute = attribute_of(data, "kind")
    _, shifts = next(candidate_shifts(fitted, data, attribute, rows=40))
    T = fitted.targets(data.y).numpy()
    for i, v in ((0, 0), (5, 1), (9, 2)):
        X = data.X.copy()
        X[i, list(attribute.columns)] = attribute.values[v]
        again = Dense(kind, X, T, np.ones(40), 40 * 0.02)
        np.testing.assert_allclose(shifts[i, v].numpy(), again.theta - fitted.theta.numpy(), rtol=1e-6, atol=1e-9)
    found = reconstruct(fitted, data, [0, 7], sigmas=(0.0, 0.1), trials=5, prior_std=1.0)
    for row, one in zip((0, 7), found, strict=True):
        np.testing.assert_allclose(one.guess[0], data.X[row], atol=1e-6)
        assert one.guess.shape == one.guess_prior.shape == (2, data.d)


def test_reweighting_evens_eta_out(make_dataset):
    data = make_dataset(classes=2, n=60, d=3, seed=1)
    spec = ModelSpec(kind="logistic", l2=0.05, intercept=True)
    result = irfil(fit(spec, data), data, Irfil(method="sample", iterations=15))
    assert result.eta[-1].std() < 1e-2 * result.eta[0].std()
