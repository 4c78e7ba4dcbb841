"""The columns that eta is compared with, and how strongly they agree with it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core import Dataset, FilRequest, Result, agreement, analysis_of
from fil_core.analyses.analysis import Analysis
from pages.common import widgets


def titles(data: Dataset, table: pd.DataFrame, result: Result) -> dict[str, str]:
    """The columns whose values differ between examples, with their titles; uploaded scores come last.

    Targets are left out where they are classes: the digits 3 and 8 are names, and eta does not grow with a name.
    """
    analysis = analysis_of(FilRequest())
    entries = {name: column for name in table if name != "eta" and (column := analysis.column(name)) is not None}
    known = {name: column.title for name, column in entries.items() if not (column.targets and data.class_names)}
    known |= {name: f"η of {name.removeprefix('eta_')}" for name in _sensitive(analysis, result)}
    weighted = {"eta_before": "η with equal weights"}
    own = {name: f"your {name}" for name in widgets.own_scores(table, result)}
    columns = known | weighted | own
    return {name: title for name, title in columns.items() if name in table and _differs(table[name])}


def _sensitive(analysis: Analysis, result: Result) -> list[str]:
    """The columns with eta of a sensitive attribute."""
    return [name for name in result.table if (column := analysis.column(name)) is not None and column.name == "eta_*"]


def _differs(values: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return False
    finite = values[np.isfinite(values)]
    return len(finite) > 1 and bool(np.ptp(finite) > 0)


def agreements(table: pd.DataFrame, titles: dict[str, str], k: int) -> pd.DataFrame:
    """Correlation and top-k overlap of eta with every other column."""
    rows = {title: agreement(table["eta"].to_numpy(), table[name].to_numpy(), k=k) for name, title in titles.items()}
    columns = {
        "Pearson": [a.pearson for a in rows.values()],
        "Spearman": [a.spearman for a in rows.values()],
        f"in both top {k}": [a.overlap for a in rows.values()],
    }
    return pd.DataFrame(columns, index=pd.Index(rows, name="η against"))
