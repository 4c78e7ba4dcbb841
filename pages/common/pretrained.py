"""Uploaded scores and pretrained parameters, named in the link by a hash of their content."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from fil_core import FilError
from pages.common import text, uploads
from pages.common.links import keep_in_link

NOTHING = {"scores": "", "parameters": "", "signals": "", "new": "", "extractor": ""}


def controls(keep_scores: Callable[[bytes, str], str]) -> None:
    """The controls; `keep_scores(content, title)` stores scores for the chosen data set."""
    with st.expander("Your own scores or model"):
        uploader(
            "Scores of each example",
            ["csv", "parquet"],
            "scores",
            keep_scores,
            "A column id and one numeric column for each score. They are shown with η in tables and plots.",
        )
        uploader(
            "Coefficients of a linear model",
            ["safetensors", "npz"],
            "parameters",
            uploads.keep_parameters,
            "An array named theta, coef_ or weight. It must minimise the objective chosen above on this data.",
        )


def uploader(label: str, types: list[str], key: str, keep: Callable[[bytes, str], str], help: str) -> None:
    """A field for a file, and one with the name of the file in use, which the link carries.

    Args:
        label: of the field.
        types: endings of the file's name.
        key: of what is in use.
        keep: stores the content of a file with a title, and returns its name.
        help: what the file must hold.
    """
    turn = st.session_state.setdefault(f"{key}-turn", 0)
    file = st.file_uploader(label, type=types, key=f"{key}-file-{turn}", help=help)
    if file is not None:
        st.session_state[f"{key}-turn"] = turn + 1
        try:
            st.session_state[key] = keep(file.getvalue(), file.name)
            st.session_state.pop(f"{key}-error", None)
        except FilError as error:
            st.session_state[f"{key}-error"] = str(error)
        st.rerun()
    if message := st.session_state.get(f"{key}-error"):
        st.error(text.safe(message), icon=":material/error:")
    keep_in_link(key, NOTHING[key])
    st.text_input(
        f"{key.capitalize()} in use", key=key, bind="query-params", placeholder="none", help="Clear it to use none."
    )
