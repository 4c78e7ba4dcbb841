"""Pretrained models: parameters from elsewhere, accepted where they are an optimum of the stated objective."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest, NotConverged
from fil_core.linalg import Curvature
from fil_core.models.checks import check_weights
from fil_core.models.fitted import Fitted, as_tensor, code_targets, model_of
from fil_core.models.newton import Optimum
from fil_core.specs import ModelSpec

FARTHEST = 1e-3  # largest Newton step relative to |theta|; the relative error of eta is then about as large


def fit_at(
    spec: ModelSpec,
    dataset: Dataset,
    theta: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    device: torch.device | None = None,
) -> Fitted:
    """The model with pretrained parameters, which must be an optimum of its objective; they are not trained further.

    The distance from the optimum is the length of a Newton step, |H^-1 g| / |theta|.

    Args:
        spec: kind and l2 of the objective.
        dataset: the examples it was trained on, in the coordinates it was trained in.
        theta: (d,) parameters, or (C, d) for softmax, float64.
        weights: (n,) of the examples; None for ones.
        device: where to compute; None for the CPU.

    Returns:
        The model; the tolerance of its optimum is the largest gradient norm that would have been accepted.

    Raises:
        BadRequest: the parameters have another shape, are not finite, or are all zero.
        NotConverged: they are no optimum; the message says how far they are from one and what may be the reason.
        SingularCurvature: the objective has no unique optimum.
    """
    device = device or torch.device("cpu")
    classes = len(dataset.class_names)
    shape = model_of(spec).shape(classes, dataset.d)
    if theta.shape != shape or not np.isfinite(theta).all() or not theta.any():
        raise BadRequest(
            f"parameters: expected finite numbers of shape {shape}, one per feature, not all zero; got shape "
            f"{theta.shape}. The features are {', '.join(dataset.feature_names[:6])}{', …' if dataset.d > 6 else ''}."
        )
    if weights is not None:
        check_weights(weights, dataset)
    w = torch.ones(dataset.n, dtype=torch.float64) if weights is None else torch.tensor(weights, dtype=torch.float64)
    w, pretrained = w.to(device), torch.tensor(theta, dtype=torch.float64, device=device)
    gradient, curvature = _derivatives(spec, dataset, pretrained, w)
    distance = _newton_step(gradient, curvature, pretrained)
    if not distance <= FARTHEST:
        raise NotConverged(
            f"parameters: expected an optimum of {spec.kind} with l2 = {spec.penalty:g} on {dataset.title}; a "
            f"Newton step would move them by {distance:.2g} of their length, more than {FARTHEST:g}. "
            f"{_why_no_optimum(spec, dataset, pretrained, w, gradient)}"
        )
    norm = float(gradient.norm())
    optimum = Optimum(pretrained, norm, norm * FARTHEST / max(distance, 1e-12), 0)
    return Fitted(spec, optimum, curvature, classes, w)


def _derivatives(spec: ModelSpec, dataset: Dataset, theta: Tensor, w: Tensor) -> tuple[Tensor, Curvature]:
    """The objective's gradient, shaped like theta, and its Hessian, factorised."""
    X, y = as_tensor(dataset.X, theta.device), code_targets(spec, len(dataset.class_names), dataset.y, theta.device)
    gradient, H = model_of(spec).derivatives(X, y, theta, w, dataset.n * spec.penalty)
    return gradient, Curvature.factor(H)


def _newton_step(gradient: Tensor, curvature: Curvature, theta: Tensor) -> float:
    """Length of a Newton step from theta, relative to |theta|."""
    return float(curvature.solve(gradient.flatten()).norm() / theta.norm())


def _why_no_optimum(spec: ModelSpec, dataset: Dataset, theta: Tensor, w: Tensor, gradient: Tensor) -> str:
    """The likely reason why parameters are no optimum: their sign, the penalty, or the scaling of the features."""
    loss_gradient = gradient - dataset.n * spec.penalty * theta
    if (
        theta.ndim == 1
        and dataset.class_names
        and _newton_step(*_derivatives(spec, dataset, -theta, w), theta) <= FARTHEST
    ):
        return f"With the opposite sign they are one: the second class here is {dataset.class_names[1]!r}."
    # The penalty that fits them best: least squares of the loss's gradient on -n theta.
    best_l2 = -float((loss_gradient * theta).sum() / (theta * theta).sum()) / dataset.n
    residual = float((loss_gradient + dataset.n * best_l2 * theta).norm() / max(float(loss_gradient.norm()), 1e-300))
    if best_l2 >= 0 and residual < 1e-2:
        return f"With l2 = {best_l2:.4g} they are one: the penalty here is n * l2 / 2 * |theta|^2, n = {dataset.n:,}."
    return (
        "Check that rows, scaling of the features (preprocess none leaves them as they are) and objective are those "
        "of the training. A constant term needs a column of ones, under the same penalty."
    )
