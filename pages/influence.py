"""What did the network learn from one example alone, and is it true?"""

import streamlit as st

from fil_core import FilError
from pages.common import compute, frame, sidebar, text, widgets
from pages.views.influence import answer, controls, everyone, figures, ranked, summary, truth

frame.required()
st.title("Influence", anchor=False)
st.subheader("What did the network learn from this example alone?", anchor=False)
top = st.container()  # the answer is above the controls that change it
data = compute.dataset(sidebar.data_spec())
request = controls.request(data)
st.caption(
    "Data set, rows and preprocessing are those of the sidebar; its model, λ and training weights are not used here."
)
with top:
    result = answer.found(request, data)
    answer.view(request, data, result)

shown = ranked.view(data, result)
figures.view(request, data, result)
for section in (truth.view, summary.view):
    try:
        section(request, data)
    except FilError as error:  # an error here must not hide the rest of the page
        st.error(text.safe(error), icon=":material/error:")
everyone.view(data, shown)
widgets.provenance(request, result)
if widgets.redacted():
    st.caption("Redacted: pictures are coarse; values and labels are masked, and what tells a label is left out.")
