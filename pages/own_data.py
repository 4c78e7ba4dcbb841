"""Bring your own table, arrays or images: look at them, choose, check, measure."""

import streamlit as st

from fil_core import FilError
from pages.common import frame, text, widgets
from pages.common import uploads as handed_in
from pages.views.own_data import choices as own_choices
from pages.views.own_data import health as own_health
from pages.views.own_data import register as own_register


def looked_into(name: str) -> None:
    """A file that was handed in: what it holds, the choices, and what to know before measuring."""
    st.subheader("What is in it", anchor=False)
    found = handed_in.own_preview(name, tuple(st.session_state.get("own-categorical", ())), own_register.title())
    own_register.preview(found)
    st.subheader("How it is to be read", anchor=False)
    chosen = own_choices.choices(found)
    checked = own_choices.checked(name, chosen, form=found["form"])
    if checked is not None:
        st.subheader("Before anything is measured", anchor=False)
        own_health.report(checked)


frame.required()
st.title("Own data", anchor=False)
sentence = st.empty()  # a file that is checked below counts as well
name = own_register.uploader()
if name is not None:
    try:
        looked_into(name)
    except FilError as error:  # the others below stay in reach
        hidden = "It cannot be read so; why is hidden while Redact is on, for it may quote an entry."
        st.error(hidden if widgets.redacted() else text.safe(error), icon=":material/error:")
known = handed_in.own_data()
sentence.markdown(own_register.sentence(len(known)))
if known:
    st.subheader("Here already", anchor=False)
    own_register.listing(known)
with st.expander("What can be read, and what becomes of it"):
    st.markdown(own_register.FORMATS)
