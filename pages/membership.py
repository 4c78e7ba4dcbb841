"""Could an attacker tell that this record was in?"""

import streamlit as st

from pages.common import compute, frame, sidebar, widgets
from pages.views.membership import body

frame.required()
st.title("Membership", anchor=False)
body.view(compute.dataset(sidebar.data_spec()))
if widgets.redacted():
    st.caption("Redacted: pictures are coarse; values and labels are masked, and what tells a label is left out.")
