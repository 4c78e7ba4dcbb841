"""What the columns of a data frame hold: numbers, categories, texts, dates or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fil_core.errors import BadData

MOST_LEVELS = 100  # texts that a column of categories may have
_NEARLY_NUMBERS = 0.8  # of the entries of a text column, for the others to be called mistakes
LARGEST_ID = 2**53  # what a browser still counts exactly


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of a file holds.

    Attributes:
        kind: number, category, text (too many different ones for categories), date, or empty.
        distinct, missing: how many different entries, and how many there are none.
        levels: of a category, sorted; the last one is coded by zeros in all columns of the others.
        odd: an entry that is no number where most others are, and its row; empty otherwise.
    """

    name: str
    kind: str
    distinct: int
    missing: int
    levels: tuple[str, ...] = ()
    odd: str = ""


def describe(frame: pd.DataFrame, categorical: Sequence[str] = ()) -> list[Column]:
    """What every column holds; those named in `categorical` are categories even if they are numbers."""
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
    if distinct > max(10, min(MOST_LEVELS, len(values) // 2)) or (distinct == len(values) > 10):
        return Column(name, "text", distinct, missing, odd=_odd(values))
    return Column(name, "category", distinct, missing, _levels(values), odd=_odd(values))


def as_texts(values: pd.Series) -> pd.Series:
    """Categories as texts; whole numbers that were read as floats for a missing one among them stay whole."""
    if pd.api.types.is_float_dtype(values.dtype) and (is_whole(values) | values.isna()).all():
        values = values.astype("Int64")
    return values.astype(object).where(values.notna(), None).map(str, na_action="ignore")


def is_whole(values: pd.Series) -> pd.Series:
    """Whole numbers that are exact as such."""
    return (values.abs() <= LARGEST_ID) & (values % 1 == 0)


def _levels(values: pd.Series) -> tuple[str, ...]:
    return tuple(in_order(as_texts(values).dropna().unique()))


def in_order(names: Sequence[str]) -> list[str]:
    """Numbers by size, texts by their letters."""
    try:
        numbers = [float(name) for name in names]
    except ValueError:
        return sorted(names)
    return (
        [name for _, name in sorted(zip(numbers, names, strict=True))] if np.isfinite(numbers).all() else sorted(names)
    )


def _odd(values: pd.Series) -> str:
    """The first entry that is no number in a column where nearly all are."""
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
        return ""
    present = values.dropna()
    bad = pd.to_numeric(present, errors="coerce").isna()
    if not bad.any() or bad.mean() > 1 - _NEARLY_NUMBERS:
        return ""
    more = f" (and {int(bad.sum()) - 1:,} more)" if bad.sum() > 1 else ""
    return f"{str(present[bad].iloc[0])[:40]!r} at row {bad.idxmax()}{more}"
