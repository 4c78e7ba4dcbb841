"""The spec of a network and of its training by gradient descent, on all examples or on mini-batches."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from fil_core.errors import BadRequest
from fil_core.specs import checks
from fil_core.specs.networks import ACTIVATIONS, NETWORKS, SCALINGS, NetworkFamily
from fil_core.specs.options import Kind, check_options, choice, number, option, switch, uploaded, whole

INFINITE: Literal["inf"] = "inf"
MOST_WIDTH = 65_536
MOST_DEPTH = 32
MOST_STEPS = 1_000_000
MOST_CELLS = 2  # layers of lstm


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
    """Which network, where it starts, and how it is trained. What has no part in it is set to its default.

    The loss is `1/n sum_i l_i + l2/2 |w - w_0|^2` with w_0 the weights at the start, and l_i = 1/2 |f(x_i) - y_i|^2 or,
    of a sequence of tokens, the sum of -log p(token | tokens before). Training takes `time` steps of gradient descent
    of size `lr`: of this loss, or of its mean over mini-batches. Two classes have one output with targets 0 and 1, more
    have one-hot outputs, a regression its target.

    Attributes:
        kind: family, see `specs.networks.NETWORKS`.
        width, depth: of the hidden layers, and how many there are; of `mlp` and, at most two, of `lstm`.
        activation: of the hidden layers; only of `mlp`.
        scaling: `standard` starts as PyTorch does; `ntk` has weights of variance one that are multiplied by
            1/sqrt(inputs) in the layer; only of `mlp`.
        no_bias: whether layers have no biases; only of `mlp`.
        embedding: numbers that stand for a token; only of `lstm`.
        tied: whether the output has the embedding's matrix, which then has `width` columns; only of `lstm`.
        initial: sha-256, as hex, of uploaded weights to start from; None draws them with `init_seed`.
        init_seed: seed of the random start.
        lr: step of gradient descent on the mean loss, > 0; of text on the mean loss of a token.
        time: number of steps, or `inf`.
        l2: decay towards the start, >= 0, on the mean loss.
        precision: of the numbers that the network computes with.
        batch: examples per step, see `models.networks.order`; None for all.
        batch_seed: seed of the order in which mini-batches take the examples.
    """

    kind: str = option("mlp", _network(), "linear, mlp (default), cnn, resnet18, or lstm for text", flag="network", called="network", link="network", always=True)  # noqa: E501 # fmt: skip
    width: int = option(256, whole(most=MOST_WIDTH), "units of each layer of mlp or lstm (default 256)", link="width")
    depth: int = option(1, whole(most=MOST_DEPTH), "layers of mlp, or of lstm at most 2 (default 1)", link="depth")
    activation: str = option("relu", choice(ACTIVATIONS), "of mlp (default relu)", link="activation")
    scaling: str = option("standard", choice(SCALINGS), "of mlp: PyTorch's start, or the one of the neural tangent kernel", link="scaling")  # noqa: E501 # fmt: skip
    no_bias: bool = option(False, switch(), "mlp without biases", link="no-bias", added=True)
    initial: str | None = option(None, uploaded(), "weights to start from, .safetensors with the keys of the state_dict", link="initial")  # noqa: E501 # fmt: skip
    init_seed: int = option(0, whole(least=0), "seed of the random start (default 0)", link="init-seed")
    lr: float = option(
        0.05,
        number(),
        "step of gradient descent on the mean loss, of text per token (default 0.05)",
        link="lr",
        always=True,
    )
    time: int | str = option(500, _time(), "steps of gradient descent, or inf (default 500)", link="time", always=True)
    l2: float = option(0.0, number(zero=True), "decay towards the start (default 0)", link="decay", always=True)
    precision: str = option(
        "float64", choice(("float64", "float32")), "numbers to compute with (default float64)", link="precision"
    )
    embedding: int = option(16, whole(most=MOST_WIDTH), "numbers that stand for a token of lstm (default 16)", link="embedding", added=True)  # noqa: E501 # fmt: skip
    tied: bool = option(False, switch(), "lstm: the output has the embedding's matrix, of as many columns as --width", link="tied", added=True)  # noqa: E501 # fmt: skip
    batch: int | None = option(None, whole(), "examples per step, in a seeded order (default: all)", flag="batch-size", called="batch_size", link="batch", added=True)  # noqa: E501 # fmt: skip
    batch_seed: int = option(0, whole(least=0), "seed of the order of mini-batches (default 0)", link="batch-seed", added=True)  # noqa: E501 # fmt: skip

    def __post_init__(self) -> None:
        check_options(self)
        for field in fields(self):
            if self.unused(field.name):  # one network has one spec, and one result one request
                object.__setattr__(self, field.name, field.default)
        if self.family.needs_text:
            self._check_recurrent()

    def unused(self, name: str) -> str:
        """Why a field has no part in this network and its training; empty where it has one.

        >>> NetworkSpec(kind="linear").unused("width"), NetworkSpec(kind="mlp").unused("width")
        ('the network linear has none', '')

        Args:
            name: of the field.
        """
        of_layers = {option for family in NETWORKS.values() for option in family.options}
        if name in of_layers and name not in self.family.options:
            return f"the network {self.kind} has none"
        return "every step takes all examples" if name == "batch_seed" and not self.batch else ""

    def _check_recurrent(self) -> None:
        if self.depth > MOST_CELLS:
            raise BadRequest(f"depth: expected at most {MOST_CELLS} layers of {self.kind}; got {self.depth}.")
        if self.tied and self.embedding != self.width:
            raise BadRequest(
                f"tied: expected an embedding as wide as the hidden layers, whose states are compared with it; got "
                f"embedding {self.embedding:,} and width {self.width:,}. Set both to the same."
            )

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
        applies = self.family.options
        said = [
            *([f" {self.depth} × {self.width}"] if "width" in applies else []),
            *([f", {self.activation}"] if "activation" in applies else []),
            *([f", embedding {self.embedding}"] if "embedding" in applies else []),
            *([", no biases"] if "no_bias" in applies and self.no_bias else []),
            *([", tied"] if "tied" in applies and self.tied else []),
        ]
        return "".join([self.kind, *said])

    @property
    def trained(self) -> str:
        """What it is, its step, its training time, its mini-batches and its decay."""
        batch = f", batches of {self.batch}" if self.batch is not None else ""
        decay = f", decay {self.l2:g}" if self.l2 else ""
        return f"{self.text}, lr {self.lr:g}, t = {self.time}{batch}{decay}"
