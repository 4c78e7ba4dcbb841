"""From a data frame of own data to rows that a model can be trained on."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.choices import DEFAULT_TEST_FRACTION, Choices
from fil_core.data.own.columns import Column, as_numbers, as_texts, describe, is_whole, sorted_levels
from fil_core.data.raw import Raw, split_rows
from fil_core.data.tabular import encode, unseen
from fil_core.dataset import AttributeGroup
from fil_core.errors import BadData

_MAX_NUMERIC_CLASSES = 20  # different whole numbers up to which a numeric target is taken as classes
_MAX_CLASSES = 1_000
_LISTED = 4  # names in an error message
_MISSING_LEVEL = "(missing)"
_MAX_ABSOLUTE = 1e100  # of an entry; larger ones could overflow in sums of squares


def read_table(frame: pd.DataFrame, choices: Choices, name: str) -> Raw:
    """The examples of a table.

    Args:
        frame: the columns of the file; not modified.
        choices: target, id, and how to read the columns.
        name: name of the file in error messages.

    Returns:
        Features in the order of the columns; categories are one-hot encoded without their last level, with the levels
        of the training rows. `notes` lists all changes to the data.

    Raises:
        BadData: a column that does not exist or cannot be used, missing values without a choice on how to handle them,
            or ids that are missing or not unique.
    """
    choices = _with_file_spelling(frame, choices, name)
    columns = {column.name: column for column in describe(frame, choices.categorical)}
    features = [c for c in frame.columns if c not in {choices.target, choices.id, *choices.left_out}]
    if not features:
        raise BadData(f"{name}: expected at least one feature; all columns are target, id or left out.")
    _check_features([columns[f] for f in features])
    _check_range(frame, [f for f in [*features, choices.target] if columns[f].kind == "number"])
    kept, notes = _complete_rows(frame, [*features, choices.target], choices)
    ids, id_names = _ids(frame, choices, kept)
    order = np.argsort(ids, kind="stable")
    frame, ids = frame.iloc[np.flatnonzero(kept)[order]].reset_index(drop=True), ids[order]
    id_names = None if id_names is None else id_names[order]
    y, classes = _target(frame[choices.target], choices)
    fraction = DEFAULT_TEST_FRACTION if choices.test_fraction is None else choices.test_fraction
    train, test = split_rows(len(frame), fraction)
    return _encode(frame, features, columns, choices, (y, classes), (ids, id_names), (train, test), notes)


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
    imputed, imputation_notes = _impute(frame[features], columns, train)
    layout = {f: _group(imputed[f].iloc[train], f) if columns[f].kind == "category" else None for f in features}
    constant = [f for f, group in layout.items() if group is not None and not group.levels]
    layout = {f: group for f, group in layout.items() if f not in constant}
    if not layout:
        raise BadData("features: expected at least one column with different values; all of them are constant.")
    unknown = unseen(imputed.iloc[test], layout)
    test = test[~unknown]
    X, feature_names, groups = encode(imputed, layout)
    notes = [
        *notes, *imputation_notes,
        *(f"{f} is left out: all training rows have the same value." for f in constant),
        *(f"Baseline level of {g.name}: {g.dropped}." for g in groups.values()),
    ]  # fmt: skip
    if unknown.any():
        notes.append(f"{int(unknown.sum()):,} test rows are left out: no training row has one of their categories.")
    sensitive = tuple(f for f in choices.sensitive if f in layout)
    return Raw(
        intercept=True, X=X[train], y=y[train], ids=numbers[train], X_test=X[test], y_test=y[test], class_names=classes,
        feature_names=feature_names, groups=groups, target_name=choices.target, sensitive=sensitive,
        continuous=tuple(feature_names.index(f) for f, group in layout.items() if group is None),
        id_names=None if names is None else names[train],
        notes=(_ids_note(choices, names), *notes),
    )  # fmt: skip


def _ids_note(choices: Choices, names: np.ndarray | None) -> str:
    if not choices.id:
        return "ids are row numbers of the file, counted from 0 after its header."
    numeric = "; numeric ids are row numbers of the file, counted from 0" if names is not None else ""
    return f"ids are the values of the column {choices.id}{numeric}."


def _with_file_spelling(frame: pd.DataFrame, choices: Choices, name: str) -> Choices:
    """The choices with column names spelt as in the file; upper and lower case need not match.

    Raises:
        BadData: a column that does not exist, or no target.
    """
    spellings = {str(column).casefold(): str(column) for column in frame.columns}
    listed = ", ".join(map(str, frame.columns[:12])) + (", …" if frame.shape[1] > 12 else "")

    def spelling(column: str) -> str:
        if column in frame.columns:
            return column
        if column.casefold() not in spellings:
            raise BadData(f"{name}: expected one of its columns ({listed}); got {column!r}.")
        return spellings[column.casefold()]

    if not choices.target:
        raise BadData(f"{name}: expected the column to predict (--target); choose one of {listed}.")
    several: dict[str, Any] = {
        field: tuple(map(spelling, getattr(choices, field))) for field in ("sensitive", "left_out", "categorical")
    }
    target, id_ = spelling(choices.target), spelling(choices.id) if choices.id else ""
    return dataclasses.replace(choices, target=target, id=id_, **several)


def _check_features(columns: list[Column]) -> None:
    """Raise BadData for columns that cannot be features; they must be left out explicitly."""
    for column in columns:
        if column.non_numeric:
            raise BadData(
                f"column {column.name!r}: expected numbers; got {column.non_numeric}. Correct the file or leave the "
                "column out."
            )
    reasons = {
        "text": "{0.distinct:,} different texts, too many for a category",
        "date": "dates",
        "empty": "no entries at all",
    }
    bad = [f"{column.name!r} has {reasons[column.kind].format(column)}" for column in columns if column.kind in reasons]
    if bad:
        names = ",".join(column.name for column in columns if column.kind in reasons)
        raise BadData(
            f"features: expected columns of numbers or categories; {_first_few(bad)}. Leave such columns out "
            f"(--leave-out {names[:200]}), or use one as the id (--id)."
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


def _first_few(parts: list[str]) -> str:
    return "; ".join(parts[:_LISTED]) + (f" and {len(parts) - _LISTED} more" if len(parts) > _LISTED else "")


def _complete_rows(frame: pd.DataFrame, columns: list[str], choices: Choices) -> tuple[np.ndarray, list[str]]:
    """(n,) bool: rows that are kept, and notes."""
    missing = frame[columns].isna()
    counts = missing.sum()
    counts = counts[counts > 0]
    all_rows = np.ones(len(frame), dtype=bool)
    if counts.empty:
        return all_rows, []
    if choices.missing == "refuse":
        per_column = _first_few([f"{name!r} ({count:,})" for name, count in counts.items()])
        raise BadData(
            "missing values: expected none, or a choice on how to handle them; "
            f"{int(missing.any(axis=1).sum()):,} of {len(frame):,} rows have missing values, in {per_column}. Choose "
            "--missing drop (leaves these rows out) or --missing fill."
        )
    if choices.missing == "drop":
        kept = ~missing.any(axis=1).to_numpy()
        if not kept.any():
            raise BadData(
                "missing values: expected some complete rows; every row has missing values. Choose --missing fill."
            )
        return kept, [f"{int((~kept).sum()):,} rows with missing values are left out."]
    if choices.target in counts.index:
        raise BadData(
            f"target {choices.target!r}: expected a value in every row; {counts[choices.target]:,} rows have none, and "
            "a target is not filled in. Choose --missing drop."
        )
    return all_rows, []


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


def _target(values: pd.Series, choices: Choices) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class codes and class names; for a regression the values and an empty tuple."""
    numeric = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    whole = numeric and bool(is_whole(values).all())
    few = whole and values.nunique() <= _MAX_NUMERIC_CLASSES
    task = choices.task if choices.task != "auto" else "classification" if few or not numeric else "regression"
    if task == "regression":
        if not numeric:
            text = str(values[pd.to_numeric(values, errors="coerce").isna()].iloc[0])[:40]
            raise BadData(f"target {choices.target!r}: expected numbers for a regression; got {text!r}.")
        return values.to_numpy(np.float64), ()
    if numeric and not whole:
        raise BadData(
            f"target {choices.target!r}: expected classes; got fractions such as {values.iloc[0]}. Choose regression."
        )
    labels = as_texts(values)
    names = sorted_levels(labels.unique())
    if not 2 <= len(names) <= _MAX_CLASSES:
        got = f"only {names[0]!r}" if len(names) == 1 else f"{len(names):,} different values"
        raise BadData(f"target {choices.target!r}: expected 2 to {_MAX_CLASSES:,} classes; got {got}.")
    for class_name in names:
        limits.check_name(f"target {choices.target!r}: class", class_name)
    return pd.Index(names).get_indexer(labels), tuple(names)


def _impute(frame: pd.DataFrame, columns: dict[str, Column], train: np.ndarray) -> tuple[pd.DataFrame, list[str]]:
    """Features without missing values (numbers: median of the training rows; categories: a level), and notes."""
    imputed, notes = {}, []
    for name in frame.columns:
        values = frame[name]
        missing = int(values.isna().sum())
        if columns[name].kind == "category":
            values = as_texts(values)
            fill: object = _MISSING_LEVEL
        else:
            values = values.astype(np.float64)
            fill = float(values.iloc[train].median()) if missing else 0.0
        imputed[name] = values.fillna(fill) if missing else values
        if missing:
            shown = f"the level {fill}" if isinstance(fill, str) else f"the median {fill:g}"
            notes.append(f"{missing:,} missing values of {name} are replaced by {shown}.")
    return pd.DataFrame(imputed), notes


def _group(values: pd.Series, name: str) -> AttributeGroup:
    """The levels of a category; `encode` sets the columns."""
    levels = sorted_levels(values.unique())
    for level in levels:
        limits.check_name(f"column {name!r}: category", level)
    return AttributeGroup(name, (), tuple(levels[:-1]), levels[-1])
