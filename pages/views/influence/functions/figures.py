"""The figures of influence, two side by side, each with its numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fil_core import Dataset, Request, Result, analysis_of
from fil_core.analyses.subject import Drawn
from pages.common import widgets
from pages.views.influence.answer import subject


def view(request: Request, data: Dataset, result: Result, *, key: str) -> None:
    """All of them.

    Args:
        request: what is asked.
        data: its examples.
        result: the answer.
        key: begins the names of the elements.
    """
    about = subject(request, data, result)
    drawn = about.labelled(analysis_of(request).figures(about))
    for first in range(0, len(drawn), 2):
        for place, one in zip(st.columns(2), drawn[first : first + 2], strict=False):
            with place:
                st.subheader(one.title, anchor=False)
                widgets.chart(one.figure, one.alt, f"{key}-{one.title}")
                widgets.table_twin(_numbers(one, result), key=f"{key}-{one.title}-numbers")


def _numbers(one: Drawn, result: Result) -> pd.DataFrame:
    arrays = result.arrays
    if one.title == "Over the damping" and "pearson_by_damping" in arrays:  # drawn with the slope cut off
        curves = {"correlation": arrays["pearson_by_damping"], "slope": arrays["slope_by_damping"]}
        return pd.DataFrame(curves, pd.Index([f"{each:g}" for each in arrays["dampings"]], name="damping"))
    return numbers(one.figure)


def numbers(figure: go.Figure) -> pd.DataFrame:
    """What a figure draws, as a table: a column for each curve over the same names, else a row for each point.

    Args:
        figure: with axes; marks that hovering skips say nothing new and are left out.
    """
    traces = [one for one in figure.data if one.hoverinfo != "skip" and len(one.x)]
    across, up = figure.layout.xaxis.title.text or "x", figure.layout.yaxis.title.text or "y"
    if traces and all(isinstance(one.x[0], str) for one in traces):
        return pd.DataFrame({one.name or up: pd.Series(list(one.y), list(one.x)) for one in traces}).rename_axis(across)
    if traces and all(isinstance(one.y[0], str) for one in traces):
        return pd.DataFrame({one.name or across: pd.Series(list(one.x), list(one.y)) for one in traces})
    parts = [_points(one, across, up, named=len(traces) > 1) for one in traces]
    return pd.concat(parts) if parts else pd.DataFrame({across: [], up: []})


def _points(trace: Any, across: str, up: str, *, named: bool) -> pd.DataFrame:
    ids = trace.customdata if trace.customdata is not None else range(len(trace.x))
    told = pd.DataFrame({across: list(trace.x), up: list(trace.y)}, index=pd.Index(list(ids), name="id"))
    return told.assign(group=trace.name) if named else told
