"""How far the optimum moves when one example leaves: all n leave-one-out optima, none trained from the beginning.

Without example i the objective has, at theta + D and with H_-i = H - w_i S_i (x) x_i x_i^T, the gradient

    H_-i D + N_-i(D) - w_i r_i x_i,     N_-i(D) = sum_{j != i} w_j [ r_j(z_j + d_ij) - r_j(z_j) - S_j d_ij ] x_j,

d_ij = D x_j, S_j the loss's second derivative in the score (for softmax a matrix, r_j a vector, D x_j over classes). So

    D  <-  H_-i^-1 ( w_i r_i x_i - N_-i(D) ),     from D = H_-i^-1 w_i r_i x_i, one Newton step,

with H_-i^-1 from H^-1 by a correction of rank one, or C - 1. Least squares has N = 0. Each round is a pass over all
pairs of examples, in blocks; examples whose scores hardly move, and those that have converged, leave it.

Source: docs/maths.md, section 3.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import FilError
from fil_core.models.fitted import Fitted, model_of, penalties
from fil_core.models.softmax import curvature_in_scores
from fil_core.models.terms import Glm, Softmax
from fil_core.progress import Progress
from fil_core.specs.families import LARGE, together
from fil_core.specs.pairs import MOST_WORK, work

CLOSE = 1e-7  # largest relative error of a shift, estimated from the rate of convergence
_DETERMINED = 1.5e-8  # of 1 - h: below it more than half the digits of r / (1 - h) are rounding
_SMALL = 1e10  # multiply-adds of a pass, up to which one thread is about as fast as two
_MARGIN = 10.0  # times the observed rate of convergence
_FAR = 300.0  # change of a score: near it the exponentials overflow, and the kept curvature has no meaning
_STEPS = 15  # rounds before an example is trained without, from where it is
_PAIRS = {"cpu": 2**20, "cuda": 2**26}  # values of a block of (left out, other) pairs


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Distances of the n leave-one-out optima from the optimum.

    Attributes:
        shift: |theta_{-i} - theta|, (n,); NaN where there is no single optimum without the example: the others do not
            determine the parameters, or it is the only one of its class and an intercept runs off without it.
        error: estimated largest relative error of a shift: at most `CLOSE`, except where the pairs are too many.
    """

    shift: Tensor
    error: float


def leave_one_out(fitted: Fitted, dataset: Dataset, *, progress: Progress | None = None) -> LeftOut:
    """|theta_{-i} - theta| of every training example: exact for least squares, else to a relative `CLOSE`.

    Args:
        fitted: an optimum with its curvature factorised.
        dataset: the n examples it was trained on; n stays in the penalty n * l2 when one is left out.
        progress: called with (examples done, n, text).

    Returns:
        The shifts. With more pairs of examples than `MOST_WORK` allows, the Newton step and its estimated error.
    """
    terms = fitted.terms(dataset)
    pairs: _Pairs = _SoftmaxPairs(terms) if isinstance(terms, Softmax) else _ScorePairs(terms)
    n, d = terms.X.shape
    shift = _newton_lengths(pairs, n, terms.X.device)
    if fitted.spec.family.exact_leave_one_out:
        return LeftOut(shift, 0.0)
    shift[_runs_off(fitted, dataset)] = torch.nan
    reach = pairs.reach * shift
    far = (torch.isfinite(reach) & (reach > CLOSE)).nonzero()[:, 0]
    if not far.numel():
        return LeftOut(shift, CLOSE)
    if work(n, d, pairs.scores) * far.numel() / n > MOST_WORK:
        return LeftOut(shift, float(reach[far].max()) / 2)
    for rows, moved in _solved(pairs, far, fitted, dataset, progress):
        shift[rows] = moved.norm(dim=1)
    return LeftOut(shift, CLOSE)


def shifts(
    fitted: Fitted, dataset: Dataset, rows: Tensor, *, progress: Progress | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """theta_{-i} - theta of some training examples: exact for least squares, else to a relative `CLOSE`.

    Args:
        fitted: an optimum with its curvature factorised.
        dataset: the n examples it was trained on; n stays in the penalty n * l2 when one is left out.
        rows: (m,) their positions.
        progress: called with (examples done, n, text).

    Yields:
        (b,) positions and (b, D) shifts, in the coordinates of the family (see `models.terms.Model`); NaN where the
        parameters are not determined without the example.
    """
    terms = fitted.terms(dataset)
    pairs: _Pairs = _SoftmaxPairs(terms) if isinstance(terms, Softmax) else _ScorePairs(terms)
    if not fitted.spec.family.exact_leave_one_out:
        lost = _runs_off(fitted, dataset)[rows]
        if bool(lost.any()):
            yield rows[lost], torch.full_like(pairs.newton(rows[lost]), torch.nan)
        yield from _solved(pairs, rows[~lost], fitted, dataset, progress)
        return
    for block in _blocks(rows, pairs.width, pairs.fewest):
        found = pairs.newton(block)
        yield block, torch.where(torch.isfinite(found), found, torch.nan)


def _solved(
    pairs: _Pairs, rows: Tensor, fitted: Fitted, dataset: Dataset, progress: Progress | None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Shifts of some examples to the optimum without them, a block at a time."""
    n, d = pairs.t.X.shape
    refit, done = _Refit(fitted, dataset), n - rows.numel()
    with _threads(1 if work(n, d, pairs.scores) < _SMALL else torch.get_num_threads()):
        for block in _blocks(rows, n * pairs.scores):
            if progress:
                progress(done, n, "leaving out each example")
            yield block, _iterate(pairs, block, refit, _counted(progress, done, n))
            done += block.numel()


def _counted(progress: Progress | None, done: int, n: int) -> Callable[[int], None]:
    """What is told of the examples of a block for which the model is trained again."""
    return lambda more: progress(done + more, n, "leaving out each example") if progress else None


def _runs_off(fitted: Fitted, dataset: Dataset) -> Tensor:
    """Whether an example is the only one of its class beside an intercept without a penalty, (n,).

    Without it the intercept has no optimum: the smaller the probability of the empty class, the less the loss.
    """
    w = fitted.weights.cpu()
    if not (fitted.classes and fitted.intercept):
        return torch.zeros(len(w), dtype=torch.bool, device=fitted.theta.device)
    codes = torch.from_numpy(np.asarray(dataset.y)).long()
    members = torch.bincount(codes, weights=(w > 0).double(), minlength=1)
    return ((members[codes] <= 1) & (w > 0)).to(fitted.theta.device)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Torch with so many threads: in many small operations they wait for one another, above all on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def newton_shift(terms: Glm) -> tuple[Tensor, float]:
    """Lengths of one Newton step to the optimum without each example, (n,), and the longest row.

    Exact for least squares. For other models the step is off by about half the largest change of a score, which is at
    most its length times the longest row.
    """
    pairs = _ScorePairs(terms)
    return _newton_lengths(pairs, terms.X.shape[0], terms.X.device), pairs.reach


def _newton_lengths(pairs: _Pairs, n: int, device: torch.device) -> Tensor:
    """(n,); NaN where the parameters are not determined without the example."""
    rows = torch.arange(n, device=device)
    lengths = torch.cat([pairs.newton(block).norm(dim=1) for block in _blocks(rows, pairs.width, pairs.fewest)])
    return torch.where(torch.isfinite(lengths), lengths, torch.nan)


def _blocks(rows: Tensor, width: int, fewest: int = 1) -> Iterator[Tensor]:
    """Row numbers in blocks of bounded memory."""
    yield from rows.split(max(fewest, _PAIRS[rows.device.type] // width))


def _iterate(pairs: _Pairs, rows: Tensor, refit: _Refit, trained: Callable[[int], None]) -> Tensor:
    """Shifts of some examples to the optimum without them, (m, D); `trained` is told how many are done."""
    first = pairs.newton(rows)
    shift = first.clone()
    active, before = torch.arange(rows.numel(), device=rows.device), first.norm(dim=1)
    rate = torch.zeros_like(before)
    far = []
    for _ in range(_STEPS):
        near = pairs.reach * shift[active].norm(dim=1) < _FAR  # False where a step is not a number
        far += active[~near].tolist()
        active, before, rate = active[near], before[near], rate[near]
        if not active.numel():
            break
        part = rows[active]
        moved = first[active] - pairs.solve(part, pairs.remainder(part, shift[active]))
        size = (moved - shift[active]).norm(dim=1)
        shift[active] = moved
        # The largest rate so far, with a margin, since a slow part of the step may hide behind a fast one.
        rate = torch.maximum(rate, size / before)
        error = size * (_MARGIN * rate / (1 - rate).clamp_min(1e-300))
        goes_on = ~(error <= CLOSE * moved.norm(dim=1))
        active, before, rate = active[goes_on], size[goes_on], rate[goes_on]
    again = far + active.tolist()
    for k, j in enumerate(again):
        trained(rows.numel() - len(again) + k)
        shift[j] = refit(int(rows[j]))
    return shift


class _Pairs(ABC):
    """A family's pairs of an example that is left out and another; a shift has D = (scores that are free) * d entries.

    Attributes:
        t: the terms of all examples.
        scores: scores per example.
        width: float64 values per example of `newton`.
        fewest: examples in a block of `newton`, at least.
        reach: largest change of a difference of scores for a shift of length 1.
    """

    t: Any
    scores: int
    width: int
    fewest: int = 1
    reach: float

    @abstractmethod
    def newton(self, rows: Tensor) -> Tensor:
        """H_-i^-1 w_i r_i x_i, (m, D); not finite where H_-i has no inverse."""

    @abstractmethod
    def solve(self, rows: Tensor, b: Tensor) -> Tensor:
        """H_-i^-1 b_i, (m, D)."""

    @abstractmethod
    def remainder(self, rows: Tensor, shift: Tensor) -> Tensor:
        """N_-i of each shift, (m, D)."""


class _ScorePairs(_Pairs):
    def __init__(self, terms: Glm) -> None:
        self.t = terms
        self.scores, self.width = 1, terms.X.shape[1]
        self.reach = float(terms.X.norm(dim=1).max())
        # s(z + d) - s(z) = s(z) s(-z - d) (e^d - 1) keeps its digits where s(z) is small, so z is taken negative.
        self.sign = torch.where(terms.z > 0, -1.0, 1.0).to(terms.X)
        self.signed, self.side = terms.X * self.sign[:, None], -terms.z.abs()
        self.s = torch.sigmoid(self.side)

    def _inverse(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """u = H^-1 x, (m, d), and 1 - h, (m,), 0 where it is rounding."""
        t = self.t
        u = t.curvature.solve(t.X[rows].T).T
        left = 1 - t.w[rows] * t.a[rows] * (t.X[rows] * u).sum(1)
        return u, torch.where(left > _DETERMINED, left, torch.zeros_like(left))

    def newton(self, rows: Tensor) -> Tensor:
        u, left = self._inverse(rows)
        factor = self.t.w[rows] * self.t.r[rows] / left
        return torch.where(left > 0, factor, torch.inf)[:, None] * u

    def solve(self, rows: Tensor, b: Tensor) -> Tensor:
        t = self.t
        u, left = self._inverse(rows)
        v = t.curvature.solve(b.T).T
        return v + (t.w[rows] * t.a[rows] * (t.X[rows] * v).sum(1) / left)[:, None] * u

    def remainder(self, rows: Tensor, shift: Tensor) -> Tensor:
        d = shift @ self.signed.T
        change = torch.expm1(d).mul_((d + self.side).neg_().sigmoid_()).mul_(self.s)
        change.sub_(d.mul_(self.t.a)).mul_(self.t.w)
        change[torch.arange(len(rows)), rows] = 0
        return change @ self.signed


class _SoftmaxPairs(_Pairs):
    def __init__(self, terms: Softmax) -> None:
        self.t, self.V = terms, terms.basis
        self.C, self.free = self.V.shape
        self.scores, self.width = self.C, self.free**2 * terms.X.shape[1]
        self.fewest = together(self.width) if terms.curvature.size > LARGE else 1
        self.reach = 2**0.5 * float(terms.X.norm(dim=1).max())

    def _inverse(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """U = H^-1 (I (x) x), (m, C-1, d, C-1), and I - W L and W = w V^T S V, (m, C-1, C-1)."""
        x, p = self.t.X[rows], self.t.p[rows]
        K, d = self.t.inverse, x.shape[1]
        U = (x @ K.view(-1, d).mT).view(-1, self.free, self.free, d).transpose(2, 3)
        L = torch.einsum("mckg,mk->mcg", U, x)
        W = self.t.w[rows, None, None] * curvature_in_scores(p, self.V)
        return U, torch.eye(self.free, dtype=x.dtype, device=x.device) - W @ L, W

    def newton(self, rows: Tensor) -> Tensor:
        U, core, _ = self._inverse(rows)
        b = self.t.w[rows, None] * (self.t.delta[rows] @ self.V)
        return torch.einsum("mckg,mg->mck", U, torch.linalg.solve(core, b)).flatten(1)

    def solve(self, rows: Tensor, b: Tensor) -> Tensor:
        U, core, W = self._inverse(rows)
        v = self.t.curvature.solve(b.T).T
        along = torch.einsum("mckg,mck->mg", U, b.view(len(b), self.free, -1))
        correction = torch.linalg.solve(core, torch.einsum("mcg,mg->mc", W, along))
        return v + torch.einsum("mckg,mg->mck", U, correction).flatten(1)

    def remainder(self, rows: Tensor, shift: Tensor) -> Tensor:
        t, m = self.t, len(shift)
        d = (self.V @ shift.view(m, self.free, -1)) @ t.X.T  # (m, C, n)
        p, top, each = t.p.T, t.p.argmax(1), torch.arange(len(t.p), device=t.p.device)
        d = d - d[:, top, each][:, None]  # beside the likeliest class, whose p is no small number: no digits cancel
        log_mean = torch.log1p((p * torch.expm1(d)).sum(1, keepdim=True))
        linear = d - (p * d).sum(1, keepdim=True)
        change = torch.expm1(d.sub_(log_mean)).sub_(linear).mul_(p * t.w)
        change[:, top, each] = 0
        change[:, top, each] = -change.sum(1)
        change[torch.arange(m), :, rows] = 0
        return ((self.V.T @ change) @ t.X).flatten(1)


class _Refit:
    """Training without one example, for those whose departure changes the curvature of the others too much."""

    def __init__(self, fitted: Fitted, dataset: Dataset) -> None:
        self.fitted, self.model = fitted, model_of(fitted.spec)
        self.X, self.y = fitted.design(dataset.X), fitted.targets(dataset.y)
        self.ridge = penalties(fitted.spec, dataset, fitted.intercept, fitted.theta.device)

    def __call__(self, row: int) -> Tensor:
        """The shift, (D,); NaN where there is no optimum without the example."""
        w = self.fitted.weights.clone()
        w[row] = 0
        theta = self.fitted.theta
        try:
            optimum = self.model.minimum(self.X, self.y, w, self.ridge, None, theta)
        except FilError:
            return torch.full_like(self.model.coordinates(theta).flatten(), torch.nan)
        return self.model.coordinates(optimum.theta - theta).flatten()
