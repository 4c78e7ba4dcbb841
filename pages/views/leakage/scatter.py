"""The scatter plot of eta against another column, whose selection the Examples page can show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import Dataset
from fil_core.display import charts
from pages.common import tables, text, tiles, widgets
from pages.common.naming import labelled

_STRIP = 16


def view(data: Dataset, table: pd.DataFrame, titles: dict[str, str]) -> None:
    """The plot, its controls, and the selected examples."""
    if not titles:
        st.caption("No other column differs between these examples.")
        return
    left, right = st.columns([3, 1])
    column = left.selectbox("Against", list(titles), key="against", bind="query-params")
    log = right.toggle("Log η", key="log-scatter")
    shown = charts.thinned(table[np.isfinite(table[column])])
    if len(shown) < len(table):
        st.caption(
            f"{text.count(len(shown))} of {text.count(len(table))} points are drawn, including all of the leakiest."
        )
    drawn = shown[list(dict.fromkeys(["eta", "label", column]))]
    event = widgets.chart(
        labelled(charts.against(drawn, column, titles[column], widgets.mode(), log=log), data),
        f"Scatter of eta against {titles[column]} for {len(shown):,} examples",
        "scatter",
        on_select="rerun",
        selection_mode=("box", "lasso", "points"),
    )
    picked = [int(point["customdata"]) for point in event["selection"]["points"] if "customdata" in point]
    if picked:
        _selected(data, table, picked, column)
    else:
        st.session_state.pop("selection", None)
        st.caption("Drag a box or a lasso over points to select examples.")


def _selected(data: Dataset, table: pd.DataFrame, picked: list[int], column: str) -> None:
    ids = table.loc[table.index.intersection(picked)].sort_values("rank").index
    st.session_state["selection"] = [int(i) for i in ids]
    st.markdown(f"**{text.count(len(ids))} selected**, leakiest first")
    if data.picture_shape is not None:
        clicked = tiles.tiles(data, table, list(ids[:_STRIP]), key="strip")
        if clicked is not None:
            st.switch_page("pages/examples.py", query_params={"id": str(clicked)})
    else:
        rows = widgets.with_records(data, table.loc[ids, ["rank", "eta", "label", column]])
        tables.table(rows, column_config=widgets.number_columns(rows), key="strip-rows")
    with st.container(horizontal=True):
        if st.button("Open in Examples", icon=":material/grid_view:"):
            st.switch_page("pages/examples.py", query_params={})
        widgets.export(table.loc[ids], "selection", data, key="selection-export", label="Export selection")
