"""What reduces leakage, and what does it cost? Reweighting, noise, a larger penalty, leaving examples out."""

import dataclasses

import streamlit as st

from pages.common import compute, frame, sidebar, text, widgets
from pages.common.views import chosen_view
from pages.views.mitigations import comparison as compared_releases
from pages.views.mitigations import reweighting

_VIEWS = {"reweighting (IRFIL)": reweighting.view, "side by side": compared_releases.view}

frame.required()
st.title("Mitigations", anchor=False)
request = sidebar.request()
if request.model.weights is not None:
    st.caption(
        f"The sidebar's weights, {text.safe(request.model.weights.text)}, are ignored here: every comparison starts "
        "from equal weights."
    )
    request = dataclasses.replace(request, model=request.model.equally_weighted)
data = compute.dataset(request.data)
_VIEWS[chosen_view(dict.fromkeys(_VIEWS, ""))](request, data)
if widgets.redacted():
    st.caption("Redacted: pictures are coarse; values, labels and weights are masked.")
