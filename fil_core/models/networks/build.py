"""From the spec of a network to its module: the families, and the start that is drawn or uploaded."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from fil_core.errors import BadRequest
from fil_core.models.networks.initial import load_initial
from fil_core.models.networks.layers import Erf, Pictures, ScaledLinear
from fil_core.models.networks.probe import check_module
from fil_core.specs.network import NetworkSpec
from fil_core.specs.networks import LEAST_SIDE, Shape

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"relu": nn.ReLU, "erf": Erf, "gelu": nn.GELU, "tanh": nn.Tanh}
_PRECISIONS = {"float64": torch.float64, "float32": torch.float32}
_drawing = threading.Lock()  # layers draw from the generator of the process; two threads would mix their numbers


def network(
    spec: NetworkSpec,
    shape: Shape,
    *,
    initial: Mapping[str, np.ndarray] | None = None,
    device: torch.device | str = "cpu",
) -> nn.Module:
    """The network at its start, in evaluation mode.

    Weights are drawn in float32, as PyTorch draws them, and then cast: one seed is one start in either precision. The
    process's own random numbers go on as if nothing had been drawn.

    Args:
        spec: family, sizes, seed of the start and precision.
        shape: what it is built for.
        initial: weights to start from, by the names of its `state_dict`; None takes those that are drawn.
        device: where its weights are to be.

    Returns:
        A module from (n, shape.features) to (n, shape.outputs) in the precision of the spec.

    Raises:
        BadRequest: the family needs images, or a registered network maps to another shape, mixes examples, or has
            no weights to train; the message names it.
        BadData: `initial` has other names or shapes, or is not finite.
    """
    with _drawing, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(spec.init_seed)  # torch.manual_seed would seed the GPUs, too
        module = spec.family.build(spec, shape)
    if not isinstance(module, nn.Module):
        raise BadRequest(f"network {spec.kind}: expected a torch.nn.Module; got a {type(module).__name__}.")
    module = module.to(_PRECISIONS[spec.precision]).eval()
    if initial is not None:
        load_initial(module, initial, spec, shape)
    check_module(module, spec, shape)
    return module.to(device)


def linear(spec: NetworkSpec, shape: Shape) -> nn.Sequential:
    """`W x + b` with W and b zero at the start: the loss is quadratic, and training it is linear regression."""
    layer = nn.Linear(shape.features, shape.outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return nn.Sequential(layer)


def mlp(spec: NetworkSpec, shape: Shape) -> nn.Sequential:
    """`depth` hidden layers of `width` units, each followed by the activation, and a linear layer.

    In the scaling `ntk` the layers after a ReLU have the gain sqrt(2), since it halves the mean square; all others
    have 1. The mean square of the outputs at the start is then |x|^2/features for ReLU, whatever the width and depth.
    """
    widths = [shape.features, *[spec.width] * spec.depth, shape.outputs]
    layers: list[nn.Module] = []
    for i, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        if i:
            layers.append(_ACTIVATIONS[spec.activation]())
        gain = math.sqrt(2) if i and spec.activation == "relu" else 1.0
        layers.append(
            ScaledLinear(inputs, outputs, gain=gain, bias=not spec.no_bias)
            if spec.scaling == "ntk"
            else nn.Linear(inputs, outputs, bias=not spec.no_bias)
        )
    return nn.Sequential(*layers)


def cnn(spec: NetworkSpec, shape: Shape) -> nn.Sequential:
    """Four convolutions and a hidden layer, with ReLU between; pictures below 28 pixels get a margin of zeros.

    Source: Harutyunyan et al. (ICLR 2021), the small network of its experiments.
    """
    image = _image(spec, shape)
    channels = image[2] if len(image) == 3 else 1
    flat = 256 * math.prod(_last_side(max(side, LEAST_SIDE)) for side in image[:2])
    return nn.Sequential(
        Pictures(image, least=LEAST_SIDE),
        nn.Conv2d(channels, 32, 4, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(32, 32, 4, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(32, 64, 3, stride=2), nn.ReLU(),
        nn.Conv2d(64, 256, 3), nn.ReLU(),
        nn.Flatten(),
        nn.Linear(flat, 256), nn.ReLU(),
        nn.Linear(256, shape.outputs),
    )  # fmt: skip


def resnet18(spec: NetworkSpec, shape: Shape) -> nn.Module:
    """Torchvision's residual network, not trained; a grey picture is repeated in its three channels."""
    from fil_core.models.networks.residual import RowsResNet18  # torchvision takes a second to load

    return RowsResNet18(Pictures(_image(spec, shape), channels=3), shape.outputs)


def _image(spec: NetworkSpec, shape: Shape) -> tuple[int, ...]:
    if shape.image is None or math.prod(shape.image) != shape.features:
        raise BadRequest(
            f"network {spec.kind}: expected images; got {shape.features:,} features"
            f"{'' if shape.image is None else f' for images of {shape.image}'}. Take linear or mlp."
        )
    return shape.image


def _last_side(side: int) -> int:
    """Height or width after the convolutions of `cnn`.

    >>> _last_side(28), _last_side(32), _last_side(64)
    (1, 1, 5)
    """
    return (side // 4 - 3) // 2 + 1 - 2
