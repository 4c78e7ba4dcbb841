"""Metagradients: how a target's loss after training changes with the weight of each example in every step of it.

Training is w_{t+1} = w_t - lr [ (1/n) sum_i omega_i grad l_i(w_t) + l2 (w_t - w_0) ]. With a_T the target's gradient at
the end, one pass back through the run,

    a_t = a_{t+1} - lr (H_t + l2) a_{t+1},     d target / d omega_i = -(lr / n) sum_t a_{t+1} . grad l_i(w_t),

gives the derivatives in all omega_i at omega = 1; their negatives predict what leaving an example out changes. Nothing
is assumed of the end of training: it need not be an optimum. With mini-batches the sums are over a step's own batch.

Source: docs/maths.md, section 9; unrolled differentiation: Hara, Nitanda, Maehara (NeurIPS 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jvp, vmap

from fil_core.models.networks.losses import Losses
from fil_core.models.networks.training import Weights, activation_bytes, reduced
from fil_core.progress import Progress

_BYTES = 2**30  # of iterates that are kept; where there are more, stretches between kept ones are trained again
_TRACED = 2**29  # bytes of what the backward pass holds for all adjoints at a time
_COPIES = 10  # of what layers put out that one adjoint needs

Adjoints = Callable[[Weights], Weights]  # weights at the end to the target's gradients there, each (k, ...)


@dataclass(frozen=True)
class Training:
    """A run of gradient descent that can be made again step by step.

    Attributes:
        module: at its start.
        X, Y: (n, d) inputs and (n, ...) targets.
        losses: of every example, from outputs and targets.
        lr, l2, steps: as in `models.networks.training.run`.
        order: the examples of each step, as positions; None for all of them in every step.
    """

    module: nn.Module
    X: Tensor
    Y: Tensor
    losses: Losses
    lr: float
    l2: float
    steps: int
    order: list[Tensor] | None = None

    def batch(self, step: int) -> Tensor:
        """Positions of the examples of a step."""
        return (
            torch.arange(len(self.X), device=self.X.device)
            if self.order is None
            else self.order[step].to(self.X.device)
        )

    def passed(self, marks: Sequence[int], *, progress: Progress | None = None) -> Iterator[Weights]:
        """The weights after some numbers of steps.

        Args:
            marks: ascending, from 1 to `steps`.
            progress: called with (done, total, what).
        """
        span, start = reduced(self.module, self.X)
        weights, done = start, 0
        for mark in marks:
            for step in range(done, mark):
                weights = _stepped(self, span.inputs, weights, start, step)
            done = mark
            if progress:
                progress(done, self.steps, "the run of training again")
            yield span.expanded(weights)


def metagradient(
    training: Training, adjoints: Adjoints, *, terms: Losses | None = None, progress: Progress | None = None
) -> Tensor:
    """What leaving each example out of every step would change of each target's loss, to first order, (n, k).

    Args:
        training: the run.
        adjoints: (weights at the end) to the gradients of k targets' losses there, each entry (k, ...).
        terms: outputs and targets to the terms of each example's loss, (n, T), such as those of its tokens; the result
            is then that of each term, (n, T, k), whose sum over T is the example's.
        progress: called with (steps done, steps, what).
    """
    span, start = reduced(training.module, training.X)
    X = span.inputs
    size = sum(value.numel() * value.element_size() for value in start.values())
    every = max(1, -(-training.steps * size // _BYTES))
    kept, weights = [start], start
    for step in range(training.steps):
        weights = _stepped(training, X, weights, start, step)
        if (step + 1) % every == 0:
            kept.append(weights)
        _tell(progress, step, 5 * training.steps)
    a = span.reduced(adjoints(span.expanded(weights)))
    k = len(next(iter(a.values())))
    influence = torch.zeros(*training.Y.shape[: 1 if terms is None else 2], k, dtype=torch.float64, device=X.device)
    for first in range((training.steps - 1) // every * every, -1, -every):
        stretch = [kept[first // every]]
        for step in range(first, min(first + every, training.steps) - 1):
            stretch.append(_stepped(training, X, stretch[-1], start, step))
        for step in range(first + len(stretch) - 1, first - 1, -1):
            a = _backward(training, X, stretch[step - first], a, step, influence, terms or training.losses)
            _tell(progress, training.steps + 4 * (training.steps - step), 5 * training.steps)
    return influence


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress and done % max(1, total // 200) == 0:
        progress(done, total, "the run of training, forwards and back")


def _stepped(training: Training, X: Tensor, weights: Weights, start: Weights, step: int) -> Weights:
    """One step of descent."""
    rows = training.batch(step)
    x, y = X[rows], training.Y[rows]

    def loss(at: Weights) -> Tensor:
        return training.losses(functional_call(training.module, at, (x,)), y).sum() / len(rows)

    slopes = grad(loss)(weights)
    return {
        name: value - training.lr * (slopes[name] + training.l2 * (value - start[name]))
        for name, value in weights.items()
    }


def _backward(
    training: Training, X: Tensor, weights: Weights, a: Weights, step: int, influence: Tensor, terms: Losses
) -> Weights:
    """The adjoints before a step; adds the step's part to the influence."""
    rows, lr = training.batch(step), training.lr
    x, y = X[rows], training.Y[rows]

    def along(at: Weights, one: Weights) -> tuple[Tensor, Tensor]:
        def losses(moved: Weights) -> Tensor:
            return terms(functional_call(training.module, moved, (x,)), y)

        directional = jvp(losses, (at,), (one,))[1]  # of every example, or of its terms
        return directional.sum() / len(rows), directional

    found = []
    for part in _parts(training, a, len(rows)):
        curved, directional = vmap(grad(along, has_aux=True), (None, 0))(weights, part)
        found.append((curved, directional))
    curved = {name: torch.cat([one[0][name] for one in found]) for name in a}
    influence[rows] += (lr / len(rows)) * torch.cat([one[1] for one in found]).movedim(0, -1).double()
    return {name: value - lr * (curved[name] + training.l2 * value) for name, value in a.items()}


def _parts(training: Training, a: Weights, rows: int) -> list[Weights]:
    """The adjoints in as many parts as fit."""
    k = len(next(iter(a.values())))
    size = sum(value[0].numel() * value.element_size() for value in a.values())
    each = 4 * size + _COPIES * rows * activation_bytes(training.module, training.X[:1])
    most = max(1, int(_TRACED / each))
    return [{name: value[first : first + most] for name, value in a.items()} for first in range(0, k, most)]
