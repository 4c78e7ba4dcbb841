"""Weighted sums of examples' losses and their gradients, of one network or of many at once, as memory allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap

from fil_core.models.networks.losses import Losses

_CPU_BYTES = 2**26  # of the networks that are trained at the same time: larger ones fall out of the cache
_CUDA_SHARE = 0.3  # of the free memory of a card
_STEP_BYTES = 2**30  # of what a step holds of all examples that it takes at the same time
_TRACED = 6  # copies of what layers put out: also what lies between them, and the gradients of both
_COPIES = 4  # of the weights that a step holds: the weights, their gradients, and both in the making

Weights = dict[str, Tensor]
GradientAndValue = Callable[..., tuple[Weights, Tensor]]


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of losses sum_i w_i l_i, which are added up over some examples at a time.

    Attributes:
        module: the network.
        losses: of every example, from outputs and targets.
        rows: examples at a time.
    """

    module: nn.Module
    losses: Losses
    rows: int

    def value(self, weights: Weights, X: Tensor, Y: Tensor, w: Tensor) -> Tensor:
        """The sum, (), of examples X (n, d), Y (n, ...) and w (n,)."""
        return torch.stack([self._sum(weights, *part) for part in self._parts(X, Y, w)]).sum()

    def gradient(self, weights: Weights, X: Tensor, Y: Tensor, w: Tensor) -> tuple[Weights, Tensor]:
        """Its gradient, and the sum itself."""
        return self._added(grad_and_value(self._sum), weights, X, Y, w)

    def gradients(self, weights: Weights, X: Tensor, Y: Tensor, w: Tensor) -> Weights:
        """Its gradient in each of B networks, weights (B, ...), with weights w (B, n) of the examples."""
        return self._added(vmap(grad_and_value(self._sum), in_dims=(0, None, None, 0)), weights, X, Y, w)[0]

    def _sum(self, weights: Weights, X: Tensor, Y: Tensor, w: Tensor) -> Tensor:
        return (self.losses(functional_call(self.module, weights, (X,)), Y) * w).sum()

    def _parts(self, X: Tensor, Y: Tensor, w: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        return zip(X.split(self.rows), Y.split(self.rows), w.split(self.rows, -1), strict=True)

    def _added(
        self, gradient: GradientAndValue, weights: Weights, X: Tensor, Y: Tensor, w: Tensor
    ) -> tuple[Weights, Tensor]:
        slopes: Weights = {}
        total = w.new_zeros(w.shape[:-1])
        for part in self._parts(X, Y, w):
            more, value = gradient(weights, *part)
            slopes = {name: slopes[name] + slope for name, slope in more.items()} if slopes else more
            total = total + value
        return slopes, total


def rows_at_once(module: nn.Module, X: Tensor) -> int:
    """How many examples one step takes at the same time."""
    each = _TRACED * activation_bytes(module, X[:1])
    room = _STEP_BYTES
    if X.device.type == "cuda":
        room = int(_CUDA_SHARE * torch.cuda.mem_get_info(X.device)[0])
    return max(1, int(room / max(1, each)))


def networks_at_once(module: nn.Module, start: Weights, X: Tensor, rows: int) -> int:
    """How many networks are trained at the same time on so many examples each."""
    size = sum(value.numel() * value.element_size() for value in start.values())
    each = _COPIES * (size + rows * activation_bytes(module, X[:1]))
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
