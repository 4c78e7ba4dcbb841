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

from functools import cached_property

import torch
from torch import Tensor

from fil_core.models import Softmax
from fil_core.models.softmax import curvature_in_scores

_HALF_THE_DIGITS = 1e-6  # smallest over largest eigenvalue of J^T J, below which the smallest keeps fewer than ten
_ILL_CONDITIONED, _FORMED = 1e6, 2**17  # of H; and values of one J_x that is formed for every example then
_VALUES = 2**22  # of the Jacobians that are formed at a time


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
        self.B, self.M = self._gram()

    @staticmethod
    def width(terms: Softmax) -> int:
        """Float64 values that a block needs for each example."""
        C, d = terms.Theta.shape
        return (d + C) ** 2 + C * C * d

    def _times_x(self, K: Tensor, rows: slice | Tensor = slice(None)) -> Tensor:
        """K_ce x for all c, e, (m, C-1, C-1, d)."""
        return (self.X[rows] @ K.view(-1, self.d).mT).view(-1, self.C, self.C, self.d)

    def _gram(self) -> tuple[Tensor, Tensor]:
        K, f = self.terms.inverse_square, self.f
        Kx = self._times_x(K)
        A = torch.einsum("mc,mcek->mek", self.delta, Kx[..., :f])
        B = torch.einsum("mcek,mk->mce", Kx, self.X)
        pairs = (self.delta[:, :, None] * self.delta[:, None, :]).view(-1, self.C**2)
        xx = (pairs @ K[:, :, :f, :f].reshape(self.C**2, -1)).view(-1, f, f)
        AG = A.mT @ self.G
        xx = xx + AG + AG.mT + self.G.mT @ B @ self.G
        xy = -(2**0.5) * (A.mT + self.G.mT @ B)
        M = torch.cat([torch.cat([xx, xy], 2), torch.cat([xy.mT, 2 * B], 2)], 1)
        return B, self.w[:, None, None] ** 2 * M

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
        return self.M[:, : self.f, : self.f]

    @cached_property
    def spectrum(self) -> Tensor:
        """Eigenvalues of J_x^T J_x, ascending, (m, f); both bounds need them.

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
        return torch.linalg.eigvalsh(self.M)[:, -1].clamp_min(0)

    def attribute_eta_squared(self, columns: list[int], basis: Tensor | None = None) -> Tensor:
        """|J_S|_2^2 over some columns, (m,); with `basis` (k, k') over the directions it spans among them."""
        E = self.Mx[:, columns][:, :, columns]
        E = E if basis is None else basis.T @ E @ basis
        return torch.linalg.eigvalsh(E)[:, -1].clamp_min(0)

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

    def directions(self) -> Tensor:
        """Top right singular vector of J_x, (m, f)."""
        return torch.linalg.eigh(self.Mx)[1][:, :, -1]

    def outer_sum(self) -> Tensor:
        """sum_i J_i J_i^T, (C-1) d square; its top eigenvalue is the group's eta^2."""
        eye, labels = torch.eye(self.d).to(self.X)[:, : self.f], 2 * torch.eye(self.C).to(self.X)
        N = self.X.new_zeros(self.C * self.d, self.C * self.d)
        for x, w, delta, G in zip(self.X, self.w, self.delta, self.G, strict=True):
            Ax = torch.kron(delta[:, None], eye) + torch.kron(G, x[:, None])
            N += w**2 * (Ax @ Ax.T + torch.kron(labels, torch.outer(x, x)))
        inverse = self.terms.curvature.inverse_power(1)
        return inverse @ N @ inverse

    def bound_unbiased(self, sigma: float) -> Tensor:
        """Cramér–Rao bound Tr(I_x^-1) / f, (m,); infinite where J_x is singular in float64."""
        mu = self.spectrum
        null = mu[:, :1] <= (self.f * torch.finfo(mu.dtype).eps) ** 2 * mu[:, -1:]
        return torch.where(null.squeeze(1), torch.inf, sigma**2 * (1 / mu).mean(1))

    def bound_prior(self, sigma: float, prior_std: float) -> Tensor:
        """Van Trees bound Tr((I_x + prior_std^-2 I)^-1) / f, (m,); <= prior_std^2."""
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
