"""The largest eigenpair of many symmetric operators at once, each known by its products with vectors alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

_EVERY = 3  # steps between two looks at the eigenvalues of the small matrices

Rule = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From values, residuals and gaps to the next value, each (m,), to whether that is enough, (m,)."""
_NOTHING = 64 * torch.finfo(torch.float64).eps  # of the largest entry: a remainder that is rounding


class Leading(NamedTuple):
    """Largest eigenvalues with their eigenvectors.

    Attributes:
        values: (m,). vectors: (m, d), of length 1, or 0 for a start of 0.
        residuals: (m,) |A v - value v|: an eigenvalue is no farther than this from the value.
        gaps: (m,) from the value down to the next one, less that one's residual; the value's own where there is none.
        steps: products that it took.
    """

    values: Tensor
    vectors: Tensor
    residuals: Tensor
    gaps: Tensor
    steps: int


def small_residuals(rtol: float) -> Rule:
    """Residuals of at most this part of the values."""
    return lambda values, residuals, gaps: residuals <= rtol * values


def leading_pairs(
    products: Callable[[Tensor], Tensor], start: Tensor, *, enough: Rule | None = None, most: int
) -> Leading:
    """Largest eigenvalue and its eigenvector of each A_i, positive semi-definite, in the Krylov space of its start.

    Every vector is made orthogonal to all before, twice, so that no eigenvalue is found again by rounding.

    >>> A, ones = torch.tensor([[[2.0, 1.0], [1.0, 2.0]], [[5.0, 0.0], [0.0, 0.0]]]).double(), torch.ones(2, 2).double()
    >>> found = leading_pairs(lambda v: (A @ v[:, :, None])[:, :, 0], ones, most=2)
    >>> found.values.round(decimals=9).tolist()
    [3.0, 5.0]

    Args:
        products: (m, d) vectors to (m, d), A_i v_i for each.
        start: (m, d) with a part along the eigenvector that is looked for; only what it spans with its products is.
        enough: the rule by which to stop; None for residuals of at most 1e-9 of the values.
        most: largest number of products, >= 1.

    Returns:
        What was found when it was enough for all, or after `most` products.

    Source: Paige (1972); Parlett, The Symmetric Eigenvalue Problem (1980), chapter 13.
    """
    enough = enough or small_residuals(1e-9)
    basis = [_unit(start, start.new_zeros(len(start)))]
    alphas: list[Tensor] = []
    betas: list[Tensor] = []
    while True:
        w = products(basis[-1])
        alphas.append((w * basis[-1]).sum(1))
        for _ in range(2):
            w = w - _within(w, basis)
        size = torch.stack([a.abs() for a in (*alphas, *betas)]).amax(0)
        betas.append(torch.where(w.norm(dim=1) > _NOTHING * size, w.norm(dim=1), 0.0))
        steps, last = len(alphas), len(alphas) >= most
        if last or steps % _EVERY == 0:
            values, small = _ritz(torch.stack(alphas, 1), torch.stack(betas, 1))
            residuals = betas[-1][:, None] * small[:, -1].abs()
            top, residual = values[:, -1], residuals[:, -1]
            gaps = top - (values[:, -2] + residuals[:, -2]) if steps > 1 else top
            if last or bool(enough(top, residual, gaps).all()):
                return Leading(top, _combined(small[:, :, -1], basis), residual, gaps, steps)
        basis.append(_unit(w, betas[-1] == 0))


def _unit(v: Tensor, nothing: Tensor) -> Tensor:
    """Vectors of length 1; zeros stay, and so become those that are `nothing`."""
    length = v.norm(dim=1, keepdim=True)
    return torch.where((length > 0) & ~nothing.bool()[:, None], v / length, 0.0)


def _within(w: Tensor, basis: list[Tensor]) -> Tensor:
    """The part of each w in the space that its vectors span."""
    found = torch.zeros_like(w)
    for v in basis:
        found.addcmul_((w * v).sum(1, keepdim=True), v)
    return found


def _combined(weights: Tensor, basis: list[Tensor]) -> Tensor:
    """Their sum with weights (m, j)."""
    found = torch.zeros_like(basis[0])
    for j, v in enumerate(basis):
        found.addcmul_(weights[:, j : j + 1], v)
    return found


def _ritz(alphas: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of each tridiagonal matrix, (m, j) ascending and (m, j, j)."""
    beside = betas[:, :-1]
    T = torch.diag_embed(alphas) + torch.diag_embed(beside, 1) + torch.diag_embed(beside, -1)
    values, vectors = torch.linalg.eigh(T)
    return values, vectors
