"""The joint table and its export."""

from __future__ import annotations

import streamlit as st

from pages.common import tables, text, widgets
from pages.common.naming import named
from pages.views.measures.shown import ANALYSIS, Shown

_ROWS = 1000


def view(one: Shown) -> None:
    """All examples, those that are high in most measures first."""
    st.subheader("All examples", anchor=False)
    table = one.table.sort_values("rank").drop(columns="percentile")
    table = table[["rank", *(name for name in table.columns if name != "rank")]]
    shown = named(table.head(_ROWS), one.data, ANALYSIS)
    tables.table(shown, width="stretch", column_config=widgets.number_columns(shown, ANALYSIS), key="measures-table")
    if len(table) > _ROWS:
        st.caption(f"The first {text.count(_ROWS)} of {text.count(len(table))}; the export has all of them.")
    widgets.export(table.drop(columns="rank"), "measures", one.data, key="measures-export", of=ANALYSIS)
