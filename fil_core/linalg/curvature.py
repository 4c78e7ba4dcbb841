"""The Hessian of a regularised objective, factorised once: by its eigenvectors, or, where it is large, by Cholesky."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from fil_core.errors import SingularCurvature
from fil_core.linalg.blocks import row_blocks
from fil_core.specs.families import LARGE

# Columns of a symmetric product formed at a time: thin enough to skip most of the mirrored half, wide enough for speed.
_PANEL = 256
_STEPS = 60  # of the iterations for the two ends of a large spectrum, which reach their first digits


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
    """

    def __init__(self, values: Tensor, vectors: Tensor) -> None:
        """Of the eigenvalues (m,), ascending, > 0, and the orthonormal eigenvectors (m, m)."""
        self._known: tuple[Tensor, Tensor] | None = (values, vectors)

    def _spectrum(self) -> tuple[Tensor, Tensor]:
        assert self._known is not None
        return self._known

    @property
    def values(self) -> Tensor:
        """h, (m,), ascending, > 0."""
        return self._spectrum()[0]

    @property
    def vectors(self) -> Tensor:
        """Q, (m, m), orthonormal columns."""
        return self._spectrum()[1]

    @staticmethod
    def factor(H: Tensor) -> Curvature:
        """Eigendecomposition of a symmetric positive definite matrix.

        Args:
            H: (m, m), float64.

        Raises:
            SingularCurvature: the smallest eigenvalue is not distinguishable from zero in float64.
        """
        h, Q = torch.linalg.eigh(H)
        limit = _rounding(H) * h[-1]
        if not bool(h[0] > limit):
            null = int((h <= limit).sum())
            raise SingularCurvature(
                f"The curvature is singular: {null} of its {h.numel()} directions carry no information (smallest "
                f"eigenvalue {float(h[0]):.3g}, largest {float(h[-1]):.3g}); expected all of them > {float(limit):.3g}."
            )
        return Curvature(h, Q)

    @property
    def size(self) -> int:
        """Number of rows of H."""
        return len(self.vectors)

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


class CholeskyCurvature(Curvature):
    """H = R R^T, for matrices whose eigenvectors would take minutes; these are computed only where they are asked for.

    >>> H = torch.tensor([[2.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
    >>> curvature = CholeskyCurvature.factor(H)
    >>> round(curvature.condition, 6), (9 * curvature.inverse_power(2)).round(decimals=9).tolist()
    (3.0, [[5.0, -4.0], [-4.0, 5.0]])

    Attributes:
        root: R, (m, m), lower triangular.
        ends: the smallest and the largest eigenvalue of H, to their first digits, (2,).
    """

    def __init__(self, root: Tensor, ends: Tensor) -> None:
        """Of the factor and the ends of the spectrum."""
        self.root, self.ends, self._known = root, ends, None

    @staticmethod
    def factor(H: Tensor) -> CholeskyCurvature:
        """Cholesky factor of a symmetric positive definite matrix.

        Args:
            H: (m, m), float64.

        Raises:
            SingularCurvature: the smallest eigenvalue is not distinguishable from zero in float64.
        """
        root, failed = torch.linalg.cholesky_ex(H)
        if int(failed):
            Curvature.factor(H)  # which says how many directions are the reason
            raise SingularCurvature("The curvature is singular: it has no Cholesky factor.")
        ends = torch.stack([_least(root), _largest(H)])
        if not bool(ends[0] > _rounding(H) * ends[1]):
            Curvature.factor(H)
        return CholeskyCurvature(root, ends)

    def _spectrum(self) -> tuple[Tensor, Tensor]:
        if self._known is None:
            values, vectors = torch.linalg.eigh(self.root @ self.root.T)
            self._known = values, vectors
        return self._known

    @property
    def size(self) -> int:
        """Number of rows of H."""
        return len(self.root)

    @property
    def condition(self) -> float:
        """Largest eigenvalue over the smallest."""
        return float(self.ends[1] / self.ends[0])

    def solve(self, B: Tensor) -> Tensor:
        """H^-1 B, for B of shape (m,) or (m, k)."""
        return torch.cholesky_solve(B.reshape(len(B), -1), self.root).view(B.shape)

    @cached_property
    def _inverse(self) -> Tensor:
        return torch.cholesky_inverse(self.root)

    @cached_property
    def _inverse_square(self) -> Tensor:
        return self._inverse @ self._inverse

    def inverse_power(self, k: int) -> Tensor:
        """H^-k as a dense (m, m) matrix; kept, since one costs as much as the factor."""
        if k in (1, 2):
            return self._inverse if k == 1 else self._inverse_square
        return torch.linalg.matrix_power(self._inverse, k)


def factored(H: Tensor) -> Curvature:
    """The curvature of a family that asks for products with its inverse only, by size.

    Args:
        H: (m, m), float64.

    Raises:
        SingularCurvature: the smallest eigenvalue is not distinguishable from zero in float64.
    """
    return CholeskyCurvature.factor(H) if len(H) > LARGE else Curvature.factor(H)


def _rounding(H: Tensor) -> float:
    """Of the largest eigenvalue: the smallest that is distinguishable from zero."""
    return len(H) * torch.finfo(H.dtype).eps


def _largest(H: Tensor) -> Tensor:
    """The largest eigenvalue, by the power method."""
    v = _start(H)
    for _ in range(_STEPS):
        v = H @ v
        v = v / v.norm()
    return (v @ (H @ v)).squeeze()


def _least(root: Tensor) -> Tensor:
    """The least eigenvalue of R R^T, by inverse iteration."""
    v = _start(root)[:, None]
    for _ in range(_STEPS):
        v = torch.cholesky_solve(v, root)
        v = v / v.norm()
    return (v.T @ (root @ (root.T @ v))).squeeze()


def _start(H: Tensor) -> Tensor:
    return torch.randn(len(H), generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(H)


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
