"""The frame of every page: navigation, sidebar, and readable errors."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from pages.common import links, opened, sidebar, text
from pages.common.site import MEASURING, MOVED, OF_FEATURES, PAGES
from pages.server import guard
from pages.server.turns import Turns

_DRAWN = "frame drawn"
_TURNS = Turns(1, seconds=0.5)  # a page takes a tenth of that
_STYLE = Path(__file__).parents[2] / "assets" / "style.css"


def navigation() -> StreamlitPage:
    """The navigation. URL paths are the file names, which a first deep link relies on (see `required`)."""
    # A local icon: without one the browser would fetch the page's symbol from another server.
    st.set_page_config(page_title="FIL Explorer", page_icon="assets/icon.png", layout="wide")
    groups: dict[str, list[StreamlitPage]] = {}
    for i, page in enumerate(PAGES):
        entry = st.Page(page.path, title=page.title, icon=page.icon, default=i == 0)
        groups.setdefault(page.group, []).append(entry)
    groups[""] = [st.Page(old, visibility="hidden") for old in MOVED]
    return st.navigation(groups, expanded=True)  # else pages from the thirteenth on hide behind a button


def draw() -> None:
    """The whole app: sidebar and the page that the URL names."""
    with _TURNS.turn():
        _draw()


def _draw() -> None:
    """The whole app, in its turn."""
    page = navigation()
    st.html(_STYLE)
    guard.check()
    with text.readable_errors():
        opened.settle()
        links.settle(but=() if sidebar.is_drawn() else opened.NUMBERS)
        _page(page)


def _page(page: StreamlitPage) -> None:
    with links.judged(page.title):
        if (fault := opened.fault()) is None:
            sidebar.sidebar()
        else:
            sidebar.without_data()
            opened.view(fault)
            if page.title in MEASURING:
                st.stop()
        if fault is None and page.title in OF_FEATURES and sidebar.has_text():
            _instead_of_features(page.title)
        st.session_state[_DRAWN] = True
        page.run()


def _instead_of_features(title: str) -> None:
    """A page of features, for a text: where sentences are measured."""
    st.title(title, anchor=False)
    st.info(
        "The chosen data hold sentences, and this page is about models of features. A language model of them is "
        "measured on these pages:",
        icon=":material/info:",
    )
    for entry in PAGES:
        if entry.reads_text:
            st.page_link(entry.path, label=f"{entry.title}: {entry.says}", icon=entry.icon, query_params={})
    st.stop()


def required() -> None:
    """First line of a page: make sure that the frame is drawn around it.

    Streamlit takes a folder `pages` for its older multipage layout, and runs the very first deep link of a new server
    as that page alone. Declaring the navigation corrects this; the rerun starts from app.py, on the same page and URL.
    """
    if not st.session_state.pop(_DRAWN, False):
        navigation()
        st.rerun()


def moved(file: str) -> None:
    """The body of a page that was renamed: switch to the new one and keep the parameters of the link."""
    required()
    taken = sidebar.LINKED if sidebar.is_drawn() else ()
    kept = {name: st.query_params.get_all(name) for name in st.query_params if name not in taken}
    st.switch_page(MOVED[f"pages/{Path(file).name}"], query_params=kept)
