"""Candidates of softmax models, in the coordinates T of Theta = V T: V is orthonormal, so lengths are those of Theta.

A row's residual changes by p_c(z + d) - p_c(z), which is taken against the row's likeliest class k: with the change of
the log-odds e_c = expm1(d_c - d_k) and s = sum_c p_c e_c over the other classes,

    p_c(z + d) - p_c(z) = p_c (e_c - s) / (1 + s)     for c != k,     and for k minus the sum of these,

in which nothing is lost where p_k is near 1, and which has C - 1 numbers a row, one for two classes as for logistic.

Source: docs/maths.md, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.attacks.candidates_newton import Changed, NewtonCandidates
from fil_core.dataset import Dataset
from fil_core.linalg import row_blocks
from fil_core.models import Fitted, Softmax
from fil_core.models.softmax import curvature_in_scores, softmax_terms


@dataclass(frozen=True, slots=True)
class _Likeliest:
    """Rows of which the same class is the likeliest.

    Attributes:
        X: (g, d). p, wp: (C-1, g) the other classes' probabilities, alone and times the weight.
        odds: (C-1, C-1) differences of the rows of V: from T x to log-odds of the other classes against the likeliest.
    """

    X: Tensor
    p: Tensor
    wp: Tensor
    odds: Tensor

    @staticmethod
    def of(terms: Softmax) -> list[_Likeliest]:
        """The rows of weight > 0 in such groups."""
        groups, likeliest = [], terms.p.argmax(1)
        for k in range(terms.p.shape[1]):
            others = [c for c in range(terms.p.shape[1]) if c != k]
            rows = ((likeliest == k) & (terms.w > 0)).nonzero()[:, 0]
            if rows.numel():
                p, V = terms.p[rows][:, others].T.contiguous(), terms.basis
                groups.append(_Likeliest(terms.X[rows], p, p * terms.w[rows], V[others] - V[k]))
        return groups

    def gradient(self, T: Tensor) -> Tensor:
        """Sum of the weighted changes of the residuals times x at a shift T, both (m, C-1, d)."""
        odds, total = self.odds @ T, torch.zeros_like(T)
        for block in row_blocks(len(self.X), T.shape[0] * T.shape[1], T.device):
            x, p = self.X[block], self.p[:, block]
            e = (odds @ x.T).expm1_()  # (m, C-1, b)
            s = (e * p).sum(1, keepdim=True)
            total += e.sub_(s).div_(s.add_(1)).mul_(self.wp[:, block]) @ x
        return self.odds.T @ total


class SoftmaxCandidates(NewtonCandidates[Softmax, "_Changed"]):
    """All candidates of a softmax model; see `NewtonCandidates`."""

    def __init__(self, fitted: Fitted, terms: Softmax, dataset: Dataset) -> None:
        super().__init__(fitted, terms, dataset)
        n, d = terms.X.shape
        self.free = terms.basis.shape[1]
        self.size = self.free * d
        self.width = max(n * self.free, 2 * self.free * self.size)  # a pass over all rows, or H^-1 of two rows
        self.groups = _Likeliest.of(terms)

    def gradient(self, shift: Tensor) -> Tensor:
        """As `NewtonCandidates` says."""
        T = shift.view(len(shift), self.free, -1)
        total = self.ridge * T
        for group in self.groups:
            total = total + group.gradient(T)
        return total.flatten(1)

    def changed(self, row: Tensor, change: Tensor, columns: list[int]) -> _Changed:
        """As `NewtonCandidates` says."""
        return _Changed(self.terms, row, change, columns)


class _Changed(Changed):
    """With f = C - 1: B = [I (x) x, I (x) x'], U = H^-1 B as (m, 2f, f, d) and M = B^T U."""

    each = (*Changed.each, "Y", "U", "M")

    def __init__(self, terms: Softmax, row: Tensor, change: Tensor, columns: list[int]) -> None:
        self.terms, self.V, self.row, self.x = terms, terms.basis, row, terms.X[row]
        self.changed = self.x.clone()
        self.changed[:, columns] += change
        self.w, self.Y = terms.w[row], terms.Y[row]
        K = terms.inverse
        U = torch.einsum("fgkl,mk->mfgl", K, self.x)
        self.U = torch.cat([U, U + torch.einsum("fgkl,mk->mfgl", K[:, :, columns], change)], 1)
        self.M = self._along(self.U)

    def _along(self, T: Tensor) -> Tensor:
        """B^T of parameters (m, ..., f, d) -> (m, ..., 2f): their scores of x and of x'."""
        return torch.cat([torch.einsum("m...fd,md->m...f", T, x) for x in (self.x, self.changed)], -1)

    def _at(self, x: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
        """Residuals and probabilities of rows x at theta + shift, (m, C) each."""
        moved = torch.einsum("mfd,md->mf", shift.view(len(x), self.V.shape[1], -1), x)
        return softmax_terms(x @ self.terms.Theta.T + moved @ self.V.T, self.Y)[1:]

    def gradient(self, shift: Tensor) -> Tensor:
        removed, added = (self.w[:, None] * (self._at(x, shift)[0] @ self.V) for x in (self.x, self.changed))
        return (added[:, :, None] * self.changed[:, None] - removed[:, :, None] * self.x[:, None]).flatten(1)

    def step(self, b: Tensor, shift: Tensor) -> Tensor:
        """(H + B A B^T)^-1 b = H^-1 b - U (I + A M)^-1 A B^T H^-1 b, A = diag(-w L, w L'), L' at theta + shift."""
        f = self.V.shape[1]
        A = self.M.new_zeros(len(b), 2 * f, 2 * f)
        A[:, :f, :f] = -self.w[:, None, None] * curvature_in_scores(self.terms.p[self.row], self.V)
        A[:, f:, f:] = self.w[:, None, None] * curvature_in_scores(self._at(self.changed, shift)[1], self.V)
        v = self.terms.curvature.solve(b.T).T.reshape(len(b), f, -1)
        core = torch.eye(2 * f, dtype=A.dtype, device=A.device) + A @ self.M
        g = torch.linalg.solve(core, (A @ self._along(v)[..., None])[..., 0])
        return (v - torch.einsum("mg,mgfd->mfd", g, self.U)).flatten(1)
