"""The Jacobian of the optimum with respect to one example, for models of one score, never formed.

    J_i = d theta* / d(x_i, y_i) = -w_i [ r H^-1 + a u theta^T , -u ],   u = H^-1 x,   d rows and d + 1 columns.

In the eigenbasis H^-1 = Q diag(L) Q^T put p = L Q^T x, q = L Q^T theta, t = Q^T theta. Then

    Q^T J J^T Q / w^2 = r^2 L^2 + c p p^T + a r (p q^T + q p^T),   c = a^2 |theta|^2 + 1,
    Q^T J_x^T J_x Q / w^2 = r^2 L^2 + a^2 |p|^2 t t^T + a r ((L p) t^T + t (L p)^T),

each a diagonal plus rank two: O(d) numbers per example suffice for every measure.

Source: Hannun, Guo, van der Maaten (UAI 2021), Sec. 4; docs/maths.md, sections 1 to 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fil_core.linalg import leading_eigenpairs, row_blocks
from fil_core.models import Glm

_ALONE = 1.5e-8  # 1 - h below which fewer than half the digits of r / (1 - h) are left, in float64


class GlmJacobians:
    """The Jacobians of m examples, as the few vectors that determine them.

    A single example x = 2 with target 5, least squares with ridge 1: theta = x y / (x^2 + 1) = 2, whose derivatives are
    (1 - x^2) y / (x^2 + 1)^2 = -0.6 in x and x / (x^2 + 1) = 0.4 in y.

    >>> from fil_core.linalg import Curvature
    >>> from fil_core.models.glm import least_squares_terms
    >>> value = lambda v: torch.tensor([v], dtype=torch.float64)
    >>> X, z, H = value(2.0)[None], value(4.0), Curvature.factor(value(5.0)[None])
    >>> terms = Glm(X, value(1.0), value(2.0), z, *least_squares_terms(z, value(5.0)), H)
    >>> J = GlmJacobians(terms, slice(None))
    >>> round(J.eta_squared().item(), 9), round(J.trace().item(), 9)  # 0.36 + 0.16, 0.36
    (0.52, 0.36)
    >>> round(J.attribute_eta_squared([0]).item(), 9), round(J.feature_squares().item(), 9)
    (0.36, 0.36)
    >>> round(J.bound_unbiased(0.6).item(), 9), round(J.bound_prior(0.6, 1.0).item(), 9)  # I_x = 0.36 / 0.6^2 = 1
    (1.0, 0.5)
    >>> round(J.leverage().item(), 9), round(J.leave_one_out_shift().item(), 9)  # without it theta = 0
    (0.8, 2.0)
    """

    def __init__(self, terms: Glm, rows: slice | Tensor) -> None:
        """Of the training examples `rows`; costs one product (m, d) by (d, d)."""
        self.X, self.z = terms.X[rows], terms.z[rows]
        self.w, self.r, self.a = terms.w[rows], terms.r[rows], terms.a[rows]
        self.theta, self.curvature = terms.theta, terms.curvature
        self.L, self.t = self.curvature.inverse_values, self.curvature.vectors.T @ terms.theta
        self.p = (self.X @ self.curvature.vectors).mul_(self.L)
        self.pp = (self.p * self.p).sum(1)

    @staticmethod
    def width(terms: Glm) -> int:
        """Float64 values that a block needs for each example."""
        return terms.X.shape[1]

    def eta_squared(self) -> Tensor:
        """|J|_2^2 over the features and the label, (m,)."""
        c = self.a**2 * (self.theta @ self.theta) + 1
        q = (self.L * self.t)[None]
        mu, _ = leading_eigenpairs(self.L**2, self.r**2, self.p, q, c, self.a * self.r)
        return self.w**2 * mu

    def attribute_eta_squared(self, columns: list[int], basis: Tensor | None = None) -> Tensor:
        """|J_S|_2^2 over some columns, (m,); with `basis` (k, k') over the directions it spans among them."""
        QS = self.curvature.vectors[columns].T  # (d, k)
        E = (QS.T * self.L**2) @ QS
        theta, Hu = self.theta[columns][None], (self.p * self.L) @ QS
        if basis is not None:
            E, theta, Hu = basis.T @ E @ basis, theta @ basis, Hu @ basis
        D, R = torch.linalg.eigh(E)
        mu, _ = leading_eigenpairs(D.clamp_min(0), self.r**2, theta @ R, Hu @ R, self.a**2 * self.pp, self.a * self.r)
        return self.w**2 * mu

    def trace(self) -> Tensor:
        """|J_x|_F^2, (m,)."""
        cross = self.p @ (self.L * self.t)
        square = self.r**2 * (self.L**2).sum() + 2 * self.a * self.r * cross
        return self.w**2 * (square + self.a**2 * self.pp * (self.theta @ self.theta)).clamp_min(0)

    def feature_squares(self) -> Tensor:
        """(J^T J)_jj for each feature, (m, d), >= 0: the squared leakage of that feature alone."""
        Q = self.curvature.vectors
        diagonal = (Q * Q) @ self.L**2
        Hu = (self.p * self.L) @ Q.T
        squares = self.r[:, None] ** 2 * diagonal + 2 * (self.a * self.r)[:, None] * Hu * self.theta
        return (self.w[:, None] ** 2 * (squares + (self.a**2 * self.pp)[:, None] * self.theta**2)).clamp_min(0)

    def feature_gram(self) -> Tensor:
        """J_x^T J_x of a single example, (d, d)."""
        Q, r, a = self.curvature.vectors, self.r[0], self.a[0]
        Hu = Q @ (self.p[0] * self.L)
        square = r**2 * self.curvature.inverse_power(2) + a**2 * self.pp[0] * torch.outer(self.theta, self.theta)
        cross = a * r * torch.outer(Hu, self.theta)
        return self.w[0] ** 2 * (square + cross + cross.T)

    def directions(self) -> Tensor:
        """Top right singular vector of J_x, (m, d): the direction among features that moves theta most."""
        _, v = leading_eigenpairs(
            self.L**2, self.r**2, self.t[None], self.p * self.L, self.a**2 * self.pp, self.a * self.r, vectors=True
        )
        return v @ self.curvature.vectors.T

    def outer_sum(self) -> Tensor:
        """sum_i J_i J_i^T in the eigenbasis of H, (d, d); its top eigenvalue is the group's eta^2."""
        q = self.L * self.t
        c = self.a**2 * (self.theta @ self.theta) + 1
        S = (self.p * (self.w**2 * c)[:, None]).T @ self.p
        cross = torch.outer(self.p.T @ (self.w**2 * self.a * self.r), q)
        S += cross + cross.T
        S.diagonal().add_((self.w**2 * self.r**2).sum() * self.L**2)
        return S

    def bound_unbiased(self, sigma: float) -> Tensor:
        """Cramér–Rao bound Tr(I_x^-1) / d, (m,), by Sherman-Morrison; infinite where J_x has no inverse (as r = 0)."""
        h, d = self.curvature.values, self.theta.numel()
        beta = self.a / (self.r + self.a * self.z)
        cross, Ht = self.p @ (h**3 * self.t), (h**2) @ self.t**2  # p = L Q^T x, so Q^T x = p h
        square = (h**2).sum() - 2 * beta * cross + beta**2 * (self.X**2).sum(1) * Ht
        bound = sigma**2 * square.clamp_min(0) / (self.w**2 * self.r**2 * d)
        return torch.nan_to_num(bound, nan=torch.inf, posinf=torch.inf)

    def bound_prior(self, sigma: float, prior_std: float) -> Tensor:
        """Van Trees bound Tr((I_x + prior_std^-2 I)^-1) / d, (m,), by Woodbury, a 2 x 2 core; <= prior_std^2."""
        k = (self.w / sigma) ** 2
        c, s = k * self.a**2 * self.pp, k * self.a * self.r
        C = torch.stack([c, s, s, torch.zeros_like(s)], 1).view(-1, 2, 2)
        trace, G, G2 = torch.empty_like(k), torch.empty_like(C), torch.empty_like(C)
        for block in row_blocks(k.numel(), self.L.numel(), k.device):
            A = (k * self.r**2)[block, None] * self.L**2
            A = A.add_(prior_std**-2).reciprocal_()
            V = self.p[block] * self.L
            trace[block], G[block], G2[block] = A.sum(1), _gram(A, self.t, V), _gram(A.square(), self.t, V)
        core = torch.linalg.solve(torch.eye(2, dtype=C.dtype, device=C.device) + C @ G, C @ G2)
        removed = core.diagonal(dim1=1, dim2=2).sum(1)
        return ((trace - removed) / self.theta.numel()).clamp(0, prior_std**2)

    def leverage(self) -> Tensor:
        """h_i = w a x^T H^-1 x, (m,), in [0, 1]; 1 only without a penalty."""
        return self.w * self.a * ((self.p * self.p) @ self.curvature.values)

    def leave_one_out_shift(self) -> Tensor:
        """|theta_{-i} - theta|, (m,): exact for least squares, one Newton step for logistic; NaN where h = 1.

        Such an example alone determines a direction of theta: without it the optimum is not unique, and r and 1 - h are
        rounding errors.
        """
        left = 1 - self.leverage()
        shift = self.w * self.r.abs() * self.pp.sqrt() / left.clamp_min(torch.finfo(left.dtype).tiny)
        return torch.where(left > _ALONE, shift, torch.nan)


def _gram(A: Tensor, t: Tensor, V: Tensor) -> Tensor:
    """[t, v]^T diag(a) [t, v] for each row a of A and v of V, (m, 2, 2)."""
    AV = A * V
    cross = AV @ t
    return torch.stack([A @ t**2, cross, cross, (AV * V).sum(1)], 1).view(-1, 2, 2)
