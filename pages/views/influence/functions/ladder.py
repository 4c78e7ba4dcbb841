"""The ladder: the influence by every curvature beside the truth, a row for each."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset, analysis_of
from pages.common import compute, tables, text, widgets
from pages.views.influence.answer import subject
from pages.views.influence.functions import asked, figures


def view(alone: asked.Asked, examples: int | None, data: Dataset) -> None:
    """The section: a choice of curvatures, a button, and then the sentence, the figures and the table.

    Args:
        alone: what the page asks, without the truth.
        examples: how many are left out; None for each.
        data: the examples.
    """
    st.subheader("Every curvature beside the truth", anchor=False)
    request = asked.ladder(alone, examples)
    result = compute.offered(request, "Compare them with the truth", key="ladder-compute")
    if result is None:
        return
    analysis = analysis_of(request)
    st.markdown(analysis.sentence(subject(request, data, result), text.safe))
    figures.view(request, data, result, key="ladder")
    columns = widgets.number_columns(result.table, analysis)
    tables.table(result.table, width="stretch", column_config=columns, key="ladder-table")
    widgets.export(result.table, "ladder", None, key="ladder-export", label="Export the ladder", of=analysis)
    widgets.provenance(request, result)
