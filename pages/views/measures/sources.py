"""Where the measures come from: what is stored, what can be computed, and what does not apply."""

from __future__ import annotations

import dataclasses

import streamlit as st

from fil_core import Dataset, FilError
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.measures.sources import SOURCES, Source
from fil_core.analyses.measures.words import title
from fil_core.specs import NetworkSpec
from pages.common import compute, sidebar, text
from pages.views.influence import controls


def view(data: Dataset) -> MeasuresRequest | None:
    """The sources with their state, and the controls of the network; returns what is stored, None where nothing is.

    Raises:
        BadRequest: a value that no network can have.
    """
    with (
        st.expander("The network of `unique`, `network-influence` and `network-outliers`"),
        st.container(horizontal=True),
    ):
        made, validation = controls.network(data)
    base = MeasuresRequest(
        data=sidebar.data_spec(),
        model=sidebar.model_spec(),
        network=NetworkSpec(**made),
        validation_size=validation,
        device=st.session_state["device"],
    )
    above = st.empty()
    stored = tuple(one.name for one in SOURCES if _row(one, base, data))
    if not stored:
        above.info("None is stored for these data and this network: compute one.", icon=":material/info:")
    return dataclasses.replace(base, of=stored) if stored else None


def _row(source: Source, base: MeasuresRequest, data: Dataset) -> bool:
    """One source; whether its result is stored."""
    left, right = st.columns([3, 2], vertical_alignment="center")
    columns = ", ".join(title(under) for under in source.columns.values())
    about = f" ({source.about})" if source.about else ""
    left.markdown(f"**`{source.name}`** {text.safe(source.analysis.title + about)}")
    left.caption(text.safe(columns))
    with right:
        if why := source.why_not(data):
            st.caption(f":material/block: Does not apply: {text.safe(why)}.")
            return False
        try:
            found = compute.offered(
                source.request(base, data), f"Compute {source.name}", key=f"source-{source.name}"
            )  # fmt: skip
        except FilError as error:  # an error of one source must not hide the others
            st.error(text.safe(error), icon=":material/error:")
            return False
        if found is not None:
            st.caption(":material/check: Stored")
        return found is not None
