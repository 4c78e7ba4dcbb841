"""The half of the page about unique information: what the network learned from each example alone."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset
from pages.common import widgets
from pages.views.influence import answer, controls, everyone, figures, ranked, summary, truth


def view(data: Dataset) -> None:
    """The answer, the controls that change it, the figures and the sections below."""
    st.subheader("What did the network learn from this example alone?", anchor=False)
    top = st.container()  # the answer is above the controls that change it
    request = controls.request(data)
    st.caption(
        "Data set, rows and preprocessing are those of the sidebar; its model, λ and training weights are not used "
        "here."
    )
    with top:
        result = answer.found(request, data)
        answer.view(request, data, result)

    shown = ranked.view(data, result)
    figures.view(request, data, result)
    widgets.sections((truth.view, summary.view), request, data)
    everyone.view(data, shown)
    widgets.provenance(request, result)
