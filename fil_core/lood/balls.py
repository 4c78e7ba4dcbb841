"""Probability of a ball under a standard normal vector with a mean of any length, cut into chords along the mean.

Source: docs/maths.md, section 11.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from torch import Tensor

TAIL = 9.5  # standard deviations that are integrated over; beyond them lies less than 1e-20
_LONG_TAIL = 38.0  # beyond them lies nothing that float64 holds


def within(length: Tensor, z: Tensor, outputs: int) -> Tensor:
    """P(|u| <= length + z) for a normal vector u of `outputs` entries, variance 1, mean of that length.

    The distribution function of the root of a non-central chi-square, for means of any length: for long ones it is that
    of the standard normal.

    >>> round(float(within(torch.tensor(1e12, dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64), 3)), 11)
    0.5

    Args:
        length: >= 0, any shape.
        z: at least -length, the same shape.
        outputs: number of entries, >= 1.
    """
    near, far, weight = _along(length, z, outputs, nodes=64, tail=TAIL)
    inside = normal(near) - normal(far)
    return (inside * weight.exp()).sum(-1).clamp(0, 1)


def normal(z: Tensor) -> Tensor:
    """The standard normal distribution function; `ndtr` of PyTorch is 1 + erf, which cancels below 0."""
    return torch.erfc(-z / 2**0.5) / 2


def _along(length: Tensor, z: Tensor, outputs: int, *, nodes: int, tail: float) -> tuple[Tensor, Tensor, Tensor]:
    """A ball of that radius cut into chords along the mean.

    Args:
        length: (...,) of the mean.
        z: (...,), the radius less the length.
        outputs: dimensions.
        nodes: how many chords.
        tail: standard deviations of the distance across the mean that are integrated over.

    Returns:
        Ends of each chord from the mean, the nearer and the far one, and the logarithm of its weight: its width times
        the density of the distance across. (..., nodes), or (..., 1) in one dimension.
    """
    radius = length + z
    if outputs == 1:
        return z[..., None], (-length - radius)[..., None], torch.zeros_like(z)[..., None]
    x, w = (torch.as_tensor(each, dtype=z.dtype, device=z.device) for each in legendre(nodes))
    across = outputs - 1
    ends = (max(0.0, across**0.5 - tail), across**0.5 + tail)
    least, most = (torch.asin((end / radius.clamp_min(1e-300)).clamp(max=1.0)) for end in ends)
    theta = (least + most)[..., None] / 2 + (most - least)[..., None] / 2 * x
    along, r = radius[..., None] * theta.cos(), radius[..., None] * theta.sin()
    a, b = length[..., None], z[..., None]
    near = torch.where(a < 1, along - a, (2 * a * b + b * b - r * r) / (along + a).clamp_min(1e-300))
    constant = (1 - across / 2) * math.log(2) - math.lgamma(across / 2)
    density = (across - 1) * r.clamp_min(1e-300).log() - r * r / 2 + constant
    width = along * (w * (most - least)[..., None] / 2)
    return near, -along - a, density + width.clamp_min(1e-300).log()


@functools.cache
def legendre(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss and Legendre on [-1, 1]."""
    return np.polynomial.legendre.leggauss(nodes)


def times(eps: Tensor, length: Tensor, z: Tensor, outputs: int, *, beyond: bool = False) -> Tensor:
    """e^eps times `within`, or times 1 less it, however small that is: summed from logarithms.

    Args:
        eps: up to 500, (...,).
        length: as in `within`.
        z: likewise.
        outputs: likewise.
        beyond: whether the outside of the ball is meant.
    """
    near, far, weight = _along(length, z, outputs, nodes=256, tail=_LONG_TAIL)
    near, far = torch.special.log_ndtr(-near if beyond else near), torch.special.log_ndtr(far)
    part = torch.logaddexp(near, far) if beyond else near + torch.log1p(-(far - near).exp().clamp(max=1.0))
    found = (eps[..., None] + part + weight).exp().sum(-1)
    if not beyond or outputs == 1:
        return found
    across = torch.full_like(z, (outputs - 1) / 2)
    return found + (eps + torch.special.gammaincc(across, (length + z).square() / 2).log()).exp()
