"""Examples in a .npz file: X and y, and X_test and y_test where the file has a split of its own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.arrays import names_in, read_archive
from fil_core.data.own.choices import Choices
from fil_core.data.own.images import from_arrays
from fil_core.data.own.tables import read_table, split
from fil_core.data.raw import Raw
from fil_core.errors import BadData

TARGET = "y"
_TEST = ("X_test", "y_test")
_ARRAYS = ("X", TARGET, *_TEST, "feature_names", "class_names")
_LISTED = 6  # arrays in a note


@dataclass(frozen=True, slots=True)
class Arrays:
    """The content of a .npz file.

    Attributes:
        name: of the file, in error messages.
        X: (n, ...) numbers; those of `X_test` come last.
        labels: (n,) targets, with the names of classes where the file has them.
        held_out: (n,) bool, whether a row is of `X_test`; None where the file has no split.
        feature_names: names of the columns; empty where the file has none.
        notes: which of its arrays are not read.
    """

    name: str
    X: np.ndarray
    labels: np.ndarray
    held_out: np.ndarray | None
    feature_names: tuple[str, ...]
    notes: tuple[str, ...]

    def frame(self) -> pd.DataFrame:
        """A matrix as a table with the target y.

        Raises:
            BadData: too many columns, or names that do not fit them.
        """
        columns = self.X.shape[1]
        names = [name.strip(" ") for name in self.feature_names] or [str(j) for j in range(columns)]
        if len(names) != columns or len(set(names)) < len(names) or TARGET in names:
            raise BadData(
                f"{self.name}: expected {columns:,} different feature_names, none of them y; got {len(names):,}."
            )
        limits.check_names(self.name, names)
        limits.check_cells(self.name, *self.X.shape)
        return pd.DataFrame(self.X, columns=names).assign(y=self.labels)


def read_arrays(path: Path) -> Arrays:
    """The arrays of a file.

    Raises:
        BadData: some are missing, or do not fit together.
    """
    arrays = read_archive(path, _ARRAYS)
    X, y = _pair(path.name, arrays, "X", TARGET)
    held_out = None
    if any(name in arrays for name in _TEST):
        X_test, y_test = _pair(path.name, arrays, *_TEST)
        if X_test.shape[1:] != X.shape[1:] or _is_text(y_test) != _is_text(y):
            raise BadData(
                f"{path.name}: expected X_test and y_test like X and y; got {X_test.dtype} {X_test.shape} and "
                f"{y_test.dtype} beside {X.dtype} {X.shape} and {y.dtype}."
            )
        held_out = np.arange(len(X) + len(X_test)) >= len(X)
        X, y = np.concatenate([X, X_test]), np.concatenate([y, y_test])
    unread = [name for name in names_in(path) if name not in _ARRAYS]
    more = ", …" if len(unread) > _LISTED else ""
    notes = (f"Arrays that are not read: {', '.join(unread[:_LISTED])[:200]}{more}.",) if unread else ()
    return Arrays(
        path.name, X, _labels(path.name, y, arrays), held_out, _names(path.name, arrays, "feature_names"), notes
    )


def _pair(file_name: str, arrays: dict[str, np.ndarray], examples: str, targets: str) -> tuple[np.ndarray, np.ndarray]:
    """Examples and their targets, (n, ...) and (n,)."""
    if missing := [name for name in (examples, targets) if name not in arrays]:
        raise BadData(
            f"{file_name}: expected arrays {examples} (examples) and {targets} (targets); {' and '.join(missing)} not "
            "found."
        )
    X, y = arrays[examples], arrays[targets]
    if X.ndim < 2 or y.ndim != 1 or len(X) != len(y):
        raise BadData(f"{file_name}: expected {examples} (n, ...) and {targets} (n,); got {X.shape} and {y.shape}.")
    if not len(X):
        raise BadData(f"{file_name}: expected rows of data; got 0 rows in {examples}.")
    if X.dtype.kind not in "biuf":
        raise BadData(f"{file_name}: expected numbers in {examples}; got {X.dtype}.")
    return X, y


def _is_text(values: np.ndarray) -> bool:
    return values.dtype.kind not in "biuf"


def _labels(file_name: str, y: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The targets, by the names of their classes where the file has them."""
    names = _names(file_name, arrays, "class_names")
    if not names:
        return y
    if y.dtype.kind not in "iu" or not 0 <= y.min() <= y.max() < len(names):
        got = f"{y.min()} to {y.max()}" if y.dtype.kind in "iu" else str(y.dtype)
        raise BadData(
            f"{file_name}: expected indices of the {len(names)} class_names in y, 0 to {len(names) - 1}; got {got}."
        )
    return np.asarray(names)[y]


def _names(file_name: str, arrays: dict[str, np.ndarray], key: str) -> tuple[str, ...]:
    """An array of names; empty if the file does not have it."""
    names = arrays.get(key, np.empty(0, str))
    if names.ndim != 1:
        raise BadData(f"{file_name}: expected {key} to be a list of names; got shape {names.shape}.")
    return tuple(map(str, names))


def table_of(arrays: Arrays, choices: Choices) -> Raw:
    """A matrix as examples of a table.

    Raises:
        BadData: see `tables.read_table`; or a class of which no row trains.
    """
    chosen = dataclasses.replace(choices, target=TARGET)
    return _complete(arrays, read_table(arrays.frame(), chosen, arrays.name, held_out=arrays.held_out))


def images_of(arrays: Arrays, choices: Choices) -> Raw:
    """Arrays of more dimensions as images.

    Raises:
        BadData: they are no images; targets that are no classes; or a class of which no image trains.
    """
    n = len(arrays.X)
    table = read_table(
        pd.DataFrame({"image": np.arange(n), "y": pd.Series(arrays.labels)}),
        Choices(target=TARGET, test_fraction=0.0, task="classification"),
        arrays.name,
    )
    codes = np.asarray(table.y)
    images = from_arrays(arrays.X, codes, np.arange(n), table.class_names, arrays.name)
    train, test = split(n, choices, arrays.held_out)
    return _complete(
        arrays,
        dataclasses.replace(
            images,
            X=images.X[train],
            y=codes[train],
            ids=train,
            X_test=images.X[test],
            y_test=codes[test],
            test_names=test,
        ),
    )


def _complete(arrays: Arrays, raw: Raw) -> Raw:
    """The examples with the notes on the file.

    Raises:
        BadData: the file has a split, and a class of which no row trains.
    """
    unknown = np.setdiff1d(raw.y_test, raw.y)
    if raw.class_names and arrays.held_out is not None and len(unknown):
        raise BadData(
            f"{arrays.name}: expected the same classes in y and y_test; {raw.class_names[int(unknown[0])]!r} is in "
            "y_test only."
        )
    return dataclasses.replace(raw, notes=(*raw.notes, *arrays.notes))
