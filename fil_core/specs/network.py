"""The spec of a network and of its training: full-batch gradient descent on half the mean squared error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fil_core.errors import BadRequest
from fil_core.specs import checks
from fil_core.specs.networks import ACTIVATIONS, NETWORKS, SCALINGS, NetworkFamily
from fil_core.specs.options import Kind, check_options, choice, number, option, uploaded, whole

INFINITE: Literal["inf"] = "inf"
MOST_WIDTH = 65_536
MOST_DEPTH = 32
MOST_STEPS = 1_000_000


def _network() -> Kind:
    """The name of a family of networks, registered ones included."""

    def check(name: str, value: Any) -> str:
        checks.choice(name, value, tuple(NETWORKS))
        return str(value)

    return Kind(check, str, str, "NAME")


def _time() -> Kind:
    """A number of steps, or `inf` for the limit of infinitely many."""

    def check(name: str, value: Any) -> int | str:
        if value == INFINITE:
            return INFINITE
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_STEPS:
            raise BadRequest(
                f"{name}: expected a number of steps from 1 to {MOST_STEPS:,}, or {INFINITE} for the limit of "
                f"infinitely many; got {value!r}."
            )
        return value

    def read(text: str) -> int | str:
        if text.strip() == INFINITE:
            return INFINITE
        try:
            return int(text)
        except ValueError:
            raise ValueError(f"expected a whole number of steps or {INFINITE}, got {text!r}") from None

    return Kind(check, read, str, "T")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSpec:
    """Which network, where it starts, and how it is trained.

    The loss is `1/n sum_i 1/2 |f(x_i) - y_i|^2 + l2/2 |w - w_0|^2` with w_0 the weights at the start; training takes
    `time` steps of full-batch gradient descent of size `lr`. Two classes have one output with targets 0 and 1, more
    have one-hot outputs, a regression its target.

    Attributes:
        kind: family, see `specs.networks.NETWORKS`.
        width, depth: of the hidden layers, and how many there are; only of `mlp`.
        activation: of the hidden layers; only of `mlp`.
        scaling: `standard` starts as PyTorch does; `ntk` has weights of variance one that are multiplied by
            1/sqrt(inputs) in the layer; only of `mlp`.
        initial: sha-256, as hex, of uploaded weights to start from; None draws them with `init_seed`.
        init_seed: seed of the random start.
        lr: step of gradient descent on the mean loss, > 0.
        time: number of steps, or `inf`.
        l2: decay towards the start, >= 0, on the mean loss.
        precision: of the numbers that the network computes with.
    """

    kind: str = option("mlp", _network(), "linear, mlp (default), cnn or resnet18", flag="network", called="network", link="network", always=True)  # noqa: E501 # fmt: skip
    width: int = option(256, whole(most=MOST_WIDTH), "units of each hidden layer of mlp (default 256)", link="width")
    depth: int = option(1, whole(most=MOST_DEPTH), "hidden layers of mlp (default 1)", link="depth")
    activation: str = option("relu", choice(ACTIVATIONS), "of mlp (default relu)", link="activation")
    scaling: str = option("standard", choice(SCALINGS), "of mlp: PyTorch's start, or the one of the neural tangent kernel", link="scaling")  # noqa: E501 # fmt: skip
    initial: str | None = option(None, uploaded(), "weights to start from, .safetensors with the keys of the state_dict", link="initial")  # noqa: E501 # fmt: skip
    init_seed: int = option(0, whole(least=0), "seed of the random start (default 0)", link="init-seed")
    lr: float = option(
        0.05, number(), "step of gradient descent on the mean loss (default 0.05)", link="lr", always=True
    )
    time: int | str = option(500, _time(), "steps of gradient descent, or inf (default 500)", link="time", always=True)
    l2: float = option(0.0, number(zero=True), "decay towards the start (default 0)", link="decay", always=True)
    precision: str = option("float64", choice(("float64", "float32")), "numbers to compute with (default float64)")

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def family(self) -> NetworkFamily:
        """Its family."""
        return NETWORKS[self.kind]

    @property
    def steps(self) -> int | None:
        """Number of steps; None for the limit of infinitely many."""
        return None if self.time == INFINITE else int(self.time)

    @property
    def text(self) -> str:
        """What it is, in a few words."""
        size = f" {self.depth} × {self.width}, {self.activation}" if self.family.layered else ""
        return f"{self.kind}{size}"

    @property
    def trained(self) -> str:
        """What it is, its step, its training time and its decay."""
        decay = f", decay {self.l2:g}" if self.l2 else ""
        return f"{self.text}, lr {self.lr:g}, t = {self.time}{decay}"
