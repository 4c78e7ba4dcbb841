"""The dashboard's frame: the list of pages and the sidebar that they share."""

import streamlit as st

from pages.common import controls, text

st.set_page_config(page_title="FIL Explorer", page_icon="assets/icon.png", layout="wide")

page = st.navigation(
    [
        st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
        st.Page("pages/leakage.py", title="Leakage", icon=":material/bar_chart:"),
        st.Page("pages/gallery.py", title="Gallery", icon=":material/grid_view:"),
    ]
)
with text.readable_errors():
    controls.sidebar()
    page.run()
