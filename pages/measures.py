"""Do the measures agree, and who is exposed by all of them, or by one alone?"""

import streamlit as st

from pages.common import compute, frame, sidebar, widgets
from pages.views.measures import agreement, everyone, examples, scatter, shown, sources

frame.required()
st.title("All measures", anchor=False)
top, body, below = st.container(), st.container(), st.container()  # what is stored decides what the answer is about
request = sidebar.request()
data = compute.dataset(request.data)
if not data.vocabulary:
    with top:
        compute.result(request)  # the measures that every page is about
with below:
    st.subheader("Where the measures come from", anchor=False)
    asked = sources.view(data)
if asked is None:
    st.stop()
with top:
    result = compute.result(asked)
    one = shown.shown(asked, data, result)
    shown.answer(asked, one)
with body:
    if len(one.names) > 1:
        agreement.view(one)
        scatter.view(one)
    else:
        st.info("There is one measure: compute another below, to compare them.", icon=":material/info:")
    if result.summary["exposure"]:
        examples.extremes(one)
    everyone.view(one)
widgets.provenance(asked, result)
if widgets.redacted():
    st.caption("Redacted: pictures are coarse; labels are masked, and what tells a label is left out.")
