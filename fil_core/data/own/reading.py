"""From a file or folder of one's own to raw rows, and to what a person should know before choosing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from fil_core.data.own import frames, limits
from fil_core.data.own.arrays import read_archive
from fil_core.data.own.choices import DEFAULT_TEST_FRACTION, Choices
from fil_core.data.own.columns import describe
from fil_core.data.own.content import check_there
from fil_core.data.own.pictures import arranged, of_arrays, opened, read_pictures
from fil_core.data.own.tables import read_table
from fil_core.data.raw import Raw, split_rows
from fil_core.errors import BadData
from fil_core.progress import Progress

Form = Literal["table", "image"]
SUFFIXES = (".csv", ".tsv", ".parquet", ".npy", ".npz", ".zip")
PREVIEWED = 20  # rows or images shown before anything is chosen
_OF_TABLES = ("target", "sensitive", "id", "left_out", "categorical", "missing")
_FORMS: dict[Form, str] = {"table": "a table", "image": "images, whose classes are their folders or y"}
_ARRAYS = ("X", "y", "feature_names", "class_names")


def read(path: Path, chosen: Choices, progress: Progress | None = None) -> tuple[Raw, Form]:
    """The rows of a file or folder, as chosen.

    Raises:
        BadData: what cannot be used, and how to mend it.
    """
    if _holds_pictures(path):
        _check_fitting(chosen, "image", path.name)
        return read_pictures(path, chosen, progress), "image"
    if path.suffix.lower() == ".npz":
        return _read_npz(path, chosen)
    _check_fitting(chosen, "table", path.name)
    return read_table(_frame(path), chosen, path.name), "table"


def _check_fitting(chosen: Choices, form: Form, name: str) -> None:
    """Refuse what would be passed over: columns where there are pictures, a picture's size where there are columns."""
    usual = Choices()
    for field in ("image_size",) if form == "table" else _OF_TABLES:
        if getattr(chosen, field) != getattr(usual, field):
            what = field.replace("_", " ")
            raise BadData(f"{name}: expected no {what} for {_FORMS[form]}; got {getattr(chosen, field)!r}.")


def _holds_pictures(path: Path) -> bool:
    if path.is_dir() or path.suffix.lower() == ".zip":
        return True
    if path.suffix.lower() not in SUFFIXES:
        raise BadData(f"{path.name}: expected a folder or a file ending in {', '.join(SUFFIXES)}.")
    return False


def _frame(path: Path) -> pd.DataFrame:
    return frames.READERS[path.suffix.lower()](path)


def _npz(path: Path) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    arrays = read_archive(path, _ARRAYS)
    if missing := [name for name in ("X", "y") if name not in arrays]:
        raise BadData(f"{path.name}: expected arrays X (examples) and y (targets); {' and '.join(missing)} not found.")
    X, y = arrays["X"], arrays["y"]
    if X.ndim < 2 or y.ndim != 1 or len(X) != len(y):
        raise BadData(f"{path.name}: expected X (n, ...) and y (n,); got {X.shape} and {y.shape}.")
    if not len(X):
        raise BadData(f"{path.name}: expected rows of data; got 0 rows.")
    if X.dtype.kind not in "biuf":
        raise BadData(f"{path.name}: expected X to hold numbers; got {X.dtype}.")
    return X, y, arrays


def _npz_frame(path: Path, X: np.ndarray, y: np.ndarray, arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    names = list(_texts(path.name, arrays, "feature_names")) or [str(j) for j in range(X.shape[1])]
    if len(names) != X.shape[1] or len(set(names)) < len(names) or "y" in names:
        raise BadData(
            f"{path.name}: expected {X.shape[1]:,} different feature_names, none of them y; got {len(names):,}."
        )
    frames.check_names(path.name, names)
    limits.check_cells(path.name, *X.shape)
    return pd.DataFrame(X, columns=names).assign(y=y)


def _texts(where: str, arrays: dict[str, np.ndarray], name: str) -> tuple[str, ...]:
    """An array of names; empty where there is none."""
    given = arrays.get(name, np.empty(0, str))
    if given.ndim != 1:
        raise BadData(f"{where}: expected {name} to be a list of names; got shape {given.shape}.")
    return tuple(map(str, given))


def _read_npz(path: Path, chosen: Choices) -> tuple[Raw, Form]:
    X, y, arrays = _npz(path)
    if chosen.target not in ("", "y"):
        raise BadData(f"{path.name}: expected no other target than y; got {chosen.target!r}.")
    names = _texts(path.name, arrays, "class_names")
    if names and (y.dtype.kind not in "iu" or not 0 <= y.min() <= y.max() < len(names)):
        raise BadData(f"{path.name}: expected y to number the {len(names)} class_names from 0.")
    labels = pd.Series(np.asarray(names)[y] if names else y)
    if X.ndim == 2:
        _check_fitting(chosen, "table", path.name)
        frame = _npz_frame(path, X, labels.to_numpy(), arrays)
        return read_table(frame, dataclasses.replace(chosen, target="y"), path.name), "table"
    _check_fitting(dataclasses.replace(chosen, target=""), "image", path.name)
    if chosen.image_size is not None:
        raise BadData(f"{path.name}: expected no image size for arrays, which have one; got {chosen.image_size}.")
    table = read_table(
        pd.DataFrame({"row": np.arange(len(X)), "y": labels}),
        Choices(target="y", test_fraction=0.0, task="classification"),
        path.name,
    )
    codes = np.asarray(table.y)
    whole = of_arrays(X, codes, np.arange(len(X)), table.class_names, path.name)
    fraction = DEFAULT_TEST_FRACTION if chosen.test_fraction is None else chosen.test_fraction
    train, test = split_rows(len(X), fraction)
    return dataclasses.replace(
        whole, X=whole.X[train], y=codes[train], ids=train, X_test=whole.X[test], y_test=codes[test]
    ), "image"


def preview(path: Path, categorical: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a file holds, as JSON values, before anything is chosen.

    Returns:
        `form`, `rows`; for tables `columns` (see `tables.Column`) and `head`, some rows as texts; for images `classes`
        (train and test counts by class) and `notes`.

    Raises:
        BadData, DataUnavailable: what cannot be read.
    """
    check_there(path)
    if _holds_pictures(path):
        with opened(path) as files:
            pictures, notes = arranged(files, path.name)
        counts = pd.Series([(p.split or "all", p.label) for p in pictures]).value_counts()
        classes = [
            {"split": split, "class": label, "images": int(n)} for (split, label), n in counts.sort_index().items()
        ]
        return {"form": "image", "rows": len(pictures), "classes": classes, "notes": notes}
    if path.suffix.lower() == ".npz":
        X, y, arrays = _npz(path)
        if X.ndim > 2:
            found = pd.Series(y).value_counts().sort_index()
            classes = [{"split": "all", "class": str(label), "images": int(n)} for label, n in found.items()]
            return {"form": "image", "rows": len(X), "classes": classes, "notes": []}
        frame = _npz_frame(path, X, y, arrays)
    else:
        frame = _frame(path)
    head = frame.head(PREVIEWED).astype(object).where(frame.head(PREVIEWED).notna(), None)
    return {
        "form": "table",
        "rows": len(frame),
        "columns": [dataclasses.asdict(column) for column in describe(frame, categorical)],
        "head": [[None if value is None else str(value)[:80] for value in row] for row in head.to_numpy().tolist()],
    }
