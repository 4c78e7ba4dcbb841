"""Types of the columns of a data frame: numbers, categories, text, dates or empty."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fil_core.errors import BadData

MAX_LEVELS = 100  # of a categorical column of text
_MOSTLY_NUMERIC = 0.8  # share of numbers in a text column above which its other entries are reported as mistakes
_PLAIN = re.compile("0|[1-9][0-9]{0,15}")
LARGEST_ID = 2**53  # largest whole number that is exact in JavaScript


@dataclass(frozen=True, slots=True)
class Column:
    """Summary of a column.

    Attributes:
        name: its name.
        kind: number, category, text (too many levels for a category), date, or empty.
        distinct: number of different values.
        missing: number of missing values.
        levels: of a category, sorted; the last one is the baseline level, encoded as zeros.
        non_numeric: the first entry that is not a number where most are, and its row; empty otherwise.
    """

    name: str
    kind: str
    distinct: int
    missing: int
    levels: tuple[str, ...] = ()
    non_numeric: str = ""


def describe(frame: pd.DataFrame, categorical: Sequence[str] = ()) -> list[Column]:
    """A summary of every column; numeric columns named in `categorical` are categories."""
    return [_describe(frame[name], str(name), str(name) in categorical) for name in frame.columns]


def _describe(values: pd.Series, name: str, categorical: bool) -> Column:
    missing, distinct = int(values.isna().sum()), int(values.nunique())
    if distinct == 0:
        return Column(name, "empty", 0, missing)
    if pd.api.types.is_datetime64_any_dtype(values.dtype) or pd.api.types.is_timedelta64_dtype(values.dtype):
        return Column(name, "date", distinct, missing)
    if pd.api.types.is_complex_dtype(values.dtype):
        raise BadData(f"column {name!r}: expected real numbers; got complex ones.")
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype) and not categorical:
        return Column(name, "number", distinct, missing)
    if distinct > max(10, min(MAX_LEVELS, len(values) // 2)) or (distinct == len(values) > 10):
        return Column(name, "text", distinct, missing, non_numeric=_non_numeric(values))
    return Column(name, "category", distinct, missing, _levels(values), non_numeric=_non_numeric(values))


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


def _non_numeric(values: pd.Series) -> str:
    """The first entry that is not a number, and its row, in a text column of mostly numbers."""
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
        return ""
    present = values.dropna()
    bad = pd.to_numeric(present, errors="coerce").isna()
    if not bad.any() or bad.mean() > 1 - _MOSTLY_NUMERIC:
        return ""
    more = f" (and {int(bad.sum()) - 1:,} more)" if bad.sum() > 1 else ""
    return f"{str(present[bad].iloc[0])[:40]!r} at row {bad.idxmax()}{more}"
