"""A model that somebody else trained: its parameters, accepted where they are at an optimum of the stated objective."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest, NotConverged
from fil_core.linalg import Curvature
from fil_core.models.fitted import Fitted, as_tensor, check_weights, code_targets, model_of
from fil_core.models.newton import Optimum
from fil_core.specs import ModelSpec

FARTHEST = 1e-3  # Newton step over the length of theta: eta is then right to about as many digits


def fit_at(
    spec: ModelSpec,
    dataset: Dataset,
    theta: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    device: torch.device | None = None,
) -> Fitted:
    """The model with given parameters, which must be at an optimum of its objective; they are not trained further.

    Measured is how far Newton's method would still move them, |H^-1 g| / |theta|.

    Args:
        spec: kind and l2 of the objective.
        dataset: the examples it was trained on, in the coordinates it was trained in.
        theta: (d,) parameters, or (C, d) for softmax, float64.
        weights: (n,) of the examples; None for ones.
        device: where to compute; None for the CPU.

    Returns:
        The model; its optimum's tolerance is the gradient norm at which it would have been refused.

    Raises:
        BadRequest: another number of parameters, or some that are not finite.
        NotConverged: no optimum: how far off, and what may be the reason.
        SingularCurvature: the objective has no single optimum.
    """
    device = device or torch.device("cpu")
    classes = len(dataset.class_names)
    shape = model_of(spec).shape(classes, dataset.d)
    if theta.shape != shape or not np.isfinite(theta).all() or not theta.any():
        raise BadRequest(
            f"parameters: expected finite numbers of shape {shape}, one a feature, not all zero; got shape "
            f"{theta.shape}. "
            f"The features are {', '.join(dataset.feature_names[:6])}{', …' if dataset.d > 6 else ''}."
        )
    if weights is not None:
        check_weights(weights, dataset)
    w = torch.ones(dataset.n, dtype=torch.float64) if weights is None else torch.tensor(weights, dtype=torch.float64)
    w, given = w.to(device), torch.tensor(theta, dtype=torch.float64, device=device)
    gradient, curvature = _derivatives(spec, dataset, given, w)
    distance = _newton_step(gradient, curvature, given)
    if not distance <= FARTHEST:
        raise NotConverged(
            f"parameters: expected an optimum of {spec.kind} with l2 = {spec.penalty:g} on {dataset.title}; a "
            "Newton step "
            f"would move them by {distance:.2g} of their length, more than {FARTHEST:g}. "
            f"{_why(spec, dataset, given, w, gradient)}"
        )
    norm = float(gradient.norm())
    optimum = Optimum(given, norm, norm * FARTHEST / max(distance, 1e-12), 0)
    return Fitted(spec, optimum, curvature, classes, w)


def _derivatives(spec: ModelSpec, dataset: Dataset, theta: Tensor, w: Tensor) -> tuple[Tensor, Curvature]:
    """The objective's gradient, shaped like theta, and its Hessian, factorised."""
    X, y = as_tensor(dataset.X, theta.device), code_targets(spec, len(dataset.class_names), dataset.y, theta.device)
    gradient, H = model_of(spec).derivatives(X, y, theta, w, dataset.n * spec.penalty)
    return gradient, Curvature.factor(H)


def _newton_step(gradient: Tensor, curvature: Curvature, theta: Tensor) -> float:
    """How far Newton's method would move theta, as a share of its length."""
    return float(curvature.solve(gradient.flatten()).norm() / theta.norm())


def _why(spec: ModelSpec, dataset: Dataset, theta: Tensor, w: Tensor, gradient: Tensor) -> str:
    """What most often makes parameters look like none: the sign, the penalty, or the features' coordinates."""
    loss_gradient = gradient - dataset.n * spec.penalty * theta
    if (
        theta.ndim == 1
        and dataset.class_names
        and _newton_step(*_derivatives(spec, dataset, -theta, w), theta) <= FARTHEST
    ):
        return f"With the opposite sign they are: the second class here is {dataset.class_names[1]!r}."
    own_l2 = -float((loss_gradient * theta).sum() / (theta * theta).sum()) / dataset.n
    left = float((loss_gradient + dataset.n * own_l2 * theta).norm() / max(float(loss_gradient.norm()), 1e-300))
    if own_l2 >= 0 and left < 1e-2:
        return f"With l2 = {own_l2:.4g} they are: the penalty here is l2 / 2 times |theta|^2, times n = {dataset.n:,}."
    return (
        "Are these the rows, the scaling of the features (preprocess none leaves them as they are) and the "
        "objective it was trained with? A constant term needs a column of ones, under the same penalty."
    )
