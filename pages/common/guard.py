"""The second wall, on the page: nothing of the data before it is clear that the visitor may see them."""

from __future__ import annotations

import os

import streamlit as st

from fil_core import serving
from pages.common import server, text


def only_for_those_who_may() -> None:
    """End the page, with the reason, for everybody else. Comes before the sidebar and whatever reads data."""
    current = server.settings()
    if lacking := serving.missing(current):
        _not_served(lacking)
        st.stop()
    if serving.serves_others(current) and not _admitted():
        st.stop()


def _not_served(lacking: list[str]) -> None:
    st.title("Nothing is served like this", anchor=False)
    st.markdown(
        "This software shows private records, and as this server is set up others could reach it. "
        "Missing before it starts:\n\n" + "\n".join(f"- {text.safe(why)}" for why in lacking)
    )
    st.caption("The README says how, under Safety. Served to this machine alone it needs none of this.")


def _admitted() -> bool:
    user = st.user.to_dict()
    if serving.admitted(user, os.environ.get(serving.USERS, "")):
        _signed_in(str(user.get("email") or user.get("name") or "signed in"))
        return True
    st.title("FIL Explorer", anchor=False)
    if user.get("is_logged_in") is True:
        st.error("You are signed in, but not among those who may see these data.", icon=":material/lock:")
        st.button("Sign out", icon=":material/logout:", on_click=st.logout)
        return False
    st.write("This server shows private records. Sign in to see them.")
    st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
    return False


def _signed_in(name: str) -> None:
    with st.sidebar:
        left, right = st.columns([3, 2], vertical_alignment="center")
        left.caption(text.safe(name))
        right.button("Sign out", on_click=st.logout, width="stretch")
