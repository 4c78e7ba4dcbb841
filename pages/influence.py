"""What did the model learn from one example alone, whom does that help or harm, and is it true?"""

import streamlit as st

from pages.common import compute, frame, sidebar, widgets
from pages.views.influence import switch, unique
from pages.views.influence.functions import body

_VIEWS = {switch.UNIQUE: unique.view, switch.FUNCTIONS: body.view}

frame.required()
st.title("Influence", anchor=False)
data = compute.dataset(sidebar.data_spec())
_VIEWS[switch.chosen(data)](data)
if widgets.redacted():
    st.caption("Redacted: pictures are coarse; values and labels are masked, and what tells a label is left out.")
