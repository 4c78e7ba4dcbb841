"""Read a file or folder of own data to raw rows, or to a summary of its content."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from fil_core.data.own import frames
from fil_core.data.own.choices import DEFAULT_TEST_FRACTION, Choices
from fil_core.data.own.columns import Column, read_columns
from fil_core.data.own.content import check_readable
from fil_core.data.own.entries import USUAL_GAPS, likely_notation
from fil_core.data.own.faults import reading
from fil_core.data.own.folders import open_images
from fil_core.data.own.images import read_images
from fil_core.data.own.npz import TARGET, images_of, read_arrays, table_of
from fil_core.data.own.numerals import PLAIN
from fil_core.data.own.parquet import other_content
from fil_core.data.own.tables import read_table
from fil_core.data.own.texts import text_preview
from fil_core.data.raw import Raw
from fil_core.data.text.corpus import Corpus
from fil_core.data.text.reading import read_text
from fil_core.errors import BadData
from fil_core.progress import Progress

Form = Literal["table", "image", "text"]
SUFFIXES = (".csv", ".tsv", ".parquet", ".npy", ".npz", ".zip", ".txt")
TEXT_SUFFIX = ".txt"
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
_FORMS: dict[Form, str] = {
    "table": "a table",
    "image": "images, whose classes are their folders or y",
    "text": "a text, whose lines have no columns",
}
_IGNORED: dict[Form, tuple[str, ...]] = {
    "table": ("image_size",),
    "image": _TABLE_FIELDS,
    "text": (*_TABLE_FIELDS, "task", "image_size"),
}


def read(path: Path, choices: Choices, progress: Progress | None = None) -> tuple[Raw, Form]:
    """The rows of a file or folder.

    Args:
        path: a folder, or a file with a suffix in `SUFFIXES`.
        choices: how to read it.
        progress: called with (done, total, description) while images are read.

    Raises:
        BadData: the file cannot be used; the message says where and what to do.
    """
    with reading(path.name):
        if _is_image_folder(path):
            _check_applicable(choices, "image", path.name)
            return read_images(path, choices, progress), "image"
        if path.suffix.lower() == ".npz":
            return _read_npz(path, choices)
        _check_applicable(choices, "table", path.name)
        return read_table(_frame(path, choices), choices, path.name, usual=_usual(path)), "table"


def read_lines(path: Path, choices: Choices, progress: Progress | None = None) -> Corpus:
    """The lines of a text.

    Args:
        path: a file with the suffix .txt.
        choices: their `test_fraction` is used.
        progress: called with (bytes read, bytes, description).

    Raises:
        BadData: the file cannot be used; the message says where and what to do.
    """
    with reading(path.name):
        _check_applicable(choices, "text", path.name)
        fraction = DEFAULT_TEST_FRACTION if choices.test_fraction is None else choices.test_fraction
        return dataclasses.replace(read_text(path, progress), test_fraction=fraction)


def is_text(path: Path) -> bool:
    """Whether a path is a text rather than a table or images."""
    return path.suffix.lower() == TEXT_SUFFIX and not path.is_dir()


def _frame(path: Path, choices: Choices) -> pd.DataFrame:
    """The table in a file; what the choices name as text stays text, and so do numbers in another notation."""
    texts = (choices.id, choices.target, *choices.categorical) if choices.notation == PLAIN else None
    return frames.read_own(path, texts, choices.left_out, choices.id)


def _usual(path: Path) -> frozenset[str]:
    """Texts that stand for a missing value in a column of text; formats with types say themselves what is missing."""
    return USUAL_GAPS if path.suffix.lower() in _TEXT else frozenset()


def _check_applicable(choices: Choices, form: Form, name: str) -> None:
    """Raise BadData for choices that would be ignored, such as columns for images or text."""
    defaults = Choices()
    for field in _IGNORED[form]:
        if (value := getattr(choices, field)) != getattr(defaults, field):
            option = f"--{field.replace('left_out', 'leave_out').replace('_', '-')}"
            what = "column as the target" if field == "target" else option  # whose option has two names
            raise BadData(f"{name}: expected no {what} for {_FORMS[form]}; got {value!r}.")


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


def _read_npz(path: Path, choices: Choices) -> tuple[Raw, Form]:
    arrays = read_arrays(path)
    if choices.target not in ("", TARGET):
        raise BadData(f"{path.name}: expected no other --target than {TARGET}; got {choices.target!r}.")
    if arrays.X.ndim == 2:
        _check_applicable(choices, "table", path.name)
        return table_of(arrays, choices), "table"
    _check_applicable(dataclasses.replace(choices, target=""), "image", path.name)
    if choices.image_size is not None:
        raise BadData(f"{path.name}: expected no image size for arrays, which have one; got {choices.image_size}.")
    return images_of(arrays, choices), "image"


def preview(path: Path, choices: Choices | None = None) -> dict[str, Any]:
    """A summary of a file as JSON values, before it is read for good.

    Args:
        path: a folder, or a file with a suffix in `SUFFIXES`.
        choices: how its entries are to be read, as far as that is chosen already; None for the notation of numbers that
            the file suggests.

    Returns:
        `form` and `rows`; for tables `columns` (see `columns.Column`), `head`, the first rows as strings, and the
        `decimal` and `thousands` with which it was read, and of a .npz file the `test_rows` of its own split; for
        images `classes` (number of images by split and class) and `notes`; for a text the entries of `text_preview`.

    Raises:
        BadData, DataUnavailable: the file cannot be read.
    """
    check_readable(path)
    with reading(path.name):
        return _preview(path, choices)


def _preview(path: Path, choices: Choices | None) -> dict[str, Any]:
    if is_text(path):
        return text_preview(read_text(path))
    if _is_image_folder(path):
        with open_images(path) as (images, notes):
            return _image_preview([(image.split or "all", image.label) for image in images], notes)
    if path.suffix.lower() == ".npz":
        arrays = read_arrays(path)
        splits = ["all"] * len(arrays.X) if arrays.held_out is None else np.where(arrays.held_out, "test", "train")
        if arrays.X.ndim > 2:
            return _image_preview(list(zip(splits, arrays.labels.tolist(), strict=True)), list(arrays.notes))
        content = _table_preview(arrays.frame(), choices or Choices(), frozenset(), {})
        return content | {"test_rows": 0 if arrays.held_out is None else int(arrays.held_out.sum())}
    unread = other_content(path) if path.suffix.lower() == ".parquet" else {}
    chosen = dataclasses.replace(choices or Choices(), target="", left_out=tuple(unread))
    frame = _frame(path, chosen)
    if choices is None and (notation := likely_notation(frame)) != PLAIN:
        chosen = dataclasses.replace(chosen, decimal=notation.decimal, thousands=notation.thousands)
        frame = _frame(path, chosen)
    return _table_preview(frame, chosen, _usual(path), unread)


def _image_preview(classes: list[tuple[str, Any]], notes: list[str]) -> dict[str, Any]:
    """The summary of images, from the split and class of each."""
    counts = pd.Series(classes).value_counts().sort_index()
    listed = [{"split": str(split), "class": str(label), "images": int(n)} for (split, label), n in counts.items()]
    return {"form": "image", "rows": len(classes), "classes": listed, "notes": notes}


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
