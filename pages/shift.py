"""What do the measures say of examples that the model has not seen, and of how well it was trained?"""

import streamlit as st

from pages.common import compute, frame, sidebar, widgets
from pages.views.shift import ood, overfit, switch

_VIEWS = {switch.OOD: ood.view, switch.OVERFIT: overfit.view}

frame.required()
st.title("Shift & over-fitting", anchor=False)
data = compute.dataset(sidebar.data_spec())
_VIEWS[switch.chosen()](data)
if widgets.redacted():
    st.caption("Redacted: pictures are coarse; values and labels are masked.")
