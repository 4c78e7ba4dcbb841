"""The Jacobian of the optimum with respect to one example, for models of one score, never formed.

    J_i = d theta* / d(x_i, y_i) = -w_i [ r B + a u t^T , -u ],   u = H^-1 x,   d rows and f + 1 columns.

B = H^-1 and t = theta over the f features: all d entries of x, or all but the last with an intercept, which is the same
for every example. With B = U diag(s) V^T (d x d, d x f and f x f; one decomposition for all examples) put p = U^T u and
q = U^T B t = s V^T t. Then

    U^T J J^T U / w^2 = r^2 s^2 + c p p^T + a r (p q^T + q p^T),   c = a^2 |t|^2 + 1,
    V^T J_x^T J_x V / w^2 = r^2 s^2 + a^2 |p|^2 t' t'^T + a r ((s p) t'^T + t' (s p)^T),   t' = V^T t,

each a diagonal plus rank two: O(d) numbers per example suffice for every measure. Without an intercept U = V are the
eigenvectors of H.

Source: Hannun, Guo, van der Maaten (UAI 2021), Sec. 4; docs/maths.md, sections 1 to 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fil_core.linalg import leading_eigenpairs, row_blocks
from fil_core.models import Glm


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
    >>> round(J.leverage().item(), 9)
    0.8
    """

    def __init__(self, terms: Glm, rows: slice | Tensor) -> None:
        """Of the training examples `rows`; costs one product (m, d) by (d, d)."""
        self.X, self.z = terms.X[rows], terms.z[rows]
        self.w, self.r, self.a = terms.w[rows], terms.r[rows], terms.a[rows]
        self.curvature, self.f = terms.curvature, terms.features
        self.theta = terms.theta[: self.f]
        self.V, self.s, inverse_U = terms.feature_inverse
        self.t = self.V.T @ self.theta
        self.p = self.X @ inverse_U
        self.sp = self.p[:, : self.f] * self.s
        self.pp = (self.p * self.p).sum(1)

    @staticmethod
    def width(terms: Glm) -> int:
        """Float64 values that a block needs for each example."""
        return terms.X.shape[1]

    @property
    def poles(self) -> Tensor:
        """s^2 with a zero for the direction that no feature moves, (d,)."""
        return torch.nn.functional.pad(self.s**2, (0, self.p.shape[1] - self.f))

    @property
    def q(self) -> Tensor:
        """U^T B t, (d,)."""
        return torch.nn.functional.pad(self.s * self.t, (0, self.p.shape[1] - self.f))

    def eta_squared(self) -> Tensor:
        """|J|_2^2 over the features and the label, (m,)."""
        c = self.a**2 * (self.theta @ self.theta) + 1
        mu, _ = leading_eigenpairs(self.poles, self.r**2, self.p, self.q[None], c, self.a * self.r)
        return self.w**2 * mu

    def parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """eta^2 as the sum of what is due to the residual, to the leverage, and to both together, (m,) each.

        With v the direction of theta that the example moves most, |v^T J|^2 = w^2 [r^2 |B^T v|^2 + c (v^T u)^2 +
        2 a r (v^T u) (v^T B t)]; the last may be negative.
        """
        c = self.a**2 * (self.theta @ self.theta) + 1
        _, v = leading_eigenpairs(self.poles, self.r**2, self.p, self.q[None], c, self.a * self.r, vectors=True)
        u, t, w2 = (v * self.p).sum(1), v @ self.q, self.w**2
        residual = w2 * self.r**2 * (v.square() @ self.poles)
        return residual, w2 * c * u.square(), 2 * w2 * self.a * self.r * u * t

    def attribute_eta_squared(self, columns: list[int], basis: Tensor | None = None) -> Tensor:
        """|J_S|_2^2 over some columns, (m,); with `basis` (k, k') over the directions it spans among them."""
        VS = self.V[columns].T  # (f, k)
        E = (VS.T * self.s**2) @ VS
        theta, Hu = self.theta[columns][None], self.sp @ VS
        if basis is not None:
            E, theta, Hu = basis.T @ E @ basis, theta @ basis, Hu @ basis
        D, R = torch.linalg.eigh(E)
        mu, _ = leading_eigenpairs(D.clamp_min(0), self.r**2, theta @ R, Hu @ R, self.a**2 * self.pp, self.a * self.r)
        return self.w**2 * mu

    def trace(self) -> Tensor:
        """|J_x|_F^2, (m,)."""
        square = self.r**2 * (self.s**2).sum() + 2 * self.a * self.r * (self.sp @ self.t)
        return self.w**2 * (square + self.a**2 * self.pp * (self.theta @ self.theta)).clamp_min(0)

    def feature_squares(self) -> Tensor:
        """(J^T J)_jj for each feature, (m, f), >= 0: the squared leakage of that feature alone."""
        diagonal = (self.V * self.V) @ self.s**2
        Hu = self.sp @ self.V.T
        squares = self.r[:, None] ** 2 * diagonal + 2 * (self.a * self.r)[:, None] * Hu * self.theta
        return (self.w[:, None] ** 2 * (squares + (self.a**2 * self.pp)[:, None] * self.theta**2)).clamp_min(0)

    def feature_gram(self) -> Tensor:
        """J_x^T J_x of a single example, (f, f)."""
        r, a = self.r[0], self.a[0]
        Hu = self.V @ self.sp[0]
        square = r**2 * (self.V * self.s**2) @ self.V.T + a**2 * self.pp[0] * torch.outer(self.theta, self.theta)
        cross = a * r * torch.outer(Hu, self.theta)
        return self.w[0] ** 2 * (square + cross + cross.T)

    def feature_products(self, v: Tensor) -> Tensor:
        """J_x^T J_x v for a v of each example, (m, f), through J_x, so that no digits are lost to its square."""
        s, turned, along = self.r[:, None] * self.s, v @ self.V, (v @ self.theta)[:, None]
        y = self.a[:, None] * along * self.p
        y[:, : self.f] += s * turned
        back = (s * y[:, : self.f]) @ self.V.T + (self.a * (self.p * y).sum(1))[:, None] * self.theta
        return self.w[:, None] ** 2 * back

    def feature_factor(self) -> Tensor:
        """R with R^T R = J_x^T J_x, formed: J_x itself in the basis U, (m, d, f)."""
        J = (self.a[:, None] * self.p)[:, :, None] * self.theta
        J[:, : self.f] += (self.r[:, None] * self.s)[:, :, None] * self.V.T
        return -self.w[:, None, None] * J

    def feature_eta_squared(self) -> Tensor:
        """|J_x|_2^2 over the features alone, (m,)."""
        mu, _ = leading_eigenpairs(*self._feature_terms())
        return self.w**2 * mu

    def directions(self) -> Tensor:
        """Top right singular vector of J_x, (m, f): the direction among features that moves theta most."""
        _, v = leading_eigenpairs(*self._feature_terms(), vectors=True)
        return v @ self.V.T

    def _feature_terms(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """V^T J_x^T J_x V / w^2 as diagonal plus rank two."""
        return self.s**2, self.r**2, self.t[None], self.sp, self.a**2 * self.pp, self.a * self.r

    def outer_sum(self) -> Tensor:
        """sum_i J_i J_i^T in the basis U, (d, d); its top eigenvalue is the group's eta^2."""
        c = self.a**2 * (self.theta @ self.theta) + 1
        S = (self.p * (self.w**2 * c)[:, None]).T @ self.p
        cross = torch.outer(self.p.T @ (self.w**2 * self.a * self.r), self.q)
        S += cross + cross.T
        S.diagonal().add_((self.w**2 * self.r**2).sum() * self.poles)
        return S

    def group_eta_squared(self) -> float:
        """|[J_1, ..., J_m]|_2^2, of all of them together."""
        return float(torch.linalg.eigvalsh(self.outer_sum())[-1])

    def bound_unbiased(self, sigma: float) -> Tensor:
        """Cramér–Rao bound Tr(I_x^-1) / f, (m,); infinite where J_x has no inverse (as r = 0).

        With u = B g + p_d e, e orthogonal to B, and F = B^-1 B^-T t, rho = r + a t^T g, k = (a p_d)^2, Sherman and
        Morrison twice give Tr (J_x^T J_x)^-1 = [|B^-1|_F^2 + (a^2 |g|^2 t^T F - 2 a rho g^T F - k |F|^2) /
        (rho^2 + k t^T F)] / (w r)^2. Without an intercept g = x and k = 0.
        """
        last = self.p[:, self.f :].square().sum(1)  # 0 without an intercept
        g, F = self.p[:, : self.f] / self.s, self.t / self.s**2
        rho, k = self.r + self.a * (g @ self.t), self.a**2 * last
        rank_two = self.a**2 * g.square().sum(1) * (self.t @ F) - 2 * self.a * rho * (g @ F) - k * (F @ F)
        square = (1 / self.s**2).sum() + rank_two / (rho**2 + k * (self.t @ F))
        bound = sigma**2 * square.clamp_min(0) / (self.w**2 * self.r**2 * self.f)
        return torch.nan_to_num(bound, nan=torch.inf, posinf=torch.inf)

    def bound_prior(self, sigma: float, prior_std: float) -> Tensor:
        """Van Trees bound Tr((I_x + prior_std^-2 I)^-1) / f, (m,), by Woodbury, a 2 x 2 core; <= prior_std^2."""
        k = (self.w / sigma) ** 2
        c, s = k * self.a**2 * self.pp, k * self.a * self.r
        C = torch.stack([c, s, s, torch.zeros_like(s)], 1).view(-1, 2, 2)
        trace, G, G2 = torch.empty_like(k), torch.empty_like(C), torch.empty_like(C)
        for block in row_blocks(k.numel(), self.f, k.device):
            A = (k * self.r**2)[block, None] * self.s**2
            A = A.add_(prior_std**-2).reciprocal_()
            V = self.sp[block]
            trace[block], G[block], G2[block] = A.sum(1), _gram(A, self.t, V), _gram(A.square(), self.t, V)
        core = torch.linalg.solve(torch.eye(2, dtype=C.dtype, device=C.device) + C @ G, C @ G2)
        removed = core.diagonal(dim1=1, dim2=2).sum(1)
        return ((trace - removed) / self.f).clamp(0, prior_std**2)

    def leverage(self) -> Tensor:
        """h_i = w a x^T H^-1 x, (m,), in [0, 1]; 1 only without a penalty."""
        return self.w * self.a * ((self.X @ self.curvature.vectors).square() @ self.curvature.inverse_values)


def _gram(A: Tensor, t: Tensor, V: Tensor) -> Tensor:
    """[t, v]^T diag(a) [t, v] for each row a of A and v of V, (m, 2, 2)."""
    AV = A * V
    cross = AV @ t
    return torch.stack([A @ t**2, cross, cross, (AV * V).sum(1)], 1).view(-1, 2, 2)
