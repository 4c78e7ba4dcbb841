"""Gradient outliers: whose gradient lies far from the others', of a linear model or of a network."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset, analysis_of
from fil_core.analyses.network_outliers.request import NetworkOutliersRequest
from fil_core.analyses.outliers.request import OutliersRequest
from fil_core.analyses.sharing import masked
from fil_core.specs import ModelRequest, NetworkRequest
from pages.common import compute, tables, text, widgets
from pages.common.naming import named
from pages.views.influence.answer import subject


def view(asked: ModelRequest | NetworkRequest, data: Dataset) -> None:
    """The section; nothing for infinitely many steps.

    Args:
        asked: any request about the model or the network.
        data: its examples.
    """
    if isinstance(asked, NetworkRequest) and asked.network.steps is None:
        return
    st.subheader("Gradient outliers", anchor=False)
    request = _request(asked)
    result = compute.offered(request, "Score the gradients", key="outliers-compute")
    if result is None:
        return
    analysis, about = analysis_of(request), subject(request, data, result)
    st.markdown(analysis.sentence(about, text.safe))
    if drawn := about.labelled(analysis.figures(about)):
        for place, one in zip(st.columns(len(drawn)), drawn, strict=True):
            with place:
                st.markdown(f"**{one.title}**")
                widgets.chart(one.figure, one.alt, f"outliers-{one.title}")
    # While redacted, the order would tell what the masked columns do.
    ordered = result.table if widgets.redacted() else result.table.sort_values("forest_score", ascending=False)
    table = masked(analysis, ordered) if widgets.redacted() else ordered
    shown = named(table, data, analysis)
    with st.expander("Numbers"):
        columns = widgets.number_columns(shown, analysis)
        tables.table(shown, width="stretch", column_config=columns, key="outliers-table")
    widgets.export(table, "gradient-outliers", data, key="outliers-export", label="Export scores", of=analysis)
    widgets.provenance(request, result)


def _request(asked: ModelRequest | NetworkRequest) -> OutliersRequest | NetworkOutliersRequest:
    if isinstance(asked, NetworkRequest):
        return NetworkOutliersRequest(data=asked.data, network=asked.network, device=asked.device)
    return OutliersRequest(data=asked.data, model=asked.model, device=asked.device)
