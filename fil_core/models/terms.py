"""Per-example terms of a model at its optimum, which every measure is built from, and the functions of a family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor

from fil_core.linalg import Curvature


@dataclass(frozen=True, slots=True)
class Glm:
    """Per-example terms of a one-score model at its optimum.

    Attributes:
        X: (n, d). w: (n,) weights. theta: (d,).
        z: theta^T x, (n,). loss, r, a: the loss and its first and second derivative in z, (n,).
        curvature: H, (d, d).
    """

    X: Tensor
    w: Tensor
    theta: Tensor
    z: Tensor
    loss: Tensor
    r: Tensor
    a: Tensor
    curvature: Curvature


@dataclass(frozen=True)
class Softmax:
    """Per-example terms of a C-score model at its optimum.

    Attributes:
        X: (n, d). w: (n,) weights. Theta: (C, d). Y: (n, C) one-hot.
        Z: scores, (n, C). loss: (n,). delta: p - y, (n, C). p: (n, C).
        curvature: H, (C d, C d), class-major.
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

    @cached_property
    def inverse(self) -> Tensor:
        """The blocks (H^-1)_ce, (C, C, d, d), computed once for all examples."""
        return self._blocks(1)

    @cached_property
    def inverse_square(self) -> Tensor:
        """The blocks (H^-2)_ce, (C, C, d, d), computed once for all examples."""
        return self._blocks(2)

    def _blocks(self, k: int) -> Tensor:
        C, d = self.Theta.shape
        return self.curvature.inverse_power(k).view(C, d, C, d).permute(0, 2, 1, 3).contiguous()


@dataclass(frozen=True, slots=True)
class Model:
    """The functions of one family of models.

    Attributes:
        fit: (X, y, w, ridge, progress, start) to the optimum and the factorised curvature there.
        code: (targets or class codes (n,), number of classes) to the coded targets.
        terms: (X, w, theta, y, scores, curvature) to the per-example terms.
        predict: (scores, number of classes) to class codes, or to the scores themselves for a regression.
        derivatives: (X, y, theta, w, ridge) to the objective's gradient, shaped like theta, and its Hessian.
        shape: (number of classes, d) to the shape of theta.
    """

    fit: Callable[..., Any]
    code: Callable[[Tensor, int], Tensor]
    terms: Callable[..., Glm | Softmax]
    predict: Callable[[Tensor, int], Tensor]
    derivatives: Callable[..., tuple[Tensor, Tensor]]
    shape: Callable[[int, int], tuple[int, ...]]
