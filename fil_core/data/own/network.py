"""Weights of a network in a file: arrays by the names of its `state_dict`, of sizes checked before they are read."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from fil_core.data.own.content import check_readable
from fil_core.data.own.faults import reading
from fil_core.errors import BadData

_MOST_WEIGHTS = 10**8
_MOST_ARRAYS = 10_000


def read_network(path: Path) -> dict[str, np.ndarray]:
    """The weights of a network from a .safetensors file, by name, float64.

    Whether they are those of a certain network is told when it is built. Counters of batch normalisation, which are no
    weights, are left out.

    Raises:
        BadData: no such file, or not of numbers, or too many.
        DataUnavailable: the file cannot be read.
    """
    if path.suffix.lower() != ".safetensors":
        raise BadData(f"network: expected a .safetensors file; got {path.name}.")
    check_readable(path)
    with reading(path.name):
        return _read(path)


def _read(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:  # NumPy has no bfloat16
            names = [name for name in file.keys() if not name.endswith("num_batches_tracked")]  # noqa: SIM118
            shapes = [file.get_slice(name).get_shape() for name in names]
            _check_sizes(path.name, names, shapes)
            return {name: file.get_tensor(name).double().numpy() for name in names}
    except (SafetensorError, OSError, TypeError, AttributeError, RuntimeError) as error:
        raise BadData(f"network: expected a safetensors file of numbers; {path.name} cannot be read.") from error


def _check_sizes(file_name: str, names: list[str], shapes: list[list[int]]) -> None:
    """Raise BadData for no weights, or for more than a network may have."""
    if not names:
        raise BadData(f"network: expected weights in {file_name}; got none.")
    count = sum(math.prod(shape) for shape in shapes)
    if count > _MOST_WEIGHTS or len(names) > _MOST_ARRAYS:
        raise BadData(
            f"network: expected at most {_MOST_WEIGHTS:,} weights in {_MOST_ARRAYS:,} arrays in {file_name}; got "
            f"{count:,} in {len(names):,}."
        )
