"""The figures of unique information: weights against predictions, over time, by class, and replaced labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fil_core import Dataset, Result, analysis_of
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.analyses.unique_information.words import detection, detection_sentence
from fil_core.display import charts
from pages.common import text, widgets
from pages.views.influence import ranked
from pages.views.influence.answer import subject

_STRIP = 16


def view(request: UniqueInfoRequest, data: Dataset, result: Result) -> None:
    """All of them, two side by side."""
    about = subject(request, data, result)
    drawn = {one.title: one for one in about.labelled(analysis_of(request).figures(about))}
    left, right = st.columns(2)
    with left:
        against = drawn["Predictions against weights"]
        st.subheader(against.title, anchor=False)
        event = widgets.chart(
            against.figure, against.alt, "unique-scatter", on_select="rerun", selection_mode=("box", "lasso", "points")
        )
        picked = [int(one["customdata"]) for one in event["selection"]["points"] if "customdata" in one]
        if not picked:
            st.caption("Drag a box or a lasso over points to select examples.")
    with right:
        time = drawn["When it is learned"]
        st.subheader(time.title, anchor=False)
        widgets.chart(time.figure, time.alt, "unique-time")
        widgets.table_twin(_by_time(result), key="unique-time-numbers")
    if picked:
        _selected(data, result, picked)
    left, right = st.columns(2)
    with left:
        if data.class_names and not widgets.redacted():
            _by_class(result.table)
    with right:
        if "Finding replaced labels" in drawn:
            replaced = drawn["Finding replaced labels"]
            st.subheader(replaced.title, anchor=False)
            st.markdown(detection_sentence(result.summary))
            chance = f"{replaced.alt}; the band is one standard deviation of a random order about one half"
            widgets.chart(_beside_chance(replaced.figure, result), chance, "unique-noise")
            widgets.table_twin(_areas(result), key="unique-noise-numbers")
        elif data.class_names and not widgets.redacted():
            st.subheader("Finding replaced labels", anchor=False)
            st.caption(
                "With label noise in the sidebar (Rows, preprocessing, device) a share of the labels is replaced on "
                "purpose, and a figure here says how well each measure finds them."
            )


def _selected(data: Dataset, result: Result, picked: list[int]) -> None:
    """The examples of a selection in the figure, and the way to them."""
    table = ranked.at_time(data, result, -1, "f_si")
    ids = [int(id) for id in table.loc[table.index.intersection(picked)].sort_values("rank").index]
    st.session_state["selection"] = ids
    st.markdown(f"**{text.count(len(ids))} selected**, the most unique first")
    ranked.examples(data, ranked.Ranked(table, "f_si", ""), ids[:_STRIP], key="unique-selected")
    if st.button("Open in Examples", icon=":material/grid_view:", key="unique-open"):
        st.switch_page("pages/examples.py", query_params={})


def _by_time(result: Result) -> pd.DataFrame:
    """Quantiles of unique information at each time."""
    values, times = result.arrays["f_si_by_time"], result.arrays["times"]
    at = pd.Index([f"{t:,}" if t > 0 else "∞" for t in times], name="steps")
    shares = {"median": 0.5, "90 %": 0.9, "99 %": 0.99, "largest": 1.0}
    return pd.DataFrame({name: np.quantile(values, share, axis=1) for name, share in shares.items()}, index=at)


def _by_class(table: pd.DataFrame) -> None:
    st.subheader("By class", anchor=False)
    title = ranked.title("f_si")
    figure = charts.by_class(table[["label", "f_si"]].rename(columns={"f_si": "eta"}), widgets.mode(), title=title)
    widgets.chart(figure, f"Box plot of {title} for each class", "unique-classes")
    grouped = table.groupby("label")["f_si"]
    widgets.table_twin(grouped.agg(["count", "mean", "std", "min", "median", "max"]), key="unique-classes-numbers")


def _beside_chance(figure: go.Figure, result: Result) -> go.Figure:
    """A copy of the bars with a band for a random order."""
    chance, muted = result.summary["auroc_chance"], charts.INK[widgets.mode()][2]
    return go.Figure(figure).add_vrect(0.5 - chance, 0.5 + chance, fillcolor=muted, opacity=0.35, line_width=0)


def _areas(result: Result) -> pd.DataFrame:
    found = detection(result.summary)
    return pd.DataFrame(
        {"area under the ROC curve": [value for value, _ in found.values()]},
        index=pd.Index([name for _, name in found.values()], name="ranked by"),
    ).assign(chance=f"0.5 ± {result.summary['auroc_chance']:.3f}")
