"""Eta and leverage of networks against matrices that are formed, entry by entry."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch

from fil_core.leakage.fil import fil, group_fil
from fil_core.models import fit
from fil_core.models.networks.problem import problem
from fil_core.models.networks.training import run
from fil_core.shift import widths
from fil_core.shift.widths import Trained
from fil_core.specs import ModelSpec, NetworkSpec
from tests.conftest import random_dataset
from tests.reference import class_steps

L2 = 0.01
STEP = 1e-6
# (classes, width, n, activation): fewer weights than outputs, more, and three outputs each.
NETWORKS = {"regression": (0, 2, 30, "tanh"), "two classes": (2, 8, 12, "relu"), "three classes": (3, 3, 15, "gelu")}


def network(classes: int, width: int, n: int, activation: str, *, steps: int = 50) -> tuple[Trained, object]:
    dataset = random_dataset(classes=classes, n=n, d=3)
    at = problem(NetworkSpec(width=width, activation=activation, l2=L2), dataset, torch.device("cpu"))
    module = copy.deepcopy(at.module)
    done = run(at.module, at.X, at.Y, lr=0.1, l2=L2, steps=steps)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(done.weights[name])
    return Trained(module, at.X, at.Y, L2, classes), at


class Dense:
    """The same by autograd, output by output, and by differences of gradients."""

    def __init__(self, of: Trained) -> None:
        self.of, self.p = of, list(of.module.parameters())
        rows = [self.flat(out) for x in of.X for out in of.module(x[None])[0]]
        self.J = torch.stack(rows).view(len(of.X), -1, rows[0].numel())
        self.H = torch.einsum("iap,iaq->pq", self.J, self.J) + len(of.X) * L2 * torch.eye(self.J.shape[2]).double()

    def flat(self, value: torch.Tensor) -> torch.Tensor:
        return torch.cat([g.flatten() for g in torch.autograd.grad(value, self.p, retain_graph=True)])

    def slope(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.flat(((self.of.module(x[None])[0] - y) ** 2).sum() / 2)

    def jacobian(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        steps = class_steps(self.of.classes) if self.of.classes > 2 else np.eye(len(y))
        moves = [(e * STEP, 0 * y) for e in torch.eye(len(x)).double()]
        moves += [(0 * x, torch.from_numpy(e).double() * STEP) for e in steps.T]
        columns = [(self.slope(x + a, y + b) - self.slope(x - a, y - b)) / (2 * STEP) for a, b in moves]
        return torch.linalg.solve(self.H, torch.stack(columns, 1))

    def hessian(self) -> torch.Tensor:
        of, names = self.of, list(self.of.weights)
        sizes = [of.weights[name].numel() for name in names]

        def loss(flat: torch.Tensor) -> torch.Tensor:
            parts = dict(zip(names, flat.split(sizes), strict=True))
            weights = {name: part.view_as(of.weights[name]) for name, part in parts.items()}
            out = torch.func.functional_call(of.module, weights, (of.X,))
            return ((out - of.Y) ** 2).sum() / 2 / len(of.X) + L2 / 2 * flat @ flat

        return torch.func.hessian(loss)(torch.cat([of.weights[name].flatten() for name in names]))


@pytest.fixture(scope="module", params=NETWORKS)
def both(request) -> tuple[Trained, Dense]:
    of, _ = network(*NETWORKS[request.param])
    return of, Dense(of)


def test_eta_of_training_and_of_other_points(both):
    of, dense = both
    X, Y = torch.cat([of.X[:6], of.X[:3] + 0.1]), torch.cat([of.Y[:6], of.Y[:3]])
    expected = [float(torch.linalg.matrix_norm(dense.jacobian(x, y), 2)) for x, y in zip(X, Y, strict=True)]
    np.testing.assert_allclose(of.eta(X, Y), expected, rtol=1e-7)  # differences of gradients


def test_eta_of_all_together(both):
    of, dense = both
    wide = torch.cat([dense.jacobian(x, y) for x, y in zip(of.X, of.Y, strict=True)], 1)
    np.testing.assert_allclose(of.whole(), float(torch.linalg.matrix_norm(wide, 2)), rtol=1e-7)


def test_leverage_and_condition(both):
    of, dense = both
    expected = torch.einsum("iap,pq,iaq->i", dense.J, torch.linalg.inv(dense.H), dense.J)
    np.testing.assert_allclose(of.leverage(), expected.detach(), rtol=1e-9)
    np.testing.assert_allclose(of.condition, float(torch.linalg.cond(dense.H)), rtol=1e-9)
    assert float(of.leverage().sum()) < min(of.point.p, of.Y.numel())


def test_solving_with_the_curvature(both):
    of, dense = both
    V = torch.randn(3, of.point.p, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    torch.testing.assert_close(of.solve(V), torch.linalg.solve(dense.H, V.T).T, rtol=1e-9, atol=1e-12)


def test_the_true_hessian(both, monkeypatch):
    of, dense = both
    np.testing.assert_allclose(of.hessian_least(), float(torch.linalg.eigvalsh(dense.hessian())[0]), atol=1e-12)
    monkeypatch.setattr(widths, "_SMALL", of.point.p - 1)
    assert math.isnan(of.hessian_least())


def test_the_gradient_of_the_sum_of_losses_and_decay():
    of, at = network(0, 2, 30, "tanh", steps=7)
    start = {name: value.detach() for name, value in at.module.named_parameters()}
    slopes = sum(Dense(of).slope(x, y) for x, y in zip(of.X, of.Y, strict=True))
    pulled = torch.cat([(of.weights[name] - start[name]).flatten() for name in start])
    assert of.gradient_norm(start) == pytest.approx(float((slopes + len(of.X) * L2 * pulled).norm()), rel=1e-10)


def test_small_blocks_change_nothing(monkeypatch):
    of, _ = network(*NETWORKS["three classes"])
    eta, leverage = of.eta(of.X, of.Y), of.leverage()
    monkeypatch.setitem(widths._VALUES, "cpu", 1)
    again = Trained(of.module, of.X, of.Y, L2, of.classes)
    np.testing.assert_allclose(again.eta(of.X, of.Y), eta, rtol=1e-12)
    np.testing.assert_allclose(again.leverage(), leverage, rtol=1e-10)


def test_a_linear_network_at_its_optimum_has_the_eta_of_ridge_regression():
    dataset = random_dataset(n=25, d=3)
    fitted = fit(ModelSpec(l2=L2, intercept=False), dataset)
    module = torch.nn.Linear(3, 1, bias=False, dtype=torch.float64)
    with torch.no_grad():
        module.weight.copy_(fitted.theta[None])
    X, Y = torch.from_numpy(dataset.X), torch.from_numpy(dataset.y)[:, None]
    of = Trained(torch.nn.Sequential(module), X, Y, L2, 0)
    np.testing.assert_allclose(of.eta(X, Y), fil(fitted, dataset), rtol=1e-9)
    np.testing.assert_allclose(of.whole(), group_fil(fitted, dataset, range(25)), rtol=1e-9)
    assert of.gradient_norm({name: torch.zeros_like(value) for name, value in of.weights.items()}) < 1e-10
