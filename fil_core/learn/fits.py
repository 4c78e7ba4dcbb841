"""Fits and comparisons that several failure modes share."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.leakage.fil import blocks, fil
from fil_core.linalg import Curvature, weighted_gram
from fil_core.linalg.correlation import spearman
from fil_core.membership.auc import row_auc
from fil_core.models import Fitted, Glm, fit
from fil_core.models.glm import RELATIVE_TOLERANCE, fit_least_squares, least_squares_terms, penalised
from fil_core.models.newton import minimise, require
from fil_core.specs import ModelSpec
from fil_core.specs.model import ModelKind

L2 = 1e-3  # the penalty of every model here, unless the mode is about it


def kind_for(dataset: Dataset) -> ModelKind:
    """The usual family of a task: least squares, logistic for two classes, softmax for more."""
    classes = len(dataset.class_names)
    return "least-squares" if not classes else "logistic" if classes == 2 else "softmax"


def fitted_to(
    dataset: Dataset,
    kind: ModelKind | None = None,
    *,
    l2: float = L2,
    weights: np.ndarray | None = None,
    start: Tensor | None = None,
) -> Fitted:
    """A model without an intercept, so that every parameter is penalised and every column is at risk.

    Args:
        dataset: its examples.
        kind: of the model; None for the usual one.
        l2: penalty, multiplied by n.
        weights: (n,) of the examples; None for ones.
        start: parameters near the optimum, which does not depend on them.
    """
    spec = ModelSpec(kind=kind or kind_for(dataset), l2=l2, intercept=False)
    return fit(spec, dataset, weights=weights, start=start)


def eta_of(fitted: Fitted, dataset: Dataset, columns: tuple[int, ...] = ()) -> np.ndarray:
    """eta at sigma = 1, (n,), of the whole example or of some columns."""
    return np.asarray(fil(fitted, dataset, columns=columns).cpu().numpy())


def varying(dataset: Dataset) -> np.ndarray:
    """Numbers of the columns that are not constant."""
    return np.flatnonzero(np.ptp(dataset.X, axis=0) > 0)


def logistic_of_reals(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Loss log(1 + e^z) - y z and its first two derivatives for targets of any size, as a careless program has them.

    >>> z, y = torch.zeros(1), torch.tensor([5.0])
    >>> [round(float(term), 4) for term in logistic_of_reals(z, y)]
    [0.6931, -4.5, 0.25]
    """
    s = torch.sigmoid(z)
    return torch.logaddexp(z, torch.zeros_like(z)) - y * z, s - y, s * (1 - s)


def coded(kind: ModelKind, dataset: Dataset, y: np.ndarray, *, l2: float = L2) -> tuple[Glm, np.ndarray]:
    """A model of one score on targets that are taken as they come, which `fit` refuses; and eta, (n,).

    Args:
        kind: least squares or logistic.
        dataset: the features.
        y: (n,) targets; of a logistic model 0 and 1 are right.
        l2: penalty, multiplied by n.
    """
    X, target, ridge = torch.from_numpy(dataset.X), torch.from_numpy(y), dataset.n * l2
    if kind == "logistic":
        theta, curvature, terms = *_logistic(X, target, ridge), logistic_of_reals
    else:
        optimum, curvature = fit_least_squares(X, target, None, ridge)
        theta, terms = optimum.theta, least_squares_terms
    z = X @ theta
    found = Glm(X, torch.ones_like(z), theta, z, *terms(z, target), curvature)
    return found, torch.cat([J.eta_squared().sqrt() for _, J in blocks(found)]).numpy()


def _logistic(X: Tensor, y: Tensor, ridge: float) -> tuple[Tensor, Curvature]:
    """Newton's method on the logistic loss of targets that need not be 0 or 1."""

    def hessian(theta: Tensor) -> Tensor:
        return penalised(weighted_gram(X, logistic_of_reals(X @ theta, y)[2]), ridge)

    scale = float(((0.5 - y).abs() * X.norm(dim=1)).sum())
    optimum = minimise(
        lambda theta: logistic_of_reals(X @ theta, y)[0].sum() + ridge * theta @ theta / 2,
        lambda theta: X.T @ logistic_of_reals(X @ theta, y)[1] + ridge * theta,
        hessian,
        X.new_zeros(X.shape[1]),
        tolerance=RELATIVE_TOLERANCE * max(scale, 1e-300),
    )
    require(optimum, "Logistic regression on other codes")
    return optimum.theta, Curvature.factor(hessian(optimum.theta))


def tells(values: np.ndarray, y: np.ndarray) -> float:
    """How well a number tells two classes: the area under the ROC curve, either way round, in [0.5, 1].

    >>> tells(np.array([3.0, 4.0, 1.0]), np.array([0, 0, 1]))
    1.0
    """
    area = float(row_auc(values[None], (y == 1)[None], (y == 0)[None]).auc[0])
    return max(area, 1 - area)


def within(a: np.ndarray, b: np.ndarray, y: np.ndarray) -> float:
    """Mean over the classes of the rank correlation within each; NaN where none has one."""
    found = [spearman(a[y == c], b[y == c]) for c in np.unique(y)]
    return float(np.nanmean(found)) if not np.isnan(found).all() else float("nan")


def kept_at_top(a: np.ndarray, b: np.ndarray) -> tuple[int, int]:
    """How many of the k largest by one are among the k largest by the other, and k: a tenth of them, from 1 to 10.

    >>> kept_at_top(np.arange(20.0), np.arange(20.0)[::-1])
    (0, 2)
    """
    k = min(10, max(1, len(a) // 10))
    return len(set(np.argsort(-a, kind="stable")[:k]) & set(np.argsort(-b, kind="stable")[:k])), k


def place(values: np.ndarray, row: int) -> int:
    """The rank of a row, 1 for the largest value."""
    return int((values > values[row]).sum()) + 1
