"""The table of all records."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fil_core import Dataset
from fil_core.analyses.analysis import Analysis
from pages.common import tables, text, widgets
from pages.common.naming import named
from pages.views.membership.measure import ordered
from pages.views.membership.shown import ANALYSIS, KL, Shown

_ROWS = 10_000


def view(shown: Shown) -> None:
    """The table and its export."""
    by = st.session_state.get("lood-by", KL)
    listing(ANALYSIS, shown.data, shown.table, by=by, key="lood", name="membership")


def listing(analysis: Analysis, data: Dataset, table: pd.DataFrame, *, by: str, key: str, name: str) -> None:
    """All records in the order of a column, and their export.

    Args:
        analysis: whose table it is.
        data: the records.
        table: as it may be shown.
        by: the column.
        key: begins the names of the controls.
        name: of the exported files.
    """
    st.subheader("All records", anchor=False)
    ranked = ordered(analysis, table, by).drop(columns="percentile")
    ranked = ranked[["rank", *(column for column in ranked.columns if column != "rank")]]
    listed = named(ranked.head(_ROWS), data, analysis)
    columns = widgets.number_columns(listed, analysis)
    tables.table(listed, width="stretch", column_config=columns, key=f"{key}-table")
    if len(ranked) > _ROWS:
        st.caption(f"The first {text.count(_ROWS)} of {text.count(len(ranked))}; the export has all of them.")
    widgets.export(ranked, name, data, key=f"{key}-export", of=analysis)
