"""Dense curvature of the mean loss of a network by curvlinops, an independent library, for the tests beside it.

Rows and columns are the trained parameters in the order of `module.named_parameters()`, each flattened. The loss of an
example is `squared` of fil_core.models.networks.losses, or the cross-entropy of its class; there is no penalty.

curvlinops takes a loss of PyTorch and its reduction. `MSELoss` adds up the squared errors without the half, and its
mean is over n k numbers and not over n examples: the sum, divided by 2 n here, has no such trap. In the empirical
Fisher matrix the missing half counts squared.
"""

from __future__ import annotations

import torch
from curvlinops import EFLinearOperator, GGNLinearOperator, HessianLinearOperator
from curvlinops._torch_base import CurvatureLinearOperator
from torch import Tensor, nn


def hessian(module: nn.Module, X: Tensor, Y: Tensor) -> Tensor:
    """The Hessian of the mean loss, (p, p).

    Args:
        module: the network, in evaluation mode.
        X: (n, ...) inputs.
        Y: (n, k) targets of half the squared error, float; or (n,) classes, int64, for cross-entropy.
    """
    return _dense(HessianLinearOperator, module, X, Y) / len(X) / _factor(Y)


def gauss_newton(module: nn.Module, X: Tensor, Y: Tensor) -> Tensor:
    """The Gauss-Newton matrix of the mean loss, (p, p), which is the Fisher matrix of both losses; see `hessian`."""
    return _dense(GGNLinearOperator, module, X, Y) / len(X) / _factor(Y)


def empirical_fisher(module: nn.Module, X: Tensor, Y: Tensor) -> Tensor:
    """The mean of `g_i g_i^T` over the gradients of each example's own loss, (p, p); see `hessian`."""
    return _dense(EFLinearOperator, module, X, Y) / len(X) / _factor(Y) ** 2


def _dense(kind: type[CurvatureLinearOperator], module: nn.Module, X: Tensor, Y: Tensor) -> Tensor:
    criterion = nn.MSELoss(reduction="sum") if Y.is_floating_point() else nn.CrossEntropyLoss(reduction="sum")
    trained = [one for one in module.parameters() if one.requires_grad]
    operator = kind(module, criterion, trained, [(X, Y)], check_deterministic=False)
    return operator @ torch.eye(operator.shape[1], dtype=X.dtype, device=X.device)


def _factor(Y: Tensor) -> int:
    """How many times the loss of curvlinops is ours."""
    return 2 if Y.is_floating_point() else 1
