"""TracIn: inner products of gradients, added up over checkpoints of training, without an n x p matrix.

See docs/maths.md, section 9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jvp, vmap

from fil_core.errors import BadRequest
from fil_core.influence.jacobians import evaluation
from fil_core.models.networks.losses import Losses
from fil_core.models.networks.training import Weights, activation_bytes
from fil_core.progress import Progress

_BYTES = {"cpu": 2**28, "cuda": 2**32}  # of activations and gradients held at once

Loss = Callable[[Weights, Tensor, Tensor], Tensor]  # weights, X, Y to the loss of each example, (n,)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights that training passed, and what they count for.

    Attributes:
        weights: by name, of the parameters that were trained.
        lr: step of the descent on the mean loss there, times the number of steps that the checkpoint stands for.
    """

    weights: Weights
    lr: float


def tracin(
    module: nn.Module, losses: Losses, checkpoints: Sequence[Checkpoint], X: Tensor, Y: Tensor, X_t: Tensor,
    Y_t: Tensor, *, progress: Progress | None = None,
) -> Tensor:  # fmt: skip
    """TracIn of every training example on every target, `sum_c lr_c g_t . g_i`.

    The products of one target's gradient with those of all examples are the derivative of their losses along it: one
    forward pass in dual numbers, and no gradient of a training example is ever formed.

    Args:
        module: the network; its own weights are not used, and it is taken in evaluation mode.
        losses: of every example, from outputs and targets.
        checkpoints: at least one.
        X: (n, ...) training inputs.
        Y: (n, ...) their targets.
        X_t: (m, ...) inputs whose loss is asked for.
        Y_t: (m, ...) their targets.
        progress: called with (done, total, what).

    Returns:
        (n, m); positive where removing the training example would raise the loss of the target: descent on the one
        lowered the other. Proportional to lr; a sum over examples of both, not divided by n.

    Raises:
        BadRequest: there is no checkpoint.

    Source: Pruthi et al., Estimating Training Data Influence by Tracing Gradient Descent (NeurIPS 2020), TracInCP.
    """
    found = X.new_zeros(len(X), len(X_t))
    with evaluation(module), torch.no_grad():
        loss, rows = _loss(module, losses), _together(module, checkpoints, X_t)
        blocks = list(_blocks(len(X_t), rows))
        for done, (checkpoint, block) in enumerate((one, block) for one in checkpoints for block in blocks):
            if progress:
                progress(done, len(checkpoints) * len(blocks), "following gradients over checkpoints")
            directions = _gradients(loss, checkpoint.weights, X_t[block], Y_t[block])
            found[:, block] += checkpoint.lr * _products(module, loss, checkpoint.weights, directions, X, Y)
    return found


def tracin_mean(
    module: nn.Module, losses: Losses, checkpoints: Sequence[Checkpoint], X: Tensor, Y: Tensor, X_t: Tensor,
    Y_t: Tensor, *, progress: Progress | None = None,
) -> Tensor:  # fmt: skip
    """TracIn of every training example on the mean loss of the targets, (n,): the mean of the columns of `tracin`.

    One pass over the training examples per checkpoint, however many targets there are.

    Args:
        module: the network; its own weights are not used, and it is taken in evaluation mode.
        losses: of every example, from outputs and targets.
        checkpoints: at least one.
        X: (n, ...) training inputs.
        Y: (n, ...) their targets.
        X_t: (m, ...) inputs whose mean loss is asked for, m >= 1.
        Y_t: (m, ...) their targets.
        progress: called with (done, total, what).

    Raises:
        BadRequest: there is no checkpoint.
    """
    found = X.new_zeros(len(X))
    with evaluation(module), torch.no_grad():
        loss, rows = _loss(module, losses), _together(module, checkpoints, X_t, gradients=False)
        for done, checkpoint in enumerate(checkpoints):
            if progress:
                progress(done, len(checkpoints), "following gradients over checkpoints")
            direction = {name: torch.zeros_like(value) for name, value in checkpoint.weights.items()}
            for block in _blocks(len(X_t), rows):
                part = grad(lambda at, x, y: loss(at, x, y).sum())(checkpoint.weights, X_t[block], Y_t[block])
                for name, value in part.items():
                    direction[name] += value / len(X_t)
            one = {name: value[None] for name, value in direction.items()}
            found += checkpoint.lr * _products(module, loss, checkpoint.weights, one, X, Y)[:, 0]
    return found


def self_influence(
    module: nn.Module, losses: Losses, checkpoints: Sequence[Checkpoint], X: Tensor, Y: Tensor, *,
    progress: Progress | None = None,
) -> Tensor:  # fmt: skip
    """TracIn of every training example on itself, `sum_c lr_c |g_i|^2`, (n,), >= 0; large for atypical examples.

    Args:
        module: the network; its own weights are not used, and it is taken in evaluation mode.
        losses: of every example, from outputs and targets.
        checkpoints: at least one.
        X: (n, ...) training inputs.
        Y: (n, ...) their targets.
        progress: called with (done, total, what).

    Raises:
        BadRequest: there is no checkpoint.
    """
    found = X.new_zeros(len(X))
    with evaluation(module), torch.no_grad():
        loss, rows = _loss(module, losses), _together(module, checkpoints, X)
        blocks = list(_blocks(len(X), rows))
        for done, (checkpoint, block) in enumerate((one, block) for one in checkpoints for block in blocks):
            if progress:
                progress(done, len(checkpoints) * len(blocks), "following gradients over checkpoints")
            gradients = _gradients(loss, checkpoint.weights, X[block], Y[block])
            squares = torch.stack([one.flatten(1).square().sum(1) for one in gradients.values()])
            found[block] += checkpoint.lr * squares.sum(0)
    return found


def _loss(module: nn.Module, losses: Losses) -> Loss:
    def at(weights: Weights, X: Tensor, Y: Tensor) -> Tensor:
        return losses(functional_call(module, weights, (X,)), Y)

    return at


def _gradients(loss: Loss, weights: Weights, X: Tensor, Y: Tensor) -> Weights:
    """Gradient of the loss of each example of a block, by name, each (b, ...)."""

    def one(at: Weights, x: Tensor, y: Tensor) -> Tensor:
        return loss(at, x[None], y[None])[0]

    return vmap(grad(one), (None, 0, 0))(weights, X, Y)


def _products(module: nn.Module, loss: Loss, weights: Weights, directions: Weights, X: Tensor, Y: Tensor) -> Tensor:
    """Derivatives of the loss of every example along m directions, each (m, ...) by name: (n, m)."""
    m = len(next(iter(directions.values())))
    # Dual numbers for each direction, and what a layer takes and puts out at the same time.
    rows = max(1, _BYTES[X.device.type] // (2 * (m + 1) * max(1, activation_bytes(module, X[:1]))))
    parts = []
    for block in _blocks(len(X), rows):
        x, y = X[block], Y[block]

        def along(direction: Weights, x: Tensor = x, y: Tensor = y) -> Tensor:
            return jvp(lambda at: loss(at, x, y), (weights,), (direction,))[1]

        parts.append(vmap(along)(directions))
    return torch.cat(parts, 1).mT


def _together(module: nn.Module, checkpoints: Sequence[Checkpoint], X: Tensor, *, gradients: bool = True) -> int:
    """Examples whose activations, and gradients of their own, fit at once."""
    if not checkpoints:
        raise BadRequest("checkpoints: expected at least one; got none. Keep some weights while training.")
    if not len(X):
        return 1
    own = sum(value.numel() * value.element_size() for value in checkpoints[0].weights.values()) if gradients else 0
    # Two for the gradient of an activation beside itself, and for a gradient and its square.
    return max(1, _BYTES[X.device.type] // (2 * (own + activation_bytes(module, X[:1])) + 1))


def _blocks(n: int, rows: int) -> Iterator[slice]:
    for start in range(0, n, rows):
        yield slice(start, min(start + rows, n))
