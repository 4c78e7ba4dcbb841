"""The second wall: no page is drawn for others unless all is in place for them and they have signed in."""

from __future__ import annotations

import os

import streamlit as st

from pages.common import text
from pages.server import sign_in
from pages.server import wall as served
from pages.server.rules import allowed_user, missing, serves_others
from pages.server.settings import auth


def check() -> None:
    """End the page here, before anything of the data is read, for whoever may not see it."""
    settings = served.settings()
    if todo := missing(settings, os.environ):
        st.title("Not served like this", anchor=False)
        st.error(
            "Others could see what this server shows, and what that takes is not in place.", icon=":material/lock:"
        )
        for what in todo:
            st.markdown(f"- {text.safe(what)}")
        st.stop()
    if not serves_others(settings, os.environ):
        return
    if not st.user.is_logged_in:
        st.title("FIL Explorer", anchor=False)
        for name in sign_in.providers(auth()):
            label = "Sign in" if name == sign_in.DEFAULT else f"Sign in with {text.safe(name.capitalize())}"
            st.button(label, type="primary", icon=":material/login:", on_click=st.login, args=(name,), key=f"to-{name}")
        st.stop()
    if not allowed_user(str(st.user.get("email") or ""), os.environ, verified=st.user.get("email_verified")):
        st.error("You are signed in, but not among those who may see this.", icon=":material/lock:")
        st.button("Sign out", icon=":material/logout:", on_click=st.logout)
        st.stop()
