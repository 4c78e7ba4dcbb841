"""Influence at the optimum of a linear model, against its formula through torch.func, and the truth by refitting."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from literal_influence import influences
from torch.func import hessian, jacrev

from fil_core.dataset import Dataset
from fil_core.influence import linear
from fil_core.linalg import sum_zero_basis
from fil_core.models import Fitted, fit
from fil_core.specs import ModelSpec

CLOSE = {"rtol": 1e-6, "atol": 1e-9}  # both take the library's optimum, but a gradient of it that is rounding alone
DAMPING = 0.03


@dataclass(frozen=True)
class Linear:
    """A linear model at its optimum with its objective written out in free parameters T (k, d), flattened.

    k is 1, or C - 1 of softmax, whose Theta is V T with orthonormal columns V that sum to zero; where it is `whole`, C.
    """

    data: Dataset
    fitted: Fitted
    whole: bool = False

    @property
    def V(self) -> torch.Tensor:
        one = torch.ones(1, 1, dtype=torch.float64)
        if self.fitted.spec.kind != "softmax":
            return one
        classes = len(self.data.class_names)
        return torch.eye(classes, dtype=torch.float64) if self.whole else sum_zero_basis(classes).double()

    @property
    def T(self) -> torch.Tensor:
        return (self.V.T @ self.fitted.theta.reshape(len(self.V), -1)).flatten()

    def losses(self, T: torch.Tensor, X: np.ndarray, y: np.ndarray) -> torch.Tensor:
        """Of each example, without its weight, (n,)."""
        ones = [np.ones((len(X), 1))] if self.fitted.intercept else []
        Z = torch.from_numpy(np.hstack([X, *ones])) @ T.view(self.V.shape[1], -1).T @ self.V.T
        if self.fitted.spec.kind == "softmax":
            return torch.nn.functional.cross_entropy(Z, torch.from_numpy(y).long(), reduction="none")
        z, t = Z[:, 0], torch.from_numpy(y)
        if self.fitted.spec.kind == "logistic":
            return torch.nn.functional.softplus(z) - t * z
        return (z - (2 * t - 1 if self.data.class_names else t)).square() / 2

    @property
    def ridge(self) -> torch.Tensor:
        """n l2 for every parameter but the constant, (k d,)."""
        each = torch.full((self.V.shape[1], self.data.d + self.fitted.intercept), self.fitted.spec.l2)
        if self.fitted.intercept:
            each[:, -1] = 0
        return self.data.n * each.double().flatten()

    def gradients(self, X: np.ndarray, y: np.ndarray) -> torch.Tensor:
        return jacrev(self.losses)(self.T, X, y)

    @property
    def G(self) -> torch.Tensor:
        """Gradients of the examples' weighted losses, (n, p)."""
        return self.fitted.weights[:, None] * self.gradients(self.data.X, self.data.y)

    def curvatures(self, curvature: str) -> torch.Tensor:
        """Own part of each example, with its weight, (n, p, p)."""
        outer = torch.einsum("np,nq->npq", self.G, self.G)
        if curvature == "hessian":
            return hessian(lambda T: self.fitted.weights * self.losses(T, self.data.X, self.data.y))(self.T)
        return torch.diag_embed(self.G.square()) if curvature == "diagonal" else outer

    def found(self, curvature: str, target, damping: float):
        """What the library says, of a target (X, y) or of each example itself."""
        train = linear.examples_of(self.fitted, self.data.X, self.data.y, self.fitted.weights)
        aimed = None if target is None else linear.examples_of(self.fitted, *target).mean_gradient
        if curvature == "hessian":
            return linear.of_hessian(self.fitted, train, aimed, damping=damping)
        if curvature == "identity":
            return linear.of_identity(train, aimed, damping=damping)
        of = {"empirical-fisher": linear.of_empirical_fisher, "diagonal": linear.of_diagonal}[curvature]
        return of(self.fitted, self.data, train, aimed, damping=damping)


CASES = {
    "least squares": ({}, {"l2": 0.02}),
    "least squares, two classes": ({"classes": 2}, {"l2": 0.02, "intercept": True}),
    "logistic": ({"classes": 2}, {"kind": "logistic", "l2": 0.01}),
    "logistic, constant": ({"classes": 2}, {"kind": "logistic", "l2": 0.01, "intercept": True}),
    "softmax of two": ({"classes": 2}, {"kind": "softmax", "l2": 0.01}),
    "softmax of three": ({"classes": 3}, {"kind": "softmax", "l2": 0.01}),
    "softmax of three, constant": ({"classes": 3}, {"kind": "softmax", "l2": 0.01, "intercept": True}),
    "n < d": ({"n": 9, "d": 14}, {"l2": 0.05}),
    "n < d, logistic": ({"n": 9, "d": 14, "classes": 2}, {"kind": "logistic", "l2": 0.05}),
    "n < d, softmax": ({"n": 12, "d": 8, "classes": 3}, {"kind": "softmax", "l2": 0.05}),
    "n < d, constant": ({"n": 9, "d": 14}, {"l2": 0.05, "intercept": True}),
}


def case(name: str, from_arrays) -> Linear:
    """A model of random data at its optimum, with unequal weights of which one is 0."""
    (of_data, of_model), random = CASES[name], np.random.default_rng(5)
    sizes = {"n": 24, "d": 4, "classes": 0} | of_data
    X, classes = random.standard_normal((sizes["n"], sizes["d"])), sizes["classes"]
    y = np.arange(len(X)) % classes if classes else X[:, 0] + random.standard_normal(len(X))
    weights = random.uniform(0.5, 2, len(X))
    weights[3] = 0
    data = from_arrays(X, y, classes=classes)
    return Linear(data, fit(ModelSpec(**of_model), data, weights=weights))


@pytest.fixture(params=CASES)
def one(request, from_arrays) -> Linear:
    return case(request.param, from_arrays)


@pytest.fixture(params=["test", "own", "itself"])
def target(request, one):
    """Features and targets; None for each example itself."""
    data = one.data
    return {"test": (data.X_test[:5], data.y_test[:5]), "own": (data.X[2:3], data.y[2:3]), "itself": None}[
        request.param
    ]


@pytest.mark.parametrize("curvature", ["hessian", "empirical-fisher", "diagonal"])
def test_every_curvature_is_its_formula(one, target, curvature):
    one = dataclasses.replace(one, whole=curvature == "diagonal")  # in the entries of Theta, which have no choice
    G, C, p = one.G, one.curvatures(curvature), one.T.numel()
    each = one.gradients(one.data.X, one.data.y)
    targets = each if target is None else one.gradients(*target).mean(0)

    def nB(damping: float) -> torch.Tensor:
        return C.sum(0) + torch.diag(one.ridge) + one.data.n * damping * torch.eye(p, dtype=torch.float64)

    found = one.found(curvature, target, DAMPING)
    assert found.dampings.count(DAMPING) == 1 and torch.equal(
        found.influence, found.by_damping[found.dampings.index(DAMPING)]
    )
    for damping, row in zip(found.dampings, found.by_damping, strict=True):
        torch.testing.assert_close(row, influences(G, targets, nB(damping)), **CLOSE)
    torch.testing.assert_close(found.self_influence, influences(G, each, nB(DAMPING)), **CLOSE)
    torch.testing.assert_close(found.corrected, influences(G, targets, nB(DAMPING), C), **CLOSE)
    of_nobody = torch.stack([found.influence[3], found.self_influence[3], found.corrected[3]])
    assert of_nobody.abs().max() < 1e-15  # its weight is 0
    values = torch.linalg.eigvalsh(nB(0.0)) / one.data.n
    assert found.largest == pytest.approx(float(values[-1]), rel=1e-7) and found.negative == 0
    assert found.least == pytest.approx(float(values[0]), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("curvature", ["hessian", "empirical-fisher", "diagonal", "identity"])
def test_the_order_of_classes_does_not_matter(from_arrays, curvature):
    one = case("softmax of three", from_arrays)
    turned = (one.data.y + 1) % 3
    other = dataclasses.replace(one.data, y=turned, y_test=(one.data.y_test + 1) % 3)
    again = Linear(other, fit(one.fitted.spec, other, weights=one.fitted.weights.numpy()))
    found = one.found(curvature, (one.data.X_test[:5], one.data.y_test[:5]), DAMPING)
    there = again.found(curvature, (other.X_test[:5], other.y_test[:5]), DAMPING)
    for name in ("influence", "corrected", "self_influence"):
        torch.testing.assert_close(getattr(found, name), getattr(there, name), **CLOSE)


def test_the_identity(one, target):
    each = one.gradients(one.data.X, one.data.y)
    targets = each if target is None else one.gradients(*target).mean(0)
    found = one.found("identity", target, DAMPING)
    torch.testing.assert_close(found.influence, (one.G * targets).sum(1) / one.data.n, **CLOSE)
    torch.testing.assert_close(found.self_influence, (one.G * each).sum(1) / one.data.n, **CLOSE)
    assert found.corrected is found.influence and found.dampings == [DAMPING]


@pytest.mark.parametrize("name", CASES)
def test_the_truth_is_that_of_training_without_each(name, from_arrays):
    one = case(name, from_arrays)
    data, rows = one.data, torch.tensor([0, 3, 5, 1])
    optima = []
    for row in rows.tolist():
        weights = one.fitted.weights.numpy().copy()
        weights[row] = 0
        optima.append(Linear(data, fit(one.fitted.spec, data, weights=weights)).T)
    for target in ((data.X_test[:5], data.y_test[:5]), (data.X[2:3], data.y[2:3]), None):
        found = linear.true_changes(one.fitted, data, rows, target)
        expected = []
        for row, T in zip(rows.tolist(), optima, strict=True):
            of = target or (data.X[row : row + 1], data.y[row : row + 1])
            expected.append((one.losses(T, *of) - one.losses(one.T, *of)).mean())
        # Both optima are found to a relative gradient of about 1e-9.
        torch.testing.assert_close(found, torch.stack(expected), rtol=2e-5, atol=1e-9)
        largest = float(one.losses(one.T, *(target or (data.X, data.y))).abs().max())
        # An example of weight 0: the difference of two losses, each rounded to its last place or that of its scores.
        assert abs(found[1]) < max(1e-15, 4 * np.spacing(largest))


@pytest.mark.parametrize("name", ["least squares", "n < d", "n < d, constant"])
def test_of_least_squares_the_corrected_influence_is_leaving_out(name, from_arrays):
    one = case(name, from_arrays)
    train = linear.examples_of(one.fitted, one.data.X, one.data.y, one.fitted.weights)
    moved = []
    for row in range(one.data.n):
        weights = one.fitted.weights.numpy().copy()
        weights[row] = 0
        moved.append(Linear(one.data, fit(one.fitted.spec, one.data, weights=weights)).T - one.T)
    for direction in torch.eye(one.T.numel(), dtype=torch.float64)[:, None]:  # a target that is one of the parameters
        found = linear.of_hessian(one.fitted, train, direction, damping=0.0).corrected
        torch.testing.assert_close(found, torch.stack(moved) @ direction[0], rtol=1e-6, atol=1e-9)


def test_the_order_of_examples_does_not_matter(from_arrays):
    one = case("softmax of three", from_arrays)
    order = np.random.default_rng(0).permutation(one.data.n)
    names = ("X", "y", "ids")
    data = dataclasses.replace(
        one.data, **{name: np.ascontiguousarray(getattr(one.data, name)[order]) for name in names}
    )
    other = Linear(data, fit(one.fitted.spec, data, weights=one.fitted.weights.numpy()[order]))
    target = (data.X_test, data.y_test)
    for curvature in ("hessian", "empirical-fisher", "diagonal", "identity"):
        a, b = (each.found(curvature, target, DAMPING) for each in (one, other))
        torch.testing.assert_close(a.influence[order], b.influence, **CLOSE)
        torch.testing.assert_close(a.corrected[order], b.corrected, **CLOSE)
