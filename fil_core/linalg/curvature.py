"""The Hessian of a regularised objective, factorised once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.errors import SingularCurvature
from fil_core.linalg.blocks import row_blocks

# Columns of a symmetric product formed at a time: thin enough to skip most of the mirrored half, wide enough for speed.
_PANEL = 256


@dataclass(frozen=True, slots=True)
class Curvature:
    """H = Q diag(h) Q^T, symmetric positive definite, (m, m).

    >>> H = torch.tensor([[2.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
    >>> curvature = Curvature.factor(H)
    >>> curvature.values.round(decimals=9).tolist(), round(curvature.condition, 9)
    ([1.0, 3.0], 3.0)
    >>> curvature.solve(torch.tensor([3.0, 3.0], dtype=torch.float64)).round(decimals=9).tolist()
    [1.0, 1.0]
    >>> (9 * curvature.inverse_power(2)).round(decimals=9).tolist()
    [[5.0, -4.0], [-4.0, 5.0]]

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
        limit = H.shape[0] * torch.finfo(H.dtype).eps * h[-1]
        if not bool(h[0] > limit):
            null = int((h <= limit).sum())
            raise SingularCurvature(
                f"The curvature is singular: {null} of its {h.numel()} directions carry no information (smallest "
                f"eigenvalue {float(h[0]):.3g}, largest {float(h[-1]):.3g}); expected all of them > {float(limit):.3g}."
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
        """H^-1 B, for B of shape (m,) or (m, k)."""
        rotated = self.vectors.T @ B
        scale = self.values if B.ndim == 1 else self.values[:, None]
        return self.vectors @ (rotated / scale)

    def inverse_power(self, k: int) -> Tensor:
        """H^-k as a dense (m, m) matrix; for the few measures that need one such matrix for all examples."""
        return (self.vectors * self.values ** (-k)) @ self.vectors.T


def weighted_gram(X: Tensor, w: Tensor | None) -> Tensor:
    """X^T diag(w) X, in row blocks so that no second (n, d) copy is made.

    >>> X = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    >>> weighted_gram(X, torch.tensor([1.0, -1.0], dtype=torch.float64)).tolist()
    [[-8.0, -10.0], [-10.0, -12.0]]

    Args:
        X: (n, d).
        w: (n,), any sign; None for ones.

    Returns:
        (d, d), exactly symmetric.
    """
    d = X.shape[1]
    G = X.new_zeros(d, d)
    # Sixteen times the usual rows, so that each product costs more than its addition to G.
    for block in row_blocks(X.shape[0], d // 16, X.device):
        x = X[block]
        wx = x if w is None else w[block, None] * x
        for stop in range(_PANEL, d + _PANEL, _PANEL):  # only panels that touch the lower triangle
            panel = slice(stop - _PANEL, stop)
            G[panel, :stop].addmm_(wx[:, panel].T, x[:, :stop])
    strictly_lower = G.tril(-1)
    return G.tril_().add_(strictly_lower.T)
