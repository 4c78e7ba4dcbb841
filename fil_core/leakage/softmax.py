"""The Jacobian of a softmax optimum with respect to one example, through its small Gram matrix.

    J_i = -w_i H^-1 [ delta (x) I_d + G (x) x , -I_C (x) x ],   delta = p - y,   G = (diag p - p p^T) Theta,

C d rows and d + C columns. Every measure follows from J^T J, (d + C) x (d + C), and that from the C x C blocks K_ce of
H^-2 (d x d each) and K_ce x, in O(C^2 d^2) per example instead of the O(C^2 d^3) of forming J:

    (J^T J)_xx = sum_ce delta_c delta_e K_ce + A^T G + G^T A + G^T B G,   (J^T J)_xy = -(A^T + G^T B),   (J^T J)_yy = B,
    A_e = sum_c delta_c K_ce x,   B_ce = x^T K_ce x.

Source: the implicit function theorem on the stationarity condition; docs/maths.md, section 1.
"""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from fil_core.models import Softmax


class SoftmaxJacobians:
    """The Jacobians of m examples, as their Gram matrices (m, d + C, d + C).

    A single example x = 1 of class 0 out of two, at Theta = 0 with ridge 1/2: delta = (-1, 1) / 2, G = 0, and H has the
    eigenvalues 1 along (1, -1) and 1/2 along (1, 1). So J_x = -H^-1 delta = -delta and J_y = H^-1.

    >>> from fil_core.linalg import Curvature
    >>> from fil_core.models.softmax import hessian_blocks, softmax_terms
    >>> X, Theta, w = torch.ones(1, 1).double(), torch.zeros(2, 1).double(), torch.ones(1).double()
    >>> Z, Y = X @ Theta.T, torch.tensor([[1.0, 0.0]]).double()
    >>> loss, delta, p = softmax_terms(Z, Y)
    >>> H = Curvature.factor(hessian_blocks(X, p, w, 0.5))
    >>> J = SoftmaxJacobians(Softmax(X, w, Theta, Y, Z, loss, delta, p, H), slice(None))
    >>> round(J.eta_squared().item(), 9)  # (|x| / ridge)^2, along (1, 1)
    4.0
    >>> round(J.trace().item(), 9), round(J.leverage().item(), 9)
    (0.5, 0.5)
    >>> round(J.bound_unbiased(0.5**0.5).item(), 9), round(J.bound_prior(0.5**0.5, 1.0).item(), 9)  # I_x = 1
    (1.0, 0.5)
    >>> round(J.leave_one_out_shift().item() ** 2, 9)  # |delta x / ridge|^2, by one Newton step
    2.0
    """

    def __init__(self, terms: Softmax, rows: slice | Tensor) -> None:
        """Of the training examples `rows`; costs O(m C^2 d^2)."""
        self.X, self.w, self.delta, self.p = terms.X[rows], terms.w[rows], terms.delta[rows], terms.p[rows]
        self.Theta, self.terms = terms.Theta, terms
        self.C, self.d = terms.Theta.shape
        self.S = torch.diag_embed(self.p) - self.p[:, :, None] * self.p[:, None, :]
        self.G = self.S @ self.Theta
        self.B, self.M = self._gram()

    @staticmethod
    def width(terms: Softmax) -> int:
        """Float64 values that a block needs for each example."""
        C, d = terms.Theta.shape
        return (d + C) ** 2 + C * C * d

    def _times_x(self, K: Tensor) -> Tensor:
        """K_ce x for all c, e, (m, C, C, d)."""
        return (self.X @ K.view(-1, self.d).mT).view(-1, self.C, self.C, self.d)

    def _gram(self) -> tuple[Tensor, Tensor]:
        K = self.terms.inverse_square
        Kx = self._times_x(K)
        A = torch.einsum("mc,mcek->mek", self.delta, Kx)
        B = torch.einsum("mcek,mk->mce", Kx, self.X)
        pairs = (self.delta[:, :, None] * self.delta[:, None, :]).view(-1, self.C**2)
        xx = (pairs @ K.view(self.C**2, -1)).view(-1, self.d, self.d)
        AG = A.mT @ self.G
        xx = xx + AG + AG.mT + self.G.mT @ B @ self.G
        xy = -(A.mT + self.G.mT @ B)
        M = torch.cat([torch.cat([xx, xy], 2), torch.cat([xy.mT, B], 2)], 1)
        return B, self.w[:, None, None] ** 2 * M

    @property
    def Mx(self) -> Tensor:
        """J_x^T J_x, (m, d, d)."""
        return self.M[:, : self.d, : self.d]

    @cached_property
    def spectrum(self) -> Tensor:
        """Eigenvalues of J_x^T J_x, ascending, (m, d); both bounds need them."""
        return torch.linalg.eigvalsh(self.Mx)

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
        """(J^T J)_jj for each feature, (m, d)."""
        return self.Mx.diagonal(dim1=1, dim2=2).clamp_min(0)

    def feature_gram(self) -> Tensor:
        """J_x^T J_x of a single example, (d, d)."""
        return self.Mx[0]

    def directions(self) -> Tensor:
        """Top right singular vector of J_x, (m, d)."""
        return torch.linalg.eigh(self.Mx)[1][:, :, -1]

    def outer_sum(self) -> Tensor:
        """sum_i J_i J_i^T, (C d, C d); its top eigenvalue is the group's eta^2."""
        eye = torch.eye(self.d, dtype=self.X.dtype, device=self.X.device)
        N = self.X.new_zeros(self.C * self.d, self.C * self.d)
        for x, w, delta, G in zip(self.X, self.w, self.delta, self.G, strict=True):
            Ax = torch.kron(delta[:, None], eye) + torch.kron(G, x[:, None])
            N += w**2 * (Ax @ Ax.T + torch.kron(torch.eye(self.C, dtype=x.dtype, device=x.device), torch.outer(x, x)))
        inverse = self.terms.curvature.inverse_power(1)
        return inverse @ N @ inverse

    def bound_unbiased(self, sigma: float) -> Tensor:
        """Cramér–Rao bound Tr(I_x^-1) / d, (m,); infinite where I_x is singular in float64."""
        mu = self.spectrum
        null = mu[:, :1] <= self.d * torch.finfo(mu.dtype).eps * mu[:, -1:]
        return torch.where(null.squeeze(1), torch.inf, sigma**2 * (1 / mu).mean(1))

    def bound_prior(self, sigma: float, prior_std: float) -> Tensor:
        """Van Trees bound Tr((I_x + prior_std^-2 I)^-1) / d, (m,); <= prior_std^2."""
        mu = self.spectrum.clamp_min(0) / sigma**2
        return (1 / (mu + prior_std**-2)).mean(1)

    @cached_property
    def _leverages(self) -> Tensor:
        """w S L with L_ce = x^T (H^-1)_ce x, (m, C, C)."""
        L = torch.einsum("mcek,mk->mce", self._times_x(self.terms.inverse), self.X)
        return self.w[:, None, None] * self.S @ L

    def leverage(self) -> Tensor:
        """Trace of w S L, (m,): the effective number of parameters that fit this example."""
        return self._leverages.diagonal(dim1=1, dim2=2).sum(1)

    def leave_one_out_shift(self) -> Tensor:
        """|Theta_{-i} - Theta| after one Newton step, (m,), by the Woodbury identity with a C x C core."""
        core = torch.eye(self.C, dtype=self.X.dtype, device=self.X.device) - self._leverages
        y = torch.linalg.solve(core, self.delta)
        return self.w * torch.einsum("mc,mce,me->m", y, self.B, y).clamp_min(0).sqrt()
