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
    _solve(rho, h, 0, length, t, {})
    return rho[..., :t]


def _solve(rho: Tensor, h: Tensor, first: int, last: int, t: int, transforms: dict[int, Tensor]) -> None:
    """Turn `rho`, which holds g and what earlier steps gave, into the solution for steps `first` to `last`."""
    if first >= t:
        return
    length = last - first
    if length <= _DIRECT:
        _solve_directly(rho, h, first, min(last, t))
        return
    middle = first + length // 2
    _solve(rho, h, first, middle, t, transforms)
    if middle >= t:
        return
    if length not in transforms:
        transforms[length] = torch.fft.rfft(h[..., :length])
    # What wraps around in a circular convolution of this length falls before the steps that are read.
    known = torch.fft.rfft(rho[..., first:middle], n=length)
    product = torch.einsum("gabf,gbf->gaf", transforms[length], known)
    rho[..., middle:last] += torch.fft.irfft(product, n=length)[..., length // 2 - 1 : length - 1]
    _solve(rho, h, middle, last, t, transforms)


def _solve_directly(rho: Tensor, h: Tensor, first: int, last: int) -> None:
    one = h.shape[1] == 1
    reversed_h = h[..., : last - first].flip(-1)
    width = reversed_h.shape[-1]
    for s in range(first + 1, last):
        kernel, known = reversed_h[..., width - (s - first) :], rho[..., first:s]
        rho[..., s] += (
            (kernel[:, 0] * known).sum(-1) if one else torch.einsum("gabt,gbt->ga", kernel, known)
        )  # fmt: skip
