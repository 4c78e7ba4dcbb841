"""Read a file or folder of own data to raw rows, or to a summary of its content."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from fil_core.data.own import frames, limits
from fil_core.data.own.archives import open_files
from fil_core.data.own.arrays import read_archive
from fil_core.data.own.choices import DEFAULT_TEST_FRACTION, Choices
from fil_core.data.own.columns import Column, read_columns
from fil_core.data.own.content import check_readable
from fil_core.data.own.entries import USUAL_GAPS, likely_notation
from fil_core.data.own.images import from_arrays, image_files, read_images
from fil_core.data.own.numerals import PLAIN
from fil_core.data.own.parquet import other_content
from fil_core.data.own.tables import read_table
from fil_core.data.raw import Raw, split_rows
from fil_core.errors import BadData
from fil_core.progress import Progress

Form = Literal["table", "image"]
SUFFIXES = (".csv", ".tsv", ".parquet", ".npy", ".npz", ".zip")
PREVIEW_ROWS = 20
_TABLE_FIELDS = (
    "target",
    "sensitive",
    "id",
    "left_out",
    "categorical",
    "missing",
    "missing_texts",
    "decimal",
    "thousands",
    "dates",
)  # fmt: skip - of `Choices`, not for images
_TEXT = (".csv", ".tsv")  # formats that do not say what is a number and what is missing
_FORMS: dict[Form, str] = {"table": "a table", "image": "images, whose classes are their folders or y"}
_ARRAYS = ("X", "y", "feature_names", "class_names")  # of a .npz file


def read(path: Path, choices: Choices, progress: Progress | None = None) -> tuple[Raw, Form]:
    """The rows of a file or folder.

    Args:
        path: a folder, or a file with a suffix in `SUFFIXES`.
        choices: how to read it.
        progress: called with (done, total, description) while images are read.

    Raises:
        BadData: the file cannot be used; the message says where and what to do.
    """
    if _is_image_folder(path):
        _check_applicable(choices, "image", path.name)
        return read_images(path, choices, progress), "image"
    if path.suffix.lower() == ".npz":
        return _read_npz(path, choices)
    _check_applicable(choices, "table", path.name)
    return read_table(_frame(path, choices), choices, path.name, usual=_usual(path)), "table"


def _frame(path: Path, choices: Choices) -> pd.DataFrame:
    """The table in a file; what the choices name as text stays text, and so do numbers in another notation."""
    texts = (choices.id, *choices.categorical) if choices.notation == PLAIN else None
    return frames.read_own(path, texts, choices.left_out)


def _usual(path: Path) -> frozenset[str]:
    """Texts that stand for a missing value in a column of text; formats with types say themselves what is missing."""
    return USUAL_GAPS if path.suffix.lower() in _TEXT else frozenset()


def _check_applicable(choices: Choices, form: Form, name: str) -> None:
    """Raise BadData for choices that would be ignored: columns for images, an image size for a table."""
    defaults = Choices()
    for field in ("image_size",) if form == "table" else _TABLE_FIELDS:
        if (value := getattr(choices, field)) != getattr(defaults, field):
            flag = field.replace("left_out", "leave_out").replace("_", "-")
            raise BadData(f"{name}: expected no --{flag} for {_FORMS[form]}; got {value!r}.")


def _is_image_folder(path: Path) -> bool:
    """Whether a path is a folder or zip of images.

    Raises:
        BadData: a file with another suffix than those in `SUFFIXES`.
    """
    if path.is_dir() or path.suffix.lower() == ".zip":
        return True
    if path.suffix.lower() not in SUFFIXES:
        suffix = path.suffix[:20]
        raise BadData(f"{path.name}: expected a folder or a file ending in {', '.join(SUFFIXES)}; got {suffix!r}.")
    return False


def _npz_arrays(path: Path) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """X, y, and all arrays of a .npz file."""
    arrays = read_archive(path, _ARRAYS)
    if missing := [name for name in ("X", "y") if name not in arrays]:
        raise BadData(f"{path.name}: expected arrays X (examples) and y (targets); {' and '.join(missing)} not found.")
    X, y = arrays["X"], arrays["y"]
    if X.ndim < 2 or y.ndim != 1 or len(X) != len(y):
        raise BadData(f"{path.name}: expected X (n, ...) and y (n,); got {X.shape} and {y.shape}.")
    if not len(X):
        raise BadData(f"{path.name}: expected rows of data; got 0 rows.")
    if X.dtype.kind not in "biuf":
        raise BadData(f"{path.name}: expected numbers in X; got {X.dtype}.")
    return X, y, arrays


def _npz_frame(path: Path, X: np.ndarray, y: np.ndarray, arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    names = [name.strip(" ") for name in _names(path.name, arrays, "feature_names")] or [
        str(j) for j in range(X.shape[1])
    ]
    if len(names) != X.shape[1] or len(set(names)) < len(names) or "y" in names:
        raise BadData(
            f"{path.name}: expected {X.shape[1]:,} different feature_names, none of them y; got {len(names):,}."
        )
    limits.check_names(path.name, names)
    limits.check_cells(path.name, *X.shape)
    return pd.DataFrame(X, columns=names).assign(y=y)


def _names(file_name: str, arrays: dict[str, np.ndarray], key: str) -> tuple[str, ...]:
    """An array of names; empty if the file does not have it."""
    names = arrays.get(key, np.empty(0, str))
    if names.ndim != 1:
        raise BadData(f"{file_name}: expected {key} to be a list of names; got shape {names.shape}.")
    return tuple(map(str, names))


def _read_npz(path: Path, choices: Choices) -> tuple[Raw, Form]:
    X, y, arrays = _npz_arrays(path)
    if choices.target not in ("", "y"):
        raise BadData(f"{path.name}: expected no other --target than y; got {choices.target!r}.")
    names = _names(path.name, arrays, "class_names")
    if names and (y.dtype.kind not in "iu" or not 0 <= y.min() <= y.max() < len(names)):
        got = f"{y.min()} to {y.max()}" if y.dtype.kind in "iu" else str(y.dtype)
        raise BadData(
            f"{path.name}: expected indices of the {len(names)} class_names in y, 0 to {len(names) - 1}; got {got}."
        )
    labels = pd.Series(np.asarray(names)[y] if names else y)
    if X.ndim == 2:
        _check_applicable(choices, "table", path.name)
        frame = _npz_frame(path, X, labels.to_numpy(), arrays)
        return read_table(frame, dataclasses.replace(choices, target="y"), path.name), "table"
    _check_applicable(dataclasses.replace(choices, target=""), "image", path.name)
    if choices.image_size is not None:
        raise BadData(f"{path.name}: expected no image size for arrays, which have one; got {choices.image_size}.")
    table = read_table(
        pd.DataFrame({"image": np.arange(len(X)), "y": labels}),
        Choices(target="y", test_fraction=0.0, task="classification"),
        path.name,
    )
    codes = np.asarray(table.y)
    images = from_arrays(X, codes, np.arange(len(X)), table.class_names, path.name)
    fraction = DEFAULT_TEST_FRACTION if choices.test_fraction is None else choices.test_fraction
    train, test = split_rows(len(X), fraction)
    return dataclasses.replace(
        images, X=images.X[train], y=codes[train], ids=train, X_test=images.X[test], y_test=codes[test]
    ), "image"


def preview(path: Path, choices: Choices | None = None) -> dict[str, Any]:
    """A summary of a file as JSON values, before it is read for good.

    Args:
        path: a folder, or a file with a suffix in `SUFFIXES`.
        choices: how its entries are to be read, as far as that is chosen already; None for the notation of numbers that
            the file suggests.

    Returns:
        `form` and `rows`; for tables `columns` (see `columns.Column`), `head`, the first rows as strings, and the
        `decimal` and `thousands` with which it was read; for images `classes` (number of images by split and class) and
        `notes`.

    Raises:
        BadData, DataUnavailable: the file cannot be read.
    """
    check_readable(path)
    if _is_image_folder(path):
        with open_files(path) as files:
            images, notes = image_files(files, path.name)
        counts = pd.Series([(image.split or "all", image.label) for image in images]).value_counts()
        classes = [
            {"split": split, "class": label, "images": int(n)} for (split, label), n in counts.sort_index().items()
        ]
        return {"form": "image", "rows": len(images), "classes": classes, "notes": notes}
    if path.suffix.lower() == ".npz":
        X, y, arrays = _npz_arrays(path)
        if X.ndim > 2:
            counts = pd.Series(y).value_counts().sort_index()
            classes = [{"split": "all", "class": str(label), "images": int(n)} for label, n in counts.items()]
            return {"form": "image", "rows": len(X), "classes": classes, "notes": []}
        return _table_preview(_npz_frame(path, X, y, arrays), choices or Choices(), frozenset(), {})
    unread = other_content(path) if path.suffix.lower() == ".parquet" else {}
    chosen = dataclasses.replace(choices or Choices(), target="", left_out=tuple(unread))
    frame = _frame(path, chosen)
    if choices is None and (notation := likely_notation(frame)) != PLAIN:
        chosen = dataclasses.replace(chosen, decimal=notation.decimal, thousands=notation.thousands)
        frame = _frame(path, chosen)
    return _table_preview(frame, chosen, _usual(path), unread)


def _table_preview(
    frame: pd.DataFrame, choices: Choices, usual: frozenset[str], unread: dict[str, str]
) -> dict[str, Any]:
    """The summary of a table; `unread` says what the columns hold that are not read."""
    first = frame.head(PREVIEW_ROWS).drop(columns=list(unread))
    head = first.reindex(columns=frame.columns).astype(object)
    head = head.where(head.notna(), None)
    columns = read_columns(frame, choices, usual=usual, ignored=tuple(unread))[1]
    others = {name: Column(name, content, 0, 0) for name, content in unread.items()}
    return {
        "form": "table",
        "rows": len(frame),
        "columns": [dataclasses.asdict((columns | others)[str(name)]) for name in frame.columns],
        "head": [[None if value is None else str(value)[:80] for value in row] for row in head.to_numpy().tolist()],
        "decimal": choices.decimal,
        "thousands": choices.thousands,
    }
