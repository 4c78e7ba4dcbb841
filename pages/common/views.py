"""The switch between the views of a page; only the one that is chosen is drawn and computed."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def chosen_view(says: Mapping[str, str]) -> str:
    """Draw the switch and what the chosen view is about, and return its name; the first is shown at first.

    Args:
        says: what each view is about, by its name; empty where its name says it.
    """
    if st.session_state.get("view") not in (None, *says):  # it was another page's
        del st.session_state["view"]
    first = next(iter(says))
    chosen = st.segmented_control("View", list(says), default=first, key="view", bind="query-params", required=True)
    if says[chosen or first]:
        st.caption(says[chosen or first])
    return chosen or first
