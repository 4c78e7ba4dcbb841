"""Networks from their spec: their layers, and the weights that they start from."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from fil_core.errors import BadData, BadRequest
from fil_core.models.networks.layers import Erf, Images, ScaledLinear
from fil_core.specs.network import NetworkSpec
from fil_core.specs.networks import LEAST_SIDE, Shape

_ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "erf": Erf, "gelu": nn.GELU, "tanh": nn.Tanh}
_GAIN = {"relu": math.sqrt(2)}  # keeps the size of signals from layer to layer; 1 for the others
_INSIDE = "1."  # begins the names of torchvision's network, which stands behind the layer that makes images
_LISTED = 3  # names that an error lists


def linear(spec: NetworkSpec, shape: Shape) -> nn.Sequential:
    """No hidden layer; weights and bias start at zero."""
    layer = nn.Linear(shape.features, shape.outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return nn.Sequential(layer)


def mlp(spec: NetworkSpec, shape: Shape) -> nn.Sequential:
    """Fully connected: `depth` hidden layers of `width` units, each with the activation, and a linear output."""
    widths = [shape.features, *[spec.width] * spec.depth, shape.outputs]
    layers: list[nn.Module] = []
    for at, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        # The gain belongs to what an activation puts out; the features themselves have none.
        gain = _GAIN.get(spec.activation, 1.0) if at else 1.0
        layers.append(nn.Linear(inputs, outputs) if spec.scaling == "standard" else ScaledLinear(inputs, outputs, gain))
        if at < spec.depth:
            layers.append(_ACTIVATIONS[spec.activation]())
    return nn.Sequential(*layers)


def cnn(spec: NetworkSpec, shape: Shape) -> nn.Sequential:
    """The small convolutional network of Harutyunyan et al. (ICLR 2021), for images of at least 28 x 28 pixels.

    Smaller ones get a black margin.
    """
    assert shape.image is not None
    height, width, depth = (*shape.image, 1)[:3]
    layers = [(depth, 32, 4, 2, 1), (32, 32, 4, 2, 1), (32, 64, 3, 2, 0), (64, 256, 3, 1, 0)]
    sides = [max(side, LEAST_SIDE) for side in (height, width)]
    for _, _, kernel, stride, padding in layers:
        sides = [(side + 2 * padding - kernel) // stride + 1 for side in sides]
    convolutions = [
        each
        for inputs, outputs, kernel, stride, padding in layers
        for each in (nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.ReLU())
    ]
    hidden = 256 * sides[0] * sides[1]
    ending = (nn.Flatten(), nn.Linear(hidden, 256), nn.ReLU(), nn.Linear(256, shape.outputs))
    return nn.Sequential(Images(shape.image, least=LEAST_SIDE), *convolutions, *ending)


def resnet18(spec: NetworkSpec, shape: Shape) -> nn.Sequential:
    """torchvision's network; a grey image is repeated to three channels."""
    from torchvision.models import resnet18 as untrained

    assert shape.image is not None
    return nn.Sequential(Images(shape.image, channels=3), untrained(weights=None, num_classes=shape.outputs))


def network(
    spec: NetworkSpec,
    shape: Shape,
    *,
    initial: Mapping[str, np.ndarray] | None = None,
    device: torch.device | str = "cpu",
) -> nn.Module:
    """A network at its start, in evaluation mode and in the precision of its spec.

    Args:
        spec: the network; the start is drawn with `init_seed`, on the CPU and in single precision, so that it is the
            same everywhere.
        shape: what it is built for.
        initial: weights to start from, by name as in the `state_dict` (those of torchvision for `resnet18`).
        device: where it is to be.

    Raises:
        BadData: `initial` has other names or shapes, or numbers that are not finite.
        BadRequest: a network of your own does not do what `register_network` asks for.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.init_seed)
        module: nn.Module = spec.family.build(spec, shape)
    if initial is not None:
        _start_from(module, initial, spec)
    module = module.to(getattr(torch, spec.precision)).to(device).eval()
    _check(module, spec, shape)
    return module


def _start_from(module: nn.Module, initial: Mapping[str, np.ndarray], spec: NetworkSpec) -> None:
    """Take the weights of a file."""
    own = {
        name.removeprefix(_INSIDE) if spec.kind == "resnet18" else name: value
        for name, value in module.state_dict().items()
    }
    counters = {name for name in own if name.endswith("num_batches_tracked")}  # of training, of no use here
    missing, unknown = sorted(set(own) - set(initial) - counters), sorted(set(initial) - set(own))
    if missing or unknown:
        parts = [f"{what}: {_few(names)}" for what, names in (("missing", missing), ("unknown", unknown)) if names]
        raise BadData(f"network: expected the weights of {spec.text}; {'; '.join(parts)}. {_advice(spec)}")
    wrong = [name for name in initial if tuple(initial[name].shape) != tuple(own[name].shape)]
    if wrong:
        told = [f"{name} {tuple(own[name].shape)}, got {tuple(initial[name].shape)}" for name in wrong]
        raise BadData(f"network: expected the shapes of {spec.text}: {_few(told)}. {_advice(spec)}")
    infinite = [name for name in initial if not np.isfinite(initial[name]).all()]
    if infinite:
        raise BadData(f"network: expected finite weights; got others in {_few(infinite)}.")
    # The precision comes first: a float64 file would be rounded in a network of single precision.
    module.to(getattr(torch, spec.precision))
    prefix = _INSIDE if spec.kind == "resnet18" else ""
    values = {f"{prefix}{name}": torch.from_numpy(np.ascontiguousarray(array)) for name, array in initial.items()}
    module.load_state_dict(values, strict=False)  # names and shapes are those of the network but for the counters


def _few(names: list[str]) -> str:
    return ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else "")


def _advice(spec: NetworkSpec) -> str:
    if not spec.family.layered:
        return "Names are those of the state_dict."
    return (
        "Names are those of torch.nn.Sequential(Linear, activation, Linear, ...): 0.weight, 0.bias, 2.weight, ...; "
        "--width and --depth say which network it is."
    )


def _check(module: nn.Module, spec: NetworkSpec, shape: Shape) -> None:
    """Refuse a network of other outputs, or one in which examples influence each other."""
    first = next((value for value in module.parameters() if value.requires_grad), None)
    if first is None:
        raise BadRequest(f"network: expected weights to train in {spec.kind}; got none.")
    draw = torch.Generator().manual_seed(0)
    pair = torch.rand(2, shape.features, generator=draw).to(first)
    with torch.no_grad():
        together, alone = module(pair), torch.cat([module(pair[:1]), module(pair[1:])])
    if tuple(together.shape) != (2, shape.outputs) or not bool(torch.isfinite(together).all()):
        raise BadRequest(
            f"network: expected finite outputs of shape (n, {shape.outputs}) from {spec.kind}; for n = 2 got "
            f"{'numbers that are not finite' if together.shape == (2, shape.outputs) else tuple(together.shape)}."
        )
    tolerance = 1e3 * torch.finfo(first.dtype).eps * float(together.abs().max().clamp_min(1))
    if float((together - alone).abs().max()) > tolerance:
        raise BadRequest(
            f"network: expected outputs of {spec.kind} that depend on their own example alone; two at once differ from "
            "one at a time. Leave out batch statistics and random numbers."
        )
