"""A smaller training set: the network trained on the most unique, the least unique, or random examples."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset, analysis_of
from fil_core.analyses.summarise.request import BY, SummariseRequest
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from pages.common import compute, tables, text, widgets
from pages.views.influence import controls
from pages.views.influence.answer import subject

_DRAWS = 5
_KEEP = "0.5,0.25,0.1"


def view(asked: UniqueInfoRequest, data: Dataset) -> None:
    """The section."""
    st.subheader("A smaller training set", anchor=False)
    if asked.network.steps is None:
        st.info("Nobody can train for infinitely many steps: choose a number of steps.", icon=":material/info:")
        return
    request = _request(asked)
    result = compute.offered(request, "Train on fewer examples", key="summary-compute")
    if result is None:
        return
    if asked.tangent_kernel != "auto":
        st.caption("The examples are ranked with the kernel that `auto` takes.")
    analysis, about = analysis_of(request), subject(request, data, result)
    st.markdown(analysis.sentence(about, text.safe))
    left, right = st.columns(2)
    with left:
        for one in analysis.figures(about):
            widgets.chart(one.figure, one.alt, "summary-figure")
    with right:
        runs = result.table.assign(draw=result.table["draw"].where(result.table["draw"] >= 0))
        tables.table(
            runs, missing="ranked examples are not drawn.", width="stretch", hide_index=True, key="summary-table",
            column_config=widgets.number_columns(runs, analysis),
        )  # fmt: skip
        widgets.export(result.table, "summary", None, key="summary-export", label="Export runs", of=analysis)
    widgets.provenance(request, result)


def _request(asked: UniqueInfoRequest) -> SummariseRequest:
    with st.container(horizontal=True):
        keep = st.text_input(
            "Shares that are kept", value=_KEEP, key="keep", bind="query-params", width=200,
            help="Of the training examples, above 0 and below 1, with commas between them.",
        )  # fmt: skip
        by = st.selectbox("Ranked by", BY, key="by", bind="query-params", width=200)
        draws = st.number_input(
            "Random draws of each share", min_value=1, max_value=1000, value=_DRAWS, key="draws", bind="query-params",
            width=200,
        )  # fmt: skip
    return SummariseRequest(
        data=asked.data,
        network=asked.network,
        validation_size=asked.validation_size,
        keep=controls.read("keep", keep, SummariseRequest),
        by=by,
        seeds=int(draws),
        device=asked.device,
    )
