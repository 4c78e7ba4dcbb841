"""Candidates of logistic models: the residuals of all rows along a shift, and a Hessian with one row exchanged.

Source: docs/maths.md, section 6.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fil_core.attacks.candidates_newton import Changed, NewtonCandidates
from fil_core.dataset import Dataset
from fil_core.linalg import row_blocks
from fil_core.models import Fitted, Glm
from fil_core.models.glm import logistic_terms


def inverse_columns(terms: Glm, columns: list[int]) -> Tensor:
    """Rows of H^-1 of some columns, (s, d).

    Args:
        terms: of a model of one score.
        columns: s positions.
    """
    rotated = terms.curvature.vectors[columns] / terms.curvature.values
    return rotated @ terms.curvature.vectors.T


class LogisticCandidates(NewtonCandidates[Glm, "_Changed"]):
    """All candidates of a logistic model; see `NewtonCandidates`."""

    def __init__(self, fitted: Fitted, terms: Glm, dataset: Dataset) -> None:
        super().__init__(fitted, terms, dataset)
        self.width, self.size = terms.X.shape
        # s(z + d) - s(z) = s(z) s(-z - d) (e^d - 1) keeps its digits where s(z) is small, so z is taken negative: an
        # example that is fitted to many digits moves the parameters by less than rounding of a sum over all others.
        sign = torch.where(terms.z > 0, -1.0, 1.0).to(terms.X)
        self.signed, self.side = terms.X * sign[:, None], -terms.z.abs()
        self.s = torch.sigmoid(self.side)

    def gradient(self, shift: Tensor) -> Tensor:
        """As `NewtonCandidates` says."""
        total = self.ridge * shift
        for block in row_blocks(len(self.signed), len(shift), shift.device):
            x = self.signed[block]
            d = shift @ x.T
            ds = torch.expm1(d).mul_(d.add_(self.side[block]).neg_().sigmoid_()).mul_(self.s[block])
            total += ds.mul_(self.terms.w[block]) @ x
        return total

    def changed(self, row: Tensor, change: Tensor, columns: list[int]) -> _Changed:
        """As `NewtonCandidates` says."""
        return _Changed(self.terms, self.y, row, change, columns)


class _Changed(Changed):
    each = (*Changed.each, "y", "u", "u_changed")

    def __init__(self, terms: Glm, y: Tensor, row: Tensor, change: Tensor, columns: list[int]) -> None:
        self.terms, self.row, self.x = terms, row, terms.X[row]
        self.changed = self.x.clone()
        self.changed[:, columns] += change
        self.w, self.y = terms.w[row], y[row]
        self.u = terms.curvature.solve(self.x.T).T
        self.u_changed = self.u + change @ inverse_columns(terms, columns)

    def _at(self, x: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
        """First and second derivative of the loss of rows x at theta + shift, (m,) each."""
        return logistic_terms(x @ self.terms.theta + (x * shift).sum(1), self.y)[1:]

    def gradient(self, shift: Tensor) -> Tensor:
        removed, added = (self._at(x, shift)[0] * self.w for x in (self.x, self.changed))
        return added[:, None] * self.changed - removed[:, None] * self.x

    def step(self, b: Tensor, shift: Tensor) -> Tensor:
        """(H - w a x x^T + w a' x' x'^T)^-1 b, a' at theta + shift, by the Woodbury identity."""
        c1 = -self.w * self.terms.a[self.row]
        c2 = self.w * self._at(self.changed, shift)[1]
        m11, m12 = (self.x * self.u).sum(1), (self.changed * self.u).sum(1)
        m22 = (self.changed * self.u_changed).sum(1)
        v = self.terms.curvature.solve(b.T).T
        f1, f2 = (self.u * b).sum(1), (self.u_changed * b).sum(1)
        det = (1 + c1 * m11) * (1 + c2 * m22) - c1 * c2 * m12**2
        g1 = c1 * ((1 + c2 * m22) * f1 - c2 * m12 * f2) / det
        g2 = c2 * ((1 + c1 * m11) * f2 - c1 * m12 * f1) / det
        return v - g1[:, None] * self.u - g2[:, None] * self.u_changed
