"""Unique information beside the truth: the real network trained again without some of the examples."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from fil_core import Dataset, analysis_of
from fil_core.analyses.ground_truth.request import GroundTruthRequest
from fil_core.analyses.light import light
from fil_core.analyses.sharing import masked
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from pages.common import compute, tables, text, widgets
from pages.common.naming import named
from pages.views.influence.answer import badge, subject

_EXAMPLES = 20


def view(asked: UniqueInfoRequest, data: Dataset) -> None:
    """The section."""
    st.subheader("Against the truth", anchor=False)
    if asked.network.steps is None:
        st.info("Nobody can train for infinitely many steps: choose a number of steps.", icon=":material/info:")
        return
    examples = st.number_input(
        "Examples to leave out, drawn at random (0 = every one)", min_value=0, value=_EXAMPLES, key="truth",
        bind="query-params", help="The real network is trained again without each of them.", width=340,
    )  # fmt: skip
    same = {field.name: getattr(asked, field.name) for field in dataclasses.fields(asked)}
    request = GroundTruthRequest(**same, examples=int(examples) if 0 < examples < data.n else None)
    runs = request.examples or data.n
    result = compute.offered(request, f"Train {text.counted(runs, 'time')} without one example", key="truth-compute")
    if result is None:
        return
    analysis, about, s = analysis_of(request), subject(request, data, result), result.summary
    st.markdown(analysis.sentence(about, text.safe))
    badge(s)
    if light(s).state == "unpredictable":
        st.warning(
            "No measure predicts what leaving one example out of this run changes; the numbers are shown all the same.",
            icon=":material/warning:",
        )
    widgets.metrics(_facts(s))
    for place, one in zip(st.columns(2), about.labelled(analysis.figures(about)), strict=True):
        with place:
            st.markdown(f"**{one.title}**")
            widgets.chart(one.figure, one.alt, f"truth-{one.title}")
    table = masked(analysis, result.table) if widgets.redacted() else result.table
    shown = named(table.sort_values("prediction_change", ascending=False), data, analysis)
    with st.expander("Numbers"):
        columns = widgets.number_columns(shown, analysis)
        tables.table(shown, width="stretch", column_config=columns, key="truth-table")
    widgets.export(table, "ground-truth", data, key="truth-export", label="Export these", of=analysis)
    widgets.provenance(request, result)


def _facts(s: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Slope, correlations and their interval, for predictions and for weights."""
    facts: dict[str, tuple[str, str]] = {}
    for name in ("predictions", "weights"):
        low, high = s[f"interval_{name}"]
        facts |= {
            f"Slope, {name}": (text.number(s[f"slope_{name}"]), "1 is equal"),
            f"Pearson, {name}": (f"{s[f'pearson_{name}']:.3f}", f"95 %: {low:.3f} to {high:.3f}"),
            f"Spearman, {name}": (f"{s[f'spearman_{name}']:.3f}", "of the ranks"),
        }
    return facts
