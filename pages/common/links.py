"""What a link holds, and the browser with it."""

from __future__ import annotations

import streamlit as st


def keep_in_link(key: str, usual: object) -> None:
    """Before a control is drawn: tell the browser its value, where the browser has forgotten it.

    Whoever opens a link and moves on before its first page is drawn has a browser that never heard of the values in the
    link: it shows the usual ones and, with the next click, would ask for them. Assigned again, a value is sent again.
    """
    state = st.session_state
    if key not in st.query_params and state.get(key, usual) != usual:
        state[key] = state[key]
