"""The families of networks, one entry each: what they take, their size and cost, and their code."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fil_core.errors import BadRequest
from fil_core.specs.late import Late

if TYPE_CHECKING:
    from fil_core.specs.network import NetworkSpec

ACTIVATIONS = ("relu", "erf", "gelu", "tanh")
SCALINGS = ("standard", "ntk")
LEAST_SIDE = 28  # pixels: smaller images get a black margin before the small convolutional network sees them

Size = Callable[["NetworkSpec", int, int], float]  # (spec, features, outputs) to a number
_SQUARED = Late("fil_core.models.networks.losses", "squared")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a network is built for.

    Attributes:
        features: numbers per example.
        outputs: numbers that it predicts per example; of sequences, per position: the tokens of the vocabulary.
        image: (height, width) or (height, width, 3) of an example, or None.
    """

    features: int
    outputs: int
    image: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFamily:
    """Everything about one family of networks.

    Attributes:
        name: its name in requests, links and on the command line.
        says: what it is, in a few words.
        needs_images: whether its inputs are images rather than rows of features.
        needs_text: whether its inputs are sequences of tokens; a network of another family refuses them.
        options: the fields of `NetworkSpec` about its layers that have a meaning.
        build: (spec, shape) to a `torch.nn.Module` from (n, features) to (n, outputs), or to (n, features, outputs) of
            sequences; imported when something is computed.
        parameters: number of its weights.
        operations: multiply-adds of one forward pass for one example.
        losses: what it is trained on, from outputs and targets to the loss of each example.
    """

    name: str
    says: str
    needs_images: bool = False
    needs_text: bool = False
    options: tuple[str, ...] = ()
    build: Callable[[NetworkSpec, Shape], Any]
    parameters: Size
    operations: Size
    losses: Late = _SQUARED


def outputs(classes: int) -> int:
    """Outputs of a network for so many classes, 0 for a regression: one for each class from three on, else one.

    >>> outputs(0), outputs(2), outputs(10)
    (1, 1, 10)
    """
    return classes if classes > 2 else 1


def _mlp_size(spec: NetworkSpec, d: int, k: int) -> float:
    widths = [d, *[spec.width] * spec.depth, k]
    return float(sum((a + (not spec.no_bias)) * b for a, b in itertools.pairwise(widths)))


def _lstm_size(spec: NetworkSpec, d: int, k: int) -> float:
    inputs, hidden = spec.embedding, spec.width
    cells = sum((a + hidden + 1) * 4 * hidden for a in [inputs, *[hidden] * (spec.depth - 1)])
    return float(k * inputs + cells + (k if spec.tied else (hidden + 1) * k))


def _lstm_operations(spec: NetworkSpec, d: int, k: int) -> float:
    looked_up = 0 if spec.tied else k * spec.embedding
    return d * (_lstm_size(spec, d, k) - looked_up)


def _square(d: int) -> tuple[int, int]:
    """Side, in its margin, and channels of a square image of d numbers; grey if d is a square or three are not."""
    grey, colour = math.isqrt(d), math.isqrt(d // 3)
    side, channels = (colour, 3) if grey**2 < d == 3 * colour**2 else (round(d**0.5), 1)
    return max(side, LEAST_SIDE), channels


def _cnn_size(spec: NetworkSpec, d: int, k: int) -> float:
    side, channels = _square(d)
    positions = ((side // 4 - 3) // 2 - 1) ** 2  # left after four convolutions
    return 182_656.0 + 512 * channels + 65_536 * positions + 256 + 257 * k  # exact for square images


def _cnn_operations(spec: NetworkSpec, d: int, k: int) -> float:
    return 1.3e6 * (_square(d)[0] / LEAST_SIDE) ** 2


_BUILD = "fil_core.models.networks.build"
NETWORKS: dict[str, NetworkFamily] = {
    family.name: family
    for family in (
        NetworkFamily(
            name="linear",
            says="no hidden layer, weights start at zero",
            build=Late(_BUILD, "linear"),
            parameters=lambda spec, d, k: (d + 1.0) * k,
            operations=lambda spec, d, k: (d + 1.0) * k,
        ),
        NetworkFamily(
            name="mlp",
            says="fully connected, any depth and width",
            options=("width", "depth", "activation", "scaling", "no_bias"),
            build=Late(_BUILD, "mlp"),
            parameters=_mlp_size,
            operations=_mlp_size,
        ),
        NetworkFamily(
            name="cnn",
            says="four convolutions (32, 32, 64, 256 channels) and a hidden layer of 256, for images",
            needs_images=True,
            build=Late(_BUILD, "cnn"),
            parameters=_cnn_size,
            operations=_cnn_operations,
        ),
        NetworkFamily(
            name="resnet18",
            says="torchvision's residual network of 18 layers, for images; batch normalisation in evaluation mode",
            needs_images=True,
            build=Late(_BUILD, "resnet18"),
            parameters=lambda spec, d, k: 1.12e7 + 513.0 * k,
            operations=lambda spec, d, k: 1.8e9 * max(d, 1024) / (3 * 224**2),
        ),
        NetworkFamily(
            name="lstm",
            says="a language model of sequences of tokens: an embedding and one or two recurrent layers",
            needs_text=True,
            options=("width", "depth", "embedding", "tied"),
            build=Late("fil_core.models.networks.recurrent", "lstm"),
            parameters=_lstm_size,
            operations=_lstm_operations,
            losses=Late("fil_core.models.networks.losses", "tokens"),
        ),
    )
}


def register_network(
    name: str,
    build: Callable[[NetworkSpec, Shape], Any],
    *,
    parameters: int,
    operations: float,
    says: str = "",
    options: tuple[str, ...] = (),
) -> None:
    """Make a network of your own known by a name, in this process.

    Args:
        name: as `NetworkSpec(kind=...)` takes it; not one that is taken.
        build: (spec, shape) to a `torch.nn.Module` that maps (n, shape.features) to (n, shape.outputs), one example
            independently of the others; the random numbers that it draws are seeded.
        parameters: number of its weights, for estimates of memory.
        operations: multiply-adds of one forward pass for one example, for estimates of time.
        says: what it is, in a few words.
        options: the fields of `NetworkSpec` about its layers that `build` reads, such as `width`; others have their
            defaults.

    Raises:
        BadRequest: the name is taken, or is no name.
    """
    if not isinstance(name, str) or not name.isidentifier() or name in NETWORKS:
        raise BadRequest(
            f"network: expected a name other than {', '.join(NETWORKS)}, of letters and digits; got {name!r}."
        )
    NETWORKS[name] = NetworkFamily(
        name=name,
        says=says or "a network of your own",
        build=build,
        parameters=lambda spec, d, k: float(parameters),
        operations=lambda spec, d, k: float(operations),
        options=options,
    )
