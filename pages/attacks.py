"""What does an attacker get? Attribute inference and reconstruction, beside the bounds."""

import streamlit as st

from fil_core import ATTACKABLE, FilRequest, categorical, continuous, source_of
from pages.common import compute, frame, models, sidebar, text, widgets
from pages.views.attacks import attribute as attribute_attack
from pages.views.attacks import reconstruction

_KINDS = ("attribute inference", "reconstruction")
_EXAMPLES = {
    "Digits 3 against 8, reconstruct one": {"data": "digits", "classes": ["3", "8"], "model": "logistic", "l2": 1e-3},
    "Diabetes, infer a patient's sex": {"data": "diabetes", "classes": [], "model": "least-squares", "l2": 1e-3},
}


def offer_examples(names: list[str]) -> None:
    """Buttons that set the sidebar to data and a model that can be attacked."""
    with st.container(horizontal=True):
        for name in names:
            st.button(name, icon=":material/play_arrow:", key=f"try-{name}", on_click=_choose, args=(_EXAMPLES[name],))


def _choose(values: dict[str, object]) -> None:
    st.session_state.update({**sidebar.UNTOUCHED, **values})
    st.session_state.pop("selection", None)
    st.session_state["attack"] = _KINDS[0] if values["data"] == "diabetes" else _KINDS[1]


def possible(request: FilRequest) -> bool:
    """Whether the model can be attacked; otherwise says which can."""
    if request.model.kind in ATTACKABLE:
        return True
    st.info(
        f"These attacks are defined for {' and '.join(ATTACKABLE)} models, not for {request.model.kind}.",
        icon=":material/info:",
    )
    models.offer(ATTACKABLE, request.data.name, request.data.classes, key="attackable")
    st.caption("Or start from an example:")
    offer_examples(list(_EXAMPLES))
    return False


frame.required()
st.title("Attacks", anchor=False)
if (opened := st.session_state.pop("attack-id", None)) is not None:
    st.session_state["id"] = opened  # before the widget that shows it is drawn
request = sidebar.request()
if possible(request):
    data = compute.dataset(request.data)
    table = source_of(request.data.name).kind != "image"
    kind = st.segmented_control(
        "Attack", _KINDS, default=_KINDS[0] if table else _KINDS[1], key="attack", bind="query-params", required=True
    )
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
        offer_examples(["Diabetes, infer a patient's sex"])
if widgets.redacted():
    st.caption("Redacted: pictures are coarse; values and labels are masked.")
