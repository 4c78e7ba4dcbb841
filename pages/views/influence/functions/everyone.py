"""The table of all examples, and its export."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset, Result, analysis_of
from pages.common import tables, text, widgets
from pages.common.naming import named
from pages.views.influence.functions.asked import Asked

_ROWS = 10_000


def view(request: Asked, data: Dataset, result: Result) -> None:
    """All examples, the most helpful first; none while redacted, as its columns tell labels and lengths."""
    analysis = analysis_of(request)
    st.subheader("All examples", anchor=False)
    if widgets.redacted():
        st.caption("Redacted: this table is left out.")
        return
    table = result.table.sort_values("influence", ascending=False, kind="stable")
    shown = named(table.head(_ROWS), data, analysis)
    columns = widgets.number_columns(shown, analysis)
    tables.table(shown, width="stretch", column_config=columns, key="influence-table")
    if len(table) > _ROWS:
        st.caption(f"The first {text.count(_ROWS)} of {text.count(len(table))}; the export has all of them.")
    widgets.export(table, "influence", data, key="influence-export", of=analysis)
