"""The table of all records."""

from __future__ import annotations

import streamlit as st

from pages.common import tables, text, widgets
from pages.common.naming import named
from pages.views.membership.measure import ordered
from pages.views.membership.shown import ANALYSIS, KL, Shown

_ROWS = 10_000


def view(shown: Shown) -> None:
    """The table and its export."""
    st.subheader("All records", anchor=False)
    table = ordered(ANALYSIS, shown.table, st.session_state.get("lood-by", KL)).drop(columns="percentile")
    table = table[["rank", *(name for name in table.columns if name != "rank")]]
    listed = named(table.head(_ROWS), shown.data, ANALYSIS)
    tables.table(listed, width="stretch", column_config=widgets.number_columns(listed, ANALYSIS), key="lood-table")
    if len(table) > _ROWS:
        st.caption(f"The first {text.count(_ROWS)} of {text.count(len(table))}; the export has all of them.")
    widgets.export(table, "membership", shown.data, key="lood-export", of=ANALYSIS)
