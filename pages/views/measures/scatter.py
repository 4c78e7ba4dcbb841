"""Any two measures against each other; the selected examples are shown."""

from __future__ import annotations

import streamlit as st

from fil_core.analyses.measures.figures import against, shown_points
from pages.common import text, widgets
from pages.common.naming import labelled
from pages.views.measures import examples
from pages.views.measures.shown import Shown, name

_SHOWN = 16


def view(one: Shown) -> None:
    """The plot, its controls, and the selected examples."""
    st.subheader("Any two measures", anchor=False)
    if len(one.names) < 2:
        st.caption("There is one measure only.")
        return
    x, y = _columns(one)
    log = (st.session_state["log-x"], st.session_state["log-y"])
    points = shown_points(one.table, x, y)
    there = int(one.table[[x, y]].notna().all(axis=1).sum())
    if len(points) < there:
        st.caption(
            f"{text.count(len(points))} of {text.count(there)} points are drawn, including the most exposed of both."
        )
    event = widgets.chart(
        labelled(against(points, (x, y), (name(x), name(y)), widgets.mode(), log=log), one.data),
        f"Scatter of {name(y)} against {name(x)} for {len(points):,} examples",
        "measures-scatter",
        on_select="rerun",
        selection_mode=("box", "lasso", "points"),
    )
    picked = [int(point["customdata"]) for point in event["selection"]["points"] if "customdata" in point]
    if not picked:
        st.caption("Drag a box or a lasso over points to see their examples.")
        return
    chosen = one.table.loc[one.table.index.intersection(picked)].sort_values("rank")
    st.session_state["selection"] = [int(id) for id in chosen.index]
    st.markdown(f"**{text.count(len(chosen))} selected**, those high in most measures first")
    examples.view(one, list(chosen.index[:_SHOWN]), (x, y), key="measures-selected")
    widgets.export(
        chosen.drop(columns=["rank", "percentile"]), "selection", one.data, key="measures-selected-export",
        label="Export selection",
    )  # fmt: skip


def _columns(one: Shown) -> tuple[str, str]:
    """The two columns that are chosen; of the two that agree least at first."""
    least = one.result.summary["least"]
    first = least["columns"] if least else one.names[:2]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key in ("measure-x", "measure-y"):
            if st.session_state.get(key) not in (None, *one.names):
                del st.session_state[key]
        chosen = [
            st.selectbox(
                label, one.names, index=one.names.index(start), key=key, bind="query-params", help=_explained(one.names)
            )
            for label, key, start in zip(("Across", "Up"), ("measure-x", "measure-y"), first, strict=True)
        ]
        st.toggle("Log across", key="log-x", bind="query-params")
        st.toggle("Log up", key="log-y", bind="query-params")
    return chosen[0], chosen[1]


def _explained(names: list[str]) -> str:
    return "\n".join(f"- `{column}`: {name(column)}" for column in names)
