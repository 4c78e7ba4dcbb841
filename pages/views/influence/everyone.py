"""The table of all examples, ranked as the tiles are."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset
from pages.common import tables, text, widgets
from pages.common.naming import named
from pages.views.influence.ranked import ANALYSIS, Ranked

_ROWS = 10_000


def view(data: Dataset, ranked: Ranked) -> None:
    """The table and its export."""
    st.subheader("All examples", anchor=False)
    st.caption(f"Unique information, loss and gradient norm {ranked.when}; ranked by `{ranked.measure}`.")
    table = ranked.table.sort_values("rank").drop(columns="percentile")
    table = table[["rank", *(name for name in table.columns if name != "rank")]]
    shown = named(table.head(_ROWS), data, ANALYSIS)
    tables.table(shown, width="stretch", column_config=widgets.number_columns(shown, ANALYSIS), key="unique-table")
    if len(table) > _ROWS:
        st.caption(f"The first {text.count(_ROWS)} of {text.count(len(table))}; the export has all of them.")
    widgets.export(table, "unique-information", data, key="unique-export", of=ANALYSIS)
