"""Full-batch gradient descent of a real network: one run that is watched, or many at once on other sets of examples.

Everything is deterministic: the same start, no shuffling, evaluation mode. See docs/maths.md, section 8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vjp, vmap

from fil_core.errors import BadRequest
from fil_core.models.networks.losses import Losses, squared
from fil_core.models.networks.span import InputSpan, input_span
from fil_core.progress import Progress

_CHECKPOINTS = 16  # of a watched run at which the curvature is measured
_LANCZOS = 32  # products with the Hessian per checkpoint, at most
_SETTLED = 1e-4  # relative change of the largest eigenvalue after which, seen twice, there are no more products
_EXHAUSTED = 1e-7  # of a product that lies outside of those before: less is rounding
_CPU_BYTES = 2**26  # of the networks that are trained at the same time: larger ones fall out of the cache
_CUDA_SHARE = 0.3  # of the free memory of a card
_LOOK = 50  # steps after which a watched run is stopped if it has diverged
_TOGETHER = 64  # examples whose outputs are held at the same time: logits of a vocabulary are large
_COPIES = 4  # of the weights that a step holds: the weights, their gradients, and both in the making

Weights = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Run:
    """A watched run of training.

    Attributes:
        weights: at the end, by name.
        losses: (steps + 1,) mean loss before each step and at the end, without the decay.
        objective: (steps + 1,) the same with the decay: what descent descends.
        checkpoints: steps at which the curvature was measured.
        curvature: largest eigenvalue of the Hessian of the objective at these, to about 1e-3.
    """

    weights: Weights
    losses: Tensor
    objective: Tensor
    checkpoints: list[int]
    curvature: list[float]


def run(
    module: nn.Module, X: Tensor, Y: Tensor, *, lr: float, l2: float, steps: int, losses: Losses = squared,
    progress: Progress | None = None,
) -> Run:  # fmt: skip
    """Train a network on all examples and watch its loss and its curvature.

    Args:
        module: at its start; not changed.
        X: (n, d) inputs.
        Y: (n, ...) targets.
        lr: step, of the mean loss.
        l2: decay, of the mean loss.
        steps: number of steps.
        losses: of every example, from outputs and targets.
        progress: called with (done, total, what).

    Raises:
        BadRequest: it diverges.
    """
    span, start = reduced(module, X)
    reduced_X = span.inputs
    w = torch.full((len(X),), 1 / len(X), dtype=Y.dtype, device=Y.device)
    weights = {name: value.clone() for name, value in start.items()}

    def loss(at: Weights) -> Tensor:
        return _loss(module, at, reduced_X, Y, w, losses)

    def objective(at: Weights) -> Tensor:
        return loss(at) + l2 / 2 * _squared_distance(at, start)

    gradient, of_loss = grad(objective), grad(loss)
    checkpoints = sorted({round(steps ** (c / (_CHECKPOINTS - 1))) - 1 for c in range(_CHECKPOINTS)} | {0, steps})
    history, objectives, curvature = [], [], []
    with torch.no_grad():
        for step in range(steps + 1):
            history.append(loss(weights))
            if step % _LOOK == 0 or step in checkpoints:
                _check_finite(history[-1], step, lr)
            objectives.append(history[-1] + l2 / 2 * _squared_distance(weights, start))
            if step in checkpoints:
                # Without the decay, which moves all eigenvalues by the same.
                curvature.append(largest_eigenvalue(of_loss, weights) + l2)
            if step < steps:
                for name, slope in gradient(weights).items():
                    weights[name] = weights[name] - lr * slope
            if progress and step % max(1, steps // 100) == 0:
                progress(step, steps, "training the network")
    return Run(span.expanded(weights), torch.stack(history), torch.stack(objectives), checkpoints, curvature)


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
    progress: Progress | None = None,
) -> Weights:  # fmt: skip
    """Train a network several times from the same start, on examples of other weights each time.

    Args:
        module: at its start; not changed.
        X: (n, d) inputs.
        Y: (n, ...) targets.
        w: (B, n) weights of the examples' losses in the B runs: 0 for those that are left out.
        lr: step, of every run.
        l2: decay, of every run.
        steps: number of steps of every run.
        losses: of every example, from outputs and targets.
        progress: called with (done, total, what).

    Returns:
        The weights at the end, by name, each (B, ...).
    """
    span, start = reduced(module, X)
    chunk = _chunk(module, start, X)
    gradient = vmap(grad(lambda at, row: _loss(module, at, span.inputs, Y, row, losses)))
    parts, total = [], len(w) * steps
    with torch.no_grad():
        for first in range(0, len(w), chunk):
            rows = w[first : first + chunk]
            weights = {name: value.expand(len(rows), *value.shape).clone() for name, value in start.items()}
            for step in range(steps):
                for name, slope in gradient(weights, rows).items():
                    if l2:
                        slope = slope + l2 * (weights[name] - start[name])
                    weights[name].sub_(slope, alpha=lr)
                if progress and step % max(1, steps // 20) == 0:
                    progress(first * steps + step * len(rows), total, "training without some examples")
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


def largest_eigenvalue(gradient: Callable[[Weights], Weights], weights: Weights) -> float:
    """Largest eigenvalue of the Hessian whose gradient is given, by the method of Lanczos from a fixed start.

    Args:
        gradient: of a function of weights.
        weights: where.

    Returns:
        The eigenvalue; infinite where a product with the Hessian is beyond the largest number of the precision.
    """
    generator = torch.Generator().manual_seed(0)
    names = list(weights)
    draw = [torch.randn(weights[name].shape, generator=generator, dtype=weights[name].dtype) for name in names]
    v = torch.cat([one.flatten() for one in draw]).to(weights[names[0]].device)
    sizes = [weights[name].numel() for name in names]

    pulled_back = vjp(gradient, weights)[1]  # once for all products: the Hessian is symmetric

    def product(flat: Tensor) -> Tensor:
        direction = {n: p.view_as(weights[n]) for n, p in zip(names, flat.split(sizes), strict=True)}
        (image,) = pulled_back(direction)
        return torch.cat([image[name].flatten() for name in names])

    basis, rows = (v / v.norm())[None], min(_LANCZOS, len(v))
    T = torch.zeros(rows, rows, dtype=torch.float64)
    found, settled = 0.0, 0
    for j in range(rows):
        image = product(basis[-1])
        along = basis @ image
        u = image - along @ basis
        again = basis @ u  # twice is enough: what rounding left would else return as eigenvalues that are none
        u = u - again @ basis
        T[: j + 1, j] = (along + again).double().cpu()
        before, found = found, float(torch.linalg.eigvalsh(T[: j + 1, : j + 1], UPLO="U")[-1])
        settled = settled + 1 if abs(found - before) <= _SETTLED * abs(found) else 0
        if settled == 2 or float(u.norm()) <= _EXHAUSTED * float(image.norm()):
            break
        basis = torch.cat([basis, (u / u.norm())[None]])
    return found


def reduced(module: nn.Module, X: Tensor) -> tuple[InputSpan, Weights]:
    """The inputs' span, see `span.input_span`, and the network's start in its coordinates."""
    start = trainable(module)
    span = input_span(module, start, X)
    return span, span.reduced(start)


def _loss(module: nn.Module, weights: Weights, X: Tensor, Y: Tensor, w: Tensor, losses: Losses) -> Tensor:
    """The weighted sum of the losses of all examples."""
    return (losses(functional_call(module, weights, (X,)), Y) * w).sum()


def _squared_distance(weights: Weights, start: Weights) -> Tensor:
    return torch.stack([(value - start[name]).square().sum() for name, value in weights.items()]).sum()


def _chunk(module: nn.Module, start: Weights, X: Tensor) -> int:
    """How many networks are trained at the same time."""
    size = sum(value.numel() * value.element_size() for value in start.values())
    each = _COPIES * (size + len(X) * activation_bytes(module, X[:1]))
    if X.device.type == "cuda":
        return max(1, int(_CUDA_SHARE * torch.cuda.mem_get_info(X.device)[0] / each))
    return max(1, int(_CPU_BYTES / each))


def activation_bytes(module: nn.Module, x: Tensor) -> int:
    """Bytes of what the layers of a network put out for one example, (1, d)."""
    seen = [0]

    def count(_: nn.Module, __: object, out: object) -> None:
        if isinstance(out, Tensor):
            seen[0] += out.numel() * out.element_size()

    hooks = [layer.register_forward_hook(count) for layer in module.modules() if not list(layer.children())]
    try:
        with torch.no_grad():
            module(x)
    finally:
        for hook in hooks:
            hook.remove()
    return seen[0]
