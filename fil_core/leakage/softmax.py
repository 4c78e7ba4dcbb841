"""The Jacobian of a softmax optimum with respect to one example, through its small Gram matrix.

    J_i = -w_i H^-1 [ delta (x) I_d + G (x) x , -U (x) x ],   delta = p - y,   G = (diag p - p p^T) Theta.

A label stays in the simplex, so U = sqrt(2) V, where V (C, C-1) is an orthonormal basis of the directions that sum to
zero: the step e_b - e_a from one class to another has length 1 in its coordinates. All columns of delta, G and U sum to
zero, so everything is written in the basis V: H in T (see `fil_core.models.softmax`), delta and G as V^T delta and
V^T G, U as sqrt(2) I. J has (C-1) d rows and d + C - 1 columns. Every measure follows from J^T J, and that from the
blocks K_ce of H^-2 (d x d each) and K_ce x, in O(C^2 d^2) per example instead of the O(C^2 d^3) of forming H^-1 [.]:

    (J^T J)_xx = sum_ce delta_c delta_e K_ce + A^T G + G^T A + G^T B G,   A_e = sum_c delta_c K_ce x,
    (J^T J)_xy = -sqrt(2) (A^T + G^T B),   (J^T J)_yy = 2 B,   B_ce = x^T K_ce x.

With an intercept the last entry of x is constant: it is no column of J.

Source: the implicit function theorem on the stationarity condition; docs/maths.md, section 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from fil_core.linalg.inverses import inverse_traces
from fil_core.linalg.leading import Entries, largest_eigenpairs
from fil_core.models import Softmax
from fil_core.models.softmax import curvature_in_scores
from fil_core.specs.families import LARGE, together

_HALF_THE_DIGITS = 1e-6  # smallest over largest eigenvalue of J^T J, below which the smallest keeps fewer than ten
_ILL_CONDITIONED, _FORMED = 1e6, 2**17  # of H; and values of one J_x that is formed for every example then
_VALUES = 2**22  # of the Jacobians that are formed at a time
_DENSE = 96  # rows of a Gram matrix, up to which all its eigenvalues cost less than an iteration for the largest
_MOST_CONDITION = 1e12  # of J_x^T J_x: beyond it the trace of its inverse keeps fewer than four digits
_SHORT = 0.1  # of a starting vector: what is random in it


class SoftmaxJacobians:
    """The Jacobians of m examples, as their Gram matrices (m, d + C - 1, d + C - 1).

    A single example x = 1 of class 0 out of two, at Theta = 0 with ridge 1/2: delta = (-1, 1) / 2, G = 0, and H = 1
    along (1, -1) / sqrt(2). So J_x = -delta, and one class step, (-1, 1), moves Theta by as much as itself.

    >>> from fil_core.linalg import Curvature
    >>> from fil_core.models.softmax import hessian_blocks, softmax_terms
    >>> X, Theta, w = torch.ones(1, 1).double(), torch.zeros(2, 1).double(), torch.ones(1).double()
    >>> Z, Y = X @ Theta.T, torch.tensor([[1.0, 0.0]]).double()
    >>> loss, delta, p = softmax_terms(Z, Y)
    >>> H = Curvature.factor(hessian_blocks(X, p, w, 0.5))
    >>> J = SoftmaxJacobians(Softmax(X, w, Theta, Y, Z, loss, delta, p, H), slice(None))
    >>> round(J.eta_squared().item(), 9)  # |(-1, 1) / 2|^2 + |(-1, 1)|^2
    2.5
    >>> round(J.trace().item(), 9), round(J.leverage().item(), 9)
    (0.5, 0.5)
    >>> round(J.bound_unbiased(0.5**0.5).item(), 9), round(J.bound_prior(0.5**0.5, 1.0).item(), 9)  # I_x = 1
    (1.0, 0.5)
    """

    def __init__(self, terms: Softmax, rows: slice | Tensor) -> None:
        """Of the training examples `rows`; costs O(m C^2 d^2)."""
        self.X, self.w, self.terms = terms.X[rows], terms.w[rows], terms
        V = terms.basis
        self.delta, self.S = terms.delta[rows] @ V, curvature_in_scores(terms.p[rows], V)
        self.C, self.d = V.shape[1], terms.X.shape[1]
        self.f = terms.features
        self.G = self.S @ (V.T @ terms.Theta)[:, : self.f]
        self.gram = self._gram()

    @staticmethod
    def width(terms: Softmax) -> int:
        """Float64 values that a block needs for each example."""
        C, d = terms.Theta.shape
        return (d + C) ** 2 + C * C * d

    @staticmethod
    def fewest(terms: Softmax) -> int:
        """Examples in a block, at least: each block reads all of H^-2, which takes longer than using it for a few."""
        return together(SoftmaxJacobians.width(terms)) if terms.curvature.size > LARGE else 1

    def _times_x(self, K: Tensor, rows: slice | Tensor = slice(None)) -> Tensor:
        """K_ce x for all c, e, (m, C-1, C-1, d)."""
        return (self.X[rows] @ K.view(-1, self.d).mT).view(-1, self.C, self.C, self.d)

    def _gram(self) -> Gram:
        f = self.f
        Kx = self._times_x(self.terms.inverse_square)
        A = torch.einsum("mc,mcek->mek", self.delta, Kx[..., :f])
        B = torch.einsum("mcek,mk->mce", Kx, self.X)
        c, e = torch.triu_indices(self.C, self.C, device=self.X.device)
        pairs = self.delta[:, c] * self.delta[:, e]
        xx = (pairs @ self.terms.inverse_square_pairs).view(-1, f, f)
        AB = A + B @ self.G / 2
        xx.baddbmm_(torch.cat([AB, self.G], 1).mT, torch.cat([self.G, AB], 1))
        xy = -(2**0.5) * (A.mT + self.G.mT @ B)
        w2 = self.w[:, None, None] ** 2
        return Gram(xx.mul_(w2), w2 * xy, 2 * w2 * B)

    def _feature_jacobians(self, rows: Tensor) -> Tensor:
        """J_x of some of the examples, formed, (k, (C-1) d, f): for singular values that J^T J has no digits of."""
        K = self.terms.inverse  # (c, e, j, k)
        Kx = self._times_x(K, rows)  # (m, c, e, j): H^-1 (e_e (x) x) in block c
        J = torch.einsum("me,cejk->mcjk", self.delta[rows], K[..., : self.f])
        J = J + torch.einsum("mcej,mek->mcjk", Kx, self.G[rows])
        return self.w[rows, None, None] * J.reshape(len(rows), -1, self.f)

    @property
    def Mx(self) -> Tensor:
        """J_x^T J_x over the features, (m, f, f)."""
        return self.gram.xx

    @cached_property
    def spectrum(self) -> Tensor:
        """Eigenvalues of J_x^T J_x, ascending, (m, f); both bounds need them where f is small.

        Those of the Gram matrix where they keep half their digits, else squared singular values of J_x itself.
        """
        if self._formed is not None:
            return self._formed[0]
        mu = torch.linalg.eigvalsh(self.Mx)
        lost = (mu[:, 0] <= _HALF_THE_DIGITS * mu[:, -1]).nonzero()[:, 0]
        for rows in self._pieces(lost):
            mu[rows] = torch.linalg.svdvals(self._feature_jacobians(rows)).square().flip(1)
        return mu

    @cached_property
    def _formed(self) -> tuple[Tensor, Tensor] | None:
        """Eigenvalues and diagonal of J_x^T J_x from J_x itself, where H is so ill-conditioned that H^-2 loses digits.

        None where it is not, or where forming every J_x would take long.
        """
        size = self.C * self.d * self.f
        if self.terms.curvature.condition < _ILL_CONDITIONED or size > _FORMED:
            return None
        mu, squares = self.X.new_empty(2, len(self.X), self.f)
        for rows in self._pieces(torch.arange(len(self.X), device=self.X.device)):
            J = self._feature_jacobians(rows)
            mu[rows], squares[rows] = torch.linalg.svdvals(J).square().flip(1), J.square().sum(1)
        return mu, squares

    def _pieces(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Some rows in pieces whose formed Jacobians are small."""
        return rows.split(max(1, _VALUES // (self.C * self.d * self.f))) if rows.numel() else ()

    def eta_squared(self) -> Tensor:
        """|J|_2^2 over the features and the label, (m,)."""
        if sum(self.gram.shape) - len(self.X) <= _DENSE:
            return torch.linalg.eigvalsh(self.gram.dense())[:, -1].clamp_min(0)
        # Where the label counts, the direction that moves the parameters most is close to the example's own.
        start = torch.cat([self.X[:, : self.f], self.gram.yy.sum(2)], 1)
        return largest_eigenpairs(self.gram, self.gram.times(start) + _jitter(start))[0].clamp_min(0)

    def attribute_eta_squared(self, columns: list[int], basis: Tensor | None = None) -> Tensor:
        """|J_S|_2^2 over some columns, (m,); with `basis` (k, k') over the directions it spans among them."""
        E = self.Mx[:, columns][:, :, columns]
        return _largest(E if basis is None else basis.T @ E @ basis)

    def trace(self) -> Tensor:
        """|J_x|_F^2, (m,)."""
        return self.feature_squares().sum(1)

    def feature_squares(self) -> Tensor:
        """(J^T J)_jj for each feature, (m, f)."""
        if self._formed is not None:
            return self._formed[1]
        return self.Mx.diagonal(dim1=1, dim2=2).clamp_min(0)

    def feature_gram(self) -> Tensor:
        """J_x^T J_x of a single example, (f, f)."""
        return self.Mx[0]

    def feature_products(self, v: Tensor) -> Tensor:
        """J_x^T J_x v for a v of each example, (m, f)."""
        return (self.Mx @ v[:, :, None])[:, :, 0]

    def feature_factor(self) -> Tensor:
        """R with R^T R = J_x^T J_x, (m, f, f): its eigenvectors as rows, times the roots of their eigenvalues."""
        mu, Q = torch.linalg.eigh(self.Mx)
        return mu.clamp_min(0).sqrt()[:, :, None] * Q.mT

    def feature_eta_squared(self) -> Tensor:
        """|J_x|_2^2 over the features alone, (m,)."""
        return _largest(self.Mx)

    def directions(self) -> Tensor:
        """Top right singular vector of J_x, (m, f)."""
        if self.f <= _DENSE:
            return torch.linalg.eigh(self.Mx)[1][:, :, -1]
        start = self.X[:, : self.f]
        return largest_eigenpairs(Entries(self.Mx), start + _jitter(start), vectors=True)[1]

    def outer_sum(self) -> Tensor:
        """sum_i J_i J_i^T, (C-1) d square; its top eigenvalue is the group's eta^2."""
        inverse, eye = self.terms.curvature.inverse_power(1), torch.eye(self.terms.curvature.size).to(self.X)
        return inverse @ self._outer_times(eye) @ inverse

    def group_eta_squared(self) -> float:
        """|[J_1, ..., J_m]|_2^2, of all of them together."""
        size = self.terms.curvature.size
        if size <= LARGE:
            return float(torch.linalg.eigvalsh(self.outer_sum())[-1])

        def times(u: Tensor) -> Tensor:
            return self.terms.curvature.solve(self._outer_times(self.terms.curvature.solve(u.T).T).T).T

        start = times(_jitter(self.X.new_ones(1, size)))
        return float(largest_eigenpairs(_Products(times, start), start)[0])

    def _outer_times(self, U: Tensor) -> Tensor:
        """sum_i w_i^2 A_i A_i^T for each row of U (b, (C-1) d), A = [delta (x) I + G (x) x, -sqrt(2) I (x) x]."""
        U, total = U.view(len(U), self.C, self.d), torch.zeros_like(U)
        for x, w, delta, G in zip(self.X, self.w, self.delta, self.G, strict=True):
            along = U @ x  # (b, C-1)
            v = (U.mT @ delta)[:, : self.f] + along @ G
            moved = delta[:, None] * torch.nn.functional.pad(v, (0, self.d - self.f))[:, None]
            moved = moved + (v @ G.T + 2 * along)[:, :, None] * x
            total += w**2 * moved.flatten(1)
        return total

    def bound_unbiased(self, sigma: float) -> Tensor:
        """Cramér–Rao bound Tr(I_x^-1) / f, (m,); infinite where J_x is singular in float64.

        NaN where f is large and J_x so ill-conditioned that its Gram matrix has lost its digits.
        """
        if self.f > _DENSE:
            trace, largest = inverse_traces(self.Mx), self.trace()
            lost = ~(trace * largest < _MOST_CONDITION)
            bound = sigma**2 * torch.where(lost, torch.nan, trace) / self.f
            return torch.where(largest > 0, bound, torch.inf)
        mu = self.spectrum
        null = mu[:, :1] <= (self.f * torch.finfo(mu.dtype).eps) ** 2 * mu[:, -1:]
        return torch.where(null.squeeze(1), torch.inf, sigma**2 * (1 / mu).mean(1))

    def bound_prior(self, sigma: float, prior_std: float) -> Tensor:
        """Van Trees bound Tr((I_x + prior_std^-2 I)^-1) / f, (m,); <= prior_std^2."""
        if self.f > _DENSE:
            information = self.Mx * (prior_std / sigma) ** 2
            information.diagonal(dim1=1, dim2=2).add_(1)
            return prior_std**2 * inverse_traces(information) / self.f
        mu = self.spectrum.clamp_min(0) / sigma**2
        return (1 / (mu + prior_std**-2)).mean(1)

    @cached_property
    def _leverages(self) -> Tensor:
        """w S L with L_ce = x^T (H^-1)_ce x, (m, C-1, C-1)."""
        L = torch.einsum("mcek,mk->mce", self._times_x(self.terms.inverse), self.X)
        return self.w[:, None, None] * self.S @ L

    def leverage(self) -> Tensor:
        """Trace of w S L, (m,): the effective number of parameters that fit this example."""
        return self._leverages.diagonal(dim1=1, dim2=2).sum(1)


@dataclass(frozen=True, slots=True)
class Gram:
    """J^T J of m examples over the features and the C - 1 directions of the label.

    Attributes:
        xx: (m, f, f). xy: (m, f, C-1). yy: (m, C-1, C-1).
    """

    xx: Tensor
    xy: Tensor
    yy: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """(m, f + C - 1)."""
        return len(self.xx), self.xx.shape[1] + self.yy.shape[1]

    def times(self, v: Tensor) -> Tensor:
        """Each times its row of v, (m, f + C - 1)."""
        x, y = v[:, : self.xx.shape[1], None], v[:, self.xx.shape[1] :, None]
        return torch.cat([self.xx @ x + self.xy @ y, self.xy.mT @ x + self.yy @ y], 1)[..., 0]

    def rows(self, rows: Tensor) -> Gram:
        """Some of them."""
        return Gram(self.xx[rows], self.xy[rows], self.yy[rows])

    def dense(self) -> Tensor:
        """All entries."""
        return torch.cat([torch.cat([self.xx, self.xy], 2), torch.cat([self.xy.mT, self.yy], 2)], 1)


class _Products:
    """A single symmetric matrix that is known by its products."""

    def __init__(self, times: Callable[[Tensor], Tensor], like: Tensor) -> None:
        """Products, of rows (b, k), with the matrix, beside one such row (1, k)."""
        self.times, self.like = times, like

    @property
    def shape(self) -> tuple[int, int]:
        """(1, k)."""
        return 1, self.like.shape[1]

    def rows(self, rows: Tensor) -> _Products:
        """Itself: there is one."""
        return self

    def dense(self) -> Tensor:
        """All entries, by as many products."""
        return self.times(torch.eye(self.shape[1]).to(self.like))[None]


def _largest(E: Tensor) -> Tensor:
    """Largest eigenvalue of each of some positive semi-definite matrices, (m,)."""
    if E.shape[1] > _DENSE:
        return largest_eigenpairs(Entries(E), _jitter(E[:, 0]))[0].clamp_min(0)
    return torch.linalg.eigvalsh(E)[:, -1].clamp_min(0)


def _jitter(start: Tensor) -> Tensor:
    """Random vectors much shorter than those of `start`, so that none is orthogonal to what is sought."""
    drawn = torch.randn(start.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(start)
    size = start.norm(dim=1, keepdim=True) / drawn.norm(dim=1, keepdim=True)
    return _SHORT * drawn * torch.where(size > 0, size, torch.ones_like(size))
