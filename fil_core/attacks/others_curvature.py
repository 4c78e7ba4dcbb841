"""The inverse curvature of a softmax model without one example, from that of everyone, never formed.

H is (C-1) d square in the blocks (c, e) of d x d. Without the example x of weight w, with S = V^T (diag p - p p^T) V,

    H_o = H - w S (x) x x^T,     H_o^-1 = H^-1 + U M U^T,     U = H^-1 (I (x) x),   M = (I - w S L)^-1 w S,

L = (I (x) x)^T U; and, with G = U^T U and U' = H^-1 U,   H_o^-2 = H^-2 + U' M U^T + U M U'^T + U M G M U^T.

Source: the Woodbury identity; docs/maths.md, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.attacks.informed import WITHOUT
from fil_core.errors import SingularCurvature
from fil_core.models import Softmax
from fil_core.models.softmax import curvature_in_scores

_DETERMINED = 1.5e-8  # least eigenvalue of I - w S L; below it more than half the digits of M are rounding


@dataclass(frozen=True, slots=True)
class Blocks:
    """A symmetric matrix of (k, k) blocks (d, d), kept as K_ce + A_c U_e^T + U_c A_e^T.

    Attributes:
        K: (k, k, d, d).
        A, U: (k, d, k).
    """

    K: Tensor
    A: Tensor
    U: Tensor

    def times(self, x: Tensor) -> Tensor:
        """Each block times x, (B, k, k, d), of x (B, d)."""
        k, d = self.A.shape[:2]
        product = (x @ self.K.reshape(-1, d).mT).view(-1, k, k, d)
        on_a, on_u = (torch.einsum("bj,eja->bea", x, part) for part in (self.A, self.U))
        product += torch.einsum("cja,bea->bcej", self.A, on_u)
        return product.add_(torch.einsum("cja,bea->bcej", self.U, on_a))

    def on_stacked(self, b: Tensor) -> Tensor:
        """The matrix times b (B, k, d), of that shape."""
        rows = [torch.stack([b[:, e] @ block.T for e, block in enumerate(row)]).sum(0) for row in self.K]
        on_a, on_u = (torch.einsum("bej,eja->ba", b, part) for part in (self.A, self.U))
        return (
            torch.stack(rows, 1) + torch.einsum("cja,ba->bcj", self.A, on_u) + torch.einsum("cja,ba->bcj", self.U, on_a)
        )

    def form(self, g: Tensor) -> Tensor:
        """sum_ce g_c g_e of the blocks, (B, d, d), of g (B, k)."""
        k, d = self.A.shape[:2]
        pairs = (g[:, :, None] * g[:, None, :]).view(-1, k * k)
        a, u = (torch.einsum("bc,cja->bja", g, part) for part in (self.A, self.U))
        cross = a @ u.mT
        return (pairs @ self.K.view(k * k, d * d)).view(-1, d, d).add_(cross).add_(cross.mT)

    def weighted(self, g: Tensor) -> Tensor:
        """The symmetric part of sum_e g_e of the blocks, for each c, (B, k, d, d), of g (B, k)."""
        k, d = self.A.shape[:2]
        total = (g @ self.K.view(k, k * d * d)).view(-1, k, d, d)  # of the blocks (e, c), the transposed ones
        a, u = (torch.einsum("be,eja->bja", g, part) for part in (self.A, self.U))
        total += self.A @ u.mT[:, None] + self.U @ a.mT[:, None]
        return (total + total.mT) / 2

    def traces(self, Sigma: Tensor) -> Tensor:
        """tr(block Sigma), (B, k, k), of symmetric Sigma (B, d, d)."""
        k, d = self.A.shape[:2]
        whole = (Sigma.reshape(-1, d * d) @ self.K.view(k * k, d * d).mT).view(-1, k, k)
        along = torch.einsum("bjl,ela->bjea", Sigma, self.U)
        low = torch.einsum("cja,bjea->bce", self.A, along)
        return whole + low + low.mT


@dataclass(frozen=True, slots=True)
class OthersCurvature:
    """H_o^-1 and H_o^-2 of the other examples of one example.

    Attributes:
        inverse, square: the blocks of H_o^-1 and of H_o^-2.
    """

    inverse: Blocks
    square: Blocks

    @staticmethod
    def without(terms: Softmax, row: int) -> OthersCurvature:
        """Of everyone but one example; costs O(C^2 d^2).

        Raises:
            SingularCurvature: without it the parameters are not determined.
        """
        x, k = terms.X[row], terms.basis.shape[1]
        W = terms.w[row] * curvature_in_scores(terms.p[row][None], terms.basis)[0]
        U, U2 = ((K @ x).transpose(1, 2).contiguous() for K in (terms.inverse, terms.inverse_square))
        core = torch.eye(k).to(x) - W @ torch.einsum("cja,j->ca", U, x)
        if not bool(torch.linalg.eigvals(core).real.min() > _DETERMINED):
            raise SingularCurvature(WITHOUT)
        M = torch.linalg.solve(core, W)
        M = (M + M.T) / 2
        UM, flat = U @ M, U.reshape(-1, k)
        inner = M @ (flat.T @ flat) @ M
        return OthersCurvature(
            Blocks(terms.inverse, UM / 2, U), Blocks(terms.inverse_square, U2 @ M + U @ inner / 2, U)
        )

    def solve(self, b: Tensor) -> Tensor:
        """H_o^-1 b, (B, C-1, d), of b of that shape: products with blocks at hand, faster than triangular solves."""
        return self.inverse.on_stacked(b)
