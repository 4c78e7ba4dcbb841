"""Which part of the page is shown; the others are neither drawn nor computed."""

from __future__ import annotations

import streamlit as st

EXACT, TRAINED, AUDIT = "Gaussian process", "trained models", "audit"
_SAYS = {
    EXACT: "What an attacker could tell of a Gaussian process, exactly, for every record at once.",
    TRAINED: "Attacks that are run on models trained on random halves of the records, or on scores of your own.",
    AUDIT: "A lower bound on ε from records that are put in by coins, beside what the noise promises.",
}


def chosen() -> str:
    """Draw the switch and return what is chosen."""
    if st.session_state.get("view") not in (None, *_SAYS):  # it was another page's
        del st.session_state["view"]
    kind = st.segmented_control("View", list(_SAYS), default=EXACT, key="view", bind="query-params", required=True)
    st.caption(_SAYS[kind or EXACT])
    return kind or EXACT
