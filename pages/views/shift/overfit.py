"""Leakage beside the train-test gap of the same model: the answer and the controls that change it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fil_core import Dataset, FilError, Result, analysis_of
from fil_core.analyses.overfit.columns import COLUMNS
from fil_core.analyses.overfit.request import DEGREE, L2, OVER, USUAL, USUAL_DECAY, WIDTH, OverfitRequest
from fil_core.analyses.overfit.words import interval_of
from fil_core.analyses.subject import Subject
from fil_core.specs import ModelSpec, NetworkSpec
from pages.common import compute, sidebar, tables, text, widgets
from pages.views.influence import controls

_PIXELS = 132
_LISTED = 24
_SAYS = {
    DEGREE: "Polynomial degree: the sidebar's model on the powers of every feature.",
    WIDTH: "Network width: networks that are trained by gradient descent.",
    L2: "Penalty λ: the sidebar's model as it is.",
}
_TITLES = {column.name: column.title for column in COLUMNS}


def view(data: Dataset) -> None:
    """Does leakage tell over-fitting?"""
    st.subheader("Does leakage go together with over-fitting?", anchor=False)
    top = st.container()  # the answer is above the controls that change it
    try:
        request = _request()
    except FilError as error:
        widgets.refused(error)
        return
    with top:
        try:
            result = compute.result(request)
        except FilError as error:
            widgets.refused(error)
            return
        subject = Subject(request, result, data, "", widgets.redacted(), _LISTED, widgets.mode())
        st.markdown(analysis_of(request).sentence(subject, text.safe))
        widgets.metrics(_facts(result))
    _shown(subject)
    widgets.provenance(request, result)


def _request() -> OverfitRequest:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        over = st.segmented_control(
            "Over", OVER, default=DEGREE, key="over", bind="query-params", required=True, help="What grows."
        ) or DEGREE  # fmt: skip
        usual = ", ".join(f"{value:g}" for value in USUAL[over])
        values = st.text_input(
            "Values", key="values", bind="query-params", placeholder=usual, width=220, help=f"Empty: {usual}."
        )
        l2s = "" if over == L2 else st.text_input(
            "Penalties", key="l2s", bind="query-params", placeholder="one", width=160,
            help="Each with every value; empty: the model's own.",
        )  # fmt: skip
        spec = _network() if over == WIDTH else NetworkSpec()
    st.caption(_SAYS[over])
    model = ModelSpec() if over == WIDTH else sidebar.model_spec().equally_weighted
    return OverfitRequest(
        data=sidebar.data_spec(), model=model, network=spec, over=over, device=st.session_state["device"],
        values=_numbers("values", values), l2s=_numbers("l2s", l2s),
    )  # fmt: skip


def _numbers(name: str, written: str) -> tuple[float, ...]:
    found: tuple[float, ...] = controls.read(name, written, OverfitRequest) if written.strip() else ()
    return found


def _network() -> NetworkSpec:
    lr = st.number_input(
        "Step (lr)", min_value=0.0, value=0.5, step=0.05, format="%.3g", key="lr", bind="query-params", width=_PIXELS
    )
    time = st.text_input("Steps", value="500", key="time", bind="query-params", width=_PIXELS)
    decay = st.number_input(
        "Decay", min_value=0.0, value=USUAL_DECAY, step=1e-3, format="%.3g", key="decay", bind="query-params",
        width=_PIXELS, help="Towards the start; without one the curvature is singular.",
    )  # fmt: skip
    made: dict[str, Any] = {"lr": float(lr), "time": controls.read("time", time), "l2": float(decay)}
    return NetworkSpec(**made)


def _facts(result: Result) -> dict[str, tuple[str, str]]:
    facts = {}
    for name in ("eta_mean", "eta_max", "unique_mean", "leverage_sum"):
        found = result.summary["spearman"].get(name)
        if found is None:
            continue
        value = "–" if found["spearman"] is None else f"{found['spearman']:.2f}"
        facts[_TITLES[name]] = (value, interval_of(found).replace("95 % interval", "95 %:"))
    return facts


def _shown(subject: Subject) -> None:
    st.caption("Above: Spearman's rank correlation with the train–test gap over these models.")
    analysis = analysis_of(subject.request)
    for place, one in zip(st.columns(3), analysis.figures(subject), strict=True):
        with place:
            st.markdown(f"**{text.safe(one.title)}**")
            widgets.chart(one.figure, one.alt, f"overfit-{one.alt[:12]}")
    table = subject.result.table
    columns = widgets.number_columns(table, analysis)
    tables.table(table, width="stretch", height=tables.fitting(len(table)), column_config=columns, key="overfit-table")
    widgets.export(table, "over-fitting", None, key="overfit-export", of=analysis)
