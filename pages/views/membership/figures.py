"""Distributions by class, and LOOD against the other measures of the same records."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fil_core.analyses.lood.figures import EVERYBODY, distributions
from fil_core.analyses.measures.figures import against, shown_points
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.measures.sources import COLUMNS
from fil_core.analyses.sharing import masked
from fil_core.analyses.table import analysis_of
from fil_core.linalg.correlation import spearman
from pages.common import sidebar, text, widgets
from pages.common.naming import labelled
from pages.views.measures import shown as joint
from pages.views.measures import stored
from pages.views.membership.measure import title
from pages.views.membership.shown import ANALYSIS, AUC, KL, Shown

_FIRST = "leverage"


def view(shown: Shown) -> None:
    """Both distributions side by side, then the scatter."""
    for place, one in zip(st.columns(2), distributions(shown.subject), strict=False):
        with place:
            st.subheader(text.capitalised(one.title), anchor=False)
            widgets.chart(one.figure, one.alt, f"lood-{one.title}")
    _numbers(shown)
    st.subheader("LOOD against other measures", anchor=False)
    _scatter(shown)


def _numbers(shown: Shown) -> None:
    by = shown.table["label"] if shown.subject.classes else [EVERYBODY] * len(shown.table)
    told = shown.table[[AUC, KL]].groupby(by).agg(["count", "mean", "min", "median", "max"])
    told.columns = [f"{name}, {what}" for name, what in told.columns]
    widgets.table_twin(told.rename_axis("class"), key="lood-classes-numbers")


def _scatter(shown: Shown) -> None:
    table = _joined(shown)
    x = _column(shown, table)
    log = _is_log(table[x])
    there = table[[KL, x]].dropna()
    rho = spearman(there[x].to_numpy(), there[KL].to_numpy())
    said = "none: one of the two is the same for all" if pd.isna(rho) else f"**{rho:.3f}**"
    st.markdown(f"Spearman's correlation with LOOD (KL): {said}, over {text.counted(len(there), 'record')}.")
    _points(shown, there.assign(label=table["label"]), x, log)


def _points(shown: Shown, there: pd.DataFrame, x: str, log: bool) -> None:
    """The plot, a click into which opens a record, and what is not drawn."""
    points = shown_points(there, x, KL)
    figure = labelled(
        against(points, (x, KL), (_title(x), title(ANALYSIS, KL)), widgets.mode(), log=(log, True)), shown.data
    )
    marked = go.Figure(figure).update_layout(dragmode="zoom")
    marked.update_traces(selected_marker_size=12, unselected_marker_opacity=0.65)  # one is open, the others stay
    event = widgets.chart(
        marked,
        f"Scatter of {title(ANALYSIS, KL)} against {_title(x)} for {len(points):,} records", "lood-scatter",
        on_select="rerun", selection_mode=("points",),
    )  # fmt: skip
    _open([int(one["customdata"]) for one in event["selection"]["points"] if "customdata" in one])
    said = ["A click on a point opens its record below."]
    if len(points) < len(there):
        said.append(f"{text.count(len(points))} of {text.count(len(there))} are drawn, with the highest of both.")
    if zero := int((there[KL] <= 0).sum()):
        said.append(f"{text.counted(zero, 'record')} with a LOOD of 0 have no place on a logarithmic axis.")
    st.caption(" ".join(said))


def _open(picked: list[int]) -> None:
    """Open the record of a point, once."""
    if picked and picked[0] != st.session_state.get("lood-picked"):
        st.session_state["open"] = st.session_state["lood-picked"] = picked[0]
        st.rerun()


def _joined(shown: Shown) -> pd.DataFrame:
    """The columns of this table, and those of other results about the same records that are stored."""
    found = stored.tables(sidebar.request(), shown.data)
    others = [
        source.joined(table) for source, table in found if table is not None and source.analysis.name != ANALYSIS.name
    ]
    joined = pd.concat(others, axis=1) if others else pd.DataFrame(index=shown.table.index)
    if widgets.redacted():
        joined = masked(analysis_of(MeasuresRequest()), joined)
    return shown.table.join(joined[[name for name in joined if name not in shown.table]])


def _column(shown: Shown, table: pd.DataFrame) -> str:
    own = [name for name in shown.measures if name != KL]
    offered = own + [name for name in table if name in COLUMNS and name not in shown.table]
    if st.session_state.get("lood-x") not in (None, *offered):
        del st.session_state["lood-x"]
    named = "\n".join(f"- `{name}`: {text.safe(_title(name))}" for name in offered)
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    x = left.selectbox("Against", offered, index=offered.index(_FIRST), key="lood-x", bind="query-params", help=named)
    with right:
        st.page_link(
            "pages/measures.py", label="η and other measures are in this menu once computed, as on All measures",
            icon=":material/join_inner:",
        )  # fmt: skip
    return x or _FIRST


def _title(column: str) -> str:
    return joint.name(column) if column in COLUMNS else title(ANALYSIS, column)


def _is_log(values: pd.Series) -> bool:
    """Whether a column is drawn on a logarithmic axis: all of it is positive, and it spans more than a hundredfold."""
    return bool((values.dropna() > 0).all()) and bool(values.max() > 100 * values.min())
