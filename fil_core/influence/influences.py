"""The influence of every training example, and what all ways to it have in common: dampings and corrections.

See `influence.curvatures` for the definitions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_DETERMINED = 1.5e-8  # of 1 - h: below it more than half of the digits of what is divided by it are rounding
# Of the largest eigenvalue: directions below it carry rounding of the products that the matrix is made of.
RANK = {torch.float64: 1e-12, torch.float32: 1e-6}


@dataclass(frozen=True, slots=True)
class Influences:
    """Influence of every training example on a target.

    Attributes:
        influence: (n,), at the damping that was asked for.
        corrected: the same without the example's own part of the curvature, (n,); NaN where the others do not determine
            the weights; None where it takes a solution for each example that was not computed.
        self_influence: of every example on its own loss, (n,); None likewise.
        dampings: D of them, ascending.
        by_damping: (D, n) influence.
        method: how the equations were solved: `direct`, `sample space`, `Krylov`, or `none` where B has no equations.
        least, largest: eigenvalues of C + l2 I, as far as they are known; NaN otherwise.
        negative: how many of these are below zero; None where they are not known.
        direction: (n B)^-1 g_t, (p,), whose product with an example's gradient is its influence; None where it was not
            needed.
        tokens: of sequences, the parts of their tokens in the influence, (n, T), NaN beyond the end; None otherwise.
    """

    influence: Tensor
    corrected: Tensor | None
    self_influence: Tensor | None
    dampings: list[float]
    by_damping: Tensor
    method: str
    least: float = math.nan
    largest: float = math.nan
    negative: int | None = None
    direction: Tensor | None = None
    tokens: Tensor | None = None


def sweep(largest: float, damping: float) -> list[float]:
    """Powers of ten from the order of size of an eigenvalue down to a millionth of it, with one more damping.

    >>> sweep(3.0, 0.5)
    [1e-06, 1e-05, 0.0001, 0.001, 0.01, 0.1, 0.5, 1.0, 10.0]

    Args:
        largest: > 0; another number counts as 1.
        damping: >= 0.
    """
    top = math.floor(math.log10(largest)) if math.isfinite(largest) and largest > 0 else 0
    return sorted({float(f"1e{top + k}") for k in range(-6, 2)} | {float(damping)})


def divided(numerator: Tensor, left: Tensor) -> Tensor:
    """A quotient by 1 - h; NaN where that is rounding, or h is more than 1."""
    return torch.where(left > _DETERMINED, numerator / left.clamp_min(_DETERMINED), torch.nan)


def inverse(values: Tensor, shift: float, *, rank: float = RANK[torch.float64]) -> Tensor:
    """1 / (values + shift), and 0 for directions that rounding alone has: without damping a pseudo-inverse.

    Args:
        values: eigenvalues.
        shift: added to them.
        rank: of the largest eigenvalue, below which a direction has rounding alone.
    """
    shifted = values + shift
    limit = rank * float(values.abs().max()) if values.numel() else 0.0
    return torch.where(shifted.abs() > limit, 1 / shifted, torch.zeros_like(shifted))


def without_own(moved: Tensor, L: Tensor, residuals: Tensor, S: Tensor | None = None) -> Tensor:
    """a_i^T (I - S_i L_i)^-1 r_i, the influence without the example's own part of the curvature, (n,).

    Args:
        moved: a_i, change of the outputs of example i along (n B)^-1 g_t, (n, k).
        L: J_i (n B)^-1 J_i^T, (n, k, k).
        residuals: r_i, the loss's derivative in the outputs, (n, k).
        S: the loss's second derivative in the outputs, (n, k, k); None for the identity.
    """
    left = torch.eye(L.shape[1], dtype=L.dtype, device=L.device) - (L if S is None else S @ L)
    # I - S L has eigenvalues in (0, 1]; the least one says whether the others determine the weights.
    determined = torch.linalg.eigvals(left).real.amin(1) > _DETERMINED
    safe = torch.where(determined[:, None, None], left, torch.eye(L.shape[1], dtype=L.dtype, device=L.device))
    solved = torch.linalg.solve(safe, residuals)
    return torch.where(determined, (moved * solved).sum(1), torch.nan)
