"""Control values in the link."""

from __future__ import annotations

import streamlit as st


def keep_in_link(key: str, default: object) -> None:
    """Before a control is drawn: send its value to the browser again, where the link has lost it.

    After a link is opened and the page left before it is drawn, the browser does not know the values of the link: it
    shows the defaults and would send them with the next click. Assigning a value again sends it again.
    """
    state = st.session_state
    if key not in st.query_params and state.get(key, default) != default:
        state[key] = state[key]
