"""A list of examples to follow up, with a note each, for the length of a visit."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.common import widgets


def notes() -> dict[int, str]:
    """Note by example id."""
    return st.session_state.setdefault("review", {})


def button(id: int) -> None:
    """Put an example on the list, or take it off."""
    if id in notes():
        st.button(
            "Take off the review list", icon=":material/playlist_remove:", key="review-remove", on_click=notes().pop,
            args=(id, None),
        )  # fmt: skip
    else:
        st.button(
            "Add to the review list", icon=":material/playlist_add:", key="review-add", on_click=notes().setdefault,
            args=(id, ""),
        )  # fmt: skip


def panel(table: pd.DataFrame) -> None:
    """The list, with notes that can be typed, and its export."""
    known = [id for id in notes() if id in table.index]
    if not known:
        return
    st.subheader("Review list", anchor=False)
    shown = table.loc[known, ["rank", "eta", "label"]].assign(note=[notes()[id] for id in known])
    edited = st.data_editor(shown, disabled=["rank", "eta", "label"], width="stretch", key="review-notes")
    notes().update({int(id): str(note or "") for id, note in edited["note"].items()})
    widgets.export(edited, "review", key="review-export", label="Export the review list")
