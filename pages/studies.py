"""Studies: requests that belong together, such as the figures of the paper, each with its page and all in one job."""

import streamlit as st

from pages.common import frame
from pages.views.results import open as results_open
from pages.views.studies import entries

frame.required()
results_open.follow()
st.title("Studies", anchor=False)
entries.view()
