"""Could an attacker tell that this record was in?"""

import streamlit as st

from pages.common import compute, frame, sidebar, widgets
from pages.views.membership import audit, body, switch
from pages.views.membership.trained import body as trained

_VIEWS = {switch.EXACT: body.view, switch.TRAINED: trained.view, switch.AUDIT: audit.view}

frame.required()
st.title("Membership", anchor=False)
data = compute.dataset(sidebar.data_spec())
_VIEWS[switch.chosen()](data)
if widgets.redacted():
    st.caption("Redacted: pictures are coarse; values and labels are masked, and what tells a label is left out.")
