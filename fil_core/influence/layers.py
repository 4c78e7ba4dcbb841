"""Jacobians of a network layer by layer: the inputs of each layer, and the signals that come back to its output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fil_core.influence.factors import Dense, Outer, Part

_ELEMENTWISE = 8  # multiply-adds of a matrix product that take as long as one number read, multiplied and added
# Relative to the largest derivative in a layer, what two ways to the same gradient may differ by: rounding, with four
# digits to spare for sums over many positions. A weight that is used twice, or otherwise, changes the first digits.
_ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-3}


class NotByLayer(Exception):
    """The network uses a parameter in a way that its layers' inputs and signals do not tell."""


class ByLayer:
    """Derivatives of the outputs of a network of linear, convolutional and batch normalisation layers.

    One forward pass records each layer's input A, and k backward passes the signals S at its output; the derivative in
    its weight is S^T A. Examples are independent of each other, so that the sum of an output over a batch has all of
    their signals as its gradient.
    """

    def __init__(self, module: nn.Module, n: int) -> None:
        """Find the layers with parameters to train.

        Args:
            module: the network, in evaluation mode.
            n: number of training examples, on which depends which form of a convolution is the cheaper one.

        Raises:
            NotByLayer: a parameter belongs to something else.
        """
        self._module, self._n = module, n
        self._layers = [layer for layer in module.modules() if _trained(layer)]
        parameters = [id(one) for layer in self._layers for one in _trained(layer)]
        if not all(map(_is_known, self._layers)) or len(set(parameters)) < len(parameters):
            raise NotByLayer

    def parts(self, X: Tensor) -> list[Part]:
        """The Jacobian of a block of examples, X (i, features), in one part or more per layer.

        Raises:
            NotByLayer: a layer is used twice, or has inputs of another shape.
        """
        output, calls = self._forward(X)
        return list(self._backward(output, calls, keep=False).values())

    def derivatives(self, X: Tensor) -> list[Tensor]:
        """The Jacobian of a block of examples, (i, k, size) in each parameter tensor.

        Raises:
            NotByLayer: as of `parts`.
        """
        output, calls = self._forward(X)
        parts, found = self._backward(output, calls, keep=False), []
        for layer in self._layers:
            sizes = [one.numel() for one in _trained(layer)]
            part = parts.pop(layer, None)
            whole = part.written_out() if part else output.new_zeros(*output.shape, sum(sizes))
            found += whole.split(sizes, 2)
        return found

    def check(self, X: Tensor) -> list[Part]:
        """The same as `parts`, after a comparison with the gradient of a random combination of the outputs.

        It finds what modules do not tell: a weight that is used outside of its layer, a layer whose forward is another.

        Raises:
            NotByLayer: they differ.
        """
        output, calls = self._forward(X)
        parts = self._backward(output, calls, keep=True)
        v = torch.randn(output.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(output)
        trained = [_trained(layer) for layer in self._layers]
        flat = [one for some in trained for one in some]
        found = iter(torch.autograd.grad(output, flat, v, allow_unused=True, materialize_grads=True))
        for layer, some in zip(self._layers, trained, strict=True):
            exact = torch.cat([next(found).flatten() for _ in some])
            mine = parts[layer].pulled(v) if layer in parts else torch.zeros_like(exact)
            if mine.shape != exact.shape or not _are_close(mine, exact):
                raise NotByLayer
        return list(parts.values())

    def _forward(self, X: Tensor) -> tuple[Tensor, dict[nn.Module, tuple[Tensor, Tensor]]]:
        """Outputs (i, k), and input and output of each layer that was called."""
        with _recorded(self._layers) as calls, torch.enable_grad():
            output = self._module(X.detach().clone())
        if not output.requires_grad or any(len(some) > 1 for some in calls.values()):
            raise NotByLayer
        called = {layer: some[0] for layer, some in calls.items() if some}
        if not all(_has_shapes(layer, x, y, len(X)) for layer, (x, y) in called.items()):
            raise NotByLayer
        return output, called

    def _backward(
        self, output: Tensor, calls: dict[nn.Module, tuple[Tensor, Tensor]], *, keep: bool
    ) -> dict[nn.Module, Part]:
        k, at = output.shape[1], [y for _, y in calls.values()]
        forms = {layer: _form(layer, y, self._n, k) for layer, (_, y) in calls.items()}
        signals: dict[nn.Module, list[Tensor]] = {layer: [] for layer in calls}
        for a, one in enumerate(torch.eye(k, dtype=output.dtype, device=output.device)):
            found = torch.autograd.grad(
                output,
                at,
                one.expand_as(output),
                retain_graph=keep or a + 1 < k,
                allow_unused=True,
                materialize_grads=True,
            )
            for (layer, (x, _)), signal in zip(calls.items(), found, strict=True):
                signals[layer].append(forms[layer](layer, x.detach(), signal))
        return {layer: _part(layer, x.detach(), signals[layer], forms[layer]) for layer, (x, _) in calls.items()}


@contextmanager
def _recorded(layers: Sequence[nn.Module]) -> Iterator[dict[nn.Module, list[tuple[Tensor, Tensor]]]]:
    """Inputs and outputs of all calls of some layers."""
    calls: dict[nn.Module, list[tuple[Tensor, Tensor]]] = {layer: [] for layer in layers}

    def record(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if len(inputs) != 1:
            raise NotByLayer
        calls[layer].append((inputs[0], output))
        return output.clone()  # what follows may work in place, and would change what was recorded

    hooks = [layer.register_forward_hook(record) for layer in layers]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def _are_close(one: Tensor, other: Tensor) -> bool:
    largest = float(one.abs().max() + other.abs().max())
    return torch.allclose(one, other, rtol=0, atol=_ROUNDING[one.dtype] * largest)


def _trained(layer: nn.Module) -> list[nn.Parameter]:
    """Its own parameters that are trained; of a known layer the weight, then the bias."""
    return [one for one in layer.parameters(recurse=False) if one.requires_grad]


def _is_known(layer: nn.Module) -> bool:
    own = {name for name, _ in layer.named_parameters(recurse=False)}
    if isinstance(layer, nn.Conv2d):
        return own <= {"weight", "bias"} and layer.groups == 1 and layer.padding_mode == "zeros"
    if isinstance(layer, nn.BatchNorm2d):
        return own <= {"weight", "bias"} and layer.running_mean is not None
    return isinstance(layer, nn.Linear) and own <= {"weight", "bias"}


def _has_shapes(layer: nn.Module, x: Tensor, y: Tensor, i: int) -> bool:
    """Whether a layer maps i inputs to i outputs, of the shapes that its parameters are applied to here."""
    if len(x) != i or x.dim() != y.dim() or x.dim() != (2 if isinstance(layer, nn.Linear) else 4):
        return False
    if isinstance(layer, nn.Conv2d):
        return _inputs(layer, x[:1].detach()).shape[1] == y[0, 0].numel()
    return isinstance(layer, nn.Linear) or x.shape == y.shape


def _is_trained(parameter: object) -> bool:
    return isinstance(parameter, Tensor) and parameter.requires_grad


# What becomes of the signal at a layer's output, (i, outputs...), of one output of the network: (layer, input, signal).
Form = Callable[[nn.Module, Tensor, Tensor], Tensor]


def _form(layer: nn.Module, y: Tensor, n: int, k: int) -> Form:
    """The cheaper form of a layer's derivatives, by multiply-adds per pair of examples."""
    if isinstance(layer, nn.BatchNorm2d):
        return _norm_derivatives
    weight = layer.weight
    if not isinstance(weight, Tensor) or not weight.requires_grad:
        return _derivatives
    if isinstance(layer, nn.Linear):
        return _positions
    L, c, q = y[0, 0].numel(), y.shape[1], weight[0].numel()
    written_out = k * k * c * q + k * L * c * q / n
    by_positions = L * L * (q + k * k * (c + _ELEMENTWISE))
    return _derivatives if written_out < by_positions else _positions


def _part(layer: nn.Module, x: Tensor, signals: list[Tensor], form: Form) -> Part:
    stacked = torch.stack(signals, 1)
    return Outer(_inputs(layer, x), stacked, _is_trained(layer.bias)) if form is _positions else Dense(stacked)


def _inputs(layer: nn.Module, x: Tensor) -> Tensor:
    """What the weight multiplies at each position, (i, L, q); of a linear layer there is one."""
    if isinstance(layer, nn.Conv2d):
        padded = F.pad(x, _padding(layer))
        return F.unfold(padded, layer.kernel_size, dilation=layer.dilation, stride=layer.stride).transpose(1, 2)
    return (x * getattr(layer, "scale", 1.0)).unsqueeze(1)


def _padding(layer: nn.Conv2d) -> list[int]:
    """Zeros left, right, above and below; of `same` padding an odd one goes right and below."""
    if layer.padding == "same":
        (tall, wide), (down, right) = layer.kernel_size, layer.dilation
        height, width = down * (tall - 1), right * (wide - 1)
        return [width // 2, width - width // 2, height // 2, height - height // 2]
    height, width = (0, 0) if isinstance(layer.padding, str) else layer.padding
    return [width, width, height, height]


def _positions(layer: nn.Module, x: Tensor, signal: Tensor) -> Tensor:
    """The signal at each position, (i, L, c)."""
    return signal.unsqueeze(1) if signal.dim() == 2 else signal.flatten(2).transpose(1, 2)


def _derivatives(layer: nn.Module, x: Tensor, signal: Tensor) -> Tensor:
    """Derivatives in the weight and bias, written out, (i, c q + c)."""
    at = _positions(layer, x, signal)
    some = [(at.transpose(1, 2) @ _inputs(layer, x)).flatten(1)] if _is_trained(layer.weight) else []
    return torch.cat([*some, at.sum(1)] if _is_trained(layer.bias) else some, 1)


def _norm_derivatives(layer: nn.Module, x: Tensor, signal: Tensor) -> Tensor:
    """Derivatives in the weight and bias of batch normalisation by running moments, (i, 2 c)."""
    assert isinstance(layer, nn.BatchNorm2d)
    assert layer.running_mean is not None
    assert layer.running_var is not None
    some = []
    if _is_trained(layer.weight):
        root = (layer.running_var + layer.eps).sqrt()
        some.append((signal * (x - layer.running_mean[:, None, None]) / root[:, None, None]).sum((2, 3)))
    return torch.cat([*some, signal.sum((2, 3))] if _is_trained(layer.bias) else some, 1)
