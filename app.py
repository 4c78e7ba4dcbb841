"""The dashboard: `streamlit run app.py`, or `make app`."""

import streamlit as st
from starlette.middleware import Middleware

from pages.common import frame, server

if __name__ == "__main__":  # for every session, at every click
    frame.draw()
elif __name__ == "app":  # once, by the server; a process that is spawned has another name, and needs neither
    server.start()
    app = st.App(__file__, middleware=[Middleware(server.Wall)], on_script_error=server.unforeseen)
