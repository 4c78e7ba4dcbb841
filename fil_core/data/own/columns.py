"""The columns of a table of own data: what each holds, read as the choices say. Nothing is refused here."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from fil_core.data.own.choices import Choices
from fil_core.data.own.dates import days_since_the_earliest
from fil_core.data.own.entries import Entries, read_texts
from fil_core.data.own.frames import NAMELESS
from fil_core.errors import BadData

MAX_LEVELS = 100  # of a categorical column of text
LARGEST_ID = 2**53  # largest whole number that is exact in JavaScript
_PLAIN = re.compile("0|[1-9][0-9]{0,15}")
_LEAST_ROWS = 10  # from which numbers in the order of the rows are no coincidence
_ROW_NUMBER = re.compile(
    r"(row|obs|observation|case|sample|record)s?([\s_.-]*(names?|numbers?|nums?|no|nr|id|index|idx))?"
    r"|index|idx|id|no|nr|number|#",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Column:
    """Summary of a column.

    Attributes:
        name: its name.
        kind: number, category, text (too many levels for a category), date, rows (it numbers or names the rows), or
            empty; or what it holds that cannot be read, such as lists.
        distinct: number of different values.
        missing: number of missing values.
        levels: of a category, sorted; the last one is the baseline level, encoded as zeros.
        non_numeric: entries that are no numbers where most look like numbers, or no certain dates; empty otherwise.
        advice: which options or changes let the column be used, where `non_numeric` is in the way.
        missing_texts: how often each text was taken for a missing value; the empty text stands for empty entries.
        notes: sentences on how it was read.
    """

    name: str
    kind: str
    distinct: int
    missing: int
    levels: tuple[str, ...] = ()
    non_numeric: str = ""
    advice: str = ""
    missing_texts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_columns(
    frame: pd.DataFrame, choices: Choices, *, usual: Collection[str] = (), ignored: Collection[str] = ()
) -> tuple[pd.DataFrame, dict[str, Column]]:
    """The table with the numbers, dates and missing values that its texts stand for, and a summary of every column.

    Args:
        frame: as read from a file; not modified.
        choices: how its entries are to be read.
        usual: texts that stand for a missing value in a column of text, unless the choices name others.
        ignored: columns that stay as they are, without a summary.

    Raises:
        BadData: a column of complex numbers.
    """
    read = {str(name): frame[name] for name in frame.columns}
    columns: dict[str, Column] = {}
    for name in [name for name in read if name not in ignored]:
        entries = _entries(read[name], name, choices, usual)
        if _counts_rows(name, entries.values, first=name == frame.columns[0]) and not _is_chosen(name, choices):
            columns[name] = Column(name, "rows", len(frame), 0)
            continue
        columns[name], read[name] = _column(name, entries, choices)
    return pd.DataFrame(read), columns


def _is_chosen(name: str, choices: Choices) -> bool:
    return name in (choices.target, *choices.sensitive, *choices.categorical)


def _entries(values: pd.Series, name: str, choices: Choices, usual: Collection[str]) -> Entries:
    """The entries of a column of any type."""
    if pd.api.types.is_complex_dtype(values.dtype):
        raise BadData(f"column {name!r}: expected real numbers; got complex ones.")
    if _is_date(values):
        return Entries(values, "date", _empty(values))
    if _is_number(values):
        return _numbers(values, name, choices)
    present = values.dropna()
    if pd.api.types.is_bool_dtype(present.infer_objects().dtype) or not len(present):
        return Entries(values, "text", _empty(values))
    if pd.api.types.is_numeric_dtype(present.infer_objects().dtype) or present.map(type).isin((int, float)).all():
        return _numbers(values.astype(np.float64), name, choices)  # whole numbers that no integer type holds
    return read_texts(values, name, choices, usual)


def _is_date(values: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(values.dtype) or pd.api.types.is_timedelta64_dtype(values.dtype)


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def _empty(values: pd.Series) -> dict[str, int]:
    count = int(values.isna().sum())
    return {"": count} if count else {}


def _numbers(values: pd.Series, name: str, choices: Choices) -> Entries:
    """Numbers; those that are named among the texts for a missing value, such as -999, are missing."""
    missing = _empty(values)
    named = choices.missing_texts or ()
    for text, number in zip(named, choices.notation.read(named), strict=True):
        if (found := (values == number).fillna(False).astype(bool)).any():
            missing[text] = int(found.sum())
            values = values.mask(found)
    return Entries(values, "text" if name in choices.categorical else "number", missing)


def _column(name: str, entries: Entries, choices: Choices) -> tuple[Column, pd.Series]:
    """The summary of a column, and its values: dates as days where the choices say so."""
    values, notes = entries.values, entries.notes
    kind = entries.kind
    if kind == "date" and _is_date(values):
        if name in choices.categorical:
            values, kind = values.astype(str).where(values.notna(), None), "text"
        elif choices.dates == "days":
            values, earliest = days_since_the_earliest(values)
            since = f"days since {earliest}, its earliest date" if earliest else "days"
            kind, notes = "number", (*notes, f"{name} is measured in {since}.")
    distinct, missing = int(values.nunique()), int(values.isna().sum())
    if distinct == 0:
        kind = "empty"
    elif kind == "text":
        many = distinct > max(10, min(MAX_LEVELS, len(values) // 2)) or (distinct == len(values) > 10)
        kind = "text" if many and name not in choices.categorical else "category"
    levels = _levels(values) if kind == "category" else ()
    return Column(
        name, kind, distinct, missing, levels, entries.problem, entries.advice, entries.missing_texts, notes
    ), values  # fmt: skip


def _counts_rows(name: str, values: pd.Series, *, first: bool) -> bool:
    """Whether a column numbers the rows from 0 or 1 in their order, or names them without having a name itself."""
    if name.startswith(NAMELESS):
        fractions = _is_number(values) and not is_whole(values).all()  # measurements, which name nobody
        return bool(values.notna().all() and values.is_unique) and not fractions
    named = _ROW_NUMBER.fullmatch(name) or (first and name == "X")  # R writes row names so
    if not named or len(values) < _LEAST_ROWS or not _is_number(values) or values.isna().any():
        return False
    start = values.iloc[0]
    return start in (0, 1) and bool((values.to_numpy(np.float64) == start + np.arange(len(values))).all())


def as_texts(values: pd.Series) -> pd.Series:
    """Categories as strings; whole numbers that pandas holds as floats because of a missing value stay whole."""
    if pd.api.types.is_float_dtype(values.dtype) and (is_whole(values) | values.isna()).all():
        values = values.astype("Int64")
    return values.astype(object).where(values.notna(), None).map(str, na_action="ignore")


def as_numbers(texts: pd.Series) -> np.ndarray | None:
    """Whole numbers from 0, (n,) int64, that are written as these texts; None where one is written otherwise."""
    if not texts.map(lambda text: bool(_PLAIN.fullmatch(text))).all():
        return None
    numbers = texts.map(int)
    return numbers.to_numpy(np.int64) if numbers.max() <= LARGEST_ID else None


def is_whole(values: pd.Series) -> pd.Series:
    """(n,) bool: whole numbers up to `LARGEST_ID`."""
    if values.dtype == np.float16:  # which cannot hold that number
        values = values.astype(np.float64)
    return (values.abs() <= LARGEST_ID) & (values % 1 == 0)


def _levels(values: pd.Series) -> tuple[str, ...]:
    return tuple(sorted_levels(as_texts(values).dropna().unique()))


def sorted_levels(names: Sequence[str]) -> list[str]:
    """Sorted by value if all of them are numbers, else alphabetically."""
    try:
        numbers = [float(name) for name in names]
    except ValueError:
        return sorted(names)
    return (
        [name for _, name in sorted(zip(numbers, names, strict=True))] if np.isfinite(numbers).all() else sorted(names)
    )
