"""Many networks trained at the same time, each on its own part of the examples, from its own start, in its own order.

Unlike `training.retrain`, where all runs share one start and one order and who is left out has weight 0, every network
here only sees the examples that it has: half of the work for halves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from fil_core.errors import BadRequest
from fil_core.models.networks.gradients import Weights, networks_at_once
from fil_core.models.networks.layers import Erf, ScaledLinear
from fil_core.models.networks.losses import Losses
from fil_core.models.networks.order import batches
from fil_core.models.networks.span import InputSpan, input_span
from fil_core.progress import Progress

_TRACED = 64  # losses of an example that are kept of a run
_ROWS = 4096  # whose outputs are computed at the same time
_ELEMENTWISE = (nn.ReLU, nn.GELU, nn.Tanh, Erf)
_SAID = 20  # times that a group of networks tells how far it is


@dataclass(frozen=True, slots=True)
class Course:
    """How every network is trained.

    Attributes:
        lr: step of gradient descent at the start, of the mean loss over the step's examples.
        steps: number of steps.
        batch: examples per step, None for all that a network has.
        l2: decay towards the start.
        drops: whether the step is a tenth from half of the steps on, and a hundredth from three quarters on.
    """

    lr: float
    steps: int
    batch: int | None = None
    l2: float = 0.0
    drops: bool = False

    def rate(self, step: int) -> float:
        """Step of gradient descent of a step, counted from 0.

        >>> [Course(lr=1.0, steps=8, drops=True).rate(step) for step in (0, 3, 4, 6)]
        [1.0, 1.0, 0.1, 0.01]
        """
        passed = 0 if not self.drops else (2 * step >= self.steps) + (4 * step >= 3 * self.steps)
        return self.lr / 10**passed


@dataclass(frozen=True, slots=True)
class Trained:
    """Networks at the end of training.

    Attributes:
        weights: by name, each (B, ...).
        traces: (B, E, n) loss of every example when a step last saw it, at E even parts of the training, so without
            any further pass; NaN for an example that the network has not, or that no step saw in that part.
    """

    weights: Weights
    traces: Tensor


def train(
    module: nn.Module, starts: Weights, X: Tensor, Y: Tensor, rows: Tensor, course: Course, *, losses: Losses,
    seeds: Sequence[int], progress: Progress | None = None,
) -> Trained:  # fmt: skip
    """Train B networks, as many at the same time as the memory is made for.

    Args:
        module: whose forward pass all have; its own weights are not used.
        starts: by name, each (B, ...).
        X: (n, d) inputs.
        Y: (n, ...) targets.
        rows: (B, h) positions of the examples that each network has.
        course: how they are trained.
        losses: of every example, from outputs and targets.
        seeds: B seeds of the orders of mini-batches.
        progress: called with (done, total, what).

    Raises:
        BadRequest: one diverges.
    """
    span = input_span(module, starts, X)
    first = {name: value[0] for name, value in starts.items()}
    at_once = networks_at_once(module, first, X, min(course.batch or rows.shape[1], rows.shape[1]))
    parts = []
    for begin in range(0, len(rows), at_once):
        some = slice(begin, begin + at_once)
        told = _part_of(progress, begin, len(rows[some]), len(rows))
        own = {name: value[some] for name, value in starts.items()}
        parts.append(_together(module, span, own, Y, rows[some], course, losses, seeds[some], told))
    weights = {name: torch.cat([part.weights[name] for part in parts]) for name in starts}
    _check_finite(weights, course.lr)
    return Trained(span.expanded(weights), torch.cat([part.traces for part in parts]))


def _part_of(progress: Progress | None, begin: int, count: int, total: int) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, steps: progress(begin * steps + count * done, total * steps, "training the ensemble")


def _together(
    module: nn.Module, span: InputSpan, starts: Weights, Y: Tensor, rows: Tensor, course: Course, losses: Losses,
    seeds: Sequence[int], told: Callable[[int, int], None] | None,
) -> Trained:  # fmt: skip
    """Train some networks at the same time."""
    X, (count, h) = span.inputs, rows.shape
    orders = [torch.stack(each) for each in zip(*(_order(h, course, seed) for seed in seeds), strict=True)]
    epoch = -(-h // (course.batch or h))  # steps
    traced = max(epoch, -(-course.steps // _TRACED // epoch) * epoch)  # steps of a part whose losses are kept
    traces = X.new_full((count, -(-course.steps // traced), len(X)), torch.nan)
    start = span.reduced(starts)
    weights = {name: value.clone() for name, value in start.items()}
    slopes_of = _slopes(module, losses)
    every = max(1, course.steps // _SAID)
    with torch.no_grad():
        for step, order in enumerate(orders):
            seen = rows.gather(1, order.to(rows.device))
            slopes, values = slopes_of(weights, X[seen], Y[seen])
            traces[:, step // traced].scatter_(1, seen, values)
            for name, slope in slopes.items():
                if course.l2:
                    slope = slope + course.l2 * (weights[name] - start[name])
                weights[name].sub_(slope, alpha=course.rate(step))
            if told is not None and step % every == 0:
                told(step, course.steps)
    return Trained(weights, traces)


def _order(h: int, course: Course, seed: int) -> list[Tensor]:
    """Positions among a network's h examples of each of its steps."""
    if course.batch is None or course.batch >= h:
        return [torch.arange(h)] * course.steps
    return batches(h, course.batch, course.steps, seed)


Slopes = Callable[[Weights, Tensor, Tensor], tuple[Weights, Tensor]]


def _slopes(module: nn.Module, losses: Losses) -> Slopes:
    """From weights (B, ...), inputs (B, b, d) and targets (B, b, k) to gradients of each mean loss, and losses (B, b).

    Fully connected networks are products of stacked matrices, which take a third of the time of `vmap` where they are
    small: most of it is overhead.
    """
    layers = list(module) if isinstance(module, nn.Sequential) else []
    if not layers or not all(type(layer) in (nn.Linear, ScaledLinear, *_ELEMENTWISE) for layer in layers):
        return vmap(grad(_mean_loss(module, losses), has_aux=True))

    def slopes(weights: Weights, x: Tensor, y: Tensor) -> tuple[Weights, Tensor]:
        with torch.enable_grad():
            at = {name: value.detach().requires_grad_() for name, value in weights.items()}
            each = losses(_stacked(layers, at, x), y)
            found = torch.autograd.grad(each.mean(1).sum(), list(at.values()))
        return dict(zip(at, found, strict=True)), each.detach()

    return slopes


def _stacked(layers: Sequence[nn.Module], weights: Weights, x: Tensor) -> Tensor:
    """Outputs (B, b, k) of B fully connected networks, each for its own inputs (B, b, d)."""
    for number, layer in enumerate(layers):
        weight, bias = weights.get(f"{number}.weight"), weights.get(f"{number}.bias")
        if weight is None:
            x = layer(x)
            continue
        x = x * layer.scale if isinstance(layer, ScaledLinear) else x
        x = x @ weight.mT if bias is None else torch.baddbmm(bias[:, None], x, weight.mT)
    return x


def _mean_loss(module: nn.Module, losses: Losses) -> Callable[[Weights, Tensor, Tensor], tuple[Tensor, Tensor]]:
    def mean(weights: Weights, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        each = losses(functional_call(module, weights, (x,)), y)
        return each.mean(), each.detach()

    return mean


def _check_finite(weights: Weights, lr: float) -> None:
    diverged = torch.stack([~torch.isfinite(value.flatten(1)).all(1) for value in weights.values()]).any(0)
    if int(diverged.sum()):
        raise BadRequest(
            f"lr: expected a step with which the loss stays finite; with {lr:g} {int(diverged.sum())} of "
            f"{len(diverged)} networks diverge. Take a smaller one."
        )


def outputs_of_all(module: nn.Module, weights: Weights, X: Tensor) -> Tensor:
    """Outputs of B networks, (B, n, k).

    Args:
        module: whose forward pass all have.
        weights: by name, each (B, ...).
        X: (n, d) inputs.
    """
    count = len(next(iter(weights.values())))
    at_once = max(1, _ROWS // max(1, count))

    def forward(own: Weights, x: Tensor) -> Tensor:
        found: Tensor = functional_call(module, own, (x,))
        return found

    with torch.no_grad():
        return torch.cat([vmap(forward, in_dims=(0, None))(weights, part) for part in X.split(at_once)], 1)


def loss_ranges(traces: Tensor) -> Tensor:
    """Interquartile range of each example's losses over the training of each network, (B, n); NaN where it has none.

    It tells in advance, from a single training, which records an attack with shadow models will find.

    Args:
        traces: (B, E, n), as `train` returns them.

    Source: Pollock, Shilov, Dodd, de Montjoye (USENIX Security 2025), loss traces.
    """
    ordered = traces.double().sort(dim=1).values  # NaN last
    last = (~traces.isnan()).sum(1, keepdim=True) - 1

    def quantile(q: float) -> Tensor:
        place = (q * last).clamp_min(0)
        low = ordered.gather(1, place.floor().long())
        return (low + (ordered.gather(1, place.ceil().long()) - low) * (place - place.floor()))[:, 0]

    return quantile(0.75) - quantile(0.25)
