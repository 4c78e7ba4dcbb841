"""Pretrained models: parameters from elsewhere, accepted near an optimum of the stated objective, and moved onto it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest, NotConverged
from fil_core.linalg import factored
from fil_core.models.checks import check_weights
from fil_core.models.fitted import Fitted, code_targets, design, model_of, penalties
from fil_core.specs import ModelSpec

FARTHEST = 1e-3  # largest Newton step relative to |theta|: the model is then the stated one, up to where training ended


def fit_at(
    spec: ModelSpec,
    dataset: Dataset,
    theta: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    device: torch.device | None = None,
) -> Fitted:
    """The model whose parameters somebody else trained: near an optimum of its objective, and moved onto it.

    They are accepted where a Newton step is short, |H^-1 g| / |theta|. How short bounds no error of what is measured at
    an optimum (residuals of well-fitted examples are far smaller than the step), so the optimum itself is measured.

    Args:
        spec: kind and l2 of the objective.
        dataset: the examples it was trained on, in the coordinates it was trained in.
        theta: (d,) parameters, or (C, d) for softmax, float64; with one more, the last, for an intercept.
        weights: (n,) of the examples; None for ones.
        device: where to compute; None for the CPU.

    Returns:
        The model at the optimum; `moved` says how far the given parameters were from it.

    Raises:
        BadRequest: the parameters have another shape, are not finite, or are all zero.
        NotConverged: they are no optimum; the message says how far they are from one and what may be the reason.
        SingularCurvature: the objective has no unique optimum.
    """
    device = device or torch.device("cpu")
    classes = len(dataset.class_names)
    intercept = _has_intercept(spec, dataset, theta)
    shape = model_of(spec).shape(classes, dataset.d + intercept)
    if theta.shape != shape:
        raise BadRequest(
            f"parameters: expected the shape {shape}, one per feature{' and the intercept' * intercept}; got shape "
            f"{theta.shape}. The features are {', '.join(dataset.feature_names[:6])}{', …' if dataset.d > 6 else ''}."
        )
    if not np.isfinite(theta).all() or not theta.any():
        got = "zeros only" if not theta.any() else f"{theta[~np.isfinite(theta)][0]}"
        raise BadRequest(f"parameters: expected finite numbers, not all zero; got {got}.")
    if weights is not None:
        check_weights(weights, dataset)
    w = torch.ones(dataset.n, dtype=torch.float64) if weights is None else torch.tensor(weights, dtype=torch.float64)
    objective = _Objective(spec, dataset, w.to(device), intercept)
    pretrained = torch.tensor(theta, dtype=torch.float64, device=device)
    distance = objective.newton_step(pretrained)
    if not distance <= FARTHEST:
        raise NotConverged(
            f"parameters: expected an optimum of {spec.kind} with l2 = {spec.penalty:g} on {dataset.title}; a "
            f"Newton step would move them by {distance:.2g} of their length, more than {FARTHEST:g}. "
            f"{_why_no_optimum(objective, pretrained)}"
        )
    optimum, curvature = model_of(spec).fit(objective.X, objective.y, objective.w, objective.ridge, None, pretrained)
    moved = float((optimum.theta - pretrained).norm() / optimum.theta.norm())
    return Fitted(spec, optimum, curvature, classes, objective.w, intercept, moved)


def _has_intercept(spec: ModelSpec, dataset: Dataset, theta: np.ndarray) -> bool:
    """Whether parameters have an intercept: as asked, else by their number."""
    return theta.shape[-1:] == (dataset.d + 1,) if spec.intercept is None else spec.intercept


class _Objective:
    """The stated objective and its derivatives."""

    def __init__(self, spec: ModelSpec, dataset: Dataset, w: Tensor, intercept: bool) -> None:
        self.spec, self.dataset, self.w, self.intercept = spec, dataset, w, intercept
        self.model = model_of(spec)
        self.X = design(dataset.X, intercept, w.device)
        self.y = code_targets(spec, len(dataset.class_names), dataset.y, w.device)
        self.ridge = penalties(spec, dataset, intercept, w.device)

    def derivatives(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient and Hessian, in the model's coordinates."""
        return self.model.derivatives(self.X, self.y, theta, self.w, self.ridge)

    def newton_step(self, theta: Tensor) -> float:
        """Length of a Newton step from theta, relative to |theta|.

        What all rows of a softmax model have in common is a part of the step: at an optimum it is zero.
        """
        gradient, H = self.derivatives(theta)
        step = factored(H).solve(gradient.flatten()).norm()
        common = theta.mean(0) * theta.shape[0] ** 0.5 if theta.ndim == 2 else theta.new_zeros(1)
        if theta.ndim == 2 and self.intercept:
            common = common[:-1]  # not penalised, so any common intercept is as good
        return float(torch.hypot(step, common.norm()) / theta.norm())


def _why_no_optimum(objective: _Objective, theta: Tensor) -> str:
    """The likely reason why parameters are no optimum: order of the classes, penalty, or scaling of the features."""
    order = _likelier_order(objective, theta)
    if order is not None and objective.newton_step(order.theta) <= FARTHEST:
        return f"With {order.change} they are one: {order.here}."
    if theta.ndim == 2 and objective.newton_step(theta - theta.mean(0)) <= FARTHEST:
        return "Less the mean of their rows they are one: a penalty leaves no part that all classes have in common."
    n = objective.dataset.n
    penalty = f"the penalty here is n * l2 / 2 * |theta|^2, n = {n:,}"
    if (l2 := _fitting_penalty(objective, theta)) is not None:
        return f"With l2 = {l2:.4g} they are one: {penalty}."
    if order is not None and (l2 := _fitting_penalty(objective, order.theta)) is not None:
        return f"With {order.change} and l2 = {l2:.4g} they are one: {order.here}, and {penalty}."
    constant = (
        "The intercept here is not penalised."
        if objective.intercept
        else f"A constant term is one more parameter, the last ({objective.spec.kind} with --intercept); it is not "
        "penalised."
    )
    return (
        f"{_of_classes(objective, theta, order)}Check that rows, scaling of the features (preprocess none leaves them "
        f"as they are) and objective are those of the training. {constant}"
    )


def _fitting_penalty(objective: _Objective, theta: Tensor) -> float | None:
    """The l2 with which parameters are nearly an optimum, or None if there is none."""
    T = objective.model.coordinates(theta)
    loss_gradient = objective.derivatives(theta)[0] - objective.ridge * T
    penalised = T if not objective.intercept else T * (torch.as_tensor(objective.ridge) > 0)
    # The penalty that fits them best: least squares of the loss's gradient on -n theta.
    l2 = -float((loss_gradient * penalised).sum() / (penalised * penalised).sum()) / objective.dataset.n
    left = loss_gradient + objective.dataset.n * l2 * penalised
    residual = float(left.norm() / max(float(loss_gradient.norm()), 1e-300))
    return l2 if l2 >= 0 and residual < 1e-2 else None


@dataclass(frozen=True, slots=True)
class _Order:
    """Parameters for the classes in another order than that of the data.

    Attributes:
        theta: the parameters in the order of the data.
        change: what was changed.
        here: the order of the data.
    """

    theta: Tensor
    change: str
    here: str


def _likelier_order(objective: _Objective, theta: Tensor) -> _Order | None:
    """The parameters with their classes in the likeliest order; None where that is the order they are in.

    The penalty is the same in every order, so of all orders of an optimum's classes its own has the smallest loss. In
    the loss of softmax only the sum of the scores of the examples' own classes depends on the order: an assignment
    problem. With two classes and one score there is only the opposite sign.
    """
    names = objective.dataset.class_names
    if not names:
        return None
    if theta.ndim == 1:
        return _Order(-theta, "the opposite sign", f"the second class here is {names[1]!r}")
    from scipy.optimize import linear_sum_assignment

    own_scores = (objective.y * objective.w[:, None]).T @ (objective.X @ theta.T)  # (class, row of the file)
    rows = linear_sum_assignment(own_scores.cpu().numpy(), maximize=True)[1]
    if (rows == np.arange(len(rows))).all():
        return None
    in_file = [names[c] for c in np.argsort(rows)]
    change = f"the rows taken as those of the classes {_listed(in_file)}"
    return _Order(theta[torch.as_tensor(rows, device=theta.device)], change, f"the order here is {_listed(names)}")


def _listed(names: Sequence[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def _of_classes(objective: _Objective, theta: Tensor, order: _Order | None) -> str:
    """That the classes may be in another order, where parameters are wrong at least twice as often in this one."""
    if order is None:
        return ""
    right, reordered = (_accuracy(objective, parameters) for parameters in (theta, order.theta))
    if 1 - reordered > (1 - right) / 2:
        return ""
    return (
        f"Their classes may be in another order: as they stand they predict {right:.1%} of the training examples "
        f"rightly, with {order.change} {reordered:.1%}; {order.here}. "
    )


def _accuracy(objective: _Objective, theta: Tensor) -> float:
    """Share of the training examples whose class is predicted."""
    predicted = objective.model.predict(objective.X @ theta.movedim(-1, 0), len(objective.dataset.class_names))
    return float(np.mean(predicted.cpu().numpy() == objective.dataset.y))
