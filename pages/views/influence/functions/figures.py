"""The figures of influence, two side by side, each with its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fil_core import Dataset, Result, analysis_of
from pages.common import widgets
from pages.views.influence.answer import subject
from pages.views.influence.functions.asked import Asked


def view(request: Asked, data: Dataset, result: Result) -> None:
    """All of them."""
    about = subject(request, data, result)
    drawn = about.labelled(analysis_of(request).figures(about))
    for first in range(0, len(drawn), 2):
        for place, one in zip(st.columns(2), drawn[first : first + 2], strict=False):
            with place:
                st.subheader(one.title, anchor=False)
                widgets.chart(one.figure, one.alt, f"influence-{one.title}")
                widgets.table_twin(numbers(one.figure), key=f"influence-{one.title}-numbers")


def numbers(figure: go.Figure) -> pd.DataFrame:
    """What a figure draws, as a table: a column for each curve over the same axis, else a row for each point.

    Args:
        figure: with axes; marks that hovering skips say nothing new and are left out.
    """
    traces = [one for one in figure.data if one.hoverinfo != "skip"]
    across, up = (figure.layout[axis].title.text or axis[0] for axis in ("xaxis", "yaxis"))
    if traces and all(isinstance(one.x[0], str) for one in traces if len(one.x)):
        curves = {one.name or up: pd.Series(_values(one), list(map(str, one.x))) for one in traces}
        return pd.DataFrame(curves).rename_axis(across)
    parts = [_points(one, across, up, named=len(traces) > 1) for one in traces]
    return pd.concat(parts) if parts else pd.DataFrame({across: [], up: []})


def _values(trace: Any) -> np.ndarray:
    """Of a curve; those that are not cut off, where the drawn ones are."""
    whole = trace.customdata
    fits = whole is not None and np.shape(whole) == np.shape(trace.y)
    return np.asarray(whole if fits else trace.y, dtype=float)


def _points(trace: Any, across: str, up: str, *, named: bool) -> pd.DataFrame:
    ids = trace.customdata if trace.customdata is not None else range(len(trace.x))
    told = pd.DataFrame({across: list(trace.x), up: list(trace.y)}, index=pd.Index(list(ids), name="id"))
    return told.assign(group=trace.name) if named else told
