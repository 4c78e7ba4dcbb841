"""Any analysis on a page: its sentence, its figures and who stands out, as its entry says them."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset, Request, Result, analysis_of
from fil_core.analyses.section import heading, standing_out
from fil_core.analyses.sharing import masked
from fil_core.analyses.subject import Subject
from pages.common import compute, tables, text, widgets
from pages.common.naming import named

_LISTED = 24


def view(request: Request, data: Dataset, *, key: str, label: str = "") -> Result | None:
    """The answer to a request, or a button that computes it.

    Args:
        request: the question.
        data: its examples.
        key: begins the names of the controls.
        label: of the button; empty names the analysis.

    Returns:
        The result; None where there is none yet.
    """
    analysis = analysis_of(request)
    found = compute.offered(request, label or f"Compute {analysis.title.lower()}", key=f"{key}-compute")
    if found is None:
        return None
    subject = Subject(request, found, data, "", widgets.redacted(), _LISTED, widgets.mode())
    st.markdown(analysis.sentence(subject, text.safe))
    drawn = subject.labelled(analysis.figures(subject))
    for place, one in zip(st.columns(max(1, len(drawn))), drawn, strict=False):
        with place:
            st.markdown(f"**{text.safe(one.title)}**")
            widgets.chart(one.figure, one.alt, f"{key}-{one.title}")
    table = masked(analysis, found.table) if widgets.redacted() else found.table
    shown, column = standing_out(analysis, table, _LISTED)
    if column is not None:
        st.markdown(f"**{text.safe(heading(len(shown), column))}**")
    if len(shown):
        shown = named(shown, data, analysis)
        columns = widgets.number_columns(shown, analysis)
        tables.table(shown, width="stretch", column_config=columns, key=f"{key}-table")
    name = analysis.name.replace(" ", "-")
    widgets.export(table, name, data, key=f"{key}-export", label="Export all", of=analysis)
    widgets.provenance(request, found)
    return found
