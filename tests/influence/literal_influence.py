"""Influence functions written out: every gradient and every matrix of weights formed, by torch.func, and inverted.

A weight vector theta (p,) has the trained parameters in the order of `module.named_parameters()`, each flattened.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.func import functional_call, hessian, jacrev

from fil_core.influence.asked import Asked
from fil_core.influence.point import Point
from fil_core.models.networks.losses import Losses, of_tokens, squared
from fil_core.models.networks.recurrent import LanguageModel
from fil_core.models.networks.training import trainable


def of_sequences(outputs: Tensor, Y: Tensor) -> Tensor:
    """Cross-entropy of a sequence, the sum over its tokens."""
    return of_tokens(outputs, Y).sum(-1)


def cross_entropy(outputs: Tensor, Y: Tensor) -> Tensor:
    """Cross-entropy of the class of each example."""
    return nn.functional.cross_entropy(outputs, Y.long(), reduction="none")


@dataclass(frozen=True)
class Literal:
    """A network at its weights, with its training examples and others that targets are of."""

    module: nn.Module
    X: Tensor
    Y: Tensor
    X_test: Tensor
    Y_test: Tensor
    losses: Losses

    @cached_property
    def theta(self) -> Tensor:
        return torch.cat([one.detach().flatten() for one in self.module.parameters()])

    def outputs(self, theta: Tensor, X: Tensor) -> Tensor:
        sizes = [one.numel() for one in self.module.parameters()]
        named = zip(self.module.named_parameters(), theta.split(sizes), strict=True)
        return functional_call(self.module, {name: part.view(one.shape) for (name, one), part in named}, (X,))

    def gradients(self, X: Tensor, Y: Tensor) -> Tensor:
        """(n, p)."""
        return jacrev(lambda theta: self.losses(self.outputs(theta, X), Y))(self.theta)

    def curvature_of(self, i: int, kind: str) -> Tensor:
        """The Hessian, the Gauss-Newton matrix, or the outer product of the gradient of example i alone, (p, p)."""
        x, y = self.X[i : i + 1], self.Y[i : i + 1]
        if kind == "hessian":
            return hessian(lambda theta: self.losses(self.outputs(theta, x), y).sum())(self.theta)
        if kind == "fisher":
            g = self.gradients(x, y)[0]
            return torch.outer(g, g)
        J = jacrev(lambda theta: self.outputs(theta, x).flatten())(self.theta)
        shape, z = self.outputs(self.theta, x).shape, self.outputs(self.theta, x).flatten()
        S = hessian(lambda put_out: self.losses(put_out.view(shape), y).sum())(z)
        return J.T @ S @ J

    def curvatures(self, kind: str) -> Tensor:
        """Of every training example, (n, p, p)."""
        return torch.stack([self.curvature_of(i, kind) for i in range(len(self.X))])

    @property
    def point(self) -> Point:
        return Point(self.module, trainable(self.module), self.X, self.Y, self.losses)

    def aimed(self) -> Tensor:
        """Gradient of the mean loss over the test examples, (p,)."""
        return self.gradients(self.X_test, self.Y_test).mean(0)

    def asked(self, *, own: bool = False, l2: float = 0.0, damping: float = 0.0) -> Asked:
        """What is asked of a curvature, for the test examples or each example itself."""
        return Asked(self.point, None if own else self.aimed(), l2, damping)


def influences(gradients: Tensor, targets: Tensor, nB: Tensor, C: Tensor | None = None) -> Tensor:
    """g_t^T (nB - C_i)^+ g_i of every example, (n,).

    Args:
        gradients: (n, p).
        targets: (p,), or (n, p) where each example has its own.
        nB: n times the damped curvature of the mean loss, (p, p).
        C: (n, p, p) own parts that are left out of it; None to keep them.
    """
    targets = targets.expand_as(gradients)
    matrices = nB.expand(len(gradients), *nB.shape) if C is None else nB - C
    # As in the library, what is below 1e-12 of the largest eigenvalue is rounding; eigenvalues of these are far off.
    inverses = torch.linalg.pinv(matrices[:1] if C is None else matrices, rtol=1e-11, hermitian=True)
    return torch.einsum("np,npq,nq->n", targets, inverses.expand(len(gradients), *nB.shape), gradients)


def _drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def perceptron(n: int = 9, k: int = 2, loss: str = "squared", m: int = 4, seed: int = 0) -> Literal:
    """Two layers of tanh units, 3 inputs and k outputs; 17 + 5 k weights or so."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, k)).double()
        X, X_test = _drawn(n, 3), _drawn(m, 3)
        if loss == "squared":
            return Literal(module, X, _drawn(n, k), X_test, _drawn(m, k), squared)
        return Literal(module, X, torch.randint(k, (n,)), X_test, torch.randint(k, (m,)), cross_entropy)


def convolutional(n: int = 7, m: int = 3) -> Literal:
    """A convolution of one 6 x 6 channel, then a linear layer of two outputs."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        module = nn.Sequential(
            nn.Unflatten(1, (1, 6, 6)), nn.Conv2d(1, 2, 3, stride=2), nn.Tanh(), nn.Flatten(), nn.Linear(8, 2)
        ).double()
        return Literal(module, _drawn(n, 36), _drawn(n, 2), _drawn(m, 36), _drawn(m, 2), squared)


def sequences(n: int = 8, m: int = 3, *, tied: bool = False) -> Literal:
    """A language model of five tokens, for sequences of different lengths, one of a single token."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        module = LanguageModel(5, 3, 3, 1, tied=tied).double()
        codes = torch.randint(5, (n + m, 4)).double()
        lengths = torch.tensor([1, 4, 2, 3] * (n + m))[: n + m]
        codes[torch.arange(4) >= lengths[:, None]] = -1
        return Literal(module, codes[:n], codes[:n], codes[n:], codes[n:], of_sequences)


NETWORKS = {
    "perceptron": perceptron,
    "classes": lambda: perceptron(k=3, loss="cross-entropy"),
    "convolutional": convolutional,
    "sequences": sequences,
    "tied sequences": lambda: sequences(tied=True),
}
