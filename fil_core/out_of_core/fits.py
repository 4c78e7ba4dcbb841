"""Training and measures of a linear model on rows that come in blocks, as `fit` and `measure` for rows in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Preprocessing
from fil_core.errors import BadData, NotConverged
from fil_core.leakage.fil import block_columns
from fil_core.leakage.glm import GlmJacobians
from fil_core.linalg import Curvature, weighted_gram
from fil_core.models import Glm
from fil_core.models.glm import (
    RELATIVE_TOLERANCE,
    least_squares_terms,
    logistic_terms,
    penalised,
    solve_normal_equations,
)
from fil_core.models.leave_one_out import newton_shift
from fil_core.models.newton import Optimum, minimise, require
from fil_core.out_of_core.moments import Moments
from fil_core.out_of_core.source import RowSource, blocks, in_order, parts, report, tree
from fil_core.progress import Progress

S = TypeVar("S")

_STANDSTILL = 1e-3  # of a score in Newton's next step, as in `fit_logistic`
_COLUMNS = 13  # float64 values of an answer per row
_TERMS = {"least-squares": least_squares_terms, "logistic": logistic_terms}


@dataclass(frozen=True, slots=True)
class Rows:
    """Preprocessed rows, for any number of passes.

    Attributes:
        source: the files.
        map: the preprocessing, from features of the source to features of the model.
        n, d: number of rows, and of features of the model.
        units: origin and unit of the targets; t becomes (t - origin) / unit.
        rows_per_block: rows of a block; None for 8 MB of them.
    """

    source: RowSource
    map: Preprocessing
    n: int
    d: int
    units: tuple[float, float] = (0.0, 1.0)
    rows_per_block: int | None = None

    def blocks(self, part: slice) -> Iterator[tuple[Tensor, Tensor]]:
        """X (m, d) and class codes or targets (m,) of a part, float64."""
        origin, unit = self.units
        for block in blocks(part, self.source.shape()[1], self.rows_per_block):
            X, y = self.source.read(block)
            yield torch.from_numpy(self.map.forward(X)), torch.from_numpy((y - origin) / unit)

    def parts(self) -> list[slice]:
        """The tasks of a pass."""
        return parts(self.n, self.source.shape()[1])


# --- fits -------------------------------------------------------------------------------------------------------------


def fit_least_squares(moments: Moments, *, classes: bool, ridge: float) -> tuple[Optimum, Curvature]:
    """Least squares from the moments of preprocessed rows and class codes; no pass over the rows is needed.

    Args:
        moments: of the preprocessed rows, see `Moments.through` and `Moments.in_units`.
        classes: the targets are codes 0 and 1, and stand for -1 and +1.
        ridge: n * l2, >= 0.

    Returns:
        The optimum, and the factorised H = X^T X + ridge I.

    Raises:
        SingularCurvature, NotConverged: no optimum.
    """
    mean, mean_y, C = moments.mean[:-1], moments.mean[-1], moments.scatter
    scale, shift = (2.0, 1.0) if classes else (1.0, 0.0)
    gram = C[:-1, :-1] + moments.n * np.outer(mean, mean)
    b = scale * C[:-1, -1] + moments.n * mean * (scale * mean_y - shift)
    H = torch.from_numpy((gram + gram.T) / 2)
    return solve_normal_equations(penalised(H, ridge), torch.from_numpy(b))


def fit_logistic(
    rows: Rows, *, ridge: float, executor: Executor, progress: Progress | None = None
) -> tuple[Optimum, Curvature]:
    """Logistic regression by the Newton's method of `fil_core.models`, each evaluation a pass over the rows.

    Args:
        rows: n preprocessed rows of two classes.
        ridge: n * l2, >= 0.
        executor: where to compute.
        progress: called with (rows done, rows, text).

    Returns:
        The optimum, and the factorised Hessian there.

    Raises:
        NotConverged, SingularCurvature: no optimum, with what to change.
    """
    objective = _Logistic(rows, ridge, executor, progress)
    zero = torch.zeros(rows.d, dtype=torch.float64)
    optimum = minimise(
        objective.loss,
        objective.gradient,
        objective.hessian,
        zero,
        tolerance=RELATIVE_TOLERANCE * max(objective.at(zero).size, 1e-300),
    )
    require(optimum, "Logistic regression")
    curvature = Curvature.factor(objective.hessian(optimum.theta))
    if ridge == 0:
        objective.refuse_standstill(curvature.solve(objective.gradient(optimum.theta)))
    return optimum, curvature


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over some rows: loss, gradient, norms of the examples' gradients; and the least margin (2y - 1) z."""

    loss: float
    gradient: np.ndarray
    size: float
    margin: float

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(
            self.loss + other.loss,
            self.gradient + other.gradient,
            self.size + other.size,
            min(self.margin, other.margin),
        )


class _Logistic:
    """The objective as functions of theta; one pass serves the loss and the gradient at a point."""

    def __init__(self, rows: Rows, ridge: float, executor: Executor, progress: Progress | None) -> None:
        self.rows, self.ridge, self.executor, self.progress = rows, ridge, executor, progress
        self._theta: Tensor | None = None
        self._sums: _Sums
        self._passes = 0

    def at(self, theta: Tensor) -> _Sums:
        if self._theta is None or not torch.equal(theta, self._theta):
            self._sums, self._theta = self._pass(_logistic_sums, theta, _Sums.__add__, width=1), theta.clone()
        return self._sums

    def loss(self, theta: Tensor) -> Tensor:
        return self.at(theta).loss + self.ridge / 2 * theta @ theta

    def gradient(self, theta: Tensor) -> Tensor:
        sums = self.at(theta)
        if self.ridge == 0 and sums.margin > 0:
            raise NotConverged(
                "The two classes are linearly separable, so at l2 = 0 the parameters grow without end; expected l2 > 0."
            )
        return torch.from_numpy(sums.gradient) + self.ridge * theta

    def hessian(self, theta: Tensor) -> Tensor:
        gram = self._pass(_logistic_gram, theta, np.add, width=self.rows.d)
        return penalised(torch.from_numpy(gram), self.ridge)

    def refuse_standstill(self, step: Tensor) -> None:
        if self._pass(_largest_score, step, max, width=1) > _STANDSTILL:
            raise NotConverged(
                "Some examples are separated by their class, so at l2 = 0 parameters grow without end although the "
                "gradient vanishes; expected l2 > 0."
            )

    def _pass(self, work: Callable[[Any], S], theta: Tensor, add: Callable[[S, S], S], *, width: int) -> S:
        self._passes += 1
        rows_done = report(self.progress, self.rows.parts(), f"training: pass {self._passes} over the rows")
        tasks = [(self.rows, part, theta.numpy()) for part in self.rows.parts()]
        answers = in_order(self.executor, work, tasks, answer_bytes=8 * self.rows.d * width, progress=rows_done)
        return tree(answers, add)


def _logistic_sums(task: tuple[Rows, slice, np.ndarray]) -> _Sums:
    rows, part, theta = task
    return tree((_sums(X, y, torch.from_numpy(theta)) for X, y in rows.blocks(part)), _Sums.__add__)


def _sums(X: Tensor, y: Tensor, theta: Tensor) -> _Sums:
    z = X @ theta
    loss, r, _ = logistic_terms(z, y)
    size, margin = float(r.abs() @ X.norm(dim=1)), float(((2 * y - 1) * z).min())
    return _Sums(float(loss.sum()), (X.T @ r).numpy(), size, margin)


def _logistic_gram(task: tuple[Rows, slice, np.ndarray]) -> np.ndarray:
    rows, part, theta = task
    at = torch.from_numpy(theta)
    grams = (weighted_gram(X, logistic_terms(X @ at, y)[2]).numpy() for X, y in rows.blocks(part))
    return tree(grams, np.add)


def _largest_score(task: tuple[Rows, slice, np.ndarray]) -> float:
    rows, part, step = task
    return max(float((X @ torch.from_numpy(step)).abs().max()) for X, _ in rows.blocks(part))


# --- measures ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Model:
    """A trained model as plain arrays, which can be pickled for other processes."""

    kind: str
    theta: np.ndarray
    values: np.ndarray
    vectors: np.ndarray


def measure_rows(
    rows: Rows,
    kind: str,
    optimum: Optimum,
    curvature: Curvature,
    *,
    ridge: float,
    sigma: float,
    prior_std: float,
    executor: Executor,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """The columns of `fil_core.leakage.fil.measure` that follow from one example at a time, in one pass.

    Args:
        rows: the n rows that the model was trained on.
        kind: least-squares or logistic.
        optimum: its parameters, (d,), with the tolerance of the gradient there.
        curvature: its factorised Hessian there.
        ridge: n * l2, >= 0.
        sigma: standard deviation of the Gaussian output perturbation, > 0, in units of theta.
        prior_std: standard deviation per feature of an attacker's Gaussian prior, > 0, in feature units.
        executor: where to compute.
        progress: called with (rows done, rows, text).

    Returns:
        (n,) arrays by name; `label` and `prediction` as class codes.

    Raises:
        BadData: the model is not at an optimum of these rows; they have changed since it was trained.
    """
    model = _Model(kind, optimum.theta.numpy(), curvature.values.numpy(), curvature.vectors.numpy())
    work = rows.parts()
    tasks = [(rows, part, model, sigma, prior_std) for part in work]
    size = 8 * _COLUMNS * (work[0].stop - work[0].start)
    rows_done = report(progress, work, "measuring each example")
    columns: dict[str, np.ndarray] = {}
    gradient = ridge * optimum.theta.numpy()
    answers = in_order(executor, _measured, tasks, answer_bytes=size, progress=rows_done)
    for part, (measured, share) in zip(work, answers, strict=True):
        gradient += share
        for name, values in measured.items():
            columns.setdefault(name, np.empty(rows.n, values.dtype))[part] = values
    if not float(np.linalg.norm(gradient)) <= optimum.tolerance:
        raise BadData(
            "rows: expected the same in every pass; at the optimum of the first the gradient over the last is "
            f"{np.linalg.norm(gradient):.3g}, not below {optimum.tolerance:.3g}. Leave the files alone meanwhile."
        )
    return columns


def _measured(task: tuple[Rows, slice, _Model, float, float]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The columns of a part, and its share of the gradient."""
    rows, part, model, sigma, prior_std = task
    curvature = Curvature(torch.from_numpy(model.values), torch.from_numpy(model.vectors))
    theta = torch.from_numpy(model.theta)
    gradient = torch.zeros_like(theta)
    measured: list[dict[str, np.ndarray]] = []
    for X, y in rows.blocks(part):
        z = X @ theta
        coded = 2 * y - 1 if model.kind == "least-squares" and rows.source.classes else y
        terms = Glm(X, torch.ones_like(z), theta, z, *_TERMS[model.kind](z, coded), curvature)
        gradient += X.T @ terms.r
        measured.append(_columns(terms, y, bool(rows.source.classes), sigma, prior_std))
    return {name: np.concatenate([each[name] for each in measured]) for name in measured[0]}, gradient.numpy()


def _columns(terms: Glm, y: Tensor, classes: bool, sigma: float, prior_std: float) -> dict[str, np.ndarray]:
    measured = block_columns(GlmJacobians(terms, slice(None)), sigma, (), None, prior_std)
    shift, longest = newton_shift(terms)
    measured |= {"loo_shift": shift, "longest": torch.full_like(shift, longest)}
    measured |= {"loss": terms.loss, "grad_norm": terms.r.abs() * terms.X.norm(dim=1), "score": terms.z}
    if classes:
        prediction = (terms.z > 0).double()
        measured |= {"prediction": prediction.to(torch.int8), "correct": prediction == y}
    whole = {"label": y.to(torch.int8) if classes else y} | measured
    return {name: value.numpy() for name, value in whole.items()}
