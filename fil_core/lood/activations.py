"""Covariance of two activations of a layer of infinite width, from the covariance of what goes into them.

For (u, v) normal with mean zero, variances a and b and covariance k, each function gives E[phi(u) phi(v)].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

Activation = Callable[[Tensor, Tensor, Tensor], Tensor]

_TINY = 1e-300  # of a variance, below which an input is zero


class _Relu(torch.autograd.Function):
    """sqrt(a b) / (2 pi) (sin t + (pi - t) cos t), cos t = k / sqrt(a b).

    Automatic differentiation divides by sin t, which is 0 where two inputs are the same; the derivatives are finite:
    (pi - t) / (2 pi) in k, and sin t sqrt(b / a) / (4 pi) in a.
    """

    @staticmethod
    def forward(ctx: Any, k: Tensor, a: Tensor, b: Tensor) -> Tensor:
        scale = (a * b).sqrt()
        cos = (k / scale.clamp_min(_TINY)).clamp(-1, 1)
        sin, left = ((1 - cos) * (1 + cos)).sqrt(), math.pi - torch.acos(cos)
        ctx.save_for_backward(a, b, sin, left)
        return scale * (sin + left * cos) / (2 * math.pi)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        a, b, sin, left = ctx.saved_tensors
        (grad,) = grads
        of_a = sin * (b / a.clamp_min(_TINY)).sqrt() * (a > _TINY)
        of_b = sin * (a / b.clamp_min(_TINY)).sqrt() * (b > _TINY)
        return grad * left / (2 * math.pi), _summed(grad * of_a, a), _summed(grad * of_b, b)


def _summed(grad: Tensor, like: Tensor) -> Tensor:
    """The gradient in what was broadcast."""
    return grad.sum_to_size(like.shape) / (4 * math.pi)


def relu(k: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """E[phi(u) phi(v)] of rectified linear units, phi(u) = max(u, 0).

    >>> one = torch.ones((), dtype=torch.float64)
    >>> float(relu(one, one, one))
    0.5

    Args:
        k: covariances, any shape.
        a: variances >= 0 that broadcast to it.
        b: likewise, of the other.

    Source: Cho and Saul (NeurIPS 2009).
    """
    if not (torch.is_grad_enabled() and any(each.requires_grad for each in (k, a, b))):
        scale = (a * b).sqrt()
        cos = (k / scale.clamp_min(_TINY)).clamp_(-1, 1)
        sin = ((1 - cos) * (1 + cos)).sqrt_()
        return torch.acos(cos).neg_().add_(math.pi).mul_(cos).add_(sin).mul_(scale).div_(2 * math.pi)
    value: Tensor = _Relu.apply(k, a, b)
    return value


def erf(k: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """E[phi(u) phi(v)] of the error function, 2/pi asin(2 k / sqrt((1 + 2 a)(1 + 2 b))).

    Args:
        k: covariances, any shape.
        a: variances >= 0 that broadcast to it.
        b: likewise, of the other.

    Source: Williams (NeurIPS 1996).
    """
    return torch.asin(2 * k / ((1 + 2 * a) * (1 + 2 * b)).sqrt()) * (2 / math.pi)


def gelu(k: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """E[phi(u) phi(v)] of Gaussian error linear units, phi(u) = u Phi(u), exactly.

    Args:
        k: covariances, any shape.
        a: variances >= 0 that broadcast to it.
        b: likewise, of the other.

    Source: Tsuchida, Pearce, van der Heide, Roosta, Gallagher (AAAI 2021); docs/maths.md, section 11.
    """
    P, squared = (1 + a) * (1 + b), k * k
    # The root of P - k^2, of which large variances leave few digits. The result hardly depends on it, as long as both
    # terms have the same one: so the angle is not asin(k / sqrt(P)), with rounding of its own.
    left = 1 + a + b + (a * b - squared).clamp_min(0)
    root = left.sqrt()
    bent = (a * b * left + squared) / (P * root)
    return k / 4 + (k * torch.atan2(k, root) + bent) / (2 * math.pi)


ACTIVATIONS: MappingProxyType[str, Activation] = MappingProxyType({"relu": relu, "erf": erf, "gelu": gelu})
