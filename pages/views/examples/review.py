"""A list of examples to follow up, each with a note, kept for one visit."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fil_core import Dataset, FilRequest
from pages.common import tables, widgets
from pages.common.naming import named


def notes(request: FilRequest) -> dict[int, str]:
    """Notes by example id, one list per data set: an id means another example in another data set."""
    return st.session_state.setdefault("review", {}).setdefault((request.data.name, request.data.classes), {})


def button(request: FilRequest, id: int) -> None:
    """Add an example to the list, or remove it."""
    listed = notes(request)
    if id in listed:
        label, icon, key = "Remove from the review list", ":material/playlist_remove:", "review-remove"
    else:
        label, icon, key = "Add to the review list", ":material/playlist_add:", "review-add"
    st.button(label, icon=icon, key=key, on_click=_toggle, args=(listed, id))


def _toggle(listed: dict[int, str], id: int) -> None:
    if id in listed:
        del listed[id]
    else:
        listed[id] = ""


def panel(request: FilRequest, data: Dataset, table: pd.DataFrame) -> None:
    """The list, with editable notes, and its export."""
    listed = notes(request)
    known = [id for id in listed if id in table.index]
    if not known:
        return
    st.subheader("Review list", anchor=False)
    shown = table.loc[known, ["rank", "eta", "label"]].assign(note=[listed[id] for id in known])
    edited = tables.editor(named(shown, data), editable=["note"], width="stretch", key="review-notes")
    written = shown.assign(note=[str(note or "") for note in edited["note"]])
    listed.update(zip(known, written["note"], strict=True))
    widgets.export(written, "review", data, key="review-export", label="Export the review list")
