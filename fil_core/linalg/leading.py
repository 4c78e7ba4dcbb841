"""Largest eigenpairs of many large symmetric matrices at once, by Lanczos iterations with certified digits."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from fil_core.linalg.lanczos import Rule, leading_pairs

_STEPS = 48  # vectors of one Krylov space; then it begins again at the best one
_RESTARTS = 4  # before the eigenproblems that are left are solved densely
VALUE = 1e-12  # relative error of an eigenvalue that counts as converged
VECTOR = 1e-9  # of an eigenvector
_ROUNDING = 1e-14  # relative residual below which nothing improves


class Matrices(Protocol):
    """m symmetric matrices (k, k), known by their products."""

    @property
    def shape(self) -> tuple[int, int]:
        """(m, k)."""

    def times(self, v: Tensor) -> Tensor:
        """Each matrix times its row of v, (m, k)."""

    def rows(self, rows: Tensor) -> Matrices:
        """Some of them."""

    def dense(self) -> Tensor:
        """All entries, (m, k, k)."""


def largest_eigenpairs(
    matrices: Matrices, start: Tensor, *, precision: float = VALUE, vectors: bool = False
) -> tuple[Tensor, Tensor]:
    """The largest eigenvalue of each matrix, and its eigenvector.

    A Ritz pair (theta, v) with residual rho = |M v - theta v| has an eigenvalue within rho^2 / gap of theta, gap the
    distance of theta to all others, which the second Ritz value and its own residual tell. The iteration goes on until
    that is `precision` of theta, or the angle's bound rho / gap is `VECTOR` where vectors count.

    >>> M = torch.diag_embed(torch.tensor([[3.0, 2.0, 1.0], [5.0, 7.0, 6.0]], dtype=torch.float64))
    >>> values, vectors = largest_eigenpairs(Entries(M), torch.ones(2, 3, dtype=torch.float64))
    >>> values.round(decimals=9).tolist(), vectors.abs().round(decimals=5).tolist()
    ([3.0, 7.0], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])

    Args:
        matrices: m positive semidefinite ones, (k, k).
        start: (m, k), a vector for each that is not orthogonal to the one that is sought.
        precision: relative error of the eigenvalues.
        vectors: whether the eigenvectors count, whose errors are about the root of those of the eigenvalues.

    Returns:
        (m,) and (m, k), of unit length. Matrices that do not converge are decomposed densely.

    Source: Parlett, The Symmetric Eigenvalue Problem (1998), Sec. 11.7 and 13.2.
    """
    m, _ = matrices.shape
    values, found = start.new_zeros(m), torch.zeros_like(start)
    left, enough = torch.arange(m, device=start.device), _rule(precision, vectors)
    for _ in range(_RESTARTS):
        if not left.numel():
            return values, found
        part = matrices if left.numel() == m else matrices.rows(left)
        best = leading_pairs(part.times, start, enough=enough, most=min(_STEPS, part.shape[1]))
        values[left], found[left] = best.values, best.vectors
        again = ~enough(best.values, best.residuals, best.gaps)
        left, start = left[again], best.vectors[again]
    if left.numel():
        mu, V = torch.linalg.eigh(matrices.rows(left).dense())
        values[left], found[left] = mu[:, -1], V[..., -1]
    return values, found


def _rule(precision: float, vectors: bool) -> Rule:
    """What counts as converged."""

    def enough(values: Tensor, residuals: Tensor, gaps: Tensor) -> Tensor:
        close = residuals <= VECTOR * gaps if vectors else residuals * residuals <= precision * values * gaps
        return (residuals <= _ROUNDING * values) | ((gaps > 0) & close)

    return enough


class Entries:
    """Matrices (m, k, k) that are known by their entries."""

    def __init__(self, M: Tensor) -> None:
        self.M = M

    @property
    def shape(self) -> tuple[int, int]:
        """(m, k)."""
        return self.M.shape[0], self.M.shape[1]

    def times(self, v: Tensor) -> Tensor:
        """Each matrix times its row of v, (m, k)."""
        return (self.M @ v[..., None])[..., 0]

    def rows(self, rows: Tensor) -> Entries:
        """Some of them."""
        return Entries(self.M[rows])

    def dense(self) -> Tensor:
        """All entries."""
        return self.M
