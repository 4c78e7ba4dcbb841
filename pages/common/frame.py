"""What surrounds every page: the list of pages, the sidebar, and errors in words."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from pages.common import sidebar as controls
from pages.common import text
from pages.server import guard

_DRAWN = "frame drawn"


def navigation() -> StreamlitPage:
    """The list of pages. Their paths are the files' own names, which a first deep link relies on (see `required`)."""
    # An icon of our own: without one the page's symbol becomes the tab's icon, fetched from somebody else's server.
    st.set_page_config(page_title="FIL Explorer", page_icon="assets/icon.png", layout="wide")
    return st.navigation(
        [
            st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
            st.Page("pages/leakage.py", title="Leakage", icon=":material/bar_chart:"),
            st.Page("pages/examples.py", title="Gallery", icon=":material/grid_view:"),
            st.Page("pages/attacks.py", title="Attacks", icon=":material/visibility:"),
            st.Page("pages/mitigations.py", title="Mitigations", icon=":material/healing:"),
            st.Page("pages/own_data.py", title="Own data", icon=":material/upload_file:"),
            st.Page("pages/results.py", title="Runs", icon=":material/history:"),
        ]
    )


def draw() -> None:
    """The whole app: sidebar and the page that the URL names."""
    page = navigation()
    guard.check()
    with text.readable_errors():
        controls.sidebar()
        st.session_state[_DRAWN] = True
        page.run()


def required() -> None:
    """First line of a page: make sure that the frame is around it.

    Streamlit takes a folder `pages` for its older kind of app, and so runs the very first deep link of a new server as
    that page alone. Naming the pages tells it better; the rerun then starts from app.py, on the same page and URL.
    """
    if not st.session_state.pop(_DRAWN, False):
        navigation()
        st.rerun()
