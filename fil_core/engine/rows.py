"""New rows of a table as features of the training data: numbers by column, categories by level or one-hot."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from fil_core.data.dependence import few
from fil_core.data.own.columns import as_texts
from fil_core.data.own.gaps import MISSING_LEVEL
from fil_core.data.own.naming import key
from fil_core.data.own.numerals import PLAIN
from fil_core.dataset import AttributeGroup, Dataset, ambiguous, spelled
from fil_core.errors import BadData

_ID = "id"
_LISTED = 12  # columns and levels that a message names
_LARGEST = 1e100  # of an entry, as in own data; larger ones could overflow in sums of squares
_FLAGS = {"true": "1", "false": "0"}  # how one-hot columns are written too


def rows_of(table: pd.DataFrame, dataset: Dataset) -> tuple[np.ndarray, list[str]]:
    """Rows as features of the training data, and notes.

    Args:
        table: a column for each feature of `dataset`, in any order and case; a category has one column with the names
            of its levels, or the columns of its levels, coded as in the data.
        dataset: the training data.

    Returns:
        (m, d0) float64 in the units of `dataset.source`.

    Raises:
        BadData: columns that are missing, a level that the training data does not have, or an entry that is no finite
            number.
    """
    found, grouped = _found(table, dataset), _grouped(dataset)
    X = np.empty((len(table), len(dataset.source_names)))
    for j, name in enumerate(dataset.source_names):
        if name in found:
            column = table[found[name]]
            X[:, j] = _numbers(_flags(column) if name in grouped else column, name)
    for group in dataset.groups.values():
        if group.name in found:
            X[:, group.columns] = _coded(table[found[group.name]], group)
        else:
            check_one_hot(X[:, group.columns], group, dataset)
    return X, _unused(table, dataset, set(found.values()))


def id_column(table: pd.DataFrame, dataset: Dataset) -> pd.Series | None:
    """The column with the ids of the rows; None where there is none, or where it is a feature.

    Raises:
        BadData: several columns may be meant.
    """
    used = set(_found(table, dataset).values())
    meant = _by_name(column for column in map(str, table.columns) if column not in used)(_ID)
    return table[meant] if meant else None


def _found(table: pd.DataFrame, dataset: Dataset) -> dict[str, str]:
    """The column of the table for each feature or category, by its name in the data."""
    column_of = _by_name(map(str, table.columns))
    grouped = _grouped(dataset)
    found = {name: column_of(name) for name in dataset.source_names if name not in grouped}
    for group in dataset.groups.values():
        names = [dataset.source_names[c] for c in group.columns]
        coded = {name: column_of(name) for name in names}
        whole = column_of(group.name)
        found |= coded if not whole and all(coded.values()) else {group.name: whole}
    if missing := [name for name, column in found.items() if not column]:
        levels = " A category is one column of its levels, or all of its columns in the data, such as {}."
        first = next((group for group in dataset.groups.values() if group.name in missing), None)
        raise BadData(
            f"records: expected the columns of the data; {few(missing, _LISTED)} not found among "
            f"{few(list(map(str, table.columns)), _LISTED)}."
            + (levels.format(dataset.source_names[first.columns[0]]) if first else "")
        )
    return found


def _grouped(dataset: Dataset) -> set[str]:
    """Names of the columns that code categories."""
    return {dataset.source_names[c] for group in dataset.groups.values() for c in group.columns}


def _by_name(columns: Iterable[str]) -> Callable[[str], str]:
    """The column that a name stands for, of some columns; empty for none."""
    same: dict[str, list[str]] = {}
    for column in columns:
        same.setdefault(key(column), []).append(column)

    def column_of(name: str) -> str:
        meant = same.get(key(name), [])
        if len(meant) > 1 and name not in meant:
            raise BadData(f"records: {ambiguous(name, meant)}")
        return name if name in meant else next(iter(meant), "")

    return column_of


def _numbers(column: pd.Series, name: str) -> np.ndarray:
    """The numbers of a column, (m,)."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(np.float64, na_value=np.nan)
    else:
        values = PLAIN.read(as_texts(column).fillna(""))
    check_numbers(values, name, column)
    return values


def check_numbers(values: np.ndarray, name: str, written: pd.Series) -> None:
    """Raise BadData for NaN, an infinity or a number too large to square.

    Args:
        values: (m,) the numbers of a column, NaN for an entry that is none.
        name: of the column.
        written: the entries as they are in the file.
    """
    if (wrong := ~(np.abs(values) <= _LARGEST)).any():
        i = int(wrong.argmax())
        entry = written.iloc[i]
        empty = pd.isna(entry) and not pd.api.types.is_numeric_dtype(written.dtype)
        got = "nothing" if empty else repr(str(entry)[:40])
        raise BadData(
            f"records: expected a finite number up to {_LARGEST:g} in column {name!r}, row {i}; got {got}. Write "
            "numbers with a decimal point, and fill in or leave out rows without one: how gaps of the training data "
            "are treated does not apply here."
        )


def _coded(column: pd.Series, group: AttributeGroup) -> np.ndarray:
    """Levels as one-hot columns, (m, k); the dropped one is all zeros."""
    levels = [*group.levels, *([] if group.dropped is None else [group.dropped])]
    texts = as_texts(column).fillna(MISSING_LEVEL)
    position = {text: _position(text, levels) for text in texts.unique()}
    codes = texts.map(position).to_numpy(np.int64)
    if (unknown := codes < 0).any():
        i = int(unknown.argmax())
        raise BadData(
            f"records: expected a level that the training data has in column {group.name!r}, row {i}: "
            f"{few(levels, _LISTED)}; got {texts.iloc[i][:40]!r}."
        )
    return np.eye(len(levels))[codes][:, : len(group.levels)]


def _position(text: str, levels: list[str]) -> int:
    """Which level a text is; the same number, as 1.0 of 1, is the same level. -1 for none, or for several."""
    meant = spelled(text, levels, _as_number)
    return levels.index(meant[0]) if len(meant) == 1 else -1


def _as_number(text: str) -> str:
    number = float(PLAIN.read([text])[0])
    return text.strip() if np.isnan(number) else repr(number)


def check_one_hot(values: np.ndarray, group: AttributeGroup, dataset: Dataset) -> None:
    """Raise BadData for one-hot columns that are not 0 or 1, or of which several are 1.

    Args:
        values: (m, k) the columns of the kept levels.
        group: the category.
        dataset: the training data, for the names of its columns.
    """
    least = 1 if group.dropped is None else 0
    wrong = ~np.isin(values, (0, 1)).all(1) | (values.sum(1) > 1) | (values.sum(1) < least)
    if wrong.any():
        i = int(wrong.argmax())
        names = few([dataset.source_names[c] for c in group.columns], _LISTED)
        raise BadData(
            f"records: expected 0 or 1 in the columns of {group.name!r} ({names}), {'one' if least else 'at most one'} "
            f"of them 1; got {', '.join(f'{value:g}' for value in values[i, :_LISTED])} in row {i}."
        )


def _flags(column: pd.Series) -> pd.Series:
    """A column in which true and false are 1 and 0."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    texts = as_texts(column)
    return texts.map(lambda text: _FLAGS.get(text.strip().casefold(), text), na_action="ignore")


def _unused(table: pd.DataFrame, dataset: Dataset, used: set[str]) -> list[str]:
    others = [str(c) for c in table.columns if str(c) not in used and key(str(c)) != _ID]
    if not others:
        return []
    return [f"{'A column is' if len(others) == 1 else 'Columns are'} not used: {few(others, _LISTED)}."]
