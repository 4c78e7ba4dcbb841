"""Coefficients of a linear model in a file: arrays by their names, of sizes that are checked before they are read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from fil_core.data.own.arrays import headers_in, names_in, read_archive
from fil_core.data.own.content import check_readable
from fil_core.data.own.faults import reading
from fil_core.errors import BadData

_COEFFICIENTS, _OF_LAYER = ("theta", "coef", "coef_", "coefficients", "weight"), ".weight"
_INTERCEPTS, _BIAS_OF_LAYER = ("intercept", "intercept_", "bias"), ".bias"
_MOST_PARAMETERS = 10**8


def read_parameters(path: Path) -> np.ndarray:
    """Coefficients of a linear model, (d,) or (C, d) float64, from a .safetensors or .npz file.

    An intercept that is not zero becomes one more coefficient, the last: (d + 1,) or (C, d + 1).

    Raises:
        BadData: no such file, no coefficients in it, too many numbers, or an intercept of another number of scores.
        DataUnavailable: the file cannot be read.
    """
    readers: dict[str, Callable[[Path], dict[str, np.ndarray]]] = {".safetensors": _safetensors, ".npz": _npz}
    if path.suffix.lower() not in readers:
        raise BadData(f"parameters: expected a .safetensors or .npz file; got {path.name}.")
    check_readable(path)
    with reading(path.name):
        return _coefficients(path.name, readers[path.suffix.lower()](path))


def _coefficients(file_name: str, arrays: dict[str, np.ndarray]) -> np.ndarray:
    names = [name for name in arrays if name in _COEFFICIENTS or name.endswith(_OF_LAYER)]
    if len(names) != 1:
        got = ", ".join(names)[:200] or "none of them"
        raise BadData(
            f"parameters: expected one of {', '.join(_COEFFICIENTS)}, or the weight of one layer, such as "
            f"linear.weight, in {file_name}; got {got}."
        )
    theta = arrays[names[0]]
    if theta.dtype.kind not in "fiu" or theta.ndim not in (1, 2) or not theta.size:
        raise BadData(
            f"parameters: expected in {file_name} numbers of shape (d,) or (C, d); got {theta.dtype} {theta.shape}."
        )
    theta = _with_intercept(file_name, theta.astype(np.float64), arrays)
    return theta[0] if theta.ndim == 2 and len(theta) == 1 else theta


def _is_parameter(name: str) -> bool:
    """Whether an array of this name is coefficients or an intercept."""
    return name in (*_COEFFICIENTS, *_INTERCEPTS) or name.endswith((_OF_LAYER, _BIAS_OF_LAYER))


def _check_sizes(file_name: str, shapes: Iterable[Iterable[int]]) -> None:
    """Raise BadData for more numbers than coefficients have, of all arrays together."""
    if (count := sum(math.prod(shape) for shape in shapes)) > _MOST_PARAMETERS:
        raise BadData(f"parameters: expected at most {_MOST_PARAMETERS:,} numbers in {file_name}; got {count:,}.")


def _with_intercept(file_name: str, theta: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Coefficients with an intercept that is not zero as the last of each score."""
    intercepts = [name for name in arrays if name in _INTERCEPTS or name.endswith(_BIAS_OF_LAYER)]
    found = {name: arrays[name] for name in intercepts if arrays[name].dtype.kind not in "fiu" or arrays[name].any()}
    if not found:
        return theta
    intercept = next(iter(found.values()))
    scores = 1 if theta.ndim == 1 else len(theta)
    if len(found) > 1 or intercept.dtype.kind not in "fiu" or intercept.size != scores:
        one = "one intercept of 1 number" if scores == 1 else f"one intercept of {scores:,} numbers"
        got = ", ".join(f"{key}, {value.dtype} of shape {value.shape}" for key, value in found.items())
        raise BadData(
            f"parameters: expected {one} beside coefficients of shape {theta.shape} in {file_name}; got {got[:200]}."
        )
    return np.concatenate([theta, intercept.astype(np.float64).reshape(*theta.shape[:-1], 1)], axis=-1)


def _npz(path: Path) -> dict[str, np.ndarray]:
    names = tuple(filter(_is_parameter, names_in(path)))
    _check_sizes(path.name, [shape for shape, _ in headers_in(path, names).values()])
    return read_archive(path, names)


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:  # NumPy has no bfloat16
            names = [name for name in file.keys() if _is_parameter(name)]  # noqa: SIM118 - no mapping
            _check_sizes(path.name, [file.get_slice(name).get_shape() for name in names])
            tensors = {name: file.get_tensor(name) for name in names}
            return {name: (t.double() if t.is_floating_point() else t).numpy() for name, t in tensors.items()}
    except (SafetensorError, OSError, TypeError, AttributeError, RuntimeError) as error:
        raise BadData(f"parameters: expected a safetensors file of numbers; {path.name} cannot be read.") from error
