"""Equations with a symmetric matrix that is known through products, for many shifts at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.progress import Progress

_MOST = 200  # products for each right-hand side, at most
_BYTES = 2**30  # of the basis that is kept
_EXHAUSTED = {torch.float64: 1e-7, torch.float32: 1e-5}  # of a product outside of those before: less is rounding
_RANK = {torch.float64: 1e-12, torch.float32: 1e-6}  # of the largest eigenvalue: directions below it are rounding


@dataclass(frozen=True, slots=True)
class KrylovSpace:
    """A space that products with a symmetric matrix span from b: A V = V T, as far as it reaches.

    Attributes:
        basis: V, (b, j, p), orthonormal rows for each right-hand side.
        values, vectors: eigenvalues (b, j) and eigenvectors (b, j, j) of T.
        lengths: |b|, (b,).
    """

    basis: Tensor
    values: Tensor
    vectors: Tensor
    lengths: Tensor

    @property
    def least(self) -> float:
        """The least eigenvalue that the space knows of, never below the matrix's own."""
        return float(self.values.min())

    @property
    def largest(self) -> float:
        """The largest eigenvalue that the space knows of."""
        return float(self.values.max())

    def below(self, limit: float) -> int:
        """How many eigenvalues that the space knows of are below a limit: as many of the matrix are, at least."""
        rounding = max(1e-9, _RANK[self.basis.dtype]) * self.values.abs().max()
        return int((self.values < limit - rounding).sum(1).max())

    def solve(self, shift: float) -> Tensor:
        """(A + shift I)^-1 b within the space, (b, p); directions without a value there are left out."""
        shifted = self.values + shift
        small = shifted.abs() <= _RANK[self.basis.dtype] * self.values.abs().amax(1, keepdim=True)
        inverse = torch.where(small, torch.zeros_like(shifted), 1 / shifted)
        coefficients = (self.vectors @ (inverse * self.vectors[:, 0])[:, :, None])[..., 0] * self.lengths[:, None]
        return (coefficients[:, None].to(self.basis.dtype) @ self.basis)[:, 0]


def lanczos(
    product: Callable[[Tensor], Tensor], B: Tensor, *, most: int = _MOST, progress: Progress | None = None
) -> KrylovSpace:
    """The Krylov spaces of a symmetric matrix from several vectors, with full reorthogonalisation.

    Args:
        product: (b, p) to the matrix times each row.
        B: (b, p) right-hand sides.
        most: products for each, at most.
        progress: called with (done, total, what).
    """
    b, p = B.shape
    rows = max(2, min(most, p, _BYTES // (b * p * B.element_size())))
    lengths = B.norm(dim=1)
    V = torch.zeros(b, rows, p, dtype=B.dtype, device=B.device)
    V[:, 0] = B / lengths.clamp_min(torch.finfo(B.dtype).tiny)[:, None]
    T = torch.zeros(b, rows, rows, dtype=torch.float64, device=B.device)
    used = rows
    for j in range(rows):
        image = product(V[:, j])
        held = V[:, : j + 1]
        along = (held @ image[:, :, None])[..., 0]
        u = image - (along[:, None] @ held)[:, 0]
        again = (held @ u[:, :, None])[..., 0]  # twice is enough against rounding
        u = u - (again[:, None] @ held)[:, 0]
        T[:, j, j] = (along + again)[:, j].double()
        size = u.norm(dim=1)
        goes_on = size > _EXHAUSTED[B.dtype] * image.norm(dim=1)
        if progress:
            progress(j + 1, rows, "products with the curvature")
        if not bool(goes_on.any()) or j + 1 == rows:
            used = j + 1
            break
        beta = torch.where(goes_on, size, torch.zeros_like(size))
        T[:, j, j + 1] = T[:, j + 1, j] = beta.double()
        # A space that is exhausted goes on with zero vectors, which add zero eigenvalues that b has no part in.
        V[:, j + 1] = torch.where(goes_on[:, None], u / size.clamp_min(1e-300)[:, None], torch.zeros_like(u))
    values, vectors = torch.linalg.eigh(T[:, :used, :used])
    return KrylovSpace(V[:, :used], values, vectors, lengths.double())
