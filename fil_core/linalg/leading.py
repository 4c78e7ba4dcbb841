"""Largest eigenpairs of many large symmetric matrices at once, by Lanczos iterations with certified digits."""

from __future__ import annotations

from typing import Protocol, TypeVar

import torch
from torch import Tensor

_STEPS = 48  # vectors of one Krylov space; then it begins again at the best vector
_FIRST, _EVERY = 6, 2  # vectors after which convergence is judged, and how often
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


_M = TypeVar("_M", bound=Matrices)


def largest_eigenpairs(
    matrices: Matrices, start: Tensor, *, precision: float = VALUE, vectors: bool = False
) -> tuple[Tensor, Tensor]:
    """The largest eigenvalue of each matrix, and its eigenvector.

    A Ritz pair (theta, v) with residual rho = |M v - theta v| has an eigenvalue within rho^2 / gap of theta, gap the
    distance of theta to all others, which the second Ritz value and its own residual tell. The iteration goes on until
    that is `precision` of theta, or the angle's bound rho / gap is `VECTOR` where vectors count. Full
    reorthogonalisation, twice.

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
    left = torch.arange(m, device=start.device)
    for _ in range(_RESTARTS):
        if not left.numel():
            return values, found
        part = matrices if left.numel() == m else matrices.rows(left)
        theta, v, done = _krylov(part, start, precision, vectors)
        values[left], found[left] = theta, v
        left, start = left[~done], v[~done]
    if left.numel():
        mu, V = torch.linalg.eigh(matrices.rows(left).dense())
        values[left], found[left] = mu[:, -1], V[..., -1]
    return values, found


def _krylov(matrices: Matrices, start: Tensor, precision: float, vectors: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Ritz values and vectors of one Krylov space each, and which of them have converged."""
    (m, k), steps = matrices.shape, min(_STEPS, matrices.shape[1])
    basis = start.new_zeros(m, steps, k)
    T = start.new_zeros(m, steps, steps)
    v, beta = start / start.norm(dim=1, keepdim=True).clamp_min(1e-300), start.new_zeros(m)
    for j in range(steps):
        basis[:, j] = v
        held = basis[:, : j + 1]
        image = matrices.times(v)
        T[:, j, j] = (v * image).sum(1)
        for _ in range(2):
            image = image - ((held @ image[:, :, None]).mT @ held)[:, 0]
        beta = image.norm(dim=1)
        last = j + 1 == steps
        if last or (j + 1 >= _FIRST and (j + 1 - _FIRST) % _EVERY == 0):
            mu, s = torch.linalg.eigh(T[:, : j + 1, : j + 1])
            done = _converged(mu, (beta[:, None] * s[:, -1]).abs(), precision, vectors)
            if last or bool(done.all()):
                ritz = (s[:, None, :, -1] @ held)[:, 0]
                return mu[:, -1], ritz / ritz.norm(dim=1, keepdim=True), done
        T[:, j, j + 1] = T[:, j + 1, j] = beta
        # A space that is exhausted goes on with zero vectors, which add zeros below all that matters.
        v = image / beta.clamp_min(1e-300)[:, None]
        v = torch.where((beta > _ROUNDING * T[:, j, j].abs())[:, None], v, torch.zeros_like(v))
    raise AssertionError("the last step returns")


def _converged(mu: Tensor, residuals: Tensor, precision: float, vectors: bool) -> Tensor:
    """Whether the largest Ritz value has its digits, (m,); Ritz values (m, j), ascending, and their residuals."""
    top, rho = mu[:, -1], residuals[:, -1]
    small = rho <= _ROUNDING * top
    gap = top - (mu[:, -2] + residuals[:, -2]) if mu.shape[1] > 1 else torch.zeros_like(top)
    enough = rho <= VECTOR * gap if vectors else rho * rho <= precision * top * gap
    return small | ((gap > 0) & enough)


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
