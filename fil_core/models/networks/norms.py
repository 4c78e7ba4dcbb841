"""Norms of the gradient of every example's loss in a network's weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from fil_core.models.networks.gradients import Weights
from fil_core.models.networks.layers import ScaledLinear
from fil_core.models.networks.losses import Losses

_VALUES = 2**26  # of gradients that are written out at the same time


def gradient_norms(module: nn.Module, weights: Weights, X: Tensor, Y: Tensor, losses: Losses) -> Tensor:
    """|d loss_i / d weights| of every example, (n,).

    A linear layer with inputs a and signals s at its output has the gradient s a^T, and s for its bias: its squared
    norm is |s|^2 (|a|^2 + 1), without any gradient being written out. Other layers' gradients are, a few examples at a
    time.

    Args:
        module: whose forward pass it is, one example independently of the others.
        weights: by name.
        X: (n, d) inputs.
        Y: (n, ...) targets.
        losses: of every example, from outputs and targets.
    """
    layers = [layer for layer in module.modules() if list(layer.parameters(recurse=False))]
    if all(type(layer) in (nn.Linear, ScaledLinear) for layer in layers):
        return torch.cat([_of_linear(module, layers, weights, *part, losses) for part in _parts(X, Y, 4096)])
    size = sum(value.numel() for value in weights.values())
    each = vmap(grad(lambda at, x, y: losses(functional_call(module, at, (x[None],)), y[None])[0]), (None, 0, 0))
    with torch.no_grad():
        found = []
        for x, y in _parts(X, Y, max(1, _VALUES // size)):
            slopes = each(weights, x, y)
            found.append(torch.stack([slope.flatten(1).square().sum(1) for slope in slopes.values()]).sum(0))
    return torch.cat(found).sqrt()


def _parts(X: Tensor, Y: Tensor, rows: int) -> zip[tuple[Tensor, Tensor]]:
    return zip(X.split(rows), Y.split(rows), strict=True)


def _of_linear(
    module: nn.Module, layers: list[nn.Module], weights: Weights, X: Tensor, Y: Tensor, losses: Losses
) -> Tensor:
    inputs: list[Tensor] = []
    outputs: list[Tensor] = []

    def keep(layer: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> None:
        inputs.append(given[0].detach() * getattr(layer, "scale", 1.0))
        outputs.append(out)

    hooks = [layer.register_forward_hook(keep) for layer in layers]
    try:
        with torch.enable_grad():
            at = {name: value.detach().requires_grad_() for name, value in weights.items()}
            total = losses(functional_call(module, at, (X,)), Y).sum()
            signals = torch.autograd.grad(total, outputs)
    finally:
        for hook in hooks:
            hook.remove()
    squares = [
        signal.square().sum(1) * (a.square().sum(1) + (layer.bias is not None))
        for layer, a, signal in zip(layers, inputs, signals, strict=True)
    ]
    return torch.stack(squares).sum(0).sqrt()
