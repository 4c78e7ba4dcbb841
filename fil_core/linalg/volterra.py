"""Linear Volterra equations of convolution type, many at once."""

from __future__ import annotations

import torch
from torch import Tensor

_DIRECT = 64  # steps that are summed one by one; above, products of transforms are cheaper


def solve_volterra(g: Tensor, h: Tensor) -> Tensor:
    """The sequences with `rho(s) = g(s) + sum_{tau < s} h(s - 1 - tau) rho(tau)`.

    Halves are solved one after the other; what the first gives to the second is a convolution, done by fast Fourier
    transforms: O(t log^2 t) rather than O(t^2).

    Args:
        g: (G, b, t), one row for each equation of b unknowns.
        h: (G, b, b, t).

    Returns:
        rho, (G, b, t).

    >>> one = torch.ones(1, 1, 4, dtype=torch.float64)
    >>> solve_volterra(one, one[:, None] * 0.5).flatten().tolist()
    [1.0, 1.5, 2.25, 3.375]
    """
    t = g.shape[-1]
    length = _DIRECT
    while length < t:
        length *= 2
    rho = torch.nn.functional.pad(g, (0, length - t))
    h = torch.nn.functional.pad(h, (0, length - t))
    _solve(rho, h, _resolvent(h[..., :_DIRECT]), 0, length, t, {})
    return rho[..., :t]


def bytes_of(b: int, t: int) -> int:
    """Bytes that one equation of b unknowns over t steps takes while it is solved."""
    return 8 * (6 * t * b * (b + 1) + 3 * (_DIRECT * b) ** 2)


def _solve(rho: Tensor, h: Tensor, resolvent: Tensor, first: int, last: int, t: int, known: dict[int, Tensor]) -> None:
    """Turn `rho`, which holds g and what earlier steps gave, into the solution for steps `first` to `last`."""
    length, middle = last - first, first + (last - first) // 2
    if length <= _DIRECT:
        block = rho[..., first:last].mT.flatten(1)[..., None]  # steps first, then unknowns
        rho[..., first:last] = (resolvent @ block).view(len(rho), length, -1).mT
        return
    _solve(rho, h, resolvent, first, middle, t, known)
    if middle >= t:
        return
    if length not in known:
        known[length] = torch.fft.rfft(h[..., :length])
    # What wraps around in a circular convolution of this length falls before the steps that are read.
    past = torch.fft.rfft(rho[..., first:middle], n=length)
    product = torch.einsum("gabf,gbf->gaf", known[length], past)
    rho[..., middle:last] += torch.fft.irfft(product, n=length)[..., length // 2 - 1 : length - 1]
    _solve(rho, h, resolvent, middle, last, t, known)


def _resolvent(h: Tensor) -> Tensor:
    """The matrix that solves a block of steps at once, (G, s b, s b): block triangular and the same for all blocks."""
    G, b, _, s = h.shape
    lag = torch.arange(s, device=h.device)[:, None] - torch.arange(s, device=h.device) - 1
    blocks = torch.where(lag >= 0, h[..., lag.clamp_min(0)], 0.0)  # (G, b, b, s, s)
    T = blocks.permute(0, 3, 1, 4, 2).reshape(G, s * b, s * b)
    one = torch.eye(s * b, dtype=h.dtype, device=h.device).expand_as(T)
    return torch.linalg.solve_triangular(one - T, one, upper=False, unitriangular=True)
