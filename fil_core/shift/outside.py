"""Measures of examples that a model was not trained on: not in its Hessian, with labels that are given or assumed.

    s_y(x) = |H^-1 [d_x d_theta loss, d_y d_theta loss]|_2

is how far the optimum would move, per unit of the example, if (x, y) had been one of the training examples and had
changed a little; eta of a training example is the same with H that contains it.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from fil_core.leakage.fil import Jacobians, blocks
from fil_core.models import Fitted
from fil_core.models.fitted import model_of
from fil_core.models.terms import Glm, Softmax
from fil_core.progress import Progress


def terms_outside(fitted: Fitted, X: np.ndarray, y: np.ndarray) -> Glm | Softmax:
    """Loss and derivatives of examples that the model was not trained on, each of weight 1, with its curvature.

    Args:
        fitted: the model at its optimum.
        X: (m, d) their features, preprocessed as those of the training examples.
        y: (m,) labels or targets, true or assumed, as in `Dataset.y`.
    """
    ones = torch.ones(len(X), dtype=torch.float64, device=fitted.theta.device)
    inputs, targets, scores = fitted.design(X), fitted.targets(y), fitted.scores(X)
    return model_of(fitted.spec).terms(inputs, ones, fitted.theta, targets, scores, fitted.curvature, fitted.intercept)


def jacobians_outside(
    fitted: Fitted, X: np.ndarray, y: np.ndarray, progress: Progress | None = None
) -> Iterator[tuple[slice, Jacobians]]:
    """The Jacobians of such examples, a block of bounded memory at a time; as `terms_outside`."""
    return blocks(terms_outside(fitted, X, y), progress)


def eta_outside(fitted: Fitted, X: np.ndarray, y: np.ndarray, *, progress: Progress | None = None) -> Tensor:
    """s_y(x) at sigma = 1 of examples that the model was not trained on, (m,), >= 0.

    Args:
        fitted: the model at its optimum.
        X: (m, d) their features, preprocessed as those of the training examples.
        y: (m,) labels or targets, true or assumed, as in `Dataset.y`.
        progress: called with (examples done, m, text).
    """
    parts = [J.eta_squared().sqrt() for _, J in jacobians_outside(fitted, X, y, progress)]
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.float64)
