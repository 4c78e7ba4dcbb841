"""Heat maps: how far every two measures correlate, and which examples they have at their top together."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from fil_core.analyses.measures.figures import common, correlation_map, matrix, overlap_map
from pages.common import text, widgets
from pages.views.measures.shown import Shown

_KINDS: dict[str, Literal["spearman", "pearson"]] = {"Spearman": "spearman", "Pearson": "pearson"}


def view(one: Shown) -> None:
    """Both heat maps, and their numbers."""
    left, right = st.columns(2)
    with left:
        st.subheader("Which measures agree", anchor=False)
        _correlations(one)
    with right:
        st.subheader("Common top examples", anchor=False)
        _overlaps(one)


def _correlations(one: Shown) -> None:
    chosen = st.segmented_control(
        "Correlation", list(_KINDS), default="Spearman", key="correlation", bind="query-params", required=True
    )
    kind = _KINDS[chosen or "Spearman"]
    values = matrix(one.result.summary[kind], one.names)
    widgets.chart(
        correlation_map(values, one.names, widgets.mode()),
        f"Heat map of {chosen}'s correlation of every two of {len(one.names)} measures",
        "measures-correlation",
    )
    widgets.table_twin(pd.DataFrame(values, one.names, one.names), key="measures-correlation-numbers")
    st.caption("A bound or a distance may fall as exposure rises; it then correlates negatively with the others.")


def _overlaps(one: Shown) -> None:
    s = one.result.summary
    counts = common(one.result.arrays["overlap"], s["columns"], one.names)
    st.caption(
        f"Share of the {text.count(s['top'])} most exposed examples (5 %) that two measures have in common. The diagonal "
        "is below 100 % where a tie crosses the end of the 5 %, as nobody of such a tie counts."
    )
    widgets.chart(
        overlap_map(counts, s["top"], one.names, widgets.mode()),
        f"Heat map of the common top examples of every two of {len(one.names)} measures",
        "measures-overlap",
    )
    widgets.table_twin(pd.DataFrame(counts, one.names, one.names), key="measures-overlap-numbers")
