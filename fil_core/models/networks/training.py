"""Gradient descent of a real network: one run that is watched, or many at once on other sets of examples.

Everything is deterministic: the same start, an order of mini-batches that is given, evaluation mode. See docs/maths.md,
section 8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad

from fil_core.errors import BadRequest
from fil_core.models.networks.curvature import largest_eigenvalue
from fil_core.models.networks.gradients import Sums, Weights, activation_bytes, networks_at_once, rows_at_once
from fil_core.models.networks.losses import Losses, squared
from fil_core.models.networks.span import InputSpan, input_span
from fil_core.progress import Progress

__all__ = [
    "Run", "Weights", "activation_bytes", "largest_eigenvalue", "losses_at", "outputs_at", "reduced", "retrain", "run",
    "squared_distances", "trainable",
]  # fmt: skip

_CHECKPOINTS = 16  # of a watched run at which the curvature is measured
_FEWER = 6  # where it is measured on some of the examples, since all have too many outputs
_CURVED = 2**21  # outputs of all examples on which it is measured, at most
_SAMPLE = 2**20  # outputs of those in a sample, where there are more
_LOOK = 50  # steps after which a watched run is stopped if it has diverged
_TOGETHER = 64  # examples whose outputs are held at the same time: logits of a vocabulary are large
_SAID = 100  # times that a watched run tells how far it is


@dataclass(frozen=True, slots=True)
class Run:
    """A watched run of training.

    Attributes:
        weights: at the end, by name.
        losses: mean loss without the decay, before each step and at the end, (steps + 1,); with mini-batches the mean
            over the step's own batch, before each step alone, (steps,).
        objective: the same with the decay: what descent descends.
        checkpoints: steps before which all examples were looked at, the end included.
        at_checkpoints: mean loss over all examples at these, without the decay.
        curvature: largest eigenvalue of the Hessian of the objective over all examples at these, to about 1e-3.
        curved: number of examples on which the curvature was measured: all, or where they have more than two million
            outputs together a seeded sample of those that have one million.
    """

    weights: Weights
    losses: Tensor
    objective: Tensor
    checkpoints: list[int]
    at_checkpoints: Tensor
    curvature: list[float]
    curved: int


def run(
    module: nn.Module, X: Tensor, Y: Tensor, *, lr: float, l2: float, steps: int, losses: Losses = squared,
    order: Sequence[Tensor] | None = None, says: Callable[[float], str] | None = None, progress: Progress | None = None,
) -> Run:  # fmt: skip
    """Train a network and watch its loss and its curvature.

    Args:
        module: at its start; not changed.
        X: (n, d) inputs.
        Y: (n, ...) targets.
        lr: step, of the mean loss over all examples or over the step's batch.
        l2: decay, of the mean loss.
        steps: number of steps.
        losses: of every example, from outputs and targets.
        order: positions of the examples of each step, see `order.batches`; None for all in every step.
        says: the mean loss of the steps since it was last asked, in words, for the progress.
        progress: called with (done, total, what).

    Raises:
        BadRequest: it diverges.
    """
    span, start = reduced(module, X)
    sums = Sums(module, losses, rows_at_once(module, X))
    w = torch.full((len(X),), 1 / len(X), dtype=Y.dtype, device=Y.device)
    weights = {name: value.clone() for name, value in start.items()}
    rows = _curved_rows(module, X)
    checkpoints = _checkpoints(steps, _CHECKPOINTS if len(rows) == len(X) else _FEWER)
    of_loss = _mean_gradient(module, span.inputs[rows], Y[rows], losses)
    history: list[Tensor] = []
    objectives, whole, curvature = [], [], []
    with torch.no_grad():
        for step in range(steps + 1):
            if step in checkpoints:
                whole.append(losses_at(module, weights, span.inputs, Y, losses).mean())
                _check_finite(whole[-1], step, lr)
                # Without the decay, which moves all eigenvalues by the same.
                curvature.append(largest_eigenvalue(of_loss, weights) + l2)
            if step == steps:
                break
            slopes, loss = sums.gradient(weights, *_seen(span.inputs, Y, w, order, step))
            history.append(loss)
            objectives.append(loss + l2 / 2 * _squared_distance(weights, start))
            if step % _LOOK == 0:
                _check_finite(loss, step, lr)
            for name, slope in slopes.items():
                weights[name] = weights[name] - lr * (slope + l2 * (weights[name] - start[name]))
            _tell(progress, says, history, steps)
    if order is None:
        history.append(whole[-1])
        objectives.append(whole[-1] + l2 / 2 * _squared_distance(weights, start))
    seen = torch.stack(history), torch.stack(objectives)
    return Run(span.expanded(weights), *seen, checkpoints, torch.stack(whole), curvature, len(rows))


def _checkpoints(steps: int, number: int) -> list[int]:
    """Steps at equal ratios, the first and the end included."""
    return sorted({round(steps ** (c / (number - 1))) - 1 for c in range(number)} | {0, steps})


def _seen(X: Tensor, Y: Tensor, w: Tensor, order: Sequence[Tensor] | None, step: int) -> tuple[Tensor, Tensor, Tensor]:
    """What a step sees: inputs, targets, and weights (..., n) of the losses.

    Those of a mini-batch b are multiplied by n / |b|, so that weights 1/n make the mean over it.
    """
    if order is None:
        return X, Y, w
    rows = order[step].to(X.device)
    return X[rows], Y[rows], w[..., rows] * (len(X) / len(rows))


def _curved_rows(module: nn.Module, X: Tensor) -> Tensor:
    """The examples on which the curvature is measured, as positions."""
    with torch.no_grad():
        each = module(X[:1]).numel()
    if len(X) * each <= _CURVED:
        return torch.arange(len(X), device=X.device)
    most = max(1, _SAMPLE // each)
    return torch.randperm(len(X), generator=torch.Generator().manual_seed(0))[:most].to(X.device)


def _mean_gradient(module: nn.Module, X: Tensor, Y: Tensor, losses: Losses) -> Callable[[Weights], Weights]:
    return grad(lambda at: losses(functional_call(module, at, (X,)), Y).mean())


def _tell(progress: Progress | None, says: Callable[[float], str] | None, history: list[Tensor], steps: int) -> None:
    """Say how far a run is, a hundred times."""
    every, done = max(1, steps // _SAID), len(history)
    if progress is None or done % every:
        return
    if says is None:
        progress(done, steps, "training the network")
    else:
        progress(done, steps, f"step {done:,}: {says(float(torch.stack(history[-every:]).mean()))}")


def _check_finite(loss: Tensor, step: int, lr: float) -> None:
    if not bool(torch.isfinite(loss)) and not step:
        raise BadRequest(
            f"initial: expected weights with which the loss is finite; at the start it is {float(loss)}. Scale the "
            "weights or the data down."
        )
    if not bool(torch.isfinite(loss)):
        raise BadRequest(
            f"lr: expected a step with which the loss stays finite; with {lr:g} it is {float(loss)} before step "
            f"{step + 1:,}. Take a smaller one."
        )


def retrain(
    module: nn.Module, X: Tensor, Y: Tensor, w: Tensor, *, lr: float, l2: float, steps: int, losses: Losses = squared,
    order: Sequence[Tensor] | None = None, progress: Progress | None = None,
) -> Weights:  # fmt: skip
    """Train a network several times from the same start, on examples of other weights each time.

    Args:
        module: at its start; not changed.
        X: (n, d) inputs.
        Y: (n, ...) targets.
        w: (B, n) weights of the examples' losses in the B runs: 0 for those that are left out, 1/n for all. A step
            descends sum_i w_i l_i, or of a mini-batch b its part n/|b| sum_{i in b} w_i l_i.
        lr: step, of every run.
        l2: decay, of every run.
        steps: number of steps of every run.
        losses: of every example, from outputs and targets.
        order: positions of the examples of each step, the same in every run; None for all in every step.
        progress: called with (done, total, what).

    Returns:
        The weights at the end, by name, each (B, ...).
    """
    span, start = reduced(module, X)
    rows = rows_at_once(module, X)
    sums = Sums(module, losses, rows)
    chunk = networks_at_once(module, start, X, min(rows, len(X) if order is None else max(map(len, order))))
    parts, total = [], len(w) * steps
    with torch.no_grad():
        for first in range(0, len(w), chunk):
            some = w[first : first + chunk]
            weights = {name: value.expand(len(some), *value.shape).clone() for name, value in start.items()}
            for step in range(steps):
                slopes = sums.gradients(weights, *_seen(span.inputs, Y, some, order, step))
                for name, slope in slopes.items():
                    if l2:
                        slope = slope + l2 * (weights[name] - start[name])
                    weights[name].sub_(slope, alpha=lr)
                if progress and step % max(1, steps // 20) == 0:
                    progress(first * steps + step * len(some), total, "training without some examples")
            parts.append(span.expanded(weights))
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def outputs_at(module: nn.Module, weights: Weights, X: Tensor, *, most: int = 4096) -> Tensor:
    """Outputs of a network with other weights, (n, k)."""
    with torch.no_grad():
        return torch.cat([functional_call(module, weights, (part,)) for part in X.split(most)])


def losses_at(module: nn.Module, weights: Weights, X: Tensor, Y: Tensor, losses: Losses) -> Tensor:
    """Loss of every example with other weights, (n,), a few examples at a time."""
    with torch.no_grad():
        parts = zip(X.split(_TOGETHER), Y.split(_TOGETHER), strict=True)
        return torch.cat([losses(functional_call(module, weights, (x,)), y) for x, y in parts])


def squared_distances(weights: Weights, other: Weights) -> Tensor:
    """Squared distance of each of B networks to one, (B,), over all weights.

    Args:
        weights: each (B, ...).
        other: without the first dimension.
    """
    return torch.stack([(value - other[name]).flatten(1).square().sum(1) for name, value in weights.items()]).sum(0)


def trainable(module: nn.Module) -> Weights:
    """Copies of the weights that training changes, by name."""
    return {name: value.detach().clone() for name, value in module.named_parameters() if value.requires_grad}


def reduced(module: nn.Module, X: Tensor) -> tuple[InputSpan, Weights]:
    """The inputs' span, see `span.input_span`, and the network's start in its coordinates."""
    start = trainable(module)
    span = input_span(module, start, X)
    return span, span.reduced(start)


def _squared_distance(weights: Weights, start: Weights) -> Tensor:
    return torch.stack([(value - start[name]).square().sum() for name, value in weights.items()]).sum()
