"""Examples under the ids of their source, in tables and in sentences, and the field that opens one by its id."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fil_core import BadData, Dataset
from fil_core.analyses import naming
from fil_core.analyses.analysis import Analysis
from pages.common import text

_FIELD, _WRONG = "id-name", "id-wrong"


def redacted() -> bool:
    """Whether redaction is on: examples then go by numbers, as what their source calls them may be a person's name."""
    return bool(st.session_state.get("redact"))


def named(table: pd.DataFrame, data: Dataset | None, analysis: Analysis | None = None) -> pd.DataFrame:
    """A table of examples under the ids of their source, for a person to read.

    Args:
        table: its index `id` numbers the examples.
        data: the examples; None where they are not there any more.
        analysis: whose table it is; None for none.
    """
    shown = table if redacted() else naming.named(table, data, analysis)
    # The label of a sentence is its length.
    return shown.rename(columns={"label": "tokens"}) if data is not None and data.vocabulary else shown


def labelled(figure: go.Figure, data: Dataset | None) -> go.Figure:
    """A figure whose points say what examples are called."""
    return figure if redacted() else naming.labelled(figure, data)


def called(data: Dataset, id: int) -> str:
    """What an example is called, as plain text."""
    return data.written(id) if names_shown(data) else str(id)


def names_shown(data: Dataset) -> bool:
    """Whether examples go by texts, rather than by numbers."""
    return data.id_names is not None and not redacted()


def missing(data: Dataset, id: int) -> str:
    """Why an example of that number is not shown."""
    what = "Row" if data.id_names is not None else "Example"
    return (
        f"{what} {id} is not among the {data.n:,} training examples in use: it may be held out for testing, of "
        "another class, or left out by the row limit."
    )


def opener(by_name: DeltaGenerator, by_id: DeltaGenerator, data: Dataset, what: str) -> None:
    """The fields that open an example, after what a tile or a row has opened; the link carries its id.

    Args:
        by_name: where the field for the text that it goes by is drawn.
        by_id: where that for its number is drawn.
        data: the examples.
        what: they are called.
    """
    if (opened := st.session_state.pop("open", None)) is not None:
        st.session_state["id"] = opened  # before the widget that shows it is drawn
    field(by_name, data, f"Open {what} (id)")
    by_id.number_input(
        "Open row" if data.id_names is not None else f"Open {what} (id)", min_value=0, value=None, step=1, key="id",
        bind="query-params", placeholder="none",
    )  # fmt: skip


def field(place: DeltaGenerator, data: Dataset, label: str) -> None:
    """The field that opens an example by the text that it goes by; without such texts there is none.

    Args:
        place: where it is drawn.
        data: the examples.
        label: of the field.
    """
    if not names_shown(data):
        return
    wrong, id = st.session_state.pop(_WRONG, None), st.session_state.get("id")
    if wrong is None:  # it shows what is open, however it was opened
        st.session_state[_FIELD] = data.written(int(id)) if id is not None and id in data.ids else ""
    place.text_input(label, key=_FIELD, placeholder="none", on_change=_open, args=(data,))
    if wrong is not None:
        st.warning(text.safe(wrong), icon=":material/warning:")


def _open(data: Dataset) -> None:
    try:
        st.session_state["id"] = data.number(name) if (name := st.session_state[_FIELD]) else None
    except BadData as error:
        st.session_state[_WRONG] = str(error)
