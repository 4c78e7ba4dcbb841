"""Pretrained models: parameters from elsewhere, accepted near an optimum of the stated objective, and moved onto it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest, NotConverged
from fil_core.linalg import Curvature
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
    if theta.shape != shape or not np.isfinite(theta).all() or not theta.any():
        raise BadRequest(
            f"parameters: expected finite numbers of shape {shape}, one per feature{' and the intercept' * intercept}, "
            f"not all zero; got shape {theta.shape}. The features are "
            f"{', '.join(dataset.feature_names[:6])}{', …' if dataset.d > 6 else ''}."
        )
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
        step = Curvature.factor(H).solve(gradient.flatten()).norm()
        common = theta.mean(0) * theta.shape[0] ** 0.5 if theta.ndim == 2 else theta.new_zeros(1)
        if theta.ndim == 2 and self.intercept:
            common = common[:-1]  # not penalised, so any common intercept is as good
        return float(torch.hypot(step, common.norm()) / theta.norm())


def _why_no_optimum(objective: _Objective, theta: Tensor) -> str:
    """The likely reason why parameters are no optimum: their sign, the penalty, or the scaling of the features."""
    dataset, spec = objective.dataset, objective.spec
    if theta.ndim == 1 and dataset.class_names and objective.newton_step(-theta) <= FARTHEST:
        return f"With the opposite sign they are one: the second class here is {dataset.class_names[1]!r}."
    T = objective.model.coordinates(theta)
    loss_gradient = objective.derivatives(theta)[0] - objective.ridge * T
    penalised = T if not objective.intercept else T * (torch.as_tensor(objective.ridge) > 0)
    # The penalty that fits them best: least squares of the loss's gradient on -n theta.
    best_l2 = -float((loss_gradient * penalised).sum() / (penalised * penalised).sum()) / dataset.n
    left = loss_gradient + dataset.n * best_l2 * penalised
    residual = float(left.norm() / max(float(loss_gradient.norm()), 1e-300))
    if best_l2 >= 0 and residual < 1e-2:
        return f"With l2 = {best_l2:.4g} they are one: the penalty here is n * l2 / 2 * |theta|^2, n = {dataset.n:,}."
    constant = (
        "The intercept here is not penalised."
        if objective.intercept
        else f"A constant term is one more parameter, the last ({spec.kind} with --intercept); it is not penalised."
    )
    return (
        "Check that rows, scaling of the features (preprocess none leaves them as they are) and objective are those "
        f"of the training. {constant}"
    )
