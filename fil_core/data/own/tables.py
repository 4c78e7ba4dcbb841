"""From a data frame of one's own to rows that a model can be trained on, as a person chose."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.choices import DEFAULT_TEST_FRACTION, Choices
from fil_core.data.own.columns import Column, as_texts, describe, in_order, is_whole
from fil_core.data.raw import Raw, split_rows
from fil_core.data.tabular import encode, unseen
from fil_core.dataset import AttributeGroup
from fil_core.errors import BadData

_FEW = 20  # whole numbers that a target may have and still name classes
_MOST_CLASSES = 1_000
_NAMED = 4
_FILLED = "(missing)"
_LARGEST = 1e100  # of an entry; sums of squares stay far below what overflows


def read_table(frame: pd.DataFrame, chosen: Choices, name: str) -> Raw:
    """The examples of a table.

    Args:
        frame: the file's columns; not written to.
        chosen: target and the rest.
        name: of the file, for messages.

    Returns:
        Features in the file's order; categories one-hot without their last level, levels being those of the training
        rows; notes on everything that was done.

    Raises:
        BadData: a column that is not there or cannot be used, missing entries without a choice, no id of its own.
    """
    chosen = _named(frame, chosen, name)
    columns = {column.name: column for column in describe(frame, chosen.categorical)}
    features = [c for c in frame.columns if c not in {chosen.target, chosen.id, *chosen.left_out}]
    if not features:
        raise BadData(f"{name}: expected at least one feature; all columns are target, id or left out.")
    _usable([columns[f] for f in features])
    _check_size(frame, [f for f in [*features, chosen.target] if columns[f].kind == "number"])
    kept, notes = _complete(frame, [*features, chosen.target], chosen)
    ids, id_names = _ids(frame, chosen, kept)
    order = np.argsort(ids, kind="stable")
    frame, ids = frame.iloc[np.flatnonzero(kept)[order]].reset_index(drop=True), ids[order]
    id_names = None if id_names is None else id_names[order]
    y, classes = _target(frame[chosen.target], chosen)
    fraction = DEFAULT_TEST_FRACTION if chosen.test_fraction is None else chosen.test_fraction
    train, test = split_rows(len(frame), fraction)
    return _coded(frame, features, columns, chosen, (y, classes), (ids, id_names), (train, test), notes)


def _coded(
    frame: pd.DataFrame,
    features: list[str],
    columns: dict[str, Column],
    chosen: Choices,
    target: tuple[np.ndarray, tuple[str, ...]],
    ids: tuple[np.ndarray, np.ndarray | None],
    split: tuple[np.ndarray, np.ndarray],
    notes: list[str],
) -> Raw:
    """Fill in, code and split; everything that is fitted is fitted on the training rows."""
    (y, classes), (numbers, names), (train, test) = target, ids, split
    ready, filled = _filled(frame[features], columns, train)
    layout = {f: _layout(ready[f].iloc[train], f) if columns[f].kind == "category" else None for f in features}
    single = [f for f, group in layout.items() if group is not None and not group.levels]
    layout = {f: group for f, group in layout.items() if f not in single}
    if not layout:
        raise BadData("features: expected at least one column with different entries; all of them are constant.")
    strange = unseen(ready.iloc[test], layout)
    test = test[~strange]
    X, feature_names, groups = encode(ready, layout)
    notes = [
        *notes, *filled,
        *(f"{f} is left out: all training rows have the same entry." for f in single),
        *(f"{g.name}: coded without {g.dropped}, which all zeros stand for." for g in groups.values()),
        *([f"{int(strange.sum()):,} test rows with a category that no training row has are left "
           "out."] if strange.any() else []),
    ]  # fmt: skip
    sensitive = tuple(f for f in chosen.sensitive if f in layout)
    return Raw(
        X=X[train], y=y[train], ids=numbers[train], X_test=X[test], y_test=y[test], class_names=classes,
        feature_names=feature_names, groups=groups, target_name=chosen.target, sensitive=sensitive,
        continuous=tuple(feature_names.index(f) for f, group in layout.items() if group is None),
        id_names=None if names is None else names[train],
        notes=(_ids_note(chosen, names), *notes),
    )  # fmt: skip


def _ids_note(chosen: Choices, names: np.ndarray | None) -> str:
    if not chosen.id:
        return "ids are rows of the file, counted from 0 without its header."
    more = "; numbers count its rows from 0" if names is not None else ""
    return f"ids are the column {chosen.id}{more}."


def _named(frame: pd.DataFrame, chosen: Choices, name: str) -> Choices:
    """The choices with the columns' own spelling.

    Raises:
        BadData: a column that is not there, or no target.
    """
    known = {str(column).casefold(): str(column) for column in frame.columns}

    def own(column: str) -> str:
        if column in frame.columns:
            return column
        if column.casefold() not in known:
            some = ", ".join(map(str, frame.columns[:12])) + (", …" if frame.shape[1] > 12 else "")
            raise BadData(f"{name}: expected one of its columns ({some}); got {column!r}.")
        return known[column.casefold()]

    if not chosen.target:
        raise BadData(f"{name}: expected the column to predict (--target); its columns are {', '.join(map(str, frame.columns[:12]))}.")  # fmt: skip  # noqa: E501
    several: dict[str, Any] = {
        key: tuple(map(own, getattr(chosen, key))) for key in ("sensitive", "left_out", "categorical")
    }
    return dataclasses.replace(chosen, target=own(chosen.target), id=own(chosen.id) if chosen.id else "", **several)


def _usable(columns: list[Column]) -> None:
    """Refuse what is no feature, unless it was left out by name: nothing disappears silently."""
    for column in columns:
        if column.odd:
            raise BadData(f"column {column.name!r}: expected numbers; got {column.odd}. Mend the file or leave it out.")
    reasons = {
        "text": "{0.distinct:,} different texts, more than categories have",
        "date": "dates",
        "empty": "no entries at all",
    }
    bad = [f"{column.name!r} has {reasons[column.kind].format(column)}" for column in columns if column.kind in reasons]
    if bad:
        names = ",".join(column.name for column in columns if column.kind in reasons)
        raise BadData(
            f"features: expected columns of numbers or categories; {_some(bad)}. Leave out what is no feature "
            f"(--leave-out {names[:200]}), or name the rows by it (--id)."
        )


def _check_size(frame: pd.DataFrame, numbers: list[str]) -> None:
    """Refuse infinities, and what a model's sums would take for one."""
    for name in numbers:
        values = frame[name].to_numpy(np.float64, na_value=np.nan)
        if (beyond := np.abs(values) > _LARGEST).any():
            i = int(beyond.argmax())
            raise BadData(
                f"column {name!r}: expected finite numbers up to {_LARGEST:g}; got {values[i]:g} at row {i}. Mend the "
                "file or leave it out."
            )


def _some(parts: list[str], most: int = _NAMED) -> str:
    return "; ".join(parts[:most]) + (f" and {len(parts) - most} more" if len(parts) > most else "")


def _complete(frame: pd.DataFrame, columns: list[str], chosen: Choices) -> tuple[np.ndarray, list[str]]:
    """Which rows stay, (n,) bool, and what to say about it."""
    gaps = frame[columns].isna()
    counts = gaps.sum()
    counts = counts[counts > 0]
    everyone = np.ones(len(frame), dtype=bool)
    if counts.empty:
        return everyone, []
    if chosen.missing == "refuse":
        where = _some([f"{name!r} {count:,}" for name, count in counts.items()])
        raise BadData(
            f"missing entries: expected a choice for them; {where}, in {int(gaps.any(axis=1).sum()):,} of "
            f"{len(frame):,} rows. Choose --missing drop (leaves these rows out) or --missing fill."
        )
    if chosen.missing == "drop":
        kept = ~gaps.any(axis=1).to_numpy()
        if not kept.any():
            raise BadData("missing entries: expected some complete rows; every row lacks something. Choose fill.")
        return kept, [f"{int((~kept).sum()):,} rows with missing entries are left out."]
    if chosen.target in counts.index:
        raise BadData(
            f"target {chosen.target!r}: expected an entry in every row; {counts[chosen.target]:,} have none, "
            "and a target "
            "is not filled in. Choose --missing drop."
        )
    return everyone, []


def _ids(frame: pd.DataFrame, chosen: Choices, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Numbers (n,) of the kept rows, and their names where the id column holds no whole numbers.

    Raises:
        BadData: an id that is missing or there twice.
    """
    rows = np.flatnonzero(kept)
    if not chosen.id:
        return rows, None
    column = frame[chosen.id].iloc[rows]
    if column.isna().any():
        raise BadData(f"id {chosen.id!r}: expected an entry in every row; row {rows[column.isna().argmax()]} has none.")
    if column.duplicated().any():
        raise BadData(
            f"id {chosen.id!r}: expected each id once; got {str(column[column.duplicated()].iloc[0])[:60]!r} twice."
        )
    numeric = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
    if numeric and is_whole(column).all() and (column >= 0).all():
        return column.to_numpy().astype(np.int64), None
    names = as_texts(column)
    for value in names:
        limits.check_name(f"id {chosen.id!r}", value)
    return rows, names.to_numpy().astype(str)


def _target(values: pd.Series, chosen: Choices) -> tuple[np.ndarray, tuple[str, ...]]:
    """Codes and class names, or real values and none."""
    numeric = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    whole = numeric and bool(is_whole(values).all())
    few = whole and values.nunique() <= _FEW
    kind = chosen.task if chosen.task != "auto" else "classification" if few or not numeric else "regression"
    if kind == "regression":
        if not numeric:
            raise BadData(f"target {chosen.target!r}: expected numbers for a regression; got {_first_text(values)!r}.")
        return values.to_numpy(np.float64), ()
    if numeric and not whole:
        raise BadData(
            f"target {chosen.target!r}: expected classes; got fractions such as {values.iloc[0]}. Choose regression."
        )
    texts = as_texts(values)
    names = in_order(texts.unique())
    if not 2 <= len(names) <= _MOST_CLASSES:
        found = f"only {names[0]!r}" if len(names) == 1 else f"{len(names):,} different entries"
        raise BadData(f"target {chosen.target!r}: expected 2 to {_MOST_CLASSES:,} classes; got {found}.")
    for class_name in names:
        limits.check_name(f"target {chosen.target!r}: class", class_name)
    return pd.Index(names).get_indexer(texts), tuple(names)


def _first_text(values: pd.Series) -> str:
    return str(values[pd.to_numeric(values, errors="coerce").isna()].iloc[0])[:40]


def _filled(frame: pd.DataFrame, columns: dict[str, Column], train: np.ndarray) -> tuple[pd.DataFrame, list[str]]:
    """Features without gaps: numbers by the median of the training rows, categories by a level of their own."""
    ready, notes = {}, []
    for name in frame.columns:
        values = frame[name]
        gaps = int(values.isna().sum())
        if columns[name].kind == "category":
            values = as_texts(values)
            fill: object = _FILLED
        else:
            values = values.astype(np.float64)
            fill = float(values.iloc[train].median()) if gaps else 0.0
        ready[name] = values.fillna(fill) if gaps else values
        if gaps:
            shown = fill if isinstance(fill, str) else f"the median {fill:g}"
            notes.append(f"{gaps:,} missing entries of {name} are filled in with {shown}.")
    return pd.DataFrame(ready), notes


def _layout(values: pd.Series, name: str) -> AttributeGroup:
    levels = in_order(values.unique())
    for level in levels:
        limits.check_name(f"column {name!r}: category", level)
    return AttributeGroup(name, (), tuple(levels[:-1]), levels[-1])
