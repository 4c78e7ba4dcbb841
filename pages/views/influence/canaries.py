"""Planted secrets: how exposed each is in the trained language model, beside what its copies change."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset, analysis_of
from fil_core.analyses.canaries.request import CanariesRequest
from fil_core.analyses.canaries.section import secrets
from fil_core.analyses.sharing import shareable
from fil_core.specs import NetworkRequest
from pages.common import compute, tables, text, widgets
from pages.views.influence.answer import subject

_CANDIDATES = 999
_MOST = 100_000


def view(asked: NetworkRequest, data: Dataset) -> None:
    """The section; nothing for data without planted secrets, or for infinitely many steps.

    Args:
        asked: any request about the network.
        data: its examples.
    """
    if data.secrets is None or not data.secrets.any() or asked.network.steps is None:
        return
    st.subheader("Planted secrets", anchor=False)
    candidates = st.number_input(
        "Candidates", min_value=1, max_value=_MOST, value=_CANDIDATES, key="candidates", bind="query-params", width=200,
        help="Made-up secrets of the same form that each planted one is ranked among.",
    )  # fmt: skip
    request = CanariesRequest(
        data=asked.data, network=asked.network, device=asked.device, candidates=int(candidates)
    )  # fmt: skip
    result = compute.offered(request, "Measure their exposure", key="canaries-compute")
    if result is None:
        return
    analysis, about = analysis_of(request), subject(request, data, result)
    st.markdown(analysis.sentence(about, text.safe))
    for one in analysis.figures(about):
        widgets.chart(one.figure, one.alt, "canaries-figure")
    shown = secrets(about)
    columns = widgets.number_columns(shown, analysis)
    tables.table(shown, width="stretch", column_config=columns, key="canaries-table")
    table = shareable(analysis, result.table, None) if widgets.redacted() else result.table
    widgets.export(table, "canaries", data, key="canaries-export", label="Export secrets", of=analysis)
    widgets.provenance(request, result)
