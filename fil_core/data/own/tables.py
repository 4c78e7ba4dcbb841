"""From a data frame of own data to rows that a model can be trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.choices import DEFAULT_TEST_FRACTION, Choices
from fil_core.data.own.columns import Column, as_numbers, as_texts, read_columns, sorted_levels
from fil_core.data.own.gaps import complete_rows, filled, first_few
from fil_core.data.own.naming import key, option
from fil_core.data.own.numerals import PLAIN
from fil_core.data.own.targets import read_target
from fil_core.data.raw import Raw, split_rows
from fil_core.data.tabular import encode, unseen
from fil_core.dataset import AttributeGroup, ambiguous, spelled
from fil_core.errors import BadData
from fil_core.specs.texts import typed, write_names

_SEVERAL = {"sensitive": "sensitive", "left_out": "leave-out", "categorical": "categorical"}  # fields and their options
_MAX_ABSOLUTE = 1e100  # of an entry; larger ones could overflow in sums of squares


def read_table(
    frame: pd.DataFrame,
    choices: Choices,
    name: str,
    *,
    usual: Collection[str] = (),
    held_out: np.ndarray | None = None,
) -> Raw:
    """The examples of a table.

    Args:
        frame: the columns of the file; not modified.
        choices: target, id, and how to read the columns.
        name: name of the file in error messages.
        usual: texts that stand for a missing value in a column of text, unless the choices name others.
        held_out: (n,) bool, the test rows of a file with a split of its own; None for a random split.

    Returns:
        Features in the order of the columns; categories are one-hot encoded without their last level, with the levels
        of the training rows. A missing number is NaN, to be filled in with `preprocess.fill`. `notes` lists all changes
        to the data.

    Raises:
        BadData: a column that does not exist or cannot be used, missing values without a choice on how to handle them,
            or ids that are missing or not unique.
    """
    choices = _with_file_spelling(frame, choices, name)
    not_features = {choices.target, choices.id, *choices.left_out}
    written = frame[choices.target]
    frame, columns = read_columns(frame, choices, usual=usual, ignored=not_features - {choices.target})
    features = [c for c in frame.columns if c not in not_features and columns[c].kind != "rows"]
    if not features:
        raise BadData(f"{name}: expected at least one feature; all columns are target, id, row numbers or left out.")
    _check_target(columns[choices.target])
    _check_features([columns[f] for f in features])
    _check_range(frame, [f for f in [*features, choices.target] if columns[f].kind == "number"])
    kept, gap_notes = complete_rows(frame, columns, [*features, choices.target], choices)
    ids, id_names = _ids(frame, choices, kept)
    order = np.argsort(ids, kind="stable")
    rows = np.flatnonzero(kept)[order]
    frame, ids = frame.iloc[rows].reset_index(drop=True), ids[order]
    id_names = None if id_names is None else id_names[order]
    y, classes, target_notes = read_target(frame[choices.target], choices, written.iloc[rows])
    notes = [*_reading_notes(columns, features, choices), *target_notes, *gap_notes]
    parts = split(len(frame), choices, None if held_out is None else held_out[rows])
    return _encode(frame, features, columns, choices, (y, classes), (ids, id_names), parts, notes)


def split(n: int, choices: Choices, held_out: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Train and test row numbers, each ascending.

    Args:
        n: number of rows.
        choices: their `test_fraction` is used.
        held_out: (n,) bool, the test rows of a file with a split of its own; None for a random split.

    Raises:
        BadData: a test fraction beside a split, or one that leaves no training row.
    """
    if held_out is None:
        fraction = DEFAULT_TEST_FRACTION if choices.test_fraction is None else choices.test_fraction
        train, test = split_rows(n, fraction)
        if not len(train):
            raise BadData(
                f"rows: expected training rows; all rows are test rows ({n:,}). Choose a smaller test fraction."
            )
        return train, test
    if choices.test_fraction is not None:
        raise BadData("--test-fraction: expected none for a file with X_test and y_test; leave it out.")
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _reading_notes(columns: dict[str, Column], features: list[str], choices: Choices) -> list[str]:
    """How the entries were read, where that is not plain."""
    notes = []
    if choices.notation != PLAIN:
        decimal = "comma" if choices.decimal == "," else "point"
        grouped = f" and {choices.thousands!r} between thousands" if choices.thousands else ""
        notes.append(f"Numbers are read with a decimal {decimal}{grouped}.")
    notes += [
        f"{c.name} numbers or names the rows and is no feature. As the id ({typed('id', c.name)}) it names the "
        "examples."
        for c in columns.values()
        if c.kind == "rows"
    ]
    return notes + [note for name in [choices.target, *features] for note in columns[name].notes]


def _encode(
    frame: pd.DataFrame,
    features: list[str],
    columns: dict[str, Column],
    choices: Choices,
    target: tuple[np.ndarray, tuple[str, ...]],
    ids: tuple[np.ndarray, np.ndarray | None],
    split: tuple[np.ndarray, np.ndarray],
    notes: list[str],
) -> Raw:
    """Impute, encode and split; medians and levels are those of the training rows."""
    (y, classes), (numbers, names), (train, test) = target, ids, split
    imputed, gaps, gap_notes = filled(frame[features], columns, train)
    layout = {f: _group(imputed[f].iloc[train], f) if columns[f].kind == "category" else None for f in features}
    constant = [f for f, group in layout.items() if group is not None and not group.levels]
    layout = {f: group for f, group in layout.items() if f not in constant}
    if not layout:
        raise BadData("features: expected at least one column with different values; all of them are constant.")
    unknown = unseen(imputed.iloc[test], layout)
    test = test[~unknown]
    X, feature_names, groups = encode(imputed, layout)
    notes = [*notes, *gap_notes, *_encoding_notes(constant, groups, int(unknown.sum()))]
    sensitive = tuple(f for f in choices.sensitive if f in layout)
    return Raw(
        intercept=True, X=X[train], y=y[train], ids=numbers[train], X_test=X[test], y_test=y[test], class_names=classes,
        feature_names=feature_names, groups=groups, target_name=choices.target, sensitive=sensitive,
        continuous=tuple(feature_names.index(f) for f, group in layout.items() if group is None),
        gaps=tuple(feature_names.index(f) for f in gaps),
        id_names=None if names is None else names[train], test_names=(numbers if names is None else names)[test],
        notes=(_ids_note(choices, names), *notes),
    )  # fmt: skip


def _encoding_notes(constant: list[str], groups: dict[str, AttributeGroup], unknown: int) -> list[str]:
    """Constant categories, baseline levels, and how many test rows cannot be encoded."""
    notes = [f"{name} is left out: all training rows have the same value." for name in constant]
    notes += [f"Baseline level of {group.name}: {group.dropped}." for group in groups.values()]
    if unknown == 1:
        notes.append("1 test row is left out: no training row has one of its categories.")
    elif unknown:
        notes.append(f"{unknown:,} test rows are left out: no training row has one of their categories.")
    return notes


def _ids_note(choices: Choices, names: np.ndarray | None) -> str:
    if not choices.id:
        return "ids are row numbers of the file, counted from 0 after its header."
    numeric = "; row:N is row N of the file, counted from 0" if names is not None else ""
    return f"ids are the values of the column {choices.id}{numeric}."


def _with_file_spelling(frame: pd.DataFrame, choices: Choices, name: str) -> Choices:
    """The choices with column names spelt as in the file.

    Case, spaces and quotes around a name need not match where only one column is meant.

    Raises:
        BadData: a column that does not exist or several that may be meant, or no target.
    """
    listed = write_names(tuple(map(str, frame.columns[:12]))) + (", …" if frame.shape[1] > 12 else "")

    def spelling(flag: str, column: str) -> str:
        meant = spelled(column, map(str, frame.columns), key)
        if not meant:
            raise BadData(f"--{flag}: expected one of the columns of {name} ({listed}); got {column!r}.")
        if len(meant) > 1:
            raise BadData(f"{name}, --{flag}: {ambiguous(column, meant)}")
        return meant[0]

    if not choices.target:
        raise BadData(f"{name}: expected the column to predict (--target-column); choose one of {listed}.")
    several: dict[str, Any] = {
        field: tuple(spelling(flag, column) for column in getattr(choices, field)) for field, flag in _SEVERAL.items()
    }
    target, id_ = spelling("target", choices.target), spelling("id", choices.id) if choices.id else ""
    return dataclasses.replace(choices, target=target, id=id_, **several)


def _check_target(column: Column) -> None:
    """Raise BadData for a target that is neither classes nor numbers."""
    if column.kind == "empty":
        raise BadData(f"target {column.name!r}: expected values; all of them are missing. Choose another --target.")
    if column.non_numeric:
        raise BadData(f"target {column.name!r}: expected numbers; got {column.non_numeric}. {column.advice}")
    if column.kind == "date":
        raise BadData(
            f"target {column.name!r}: expected numbers or classes; got dates. Choose --dates days, which makes them "
            "days since the earliest one."
        )


def _check_features(columns: list[Column]) -> None:
    """Raise BadData for columns that cannot be features; they must be left out explicitly."""
    unclear = [column for column in columns if column.non_numeric]
    if unclear:
        first, *others = unclear
        such = f" So it is with {first_few([repr(column.name) for column in others])}." if others else ""
        raise BadData(
            f"column {first.name!r}: expected {'dates' if first.kind == 'date' else 'numbers'}; got "
            f"{first.non_numeric}. {first.advice}{such}"
        )
    reasons = {
        "text": "{0.distinct:,} different texts, too many for a category",
        "date": "dates",
        "empty": "no entries at all",
    }
    bad = [column for column in columns if column.kind in reasons]
    if bad:
        has = first_few([f"{column.name!r} has {reasons[column.kind].format(column)}" for column in bad])
        days = ", read dates as days since the earliest (--dates days)" if any(c.kind == "date" for c in bad) else ""
        raise BadData(
            f"features: expected columns of numbers or categories; {has}. Leave such columns out "
            f"({option('leave-out', *(column.name for column in bad))}){days}, or use one as the id (--id)."
        )


def _check_range(frame: pd.DataFrame, numbers: list[str]) -> None:
    """Raise BadData for infinities, and for numbers so large that sums of squares overflow."""
    for name in numbers:
        values = frame[name].to_numpy(np.float64, na_value=np.nan)
        if (too_large := np.abs(values) > _MAX_ABSOLUTE).any():
            i = int(too_large.argmax())
            raise BadData(
                f"column {name!r}: expected finite numbers up to {_MAX_ABSOLUTE:g}; got {values[i]:g} at row {i}. "
                "Correct the file or leave the column out."
            )


def _ids(frame: pd.DataFrame, choices: Choices, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Numeric ids (n,) of the kept rows, and the texts of the id column, else None if they are whole numbers.

    A text is one only if nothing of it would be lost: `007`, `1E3` and `+1` are names.

    Raises:
        BadData: an id that is missing or not unique.
    """
    rows = np.flatnonzero(kept)
    if not choices.id:
        return rows, None
    column = frame[choices.id].iloc[rows]
    names = as_texts(column)
    empty = column.isna() | (names == "")
    if empty.any():
        row = rows[empty.argmax()]
        raise BadData(f"id {choices.id!r}: expected a value in every row; row {row} has none. Fill it in.")
    if column.duplicated().any():
        twice = str(column[column.duplicated()].iloc[0])[:60]
        raise BadData(f"id {choices.id!r}: expected unique ids; got {twice!r} twice. Choose another column.")
    if (numbers := as_numbers(names)) is not None:
        return numbers, None
    for value in names:
        limits.check_name(f"id {choices.id!r}", value)
    return rows, names.to_numpy().astype(str)


def _group(values: pd.Series, name: str) -> AttributeGroup:
    """The levels of a category; `encode` sets the columns."""
    levels = sorted_levels(values.unique())
    for level in levels:
        limits.check_name(f"column {name!r}: category", level)
    return AttributeGroup(name, (), tuple(levels[:-1]), levels[-1])
