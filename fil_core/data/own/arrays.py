"""NumPy files without pickle: headers first, then numbers only."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fil_core.data.own import archives, limits
from fil_core.errors import BadData, FilError

if TYPE_CHECKING:
    import zipfile

_MAGIC = b"\x93NUMPY"
_NUMBERS = "biuf"
_FIELDS = "biufU"
_LAST_LETTER = 0x10FFFF  # of Unicode
_HALVES = (0xD800, 0xDFFF)  # of letters in UTF-16, which are none by themselves
_MOST_HEADER = 10_000
_HEADERS: dict[tuple[int, int], Callable[..., tuple[tuple[int, ...], bool, np.dtype]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def header_of(name: str, file: IO[bytes], size: int) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of a .npy file, from its header alone.

    Args:
        name: for messages.
        file: at its beginning; left after the header.
        size: bytes of the whole file, which the header must account for.

    Raises:
        BadData: no array, one of Python objects, or one of another size than the file.
    """
    if (magic := file.read(6)) != _MAGIC:
        what = "a Python pickle, which is not opened" if magic[:1] == b"\x80" else "other content"
        raise BadData(f"{name}: expected a NumPy array; got {what}.")
    try:
        version = tuple(file.read(2))
        if version not in _HEADERS:
            raise BadData(f"{name}: expected NumPy's format 1.0 or 2.0; got {'.'.join(map(str, version))}.")
        shape, _, dtype = _HEADERS[version](file, max_header_size=_MOST_HEADER)
    except (
        ValueError, SyntaxError, TypeError, EOFError, RecursionError, MemoryError, tokenize.TokenError,
    ) as error:  # fmt: skip
        if isinstance(error, BadData):
            raise
        raise BadData(f"{name}: expected a NumPy array; its header cannot be read.") from error
    if dtype.hasobject:
        raise BadData(
            f"{name}: expected numbers; got Python objects, which only a pickle can hold and which are not "
            "opened. Save "
            "the array with one type, such as float64."
        )
    wanted = _bytes(shape, dtype)
    if min(shape, default=0) < 0:
        raise BadData(f"{name}: expected an array; got the shape {shape}.")
    if wanted > (left := size - file.tell()):
        raise BadData(f"{name}: expected {wanted:,} bytes for shape {shape}; got {left:,}. The file may be cut off.")
    return shape, dtype


def _bytes(shape: tuple[int, ...], dtype: np.dtype) -> int:
    count = 1
    for side in shape:
        count *= int(side)
    return count * dtype.itemsize


def read_matrix(path: Path) -> pd.DataFrame:
    """A .npy file as a table: one row an example, columns named by their number, or by the fields of its type.

    Raises:
        BadData: no array of numbers with two dimensions.
    """
    with path.open("rb") as file:
        shape, dtype = header_of(path.name, file, path.stat().st_size)
    if len(shape) != (2 if dtype.names is None else 1):
        raise BadData(f"{path.name}: expected a matrix with a row an example; got shape {shape}. Save pictures with their labels as .npz, X and y.")  # fmt: skip  # noqa: E501
    limits.check_cells(path.name, shape[0], len(dtype.names or ()) or shape[1])
    array = np.load(path, allow_pickle=False)
    if dtype.names is not None:
        return pd.DataFrame({name: _field(path.name, name, array[name]) for name in dtype.names})
    _check_numbers(path.name, array)
    return pd.DataFrame(_native(array), columns=[str(j) for j in range(shape[1])])


def _field(where: str, name: str, values: np.ndarray) -> np.ndarray:
    limits.check_name(f"{where}: field name", name)
    if values.ndim != 1 or values.dtype.kind not in _FIELDS:
        raise BadData(f"{where}: expected a number or text in every field; {name!r} holds {values.dtype}.")
    return _readable(where, name, _native(values))


def _readable(where: str, name: str, values: np.ndarray) -> np.ndarray:
    """Raise BadData for texts of letters that no script has, as damaged files hold."""
    if values.dtype.kind != "U" or not values.dtype.itemsize:
        return values
    letters = np.ascontiguousarray(values).view(np.uint32)
    if ((letters > _LAST_LETTER) | ((letters >= _HALVES[0]) & (letters <= _HALVES[1]))).any():
        raise BadData(f"{where}: expected texts in {name!r}; got letters that are none. Is it damaged?")
    return values


def read_archive(path: Path, wanted: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The arrays of a .npz file.

    Args:
        path: the file.
        wanted: names that may be in it, and that are read; others are left alone.

    Raises:
        BadData: no archive, one that unpacks to too much, or arrays of objects.
    """
    try:
        with archives.opened(path) as archive:
            return {name: _member(path, archive, name) for name in wanted if f"{name}.npy" in archive.namelist()}
    except archives.DAMAGED as error:
        if isinstance(error, FilError):
            raise
        raise BadData(f"{path.name}: expected a NumPy archive (.npz); {archives.fault(path, error)}.") from error


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    info = archive.getinfo(f"{name}.npy")
    where = f"{path.name}, array {name!r}"
    limits.check_expansion(where, info.compress_size, info.file_size)
    with archive.open(info) as file:
        shape, _ = header_of(where, file, info.file_size)
    if len(shape) > 1:
        limits.check_cells(where, shape[0], 1)
    with archive.open(info) as file:
        array = np.lib.format.read_array(io.BytesIO(file.read(info.file_size)), allow_pickle=False)
    return _readable(path.name, name, _native(array))


def _native(array: np.ndarray) -> np.ndarray:
    return array.astype(array.dtype.newbyteorder("=")) if not array.dtype.isnative else array


def _check_numbers(name: str, array: Any) -> None:
    if array.dtype.kind not in _NUMBERS:
        raise BadData(f"{name}: expected numbers; got {array.dtype}.")
