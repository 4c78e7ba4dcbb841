"""How is leakage distributed, what correlates with it, and how much noise does it take?"""

import pandas as pd
import streamlit as st

from fil_core import FilError, FilRequest, top
from fil_core.analyses import ranking
from fil_core.analyses.eta_parts.request import SINGLE_RESIDUAL, EtaPartsRequest
from fil_core.analyses.pullback.request import PullbackRequest
from fil_core.display import charts
from pages.common import analysis_view, compute, frame, sidebar, tables, text, widgets
from pages.common.naming import named
from pages.views.leakage import columns, other_model, planner, scatter

_WHOLE = "the whole example"
_ROWS = 1000


def attribute() -> tuple[str, ...]:
    """What is at risk: the whole example, or one attribute of a table."""
    data = compute.dataset(sidebar.data_spec())
    groups = sidebar.at_risk(data)
    if not groups:
        return ()
    if st.session_state.get("attribute") not in (None, *groups):
        del st.session_state["attribute"]
    chosen = st.selectbox("At risk", [_WHOLE, *groups], key="attribute", bind="query-params")
    return () if chosen == _WHOLE else (chosen,)


def sentence(request: FilRequest, table: pd.DataFrame) -> str:
    """The range of eta, and the share of the leakiest decile."""
    eta = table["eta"]
    at_risk = f"attribute {text.safe(request.attribute[0])}" if request.attribute else "the whole example"
    if ranking.even(table):
        return (
            f"For {at_risk}, all {text.count(len(table))} examples leak the same amount: η is "
            f"**{text.number(eta.max())}**. The differences below are numerical and rank no example."
        )
    decile = table.nsmallest(max(1, len(table) // 10), "rank")["eta"]
    share = (decile**2).sum() / max((eta**2).sum(), 1e-300)
    return (
        f"For {at_risk}, η ranges from **{text.number(eta.min())}** to **{text.number(eta.max())}**; the leakiest "
        f"10 % of the examples account for **{text.percent(share, 0)}** of the sum of η²."
    )


def correlations(table: pd.DataFrame, titles: dict[str, str]) -> None:
    """What correlates with eta, and what comes closest."""
    k = min(500, max(1, len(table) // 10))
    numbers = columns.agreements(table, titles, k)
    tables.table(numbers, width="stretch", column_config=widgets.number_columns(numbers))
    if numbers["Spearman"].notna().any():
        best = numbers["Spearman"].abs().idxmax()
        st.caption(
            f"Closest in rank: {text.safe(best)} (Spearman {numbers.loc[best, 'Spearman']:.3f}). A column that shares "
            f"few of the top {k} cannot replace η, however high its correlation."
        )


frame.required()
st.title("Leakage", anchor=False)
request, data, result, table = widgets.measured(attribute())
titles = columns.titles(data, table, result)
st.markdown(sentence(request, table))
widgets.scale(result, data)

left, right = st.columns(2)
with left:
    st.subheader("Distribution", anchor=False)
    log = st.toggle("Log axis", key="log", bind="query-params")
    widgets.chart(
        charts.distribution(table, widgets.mode(), log=log),
        f"Histogram of eta over {len(table):,} training examples",
        "distribution",
    )
with right:
    st.subheader("What correlates with η", anchor=False)
    correlations(table, titles)

st.subheader("η against another column", anchor=False)
scatter.view(data, table, titles)
if request.model.kind in SINGLE_RESIDUAL:
    st.subheader("What leakage is due to", anchor=False)
    parts = EtaPartsRequest(data=request.data, model=request.model, device=request.device)
    try:
        analysis_view.view(parts, data, key="eta-parts", label="Split η² into its parts")
    except FilError as error:
        st.error(text.safe(error), icon=":material/error:")
if data.pictures is not None:
    st.subheader("Pixels of a deep model", anchor=False)
    pixels = PullbackRequest(data=request.data, model=request.model, device=request.device)
    try:
        analysis_view.view(pixels, data, key="pullback", label="Follow leakage back to the pixels")
    except FilError as error:
        st.error(text.safe(error), icon=":material/error:")
st.subheader("Against another model", anchor=False)
try:
    other_model.comparison(request, data, table)
except FilError as error:  # an error here must not hide the rest of the page
    st.error(text.safe(error), icon=":material/error:")
st.subheader("How much noise would it take?", anchor=False)
try:
    planner.planner(request, data, result, table)
except FilError as error:  # neither must an error here
    st.error(text.safe(error), icon=":material/error:")

st.subheader("All examples", anchor=False)
leakiest = named(table.iloc[top(table["eta"].to_numpy(), len(table))], data)
tables.table(leakiest.head(_ROWS), width="stretch", column_config=widgets.number_columns(table), key="everyone")
if len(table) > _ROWS:
    st.caption(f"The leakiest {text.count(_ROWS)} of {text.count(len(table))}; the export has all of them.")
widgets.export(table, "fil", data, key="export")
widgets.provenance(request, result)
