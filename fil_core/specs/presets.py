"""Ensembles that can be chosen by name: values of the fields of data, network, training and ensemble."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fil_core.specs.data import DataSpec
from fil_core.specs.network import NetworkSpec
from fil_core.specs.options import places


@dataclass(frozen=True, slots=True)
class Preset:
    """One of them.

    Attributes:
        title: in a few words.
        says: what it is, and about how long it takes on two cores.
        data: fields of `DataSpec`; empty takes the data as they are.
        network: fields of `NetworkSpec`.
        training: loss and schedule.
        models: of the ensemble.
    """

    title: str
    says: str
    data: Mapping[str, Any]
    network: Mapping[str, Any]
    training: Mapping[str, str]
    models: int

    @property
    def options(self) -> dict[str, Any]:
        """The options of the command line that it stands for, by their names, with the values that they are read to."""
        found: dict[str, Any] = {"models": self.models, **self.training}
        for kind, values in ((DataSpec, self.data), (NetworkSpec, self.network)):
            flags = {place.path[-1]: place.option.flag for place in places(kind)}
            found |= {flags[name]: value for name, value in values.items()}
        return found


def _paper(activation: str, lr: float) -> Preset:
    """Ye et al. (ICLR 2024): the design of its networks; its rate schedule is not published in full.

    PyTorch's start shrinks what passes through nine layers without biases to nothing, so that they would not train; the
    step is one at which they do, and in the scaling of the tangent kernel it does not depend on the width.
    """
    return Preset(
        title=f"The paper's, {activation}",
        says="airplanes and automobiles, nine hidden layers of 1,024 without biases, 50 epochs: for a GPU",
        data={"name": "cifar10", "classes": ("airplane", "automobile"), "preprocess": "none"},
        network={
            "kind": "mlp", "width": 1024, "depth": 9, "activation": activation, "scaling": "ntk", "no_bias": True,
            "lr": lr, "time": 50 * 79, "batch": 64, "precision": "float32",
        },
        training={"loss": "squared", "schedule": "steps"},
        models=100,
    )  # fmt: skip


_SMALL = {"kind": "mlp", "width": 128, "depth": 1, "lr": 0.5, "time": 800, "batch": 32, "precision": "float32"}
PRESETS: dict[str, Preset] = {
    "small": Preset(
        title="64 small networks", says="of the data as they are, one hidden layer of 128: about a minute",
        data={}, network=_SMALL, training={"loss": "cross-entropy", "schedule": "constant"}, models=64,
    ),
    "small-squared": Preset(
        title="128 networks on the squared loss", says="as Gaussian processes are about it: some minutes",
        data={}, network=_SMALL | {"width": 256, "no_bias": True, "lr": 2.0, "time": 1500},
        training={"loss": "squared", "schedule": "constant"}, models=128,
    ),
    "paper-relu": _paper("relu", 0.1),
    "paper-gelu": _paper("gelu", 30.0),
}  # fmt: skip
