"""Own data: upload a table, arrays or images, choose how to read the file, check the data, measure."""

import streamlit as st

from fil_core import FilError
from pages.common import frame, text, uploads, widgets
from pages.views.own_data import choices as choices_view
from pages.views.own_data import entries as entries_view
from pages.views.own_data import health as health_view
from pages.views.own_data import register as register_view


def file_section(name: str) -> None:
    """An uploaded file: its content, the choices on how to read it, and the data checks."""
    st.subheader("Content of the file", anchor=False)
    suggested = uploads.own_preview(name, None, register_view.title())
    entries = entries_view.chosen(suggested)
    content = suggested if entries is None else uploads.own_preview(name, entries, register_view.title())
    register_view.preview(content)
    st.subheader("How to read this file", anchor=False)
    entries_view.controls(suggested)
    choices = choices_view.choices(content, entries or entries_view.as_suggested(suggested))
    entry = choices_view.checked(name, choices, form=content["form"])
    if entry is not None:
        st.subheader("Data checks", anchor=False)
        health_view.report(entry)


frame.required()
st.title("Own data", anchor=False)
sentence = st.empty()  # filled in below, because the check of a file may add a data set
name = register_view.uploader()
if name is not None:
    try:
        file_section(name)
    except FilError as error:  # the list of data sets below stays usable
        hidden = "The file cannot be read. The reason is hidden while Redact is on, because it may quote an entry."
        st.error(hidden if widgets.redacted() else text.safe(error), icon=":material/error:")
entries = uploads.own_data()
sentence.markdown(register_view.sentence(len(entries)))
if entries:
    st.subheader("Your data sets", anchor=False)
    register_view.listing(entries)
register_view.damaged(uploads.damaged_own())
with st.expander("Supported files and how they are handled"):
    st.markdown(register_view.FORMATS)
