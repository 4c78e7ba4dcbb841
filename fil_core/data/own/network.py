"""Weights of a network in a file: every array by its name, of sizes that are checked before they are read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fil_core.data.own import limits
from fil_core.data.own.content import check_readable
from fil_core.data.own.faults import reading
from fil_core.errors import BadData

_MOST_WEIGHTS = 10**8
_MOST_ARRAYS = 10_000
_SUFFIX = ".safetensors"
_DTYPES = {  # of the file, to those that NumPy has and that hold them exactly
    "F64": np.float64, "F32": np.float32, "F16": np.float32, "BF16": np.float32,
    "I64": np.int64, "I32": np.int64, "I16": np.int64, "I8": np.int64, "U8": np.int64,
}  # fmt: skip


def read_network(path: Path) -> dict[str, np.ndarray]:
    """The weights of a network, as `safetensors.torch.save_file(module.state_dict(), path)` writes them.

    Args:
        path: a .safetensors file.

    Returns:
        Arrays in the order of their names: float64 as it is, float32 for it and for half precision, int64 for whole
        numbers, such as the counts of batch normalisation. Whether they fit a network is checked when it is built.

    Raises:
        BadData: no such file, no arrays or too many, something other than finite numbers, or a name that cannot be
            shown.
        DataUnavailable: the file cannot be read.
    """
    if path.suffix.lower() != _SUFFIX:
        raise BadData(
            f"initial: expected a {_SUFFIX} file; got {path.name}. Write the state_dict with "
            "safetensors.torch.save_file; pickles, such as .pt and .pth, are not opened."
        )
    check_readable(path)
    with reading(path.name):
        arrays = _read(path)
        check_finite(arrays, file_name=path.name)
        return arrays


def check_finite(arrays: Mapping[str, np.ndarray], *, file_name: str = "") -> None:
    """Refuse weights with NaN or infinity.

    Args:
        arrays: by name.
        file_name: where they come from, for the message; empty for no file.

    Raises:
        BadData: an array has one; the message names it.
    """
    place = f" in {file_name}" if file_name else ""
    for name, array in arrays.items():
        if not (finite := np.isfinite(array)).all():
            raise BadData(f"initial: expected finite weights{place}; got {array[~finite].flat[0]} in {name}.")


def _read(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:  # NumPy has no bfloat16
            names = sorted(file.keys())
            slices = {name: file.get_slice(name) for name in names}
            _check_content(path.name, slices)
            return {name: _array(file.get_tensor(name), slices[name].get_dtype()) for name in names}
    except (SafetensorError, OSError, TypeError, AttributeError, RuntimeError) as error:
        raise BadData(f"initial: expected a safetensors file of numbers; {path.name} cannot be read.") from error


def _check_content(file_name: str, slices: dict[str, Any]) -> None:
    """Refuse, from the header alone, what are no weights of a network, or too many."""
    if not 1 <= len(slices) <= _MOST_ARRAYS:
        raise BadData(f"initial: expected from 1 to {_MOST_ARRAYS:,} arrays in {file_name}; got {len(slices):,}.")
    count = sum(math.prod(one.get_shape()) for one in slices.values())
    if count > _MOST_WEIGHTS:
        raise BadData(f"initial: expected at most {_MOST_WEIGHTS:,} numbers in {file_name}; got {count:,}.")
    for name, one in slices.items():
        limits.check_name(f"initial: {file_name}: array", name)
        if (dtype := one.get_dtype()) not in _DTYPES:
            raise BadData(
                f"initial: expected arrays of {', '.join(_DTYPES)} in {file_name}; got {dtype} in {name}. Convert it."
            )


def _array(tensor: Any, dtype: str) -> np.ndarray:
    wanted = _DTYPES[dtype]
    values = tensor.double() if tensor.is_floating_point() else tensor
    return np.array(values.numpy(), dtype=wanted)
