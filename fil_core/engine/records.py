"""New pictures and rows in the store, as features of the training data."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.columns import as_texts
from fil_core.data.own.records import Records, check_count
from fil_core.data.scaling import scaled
from fil_core.dataset import Dataset, fingerprint
from fil_core.display.numbers import counted
from fil_core.engine.rows import check_numbers, check_one_hot, id_column, rows_of
from fil_core.engine.store import Store
from fil_core.engine.uploads import RECORDS, naming
from fil_core.errors import BadData
from fil_core.result import Result

_LISTED = 3  # sizes of pictures in a note
_GREY, _RGB = 1, 3  # channels
_WHITE = 255.0
_STRETCHED = 0.01  # relative difference of two aspect ratios that is told


def keep_records(store: Store, read: Records, dataset: Dataset, *, title: str = "", resize: bool = False) -> str:
    """Put new examples into the store, as features of the training data, where requests name them by their content.

    Args:
        store: where they are kept: arrays `X` (m, d0) in the units of `dataset.source`, or pixels of pictures
            whose features these are, and `names` (m,), what the file
            calls them; in the summary, `notes` on what was done to them.
        read: as `read_records` returns them.
        dataset: the training data; of a table, columns that it does not have are ignored.
        title: name of their file, for messages.
        resize: whether pictures of another size are scaled, and pictures in colour made grey where the data is.

    Returns:
        Their name, 64 hex characters, by what they are after it.

    Raises:
        BadData: none or too many; columns, sizes or levels that do not fit the training data; an entry that is no
            finite number; or an id twice.
    """
    with naming(RECORDS, title):
        X, notes = _features(read, dataset.as_pictures, resize=resize)
        names = _names(read, dataset, len(X))
    digest = fingerprint(RECORDS, dataset.fingerprint, X, names)
    summary = {"title": dataset.title, "fingerprint": dataset.fingerprint, "file": title, "records": len(X)}
    summary |= {"notes": [*read.notes, *notes]}
    store.put(digest, Result(pd.DataFrame(), {"X": X, "names": names}, summary, {"analysis": RECORDS}))
    return digest


def _features(read: Records, dataset: Dataset, *, resize: bool) -> tuple[np.ndarray, list[str]]:
    """Features (m, d0) in source units, and notes."""
    if dataset.vocabulary:
        raise BadData(f"records: expected data of pictures or rows; {dataset.title} holds text. Choose other data.")
    if read.pixels is not None and read.sizes is not None:
        _check_sizes(read.sizes, dataset, read.names, resize=resize)
        return _pixels(read.pixels, read.sizes, dataset)
    if read.table is not None:
        X, notes = rows_of(read.table, dataset)
    else:
        X, notes = _matrix(read.X, dataset), []
    return _in_range(X, dataset), notes


def _matrix(X: np.ndarray | None, dataset: Dataset) -> np.ndarray:
    d0 = len(dataset.source_names)
    if X is None or X.ndim != 2 or X.shape[1] != d0:
        got = "none" if X is None else X.shape
        raise BadData(f"records: expected X of shape (m, {d0}), a column for each feature of the data; got {got}.")
    check_count(len(X))
    for j, name in enumerate(dataset.source_names):
        check_numbers(X[:, j], name, pd.Series(X[:, j]))
    for group in dataset.groups.values():
        check_one_hot(X[:, group.columns], group, dataset)
    return X


def _in_range(X: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Rows as they are; of pictures with pixels in their range, as uint8 where they are whole."""
    if dataset.image_shape is None:
        return X
    if (wrong := (X < 0) | (dataset.pixel_max < X)).any():
        i, j = np.argwhere(wrong)[0]
        raise BadData(
            f"records: expected pixels from 0 to {dataset.pixel_max:g}, as the data has them; got {X[i, j]:g} in row "
            f"{i}. Pictures whose white is 255 may be given as pictures, or as an array (m, H, W) of uint8."
        )
    return X.astype(np.uint8) if (X % 1 == 0).all() else X


def _check_sizes(sizes: np.ndarray, dataset: Dataset, names: np.ndarray | None, *, resize: bool) -> None:
    """Refuse pictures that would lose something, unless they may be resized."""
    check_count(len(sizes))
    if dataset.image_shape is None:
        raise BadData(f"records: expected rows, as {dataset.title} has no pictures; got pictures.")
    size, channels = dataset.image_shape[:2], _channels(dataset.image_shape)
    wrong = (sizes[:, :2] != size).any(1) | (sizes[:, 2] > channels)
    if wrong.any() and not resize:
        i = int(wrong.argmax())
        called = str(i) if names is None else str(names[i])[:60]
        raise BadData(
            f"records: expected pictures of {_written((*size, channels))}; got {_written(sizes[i])} in picture "
            f"{called}. Pass --resize to scale them."
        )


def _pixels(pixels: np.ndarray, sizes: np.ndarray, dataset: Dataset) -> tuple[np.ndarray, list[str]]:
    """Pictures as rows of the training data, and notes on what was done to them."""
    assert dataset.image_shape is not None
    size = dataset.image_shape[:2]
    notes = _resize_notes(sizes[(sizes[:, :2] != size).any(1)], size)
    notes += _colour_notes(sizes[:, 2], _channels(dataset.image_shape))
    if dataset.pixel_max != _WHITE:
        notes.append(f"Pixels are scaled from 0 to 255 to 0 to {dataset.pixel_max:g}, as the data has them.")
    return scaled(pixels, shape=dataset.image_shape, to_white=dataset.pixel_max), notes


def _channels(shape: tuple[int, ...]) -> int:
    return _RGB if len(shape) == 3 else _GREY


def _written(size: tuple[int, ...] | np.ndarray) -> str:
    height, width, channels = map(int, size)
    return f"{height} × {width} pixels in {'colour' if channels == _RGB else 'grey'}"


def _resize_notes(sizes: np.ndarray, size: tuple[int, ...]) -> list[str]:
    """Of which sizes pictures were, and whether they are stretched."""
    if not len(sizes):
        return []
    found = Counter(f"{height} × {width}" for height, width, _ in sizes.tolist())
    listed = ", ".join(name for name, _ in found.most_common(_LISTED)) + (", …" if len(found) > _LISTED else "")
    are = "is" if len(sizes) == 1 else "are"
    notes = [f"{counted(len(sizes), 'picture')} {are} resized to {size[0]} × {size[1]} pixels by area; got {listed}."]
    ratios = (sizes[:, 1] / sizes[:, 0]) / (size[1] / size[0])
    if stretched := int((np.abs(np.log(ratios)) > _STRETCHED).sum()):
        are = "has another aspect ratio, and is" if stretched == 1 else "have another aspect ratio, and are"
        notes.append(f"{counted(stretched, 'picture')} {are} stretched to that of the data.")
    return notes


def _colour_notes(found: np.ndarray, channels: int) -> list[str]:
    count = int((found != channels).sum())
    if not count:
        return []
    pictures, are = counted(count, "picture"), "is" if count == 1 else "are"
    if channels == _GREY:
        return [f"{pictures} in colour {are} made grey, as luma 0.299 R + 0.587 G + 0.114 B."]
    return [f"{pictures} in grey {are} repeated in red, green and blue."]


def _names(read: Records, dataset: Dataset, count: int) -> np.ndarray:
    """What the records are called, (m,) texts; the numbers of the rows, from 0, where the file does not say."""
    ids = read.names if read.table is None else id_column(read.table, dataset)
    if ids is None:
        return np.arange(count).astype(str)
    names = as_texts(pd.Series(ids)).fillna("")
    if (empty := (names == "").to_numpy()).any():
        raise BadData(f"records: expected an id for each row; row {int(empty.argmax())} has none. Fill it in.")
    if names.duplicated().any():
        raise BadData(f"records: expected each id once; got {names[names.duplicated()].iloc[0][:60]} twice.")
    for name in names:
        limits.check_name("records: id", name)
    return np.array(list(names), dtype=str)
