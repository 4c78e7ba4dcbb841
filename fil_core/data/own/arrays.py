"""NumPy files (.npy, .npz): headers are checked first, and pickled objects are never opened."""

from __future__ import annotations

import contextlib
import io
import tokenize
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fil_core.data.own import archives, limits
from fil_core.errors import BadData, FilError

if TYPE_CHECKING:
    import zipfile

_MAGIC = b"\x93NUMPY"
_NUMERIC_KINDS = "biuf"  # codes of NumPy: bool, int, unsigned, float
_FIELD_KINDS = "biufU"  # and strings
_MAX_CODE_POINT = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)  # first and last code point that is no character by itself
_MAX_HEADER_BYTES = 10_000
_MAX_DIMENSIONS = 32  # of an array in every version of NumPy
_HEADERS: dict[tuple[int, int], Callable[..., tuple[tuple[int, ...], bool, np.dtype]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def header_of(name: str, file: IO[bytes], size: int) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype of a .npy file, from its header alone.

    Args:
        name: name of the file in error messages.
        file: positioned at its start; positioned after the header on return.
        size: bytes of the whole file; must be at least what the header requires.

    Raises:
        BadData: not an array, an array of Python objects, or fewer bytes than the header requires.
    """
    if (magic := file.read(6)) != _MAGIC:
        content = "a Python pickle, which is not opened" if magic[:1] == b"\x80" else "other content"
        raise BadData(f"{name}: expected a NumPy array; got {content}.")
    try:
        version = tuple(file.read(2))
        if version not in _HEADERS:
            raise BadData(f"{name}: expected NumPy's format 1.0 or 2.0; got {'.'.join(map(str, version))}.")
        with _without_warnings():
            shape, _, dtype = _HEADERS[version](file, max_header_size=_MAX_HEADER_BYTES)
    except (
        ValueError, SyntaxError, TypeError, EOFError, RecursionError, MemoryError, tokenize.TokenError,
    ) as error:  # fmt: skip
        if isinstance(error, BadData):
            raise
        raise BadData(f"{name}: expected a NumPy array; its header cannot be read. Save the array again.") from error
    if dtype.hasobject:
        raise BadData(
            f"{name}: expected numbers or texts; got Python objects, which are stored as a pickle and not opened. Save "
            "numbers with a numeric dtype, such as float64, and texts with array.astype(str)."
        )
    if len(shape) > _MAX_DIMENSIONS or any(type(side) is not int or side < 0 for side in shape):
        raise BadData(f"{name}: expected an array; got the shape {str(shape)[:80]}.")
    required = _bytes(shape, dtype)
    if required > (left := size - file.tell()):
        raise BadData(f"{name}: expected {required:,} bytes for shape {shape}; got {left:,}. The file may be cut off.")
    return shape, dtype


def _without_warnings() -> contextlib.AbstractContextManager[object]:
    """NumPy warns of headers that Python 2 wrote; they are read all the same."""
    return warnings.catch_warnings(action="ignore", category=UserWarning)


def _bytes(shape: tuple[int, ...], dtype: np.dtype) -> int:
    count = 1
    for side in shape:
        count *= int(side)
    return count * dtype.itemsize


def read_matrix(path: Path) -> pd.DataFrame:
    """A .npy file as a table: one row per example, columns named by their index or by the fields of a structured array.

    Raises:
        BadData: neither a numeric matrix nor a structured array of one dimension.
    """
    with path.open("rb") as file:
        shape, dtype = header_of(path.name, file, path.stat().st_size)
    if len(shape) != (2 if dtype.names is None else 1):
        raise BadData(
            f"{path.name}: expected a matrix with one row per example; got shape {shape}. Save images and their labels "
            "as X and y in a .npz file."
        )
    limits.check_cells(path.name, shape[0], len(dtype.names or ()) or shape[1])
    with _without_warnings():
        array = np.load(path, allow_pickle=False)
    if dtype.names is not None:
        return pd.DataFrame({name: _field(path.name, name, array[name]) for name in dtype.names})
    _check_numbers(path.name, array)
    return pd.DataFrame(_native(array), columns=[str(j) for j in range(shape[1])])


def _field(file_name: str, name: str, values: np.ndarray) -> np.ndarray:
    limits.check_name(f"{file_name}: field name", name)
    if values.ndim != 1 or values.dtype.kind not in _FIELD_KINDS:
        raise BadData(f"{file_name}: expected a number or text in every field; {name!r} holds {values.dtype}.")
    return _checked_text(file_name, name, _native(values))


def _checked_text(file_name: str, name: str, values: np.ndarray) -> np.ndarray:
    """The values; BadData for strings with invalid Unicode code points, which damaged files contain."""
    if values.dtype.kind != "U" or not values.dtype.itemsize:
        return values
    codes = np.ascontiguousarray(values).view(np.uint32)
    if ((codes > _MAX_CODE_POINT) | ((codes >= _SURROGATES[0]) & (codes <= _SURROGATES[1]))).any():
        raise BadData(
            f"{file_name}: expected text in {name!r}; got invalid Unicode characters. The file may be damaged."
        )
    return values


def read_archive(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Arrays of a .npz file.

    Args:
        path: the file.
        names: arrays to read if the file has them; others are ignored.

    Raises:
        BadData: not an archive, one that unpacks to too many bytes, or arrays of Python objects.
    """
    try:
        with _opened(path, names) as (archive, found):
            return {name: _member(path, archive, name) for name in found}
    except archives.ERRORS as error:
        raise _no_archive(path, error) from error


def headers_in(path: Path, names: tuple[str, ...]) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Shapes and dtypes of arrays of a .npz file, from their headers; arguments and errors as of `read_archive`."""
    try:
        with _opened(path, names) as (archive, found):
            return {name: _header(path, archive, name) for name in found}
    except archives.ERRORS as error:
        raise _no_archive(path, error) from error


@contextlib.contextmanager
def _opened(path: Path, names: tuple[str, ...]) -> Iterator[tuple[zipfile.ZipFile, list[str]]]:
    """The archive, and which of some arrays it has.

    Raises:
        BadData: one occurs twice, or they unpack to too many bytes, each or together.
    """
    with archives.open_archive(path) as archive:
        listed = archive.namelist()
        found = [name for name in names if f"{name}.npy" in listed]
        for name in found:
            if listed.count(f"{name}.npy") > 1:
                raise BadData(f"{path.name}: expected each array once; got {name!r} twice. Save the arrays again.")
            info = archive.getinfo(f"{name}.npy")
            limits.check_expansion(f"{path.name}, array {name!r}", info.compress_size, info.file_size)
        members = [archive.getinfo(f"{name}.npy") for name in found]
        limits.check_expansion(path.name, path.stat().st_size, sum(info.file_size for info in members))
        yield archive, found


def names_in(path: Path) -> list[str]:
    """Names of the arrays of a .npz file.

    Raises:
        BadData: not an archive.
    """
    try:
        with archives.open_archive(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    except archives.ERRORS as error:
        raise _no_archive(path, error) from error


def _no_archive(path: Path, error: Exception) -> FilError:
    if isinstance(error, FilError):
        return error
    return BadData(f"{path.name}: expected a NumPy archive (.npz); {archives.describe(path, error)}.")


def _header(path: Path, archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype of an array."""
    info = archive.getinfo(f"{name}.npy")
    full_name = f"{path.name}, array {name!r}"
    with archive.open(info) as file:
        return header_of(full_name, file, info.file_size)


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    shape, _ = _header(path, archive, name)
    if len(shape) > 1:
        limits.check_cells(f"{path.name}, array {name!r}", shape[0], 1)
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as file:
        content = io.BytesIO(file.read(info.file_size))
    with _without_warnings():
        array = np.lib.format.read_array(content, allow_pickle=False)
    return _checked_text(path.name, name, _native(array))


def _native(array: np.ndarray) -> np.ndarray:
    """The array in the byte order of this machine; wider floats in double precision, infinite beyond its range."""
    if array.dtype.kind == "f" and array.dtype.itemsize > np.dtype(np.float64).itemsize:
        with np.errstate(over="ignore"):
            return array.astype(np.float64)
    return array.astype(array.dtype.newbyteorder("=")) if not array.dtype.isnative else array


def _check_numbers(name: str, array: Any) -> None:
    if array.dtype.kind not in _NUMERIC_KINDS:
        raise BadData(f"{name}: expected numbers; got {array.dtype}.")
