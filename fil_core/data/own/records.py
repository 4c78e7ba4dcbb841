"""New pictures or rows in a file: examples without a target, to be compared with those of a data set."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.arrays import headers_in, names_in, read_archive
from fil_core.data.own.content import check_readable
from fil_core.data.own.decoding import Change, change_notes, header, pixels
from fil_core.data.own.faults import reading
from fil_core.data.own.folders import SUFFIXES, Files, open_pictures
from fil_core.data.own.parquet import other_content, read_parquet
from fil_core.data.own.separated import read_csv
from fil_core.errors import BadData

MOST = 1_000  # records in a file
ARRAYS = ("X", "pixels", "sizes", "names")  # fields of `Records` that are arrays
_ID = "id"
_X, _IDS = "X", "ids"  # arrays of an .npz file
_TABLES, _NPZ, _ZIP = (".csv", ".tsv", ".parquet"), ".npz", ".zip"
_MOST_VALUES = limits.TABLE_BYTES // 8
_NUMBERS, _NAMES = "biuf", "iufU"  # codes of NumPy
_MATRIX, _GREY, _RGB = 2, 3, 4  # dimensions of X: numbers, grey and RGB pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """New examples as their file has them: one of `table`, `X` and `pixels`.

    Attributes:
        table: m rows; entries of a CSV file are texts, and empty ones missing.
        X: (m, k) float64 features, in the order of the training data.
        pixels: (m, H, W) or (m, H, W, 3) uint8 with white at 255; of picture files in the shape that was asked for.
        sizes: (m, 3) int64, height, width and channels of each picture in its file.
        names: (m,) texts, what the file calls them; None where it has no names, or has them in a column.
        notes: sentences on how they were read.
    """

    table: pd.DataFrame | None = None
    X: np.ndarray | None = None
    pixels: np.ndarray | None = None
    sizes: np.ndarray | None = None
    names: np.ndarray | None = None
    notes: tuple[str, ...] = ()


def read_records(path: Path, shape: tuple[int, ...] | None = None, *, title: str = "") -> Records:
    """The new examples of a file.

    A picture, or a .zip of pictures in any layout, each called by its path; a table with a row for each example; or an
    .npz file with `X`, (m, k) numbers or pictures (m, H, W) or (m, H, W, 3) of uint8, and perhaps `ids` (m,).

    Args:
        path: the file.
        shape: (H, W) or (H, W, 3) into which pictures are decoded; None where the training data has none.
        title: name of a single picture; empty for its name on disk.

    Returns:
        What the file has. Whether it fits the training data is checked when it is matched with them.

    Raises:
        BadData: no such file, no examples or too many, content that cannot be read, or pictures without a `shape`.
        DataUnavailable: the file cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in (*_TABLES, _NPZ, _ZIP, *SUFFIXES):
        raise BadData(
            f"records: expected a picture, a .zip of pictures, a table (.csv, .parquet) or an .npz; got {path.name}."
        )
    check_readable(path)
    name = title or path.name if suffix in SUFFIXES else path.name
    with reading(name):
        if suffix in _TABLES:
            return _table(path)
        if suffix == _NPZ:
            return _arrays(path)
        if shape is None:
            raise BadData(f"records: expected rows, as the training data has no pictures; got {name}.")
        if suffix == _ZIP:
            with open_pictures(path) as (files, notes):
                return _decoded(files, shape, notes)
        return _decoded([(name, path.read_bytes)], shape, [])


def check_count(count: int) -> None:
    """Raise BadData for no examples, or too many."""
    if not 1 <= count <= MOST:
        raise BadData(f"records: expected from 1 to {MOST:,} pictures or rows; got {count:,}.")


def _table(path: Path) -> Records:
    if path.suffix.lower() == ".parquet":
        table = read_parquet(path, other_content(path), id=_ID)
    else:
        table = read_csv(path, None, literal=True)
    check_count(len(table))
    return Records(table=table)


def _decoded(files: Files, shape: tuple[int, ...], notes: list[str]) -> Records:
    """Pictures in a shape, with their own sizes and what was done to them."""
    check_count(len(files))
    made = np.empty((len(files), *shape), dtype=np.uint8)
    sizes = np.empty((len(files), 3), dtype=np.int64)
    changes: Counter[Change] = Counter()
    for i, (name, read) in enumerate(files):
        content = read()
        found = header(name, content)
        sizes[i] = (*found.size, 3 if found.colour else 1)
        made[i], changed = pixels(name, content, shape, len(shape) == 3)
        changes.update(changed)
    names = np.array([name for name, _ in files], dtype=str)
    return Records(pixels=made, sizes=sizes, names=names, notes=(*notes, *change_notes(changes)))


def _arrays(path: Path) -> Records:
    there = names_in(path)
    if _X not in there:
        raise BadData(f"records: expected an array X; got {', '.join(there)[:200] or 'no arrays'}.")
    used = tuple(name for name in (_X, _IDS) if name in there)
    _check(headers_in(path, used))
    arrays = read_archive(path, used)
    X, names = arrays[_X], arrays.get(_IDS)
    if X.ndim == _MATRIX:
        return Records(X=X.astype(np.float64), names=names)
    size = X.shape[1:] if X.ndim == _RGB else (*X.shape[1:], 1)
    return Records(pixels=X, sizes=np.tile(np.array(size), (len(X), 1)), names=names)


def _check(headers: dict[str, tuple[tuple[int, ...], np.dtype]]) -> None:
    """Refuse arrays by their shapes and types alone, before they are read."""
    shape, dtype = headers[_X]
    if not _are_examples(shape, dtype) or 0 in shape[1:]:
        raise BadData(
            "records: expected X of numbers (m, k), or pictures of uint8 (m, H, W) or (m, H, W, 3); got "
            f"{dtype} {shape}."
        )
    check_count(shape[0])
    if (count := math.prod(shape)) > _MOST_VALUES:
        raise BadData(f"records: expected at most {_MOST_VALUES:,} numbers; got {count:,}. Use fewer, or smaller ones.")
    if _IDS not in headers:
        return
    lengths, kind = headers[_IDS]
    if lengths != shape[:1] or kind.kind not in _NAMES:
        raise BadData(f"records: expected ids as numbers or texts, one for each of {shape[0]}; got {kind} {lengths}.")
    if shape[0] * kind.itemsize > limits.NAME_CHARACTERS:
        raise BadData(f"records: expected ids of at most {limits.TEXT} characters; got {kind}. Shorten them.")


def _are_examples(shape: tuple[int, ...], dtype: np.dtype) -> bool:
    if len(shape) == _MATRIX:
        return dtype.kind in _NUMBERS
    return dtype == np.uint8 and (len(shape) == _GREY or (len(shape) == _RGB and shape[-1] == 3))
