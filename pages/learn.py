"""What is leakage, by small problems that a person can change; and where the number is wrong."""

import streamlit as st

from pages.common import frame, widgets
from pages.views.learn import failures, switch, tour, toys

_VIEWS = {switch.TOUR: tour.view, switch.TOYS: toys.view, switch.FAILURES: failures.view}

frame.required()
st.title("Learn", anchor=False)
chosen = switch.chosen()
if chosen != switch.FAILURES:
    st.caption("The points here are made up: the data set and the model of the sidebar have no part in them.")
_VIEWS[chosen]()
if widgets.redacted():
    st.caption("Redacted: values and labels are masked, also those of made-up points.")
