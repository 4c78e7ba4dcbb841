"""Per-example terms of a model at its optimum, which every measure is built from, and the functions of a family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from fil_core.linalg import Curvature, sum_zero_basis


@dataclass(frozen=True)
class Glm:
    """Per-example terms of a one-score model at its optimum.

    Attributes:
        X: (n, d). w: (n,) weights. theta: (d,).
        z: theta^T x, (n,). loss, r, a: the loss and its first and second derivative in z, (n,).
        curvature: H, (d, d).
        intercept: whether the last column of X is the model's constant, which is no feature of an example.
    """

    X: Tensor
    w: Tensor
    theta: Tensor
    z: Tensor
    loss: Tensor
    r: Tensor
    a: Tensor
    curvature: Curvature
    intercept: bool = False

    @property
    def features(self) -> int:
        """Number of columns of X that are features."""
        return self.X.shape[1] - self.intercept

    @cached_property
    def feature_inverse(self) -> tuple[Tensor, Tensor, Tensor]:
        """B = H^-1 over the columns of the features as U diag(s) V^T: V (f, f), s (f,), and H^-1 U (d, d)."""
        Q, L = self.curvature.vectors, self.curvature.inverse_values
        if not self.intercept:
            return Q, L, Q * L
        U, s, Vt = torch.linalg.svd(self.curvature.inverse_power(1)[:, : self.features], full_matrices=True)
        return Vt.T, s, self.curvature.solve(U)


@dataclass(frozen=True)
class Softmax:
    """Per-example terms of a C-score model at its optimum.

    Attributes:
        X: (n, d). w: (n,) weights. Theta: (C, d). Y: (n, C) one-hot.
        Z: scores, (n, C). loss: (n,). delta: p - y, (n, C). p: (n, C).
        curvature: H in T, Theta = V T, (C-1) d square, block-major.
        intercept: whether the last column of X is the model's constant, which is no feature of an example.
    """

    X: Tensor
    w: Tensor
    Theta: Tensor
    Y: Tensor
    Z: Tensor
    loss: Tensor
    delta: Tensor
    p: Tensor
    curvature: Curvature
    intercept: bool = False

    @property
    def features(self) -> int:
        """Number of columns of X that are features."""
        return self.X.shape[1] - self.intercept

    @cached_property
    def basis(self) -> Tensor:
        """V, (C, C-1): an orthonormal basis of the directions among classes that sum to zero."""
        return sum_zero_basis(self.Theta.shape[0]).to(self.X)

    @cached_property
    def inverse(self) -> Tensor:
        """The blocks (H^-1)_ce, (C-1, C-1, d, d), computed once for all examples."""
        return self._blocks(1)

    @cached_property
    def inverse_square(self) -> Tensor:
        """The blocks (H^-2)_ce, (C-1, C-1, d, d), computed once for all examples."""
        return self._blocks(2)

    @cached_property
    def inverse_square_pairs(self) -> Tensor:
        """(H^-2)_ce + (H^-2)_ec over the features for c < e, (H^-2)_cc for c = e, (C (C-1) / 2, f f).

        The sum of d_c d_e times these is that of d_c d_e (H^-2)_ce over all c and e.
        """
        K, f = self.inverse_square, self.features
        c, e = torch.triu_indices(len(K), len(K), device=K.device)
        pairs = K.new_empty(len(c), f, f)
        for pair, one, other in zip(pairs, c.tolist(), e.tolist(), strict=True):
            torch.add(K[one, other, :f, :f], K[other, one, :f, :f], out=pair)
        return pairs.mul_(torch.where(c == e, 0.5, 1.0).to(K)[:, None, None]).view(len(c), f * f)

    def _blocks(self, k: int) -> Tensor:
        C, d = self.Theta.shape
        return self.curvature.inverse_power(k).view(C - 1, d, C - 1, d).permute(0, 2, 1, 3).contiguous()


@dataclass(frozen=True, slots=True)
class Model:
    """The functions of one family of models.

    Attributes:
        fit: (X, y, w, ridge, progress, start) to the optimum and the factorised curvature there.
        minimum: as `fit`, to the optimum alone.
        code: (targets or class codes (n,), number of classes) to the coded targets.
        terms: (X, w, theta, y, scores, curvature, intercept) to the per-example terms.
        predict: (scores, number of classes) to class codes, or to the scores themselves for a regression.
        derivatives: (X, y, theta, w, ridge) to the objective's gradient and its Hessian, in `coordinates`.
        coordinates: theta to the coordinates in which the objective is strictly convex: theta itself, or T.
        shape: (number of classes, d) to the shape of theta.
    """

    fit: Callable[..., Any]
    minimum: Callable[..., Any]
    code: Callable[[Tensor, int], Tensor]
    terms: Callable[..., Glm | Softmax]
    predict: Callable[[Tensor, int], Tensor]
    derivatives: Callable[..., tuple[Tensor, Tensor]]
    coordinates: Callable[[Tensor], Tensor]
    shape: Callable[[int, int], tuple[int, ...]]
