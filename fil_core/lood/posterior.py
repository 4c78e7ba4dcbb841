"""A Gaussian process with all its training records, and without each of them, from one factorisation.

With A = (K + s I)^-1, alpha = A Y and B = k(Q, X) A, the outputs at queries Q have the covariance
S = k(Q, Q) - B k(X, Q). Without the records of a group G they have S + B_G A_GG^-1 B_G^T, and their mean is less by
B_G A_GG^-1 alpha_G. So the gap between the two (see `gaussians`) has as many directions as the group has records:

    g_k the eigenvalues of A_GG^-1/2 B_G^T S^-1 B_G A_GG^-1/2,  m_k = g_k |u_k^T A_GG^-1/2 alpha_G|^2.

At the records themselves these are g = 1/h - 1 with h the eigenvalues of s A_GG, and for a single record h = s A_ii.

Source: docs/maths.md, section 11.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.errors import BadData
from fil_core.lood.gaussians import Gap
from fil_core.lood.kernels import Kernel
from fil_core.progress import Progress

_BLOCK = 2**22  # values of a block of rows
_HALF = 0.5  # h above which 1 - h is summed from products, which do not cancel
_MOST_CONDITION = 1e13  # above it, less than three digits are left of some numbers
_ENOUGH = 1e-10  # of the largest row sum: six digits are left
_SINGULAR = 1e-12  # of the largest variance at queries, below which one is rounding


@dataclass(frozen=True, slots=True)
class Posterior:
    """A Gaussian process trained on n records.

    Attributes:
        kernel: its kernel.
        X: (n, d) features of the records.
        Y: (n, C) targets.
        noise: s, added to the kernel's diagonal at records.
        K: (n, n) kernel of the records.
        L: (n, n) lower Cholesky factor of K + s I.
        A: (n, n) inverse of K + s I.
        alpha: (n, C), A Y.
    """

    kernel: Kernel
    X: Tensor
    Y: Tensor
    noise: float
    K: Tensor
    L: Tensor
    A: Tensor
    alpha: Tensor

    @property
    def n(self) -> int:
        """Number of records."""
        return len(self.X)

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.Y.shape[1]

    @property
    def condition(self) -> float:
        """Largest over smallest eigenvalue of K + s I, at most."""
        return float(self.K.abs().sum(1).max()) / self.noise + 1

    @property
    def h(self) -> Tensor:
        """s A_ii, (n,): variance of the noise over that of a label given all others; 1 - h is the leverage."""
        return (self.noise * self.A.diagonal()).clamp(max=1.0)

    @property
    def leverage(self) -> Tensor:
        """d f(x_i) / d y_i, (n,), in [0, 1): how far the record's own label moves its own prediction."""
        h = self.h
        summed = torch.cat([(self.K[rows] * self.A[rows]).sum(1) for rows in self._blocks(self.n)])
        return torch.where(h > _HALF, summed.clamp(0, 1), 1 - h)

    def _blocks(self, rows: int) -> Iterator[slice]:
        step = max(1, _BLOCK // self.n)
        yield from (slice(start, min(rows, start + step)) for start in range(0, rows, step))

    @property
    def mean(self) -> Tensor:
        """Outputs at the records, (n, C)."""
        return self.Y - self.noise * self.alpha

    @property
    def own_shift(self) -> Tensor:
        """mu_in - mu_out of each record at itself, (n, C), as a product, which does not cancel."""
        return self.alpha * (self.leverage / self.A.diagonal())[:, None]

    @property
    def mean_without(self) -> Tensor:
        """Outputs at each record when it is left out, (n, C)."""
        return self.Y - self.alpha / self.A.diagonal()[:, None]

    def predict(self, Q: Tensor) -> Tensor:
        """Outputs at queries (m, d), (m, C)."""
        return torch.cat([self.kernel.cross(Q[rows], self.X) @ self.alpha for rows in self._blocks(len(Q))])

    def own(self) -> Gap:
        """What each record changes at itself, (n,)."""
        g = self.leverage / self.h  # 1 - leverage would have lost the digits of a small h
        return Gap(g, self.alpha.square().sum(1) * g / self.A.diagonal(), self.outputs)

    def at(self, Q: Tensor) -> Queries:
        """The process at queries (m, d), as far as all records need it together."""
        cross = self.kernel.cross(Q, self.X)
        moves = torch.cholesky_solve(cross.mT, self.L).mT
        return Queries(self, Q, cross, moves)


@dataclass(frozen=True, slots=True)
class Queries:
    """A Gaussian process at queries.

    Attributes:
        posterior: the process.
        Q: (m, d) the queries.
        cross: (m, n) kernel of queries and records.
        moves: (m, n), B: how far a record's label moves the output at a query.
    """

    posterior: Posterior
    Q: Tensor
    cross: Tensor
    moves: Tensor

    def variance(self) -> Tensor:
        """Of the outputs at each query, with all records, (m,)."""
        half = torch.linalg.solve_triangular(self.posterior.L, self.cross.mT, upper=False)
        return (self.posterior.kernel.diagonal(self.Q) - half.square().sum(0)).clamp_min(0)

    def covariance(self) -> Tensor:
        """Of the outputs at all queries, with all records, (m, m)."""
        half = torch.linalg.solve_triangular(self.posterior.L, self.cross.mT, upper=False)
        S = self.posterior.kernel.gram(self.Q) - half.mT @ half
        return (S + S.mT) / 2

    def shift(self, row: int) -> Tensor:
        """mu_in - mu_out of one record at each query, (m, C)."""
        p = self.posterior
        return self.moves[:, row, None] * p.alpha[row] / p.A[row, row]

    def mean_squares(self) -> Tensor:
        """Mean over queries and outputs of (mu_out - mu_in)^2, of each record, (n,)."""
        p = self.posterior
        return self.moves.square().mean(0) * p.alpha.square().mean(1) / p.A.diagonal().square()

    def single_of(self, row: int) -> Gap:
        """What one record changes at each query by itself, (m,)."""
        p, v = self.posterior, self.variance()
        g = torch.where(v > 0, self.moves[:, row].square() / (v.clamp_min(1e-300) * p.A[row, row]), 0.0)
        return Gap(g, g * p.alpha[row].square().sum() / p.A[row, row], p.outputs)

    def single(self) -> Gap:
        """What each record changes at each query by itself, (m, n)."""
        p = self.posterior
        v = self.variance()[:, None]
        top = self.moves.square() / p.A.diagonal()
        g = torch.where(v > 0, top / v.clamp_min(1e-300), 0.0)
        return Gap(g, g * p.alpha.square().sum(1) / p.A.diagonal(), p.outputs)

    def joint(self) -> tuple[Gap, int]:
        """What each record changes at all queries together, (n,), and the number of directions they have.

        Queries that are the same, or that a kernel of low rank ties together, have fewer directions than there are
        queries; those whose variance is rounding are left out, so that the gap is at least what is told.
        """
        p, whitened = self.posterior, self.whitened()
        return changed_by_each(p, whitened), len(whitened)

    def whitened(self) -> Tensor:
        """S^-1/2 B in the r directions of the queries whose variance is not rounding, (r, n)."""
        values, vectors = torch.linalg.eigh(self.covariance())
        prior = float(self.posterior.kernel.diagonal(self.Q).max())
        kept = values > _SINGULAR * len(values) * max(prior, 1e-300)
        return (vectors[:, kept].mT @ self.moves) / values[kept].sqrt()[:, None]

    def group(self, rows: Tensor) -> Gap:
        """What the records of each group change at all queries together.

        Args:
            rows: (b, r), of each group, without repetition.

        Returns:
            (b, r), a gap in as many directions as there are records, or as the queries have, if these are fewer.
        """
        return changed_by_groups(self.posterior, self.whitened(), rows)


def changed_by_each(p: Posterior, whitened: Tensor) -> Gap:
    """What each record changes at queries, (n,).

    Args:
        p: the process.
        whitened: of the queries, see `Queries.whitened`.
    """
    g = whitened.square().sum(0) / p.A.diagonal()
    return Gap(g, g * p.alpha.square().sum(1) / p.A.diagonal(), p.outputs)


def changed_by_groups(p: Posterior, whitened: Tensor, rows: Tensor) -> Gap:
    """What the records of each group change at queries, (b, directions) as `Queries.group`.

    Args:
        p: the process.
        whitened: of the queries, see `Queries.whitened`.
        rows: (b, r), of each group, without repetition.
    """
    half = torch.linalg.cholesky(p.A[rows[:, :, None], rows[:, None, :]])  # any root of A_GG will do
    V = torch.linalg.solve_triangular(half, whitened[:, rows].permute(1, 2, 0), upper=False)  # (b, r, directions)
    scaled = torch.linalg.solve_triangular(half, p.alpha[rows], upper=False)  # (b, r, C)
    few = V.shape[2] < V.shape[1]
    g, U = torch.linalg.eigh(V.mT @ V if few else V @ V.mT)
    g = g.clamp_min(0)
    apart = (U.mT @ (V.mT @ scaled)).square().sum(2) if few else g * (U.mT @ scaled).square().sum(2)
    return Gap(g, apart, p.outputs, grouped=True)


def group_at_itself(p: Posterior, rows: Tensor) -> Gap:
    """What the records of each group change at themselves, all together: (b, r) directions.

    The eigenvalues of s A_GG lie between s / (s + trace K) and 1, and beyond them by rounding alone.

    Args:
        p: the process.
        rows: (b, r), of each group, without repetition.
    """
    M = p.noise * p.A[rows[:, :, None], rows[:, None, :]]
    h, U = torch.linalg.eigh((M + M.mT) / 2)
    h = h.clamp(p.noise / (p.noise + float(p.K.diagonal().sum())), 1.0)
    g = (1 - h) / h
    return Gap(g, g / h * p.noise * (U.mT @ p.alpha[rows]).square().sum(2), p.outputs, grouped=True)


def at_first_of(p: Posterior, rows: Tensor) -> Gap:
    """What the records of each group change at the first of them alone, (b,).

    Args:
        p: the process.
        rows: (b, r), of each group, without repetition.
    """
    A = p.A[rows[:, :, None], rows[:, None, :]]
    moved = -p.noise * p.A[rows[:, 0, None], rows]
    variance = p.noise * p.leverage[rows[:, 0]]
    moved[:, 0] = variance / p.noise
    solved = torch.linalg.solve(A, moved[:, :, None])[:, :, 0]
    positive = variance > 0
    g = torch.where(positive, (moved * solved).sum(1) / variance.clamp_min(1e-300), 0.0)
    shift = torch.einsum("br,brc->bc", solved, p.alpha[rows])
    m = torch.where(positive, shift.square().sum(1) / variance.clamp_min(1e-300), 0.0)
    return Gap(g, m, p.outputs)


def twins(p: Posterior, count: int) -> tuple[Tensor, Tensor]:
    """For each record the others whose kernel is most correlated with its own.

    Args:
        p: the process.
        count: how many, at most n - 1.

    Returns:
        Their rows (n, count), nearest first, and k(x, x') / sqrt(k(x, x) k(x', x')), the same shape; 0 for a record
        whose kernel is zero.
    """
    scale = p.K.diagonal().sqrt().clamp_min(1e-150)
    rows, values = [], []
    for block in p._blocks(p.n):
        correlation = p.K[block] / scale[block, None] / scale
        own = torch.arange(block.start, block.stop, device=correlation.device)
        correlation[own - block.start, own] = -torch.inf
        found = correlation.topk(count, dim=1)
        rows.append(found.indices)
        values.append(found.values)
    return torch.cat(rows), torch.cat(values).clamp(-1, 1)


def posterior(kernel: Kernel, X: Tensor, Y: Tensor, *, noise: float, progress: Progress | None = None) -> Posterior:
    """Train a Gaussian process.

    Args:
        kernel: its kernel.
        X: (n, d) float64, features of the records.
        Y: (n, C) targets.
        noise: s > 0, added to the kernel's diagonal at records.
        progress: called with (done, total, text).

    Raises:
        BadData: K + s I is singular to rounding, as where records repeat and s is very small.
    """
    K = kernel.gram(X, progress)
    if not bool(torch.isfinite(K).all()):
        raise BadData("kernel: expected finite values; they overflow. Scale the features, or lower --weight-std.")
    if progress:
        progress(0, None, "factorising the kernel")
    diagonal = K.diagonal().clone()
    K.diagonal().add_(noise)
    L, failed = torch.linalg.cholesky_ex(K)
    K.diagonal().copy_(diagonal)
    largest = float(K.abs().sum(1).max())
    if int(failed) or largest > _MOST_CONDITION * noise:
        raise BadData(
            f"noise: expected a noise above rounding; with s = {noise:g} the kernel of these records is singular, as "
            f"where records repeat or lie in few dimensions. Take s of {_ENOUGH * largest:.0e} or more, which is "
            f"{_ENOUGH * largest / float(diagonal.mean()):.0e} times the mean of k(x, x)."
        )
    A = torch.cholesky_inverse(L)
    return Posterior(kernel, X, Y, noise, K, L, A, A @ Y)
