"""The Hessian of a regularised objective, factorised once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.errors import SingularCurvature
from fil_core.linalg.blocks import row_blocks


@dataclass(frozen=True, slots=True)
class Curvature:
    """H = Q diag(h) Q^T, symmetric positive definite, (m, m).

    Attributes:
        values: h, (m,), ascending, > 0.
        vectors: Q, (m, m), orthonormal columns.
    """

    values: Tensor
    vectors: Tensor

    @staticmethod
    def factor(H: Tensor) -> Curvature:
        """Eigendecomposition of a symmetric positive definite matrix.

        Args:
            H: (m, m), float64.

        Raises:
            SingularCurvature: the smallest eigenvalue is not distinguishable from zero in float64.
        """
        h, Q = torch.linalg.eigh(H)
        floor = H.shape[0] * torch.finfo(H.dtype).eps * h[-1]
        if not bool(h[0] > floor):
            null = int((h <= floor).sum())
            raise SingularCurvature(
                f"The curvature is singular: {null} of its {h.numel()} directions carry no information (smallest "
                f"eigenvalue {float(h[0]):.3g}, largest {float(h[-1]):.3g}); expected all of them > {float(floor):.3g}."
            )
        return Curvature(h, Q)

    @property
    def condition(self) -> float:
        """Largest eigenvalue over the smallest."""
        return float(self.values[-1] / self.values[0])

    @property
    def inverse_values(self) -> Tensor:
        """Eigenvalues of H^-1, (m,), descending."""
        return 1.0 / self.values

    def solve(self, B: Tensor) -> Tensor:
        """H^-1 B for B of shape (m,) or (m, k)."""
        rotated = self.vectors.T @ B
        scale = self.values if B.ndim == 1 else self.values[:, None]
        return self.vectors @ (rotated / scale)

    def inverse_power(self, k: int) -> Tensor:
        """H^-k as a dense (m, m) matrix; for the few places that need one such matrix for everybody."""
        return (self.vectors * self.values ** (-k)) @ self.vectors.T


def gram(X: Tensor) -> Tensor:
    """X^T X, (d, d), exactly symmetric on the CPU.

    Args:
        X: (n, d).
    """
    # NumPy hands a matrix times its own transpose to BLAS's syrk, which does half the work; torch has no such call.
    return torch.from_numpy(X.numpy().T @ X.numpy()) if X.device.type == "cpu" else X.T @ X


def weighted_gram(X: Tensor, w: Tensor | None) -> Tensor:
    """X^T diag(w) X, (d, d), in row blocks so that no second (n, d) copy is made.

    Args:
        X: (n, d).
        w: (n,) or None for ones; any sign.
    """
    if w is None:
        return gram(X)
    if bool((w < 0).any()):
        return weighted_gram(X, w.clamp_min(0)) - weighted_gram(X, (-w).clamp_min(0))
    G = X.new_zeros(X.shape[1], X.shape[1])
    # Sixteen times the usual rows, so that the product costs more than adding it up.
    for block in row_blocks(X.shape[0], X.shape[1] // 16, X.device):
        G += gram(X[block] * w[block, None].sqrt())
    return G
