"""Columns that tell how exposed a record is: their order, and what they are called."""

from __future__ import annotations

import pandas as pd

from fil_core.analyses.analysis import Analysis


def measures(analysis: Analysis, table: pd.DataFrame) -> list[str]:
    """The columns of a table that tell how exposed a record is."""
    columns = [(name, analysis.column(str(name))) for name in table.columns]
    return [str(name) for name, column in columns if column is not None and column.more]


def ordered(analysis: Analysis, table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The table with `rank` and `percentile`, the most exposed by a column first.

    Args:
        analysis: whose table it is.
        table: as it may be shown.
        column: one of its measures.
    """
    rank = table[column].rank(ascending=fewer(analysis, column), method="first", na_option="bottom").astype(int)
    return table.assign(rank=rank, percentile=100 * (1 - (rank - 1) / len(table))).sort_values("rank")


def fewer(analysis: Analysis, column: str) -> bool:
    """Whether a smaller value of a column means more exposed."""
    entry = analysis.column(column)
    return entry is not None and entry.more < 0


def title(analysis: Analysis, column: str) -> str:
    """What a column is called, with its unit."""
    entry = analysis.column(column)
    if entry is None:
        return column
    named = entry.title
    if entry.name.endswith("*"):
        named = f"{named} at FPR {column.removeprefix(entry.name[:-1])}"
    return f"{named}, in {entry.unit}" if entry.unit else named
