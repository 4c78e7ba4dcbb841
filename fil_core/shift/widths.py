"""Leakage and leverage of a trained network, by the Gauss-Newton matrix at its weights.

With l_i = |f(x_i) - y_i|^2 / 2 and the decay l2 of the mean loss, the Hessian of the sum of losses at the weights that
training reached is indefinite, and they are no exact optimum. Instead of it stands

    H = sum_i J_i^T J_i + n l2 I,      eta_i = |H^-1 [d_x d_w l_i, d_y d_w l_i]|_2,      h_i = tr J_i H^-1 J_i^T,

J_i the derivatives of the outputs in the weights: always positive definite, and what the network linearised at these
weights would have. J = U diag(s) Z, one decomposition of the derivatives of all outputs, makes H diagonal.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jacfwd, jvp, vmap

from fil_core.influence.jacobians import Jacobians
from fil_core.influence.point import Point
from fil_core.linalg import sum_zero_basis
from fil_core.linalg.krylov import lanczos
from fil_core.models.networks.losses import squared
from fil_core.progress import Progress

_VALUES = {"cpu": 2**24, "cuda": 2**28}  # of mixed derivatives, and of derivatives of outputs, in a block
_COPIES = 4  # of them that are held while they are computed
_SMALL = 1_500  # weights up to which the true Hessian is formed
_PRODUCTS = 100  # with the sum over examples, for its largest eigenvalue


@dataclass(frozen=True)
class Trained:
    """A network at its weights with the examples that it was trained on, all in float64.

    Attributes:
        module: the network, in evaluation mode, at the weights that training reached.
        X, Y: (n, d) inputs and (n, k) targets of the training examples.
        l2: decay of the mean loss, > 0.
        classes: number of classes, 0 for a regression.
    """

    module: nn.Module
    X: Tensor
    Y: Tensor
    l2: float
    classes: int

    @functools.cached_property
    def weights(self) -> dict[str, Tensor]:
        """By name."""
        return {name: value.detach() for name, value in self.module.named_parameters()}

    @functools.cached_property
    def point(self) -> Point:
        """The same for products with curvatures."""
        return Point(self.module, self.weights, self.X, self.Y, squared)

    @property
    def shift(self) -> float:
        """n l2."""
        return len(self.X) * self.l2

    @functools.cached_property
    def decomposed(self) -> tuple[Tensor, Tensor, Tensor]:
        """U (n k, r), s (r,) and Z (r, p) of the derivatives of all outputs, r = min(n k, p)."""
        of, rows = Jacobians(self.module), max(1, _VALUES[self.X.device.type] // (_COPIES * self.point.p))
        J = torch.cat([torch.cat(of.derivatives(part), 2).flatten(0, 1) for part in self.X.split(rows)])
        U, s, Z = torch.linalg.svd(J, full_matrices=False)
        return U, s, Z

    @functools.cached_property
    def directions(self) -> Tensor | None:
        """Directions in which a label can move, (k, k'): within the simplex for three classes and more; None for all.

        As docs/maths.md, section 1, has it: a step from one class to another has length 1 in these coordinates.
        """
        return None if self.classes < 3 else 2**0.5 * sum_zero_basis(self.classes).to(self.X)

    def leverage(self) -> Tensor:
        """h_i of every training example, (n,): the number of parameters that fit it."""
        U, s, _ = self.decomposed
        kept = s.square() / (s.square() + self.shift)
        return (U.square() @ kept).view(len(self.X), -1).sum(1)

    @property
    def condition(self) -> float:
        """Largest over least eigenvalue of H."""
        s = self.decomposed[1].square() + self.shift
        least = float(s[-1]) if len(s) == self.point.p else self.shift
        return float(s[0]) / least

    def solve(self, V: Tensor) -> Tensor:
        """H^-1 times each row of V (b, p)."""
        _, s, Z = self.decomposed
        within = V @ Z.T
        found = (within / (s.square() + self.shift)) @ Z
        return found if len(s) == self.point.p else found + (V - within @ Z) / self.shift

    def eta(self, X: Tensor, Y: Tensor, progress: Progress | None = None) -> Tensor:
        """eta of some examples, of the training set or not, (m,), >= 0.

        Args:
            X: (m, d) inputs.
            Y: (m, k) targets.
            progress: called with (examples done, m, text).
        """
        found: list[Tensor] = []
        for M in self._mixed(X, Y):
            if progress:
                progress(sum(map(len, found)), len(X), "measuring each example")
            found.append(self._norms(M))
        return torch.cat(found)

    def _norms(self, M: Tensor) -> Tensor:
        """|H^-1 M_i|_2 of mixed derivatives (b, p, m), (b,)."""
        _, s, Z = self.decomposed
        within = Z @ M
        J = within / (s.square() + self.shift)[:, None]
        gram = J.mT @ J
        if len(s) < self.point.p:  # beside the derivatives of all outputs H is n l2 I
            beside = (M - Z.T @ within) / self.shift
            gram = gram + beside.mT @ beside
        return torch.linalg.eigvalsh(gram)[:, -1].clamp_min(0).sqrt()

    def _mixed(self, X: Tensor, Y: Tensor) -> Iterator[Tensor]:
        """[d_x d_w l, d_y d_w l] of some examples, (b, p, d + k') for one block after the other."""

        def slope(x: Tensor, y: Tensor) -> Tensor:
            return self.point.flat(grad(self._loss)(self.weights, x[None], y[None]))

        derivatives = vmap(jacfwd(slope, (0, 1)))
        rows = max(1, _VALUES[X.device.type] // (_COPIES * self.point.p * (X.shape[1] + Y.shape[1])))
        for x, y in zip(X.split(rows), Y.split(rows), strict=True):
            of_features, of_label = derivatives(x, y)
            yield torch.cat([of_features, of_label if self.directions is None else of_label @ self.directions], 2)

    def _loss(self, weights: dict[str, Tensor], X: Tensor, Y: Tensor) -> Tensor:
        return squared(functional_call(self.module, weights, (X,)), Y).sum()

    def whole(self, progress: Progress | None = None) -> float:
        """|[J_1, ..., J_n]|_2 of all training examples together, by products with the sum of J_i J_i^T."""
        generator = torch.Generator().manual_seed(0)
        start = torch.randn(1, self.point.p, generator=generator, dtype=torch.float64).to(self.X)

        def product(V: Tensor) -> Tensor:
            return self.solve(self._squared(self.solve(V)[0])[None])

        found = lanczos(product, start, most=_PRODUCTS, progress=progress).largest
        return math.sqrt(max(0.0, found))

    def _squared(self, u: Tensor) -> Tensor:
        """sum_i M_i M_i^T u, (p,), M_i the mixed derivatives."""

        def along(X: Tensor, Y: Tensor) -> Tensor:
            return jvp(lambda w: self._loss(w, X, Y), (self.weights,), (self.point.named(u),))[1]

        by_x, by_y = grad(along, (0, 1))(self.X, self.Y)
        by_y = by_y if self.directions is None else by_y @ self.directions @ self.directions.T

        def slope(X: Tensor, Y: Tensor) -> Tensor:
            return self.point.flat(grad(self._loss)(self.weights, X, Y))

        moved: Tensor = jvp(slope, (self.X, self.Y), (by_x, by_y))[1]
        return moved

    def hessian_least(self) -> float:
        """Least eigenvalue of the true Hessian of the mean loss with its decay; NaN of a network that is too large."""
        if self.point.p > _SMALL:
            return math.nan
        return float(torch.linalg.eigvalsh(self.point.dense("hessian"))[0]) + self.l2

    def gradient_norm(self, start: dict[str, Tensor]) -> float:
        """Length of the gradient of the sum of losses and decay: 0 at an optimum.

        Args:
            start: the weights that the decay pulls to, by name.
        """
        pulled = self.point.flat(self.weights) - self.point.flat(start)
        return len(self.X) * float((self.point.mean_gradient(self.X, self.Y) + self.l2 * pulled).norm())


def bytes_needed(n: int, d: int, k: int, p: float) -> float:
    """Bytes that the decomposition and the mixed derivatives of one example take.

    Args:
        n: training examples.
        d: features.
        k: outputs.
        p: weights.
    """
    rank = min(n * k, p)
    return 8.0 * (3 * n * k * p + 3 * rank**2 + _COPIES * p * (d + k))
