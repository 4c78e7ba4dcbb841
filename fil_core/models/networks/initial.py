"""Uploaded weights that a network starts from: every one that it has, by name and shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import nn

from fil_core.data.own.network import check_finite
from fil_core.errors import BadData
from fil_core.specs.network import NetworkSpec
from fil_core.specs.networks import Shape

_SHOWN = 3  # names that a message lists
_NAMES = {
    "linear": "The names are those of torch.nn.Sequential: 0.weight, 0.bias.",
    "mlp": "The names are those of torch.nn.Sequential: 0.weight, 0.bias, 2.weight, 2.bias, and so on; the sizes are "
    "those of --width and --depth.",
    "lstm": "The names are embedding.weight, cells.0.input.weight, cells.0.input.bias, cells.0.recurrent.weight, the "
    "same of cells.1, output.weight (not where it is tied) and output.bias; the sizes are those of the vocabulary, "
    "--embedding, --width and --depth.",
    "resnet18": "The names are those of torchvision's resnet18; its last layer is fc, with an output per target.",
}


def load_initial(module: nn.Module, initial: Mapping[str, np.ndarray], spec: NetworkSpec, shape: Shape) -> None:
    """Put uploaded weights into a network, rounded to its precision.

    Args:
        module: the network; its weights are replaced.
        initial: arrays by the names of its `state_dict`, all of them and no others.
        spec: what the network was built from, for the message.
        shape: what it was built for, for the message.

    Raises:
        BadData: names are missing or unknown, shapes differ, or a weight is not finite, also after rounding.
    """
    if found := faults_of(module.state_dict(), initial):
        advice = _NAMES.get(spec.kind, "The names and shapes are those of the network's state_dict.")
        raise BadData(
            f"initial: expected the weights of {spec.text} with {shape.features:,} inputs and {shape.outputs:,} "
            f"{'output' if shape.outputs == 1 else 'outputs'}; got {found}. {advice}"
        )
    module.load_state_dict({name: torch.tensor(array) for name, array in initial.items()}, strict=True)
    check_finite({name: value.cpu().numpy() for name, value in module.state_dict().items()})


def faults_of(state: Mapping[str, torch.Tensor], weights: Mapping[str, np.ndarray]) -> str:
    """What is wrong with weights for a network, in words; empty where they fit.

    Args:
        state: the network's `state_dict`.
        weights: by name.
    """
    wanted = {name: tuple(value.shape) for name, value in state.items()}
    got = {name: tuple(array.shape) for name, array in weights.items()}
    faults = {
        "missing": [name for name in wanted if name not in got],
        "unknown": [name for name in got if name not in wanted],
        "of another shape": [
            f"{name} (expected {wanted[name]}, got {got[name]})"
            for name in wanted
            if name in got and wanted[name] != got[name]
        ],
    }
    return "; ".join(f"{_listed(names)} {what}" for what, names in faults.items() if names)


def _listed(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    names = list(names)
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
