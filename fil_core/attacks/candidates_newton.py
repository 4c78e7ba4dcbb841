"""Candidates by Newton's method, all of a block at once: the loop that logistic and softmax models share.

For the row x that leaves and x' that enters, the changed objective has at theta + D the gradient

    G(D) + w (g' x' - g x),     G(D) = sum_j w_j [ r_j(z_j + d_j) - r_j(z_j) ] x_j + ridge D,     d_j = D x_j,

g and g' the residuals of the two rows at theta + D. It is driven to zero by Newton steps from D = 0, with the Hessian
of the other rows kept at theta and that of x' renewed: H and a correction whose rank is twice the number of scores that
are free. The error left is estimated from the rate of convergence; a candidate that does not converge is trained.

Source: docs/maths.md, section 6.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, Self, TypeVar

import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.models import Fitted, Glm, Softmax
from fil_core.models.fitted import model_of, penalties

_PASS = {"cpu": 2**22, "cuda": 2**27}  # values of one block of (training example, candidate) pairs
_CLOSE = 1e-9  # of the shift: the error after the last Newton step, estimated from the rate of convergence
_STEPS = 15  # steps with the kept Hessian before a candidate gets a Newton iteration of its own


class Changed(ABC):
    """Candidates of some rows: the row x removed, the row x' added, and H^-1 of both.

    Attributes:
        row: (m,) positions of the rows.
        x, changed: (m, d) the row removed and the row added.
        w: (m,) their weights.
    """

    each: tuple[str, ...] = ("row", "x", "changed", "w")  # attributes that hold one entry for each candidate
    row: Tensor
    x: Tensor
    changed: Tensor
    w: Tensor

    def take(self, rows: Tensor) -> Self:
        """The candidates at some positions."""
        part = object.__new__(type(self))
        part.__dict__ |= self.__dict__ | {name: getattr(self, name)[rows] for name in self.each}
        return part

    @abstractmethod
    def gradient(self, shift: Tensor) -> Tensor:
        """Gradient of the added row's loss less that of the removed row's at theta + shift, (m, D)."""

    @abstractmethod
    def step(self, b: Tensor, shift: Tensor) -> Tensor:
        """The Hessian's inverse times b, (m, D): the added row's part at theta + shift, all others at theta."""


Rows = TypeVar("Rows", bound=Changed)
Terms = TypeVar("Terms", Glm, Softmax)


class NewtonCandidates(ABC, Generic[Terms, Rows]):
    """All candidates of a family that has no closed form.

    Attributes:
        fitted, terms: the optimum and its terms.
        y: coded targets of all examples.
        ridge: penalty of each column, or of all.
        width: values of the largest temporary for each candidate.
        size: number of entries D of a shift.
    """

    terms: Terms
    width: int
    size: int

    def __init__(self, fitted: Fitted, terms: Terms, dataset: Dataset) -> None:
        self.fitted, self.y = fitted, fitted.targets(dataset.y)
        self.terms = terms
        self.ridge = penalties(fitted.spec, dataset, fitted.intercept, terms.X.device)

    @abstractmethod
    def gradient(self, shift: Tensor) -> Tensor:
        """G of each shift, (m, D), in one pass over the examples.

        At theta it is zero but for rounding, which is left out.
        """

    @abstractmethod
    def changed(self, row: Tensor, change: Tensor, columns: list[int]) -> Rows:
        """Candidates of rows (m,), each changed by (m, s) in some columns."""

    def rows(self, k: int) -> int:
        """Examples in a block."""
        return max(1, _PASS[self.terms.X.device.type] // (self.width * max(1, k - 1)))

    def __call__(self, block: slice, change: Tensor, columns: list[int]) -> Tensor:
        """Shifts (m, k, D) for changes (m, k, s)."""
        m, k, s = change.shape
        shift = change.new_zeros(m * k, self.size)
        differs = (change != 0).any(2).flatten().nonzero()[:, 0]
        if differs.numel():
            row = (torch.arange(m, device=change.device) + block.start).repeat_interleave(k)[differs]
            shift[differs] = self._solve(self.changed(row, change.reshape(m * k, s)[differs], columns))
        return shift.view(m, k, -1)

    def _solve(self, rows: Rows) -> Tensor:
        """Newton with the other rows' Hessian kept, until it converges; a full Newton iteration where it does not."""
        zero = self.terms.X.new_zeros(len(rows.row), self.size)
        shift = rows.step(-rows.gradient(zero), zero)
        active = torch.arange(len(shift), device=shift.device)
        before = shift.norm(dim=1)
        for _ in range(_STEPS):
            part = rows if len(active) == len(shift) else rows.take(active)
            gradient = self.gradient(shift[active]) + part.gradient(shift[active])
            step = part.step(-gradient, shift[active])
            shift[active] += step
            size = step.norm(dim=1)
            error = size * (size / before[active].clamp_min(1e-300)).clamp_max(1)
            before[active] = size
            converged = error <= _CLOSE * shift[active].norm(dim=1)  # False where a step was not a number
            active = active[(~converged).nonzero()[:, 0]]
            if not active.numel():
                return shift
        for j in active.tolist():
            shift[j] = self._train(int(rows.row[j]), rows.changed[j])
        return shift

    def _train(self, row: int, x: Tensor) -> Tensor:
        """The shift to a model trained with one row changed, for a change too large to keep the others' Hessian."""
        model, theta = model_of(self.fitted.spec), self.fitted.theta
        X = self.terms.X.clone()
        X[row] = x
        optimum = model.minimum(X, self.y, self.terms.w, self.ridge, None, theta)
        return model.coordinates(optimum.theta - theta).flatten()
