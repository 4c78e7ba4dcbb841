"""What does an attacker get? Attribute inference and reconstruction, beside the bounds."""

import streamlit as st

from fil_core import categorical, continuous, source_of
from pages.common import compute, frame, sidebar, text, widgets
from pages.views.attacks import attribute as attribute_attack
from pages.views.attacks import reconstruction

_KINDS = ("attribute inference", "reconstruction")
_TABLE = {"data": "diabetes", "classes": [], "model": "least-squares", "l2": 1e-3}


def _use_table() -> None:
    st.session_state.update({**sidebar.UNTOUCHED, **_TABLE})
    st.session_state.pop("selection", None)
    st.session_state["attack"] = _KINDS[0]


frame.required()
st.title("Attacks", anchor=False)
if (opened := st.session_state.pop("attack-id", None)) is not None:
    st.session_state["id"] = opened  # before the widget that shows it is drawn
request = sidebar.request()
data = compute.dataset(request.data)
table = source_of(request.data.name).kind != "image"
usual = _KINDS[0] if table else _KINDS[1]
if st.session_state.get("attack-on-table", table) != table:  # what was chosen was for data of the other kind
    st.session_state["attack"] = usual
st.session_state["attack-on-table"] = table
kind = st.segmented_control("Attack", _KINDS, default=usual, key="attack", bind="query-params", required=True)
if kind == _KINDS[1]:
    reconstruction.view(request, data)
elif categorical(data) or continuous(data):
    attribute_attack.view(request, data)
else:
    reason = (
        "has images" if data.image_shape is not None
        else "is used as principal components, which mix its columns" if data.preprocessing.basis is not None
        else "has no column that differs between the training examples in use"
    )  # fmt: skip
    st.info(
        f"Attribute inference needs a table with columns of its own; {text.safe(data.title)} {reason}. "
        "Reconstruction works here.",
        icon=":material/info:",
    )
    st.button("Diabetes, infer a patient's sex", icon=":material/play_arrow:", key="try-table", on_click=_use_table)
if widgets.redacted():
    st.caption("Redacted: pictures are coarse; values and labels are masked.")
