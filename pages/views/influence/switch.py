"""Which half of the page is shown; the other one is neither drawn nor computed."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset

UNIQUE, FUNCTIONS = "unique information", "influence functions"


def chosen(data: Dataset) -> str:
    """Draw the switch and return what is chosen.

    Of a text it is always influence: unique information is about networks that take features.
    """
    offered = [FUNCTIONS] if data.vocabulary else [UNIQUE, FUNCTIONS]
    if st.session_state.get("view") not in (None, *offered):  # it was another page's, or another data set's
        del st.session_state["view"]
    kind = st.segmented_control("View", offered, default=offered[0], key="view", bind="query-params", required=True)
    return kind or offered[0]
