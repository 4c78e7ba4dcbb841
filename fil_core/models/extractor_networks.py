"""The networks that make features of pictures: how they are built, what fits them, and where their head begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from fil_core.errors import BadData, BadRequest
from fil_core.models.networks.build import network
from fil_core.models.networks.initial import faults_of
from fil_core.specs.network import NetworkSpec
from fil_core.specs.networks import Shape

AS_HERE = ("mlp", "cnn")  # uploaded weights of these names are of the networks of this software, not of torchvision
_GREY = 28  # pixels: the side of a picture for which any network can be built
_TOLERANCE = 1e-4  # of the largest output: two orders of the same sum, in float32


@dataclass(frozen=True, slots=True)
class Design:
    """What a network that makes features is, apart from its weights.

    Attributes:
        kind: a family of networks; with `uploaded` also a model of torchvision.
        image: (H, W) or (H, W, 3) of a picture.
        outputs: of its last layer.
        uploaded: whether its weights are uploaded, so that nothing here has trained it.
        resize: side in pixels that pictures are scaled to first; None for none.
    """

    kind: str
    image: tuple[int, ...]
    outputs: int
    uploaded: bool = False
    resize: int | None = None

    @property
    def of_torchvision(self) -> bool:
        """Whether it is a model of torchvision, with the normalisation that those were pretrained with."""
        return self.uploaded and self.kind not in AS_HERE


def built(design: Design, seed: int = 0) -> nn.Module:
    """The whole network at its start, from rows of pixels (m, d0) to (m, outputs), float32, in evaluation mode.

    Args:
        design: what it is.
        seed: of its start.

    Raises:
        BadRequest: torchvision has no classifier of that name, or the network cannot be built for such pictures.
    """
    if design.of_torchvision:
        from fil_core.models.pretrained_networks import rows_network  # torchvision takes a second to load

        return rows_network(design.kind, design.outputs, design.image, design.resize)
    spec = NetworkSpec(kind=design.kind, init_seed=seed, precision="float32")
    return network(spec, Shape(int(np.prod(design.image)), design.outputs, design.image))


def outputs_in(weights: Mapping[str, np.ndarray], kind: str) -> int:
    """Outputs of the last linear layer of uploaded weights: the rows of the last matrix, by the network's own order.

    Args:
        weights: by the names of a `state_dict`.
        kind: a family of this software or a model of torchvision.

    Raises:
        BadRequest: torchvision has no classifier of that name.
    """
    if kind in AS_HERE:
        numbered = [name for name in weights if name.endswith(".weight") and name.split(".")[0].isdigit()]
        last = max(numbered, key=lambda name: int(name.split(".")[0]), default="")
    else:
        from fil_core.models.pretrained_networks import head_name

        last = f"{head_name(kind)}.weight"
    return len(weights[last]) if last in weights and weights[last].ndim == 2 else 1


def network_of(weights: Mapping[str, np.ndarray]) -> str:
    """The network that uploaded weights are of: `cnn` or `mlp` by its names, else a classifier of torchvision.

    Args:
        weights: by the names of a `state_dict`.

    Raises:
        BadData: they fit none; the message says what is wrong with the nearest.
    """
    grey = (_GREY, _GREY)
    for kind in AS_HERE:  # shapes depend on the pictures, and are looked at with them
        if built(Design(kind, grey, 1)).state_dict().keys() == weights.keys():
            return kind
    from fil_core.models.pretrained_networks import fitting_network

    return fitting_network(weights)


def load_weights(whole: nn.Module, weights: Mapping[str, np.ndarray], design: Design) -> None:
    """Put uploaded or stored weights into a network.

    Raises:
        BadData: names are missing or unknown, or shapes differ.
    """
    if found := faults_of(whole.state_dict(), weights):
        raise BadData(
            f"features_from: expected the weights of {design.kind} for pictures of {_sized(design.image)} with "
            f"{design.outputs:,} output{'' if design.outputs == 1 else 's'}; got {found}. The names and shapes are "
            "those of the network's state_dict; take another file or another network."
        )
    whole.load_state_dict({name: torch.tensor(array) for name, array in weights.items()}, strict=True)


def headless(whole: nn.Module, design: Design) -> tuple[nn.Module, int]:
    """A network without its last linear layer, frozen, and the number of features that this layer reads.

    Args:
        whole: the network with its weights; changed in place.
        design: what it is.

    Raises:
        BadRequest: it takes pictures of another size, or its outputs are not those of a last linear layer.
    """
    place, head = _last_linear(whole, design)
    weight = head.weight
    pixels = torch.rand(2, int(np.prod(design.image)), dtype=weight.dtype, generator=torch.Generator().manual_seed(0))
    for module in whole.modules():
        if getattr(module, "inplace", False):
            vars(module)["inplace"] = False  # features are differentiated
    outputs = _called(whole, pixels, design)
    whole.set_submodule(place, nn.Identity())
    features = _called(whole, pixels, design)
    if features.ndim != 2 or features.shape[1] != head.in_features or _differ(_applied(head, features), outputs):
        raise BadRequest(
            f"features_from: expected a network whose outputs are those of its last linear layer; {design.kind} puts "
            "out something else. Take mlp, cnn or resnet18."
        )
    return whole.requires_grad_(False).eval(), head.in_features


def _last_linear(whole: nn.Module, design: Design) -> tuple[str, nn.Linear]:
    linear = [(name, layer) for name, layer in whole.named_modules() if isinstance(layer, nn.Linear)]
    if not linear:
        raise BadRequest(
            f"features_from: expected a network with a linear layer at its end; {design.kind} has none. Take mlp, cnn "
            "or resnet18."
        )
    return linear[-1]


def _applied(head: nn.Linear, features: Tensor) -> Tensor:
    with torch.no_grad():
        outputs: Tensor = head(features)
        return outputs


def _differ(one: Tensor, other: Tensor) -> bool:
    return one.shape != other.shape or bool((one - other).abs().max() > _TOLERANCE * other.abs().max().clamp(min=1e-30))


def _called(module: nn.Module, pixels: Tensor, design: Design) -> Tensor:
    try:
        with torch.no_grad():
            outputs: Tensor = module(pixels)
            return outputs
    except (RuntimeError, ValueError, AssertionError) as error:
        raise BadRequest(
            f"features_from: expected pictures of a size that {design.kind} takes; got "
            f"{_sized(design.image)}{f', scaled to {design.resize}' if design.resize else ''} ({error}). Scale them, "
            "for instance with --features-resize 224, or take a network that is trained here."
        ) from error


def _sized(image: tuple[int, ...]) -> str:
    return " × ".join(map(str, image[:2]))
