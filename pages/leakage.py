"""How is leakage spread, what goes with it, and how much noise does it take?"""

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import Dataset, FilError, FilRequest, Result, agreement, analysis_of, top
from fil_core.analyses import ranking
from fil_core.analyses.analysis import Analysis
from fil_core.display import charts
from pages.common import compute, frame, sidebar, text, tiles, widgets
from pages.views.leakage import other_model, planner

_EVERYTHING = "the whole example"
_STRIP = 16


def attribute() -> tuple[str, ...]:
    """What an attacker is after: the whole example, or one attribute of a table."""
    data = compute.dataset(sidebar.data_spec())
    groups = sidebar.at_risk(data)
    if not groups:
        return ()
    if st.session_state.get("attribute") not in (None, *groups):
        del st.session_state["attribute"]
    chosen = st.selectbox("At risk", [_EVERYTHING, *groups], key="attribute", bind="query-params")
    return () if chosen == _EVERYTHING else (chosen,)


def columns(table: pd.DataFrame, result: Result) -> dict[str, str]:
    """The columns that tell examples apart (equal weights do not), with their titles; a person's own come last."""
    analysis = analysis_of(FilRequest())
    known = {name: column.title for name in table if name != "eta" and (column := analysis.column(name)) is not None}
    known |= {name: f"η of {name.removeprefix('eta_')}" for name in _sensitive(analysis, result)}
    more = {"eta_before": "η with equal weights"}
    own = {name: f"your {name}" for name in widgets.own_scores(table, result)}
    return {name: title for name, title in (known | more | own).items() if name in table and _tells_apart(table[name])}


def _sensitive(analysis: Analysis, result: Result) -> list[str]:
    """The columns of eta of an attribute that the data call sensitive."""
    return [name for name in result.table if (column := analysis.column(name)) is not None and column.name == "eta_*"]


def _tells_apart(values: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return False
    finite = values[np.isfinite(values)]
    return len(finite) > 1 and bool(np.ptp(finite) > 0)


def agreements(table: pd.DataFrame, titles: dict[str, str], k: int) -> pd.DataFrame:
    """Correlation and top-k overlap of eta with every other column."""
    rows = {title: agreement(table["eta"].to_numpy(), table[name].to_numpy(), k=k) for name, title in titles.items()}
    columns = {
        "Pearson": [a.pearson for a in rows.values()],
        "Spearman": [a.spearman for a in rows.values()],
        f"in both top {k}": [a.overlap for a in rows.values()],
    }
    return pd.DataFrame(columns, index=pd.Index(rows, name="η against"))


def scatter(data: Dataset, table: pd.DataFrame, titles: dict[str, str]) -> None:
    """eta against another column; a selection there becomes the gallery's."""
    left, right = st.columns([3, 1])
    column = left.selectbox("Against", list(titles), key="against", bind="query-params")
    log = right.toggle("Log η", key="log-scatter")
    shown = charts.thinned(table[np.isfinite(table[column])])
    if len(shown) < len(table):
        st.caption(
            f"{text.count(len(shown))} of {text.count(len(table))} points are drawn, the leakiest all among them."
        )
    event = widgets.chart(
        charts.against(shown, column, titles[column], widgets.mode(), log=log),
        f"Scatter of eta against {titles[column]} for {len(shown):,} examples",
        "scatter",
        on_select="rerun",
        selection_mode=("box", "lasso", "points"),
    )
    picked = [int(point["customdata"]) for point in event["selection"]["points"] if "customdata" in point]
    if not picked:
        st.session_state.pop("selection", None)
        st.caption("Drag a box or a lasso over points to see who they are.")
        return
    ids = table.loc[table.index.intersection(picked)].sort_values("rank").index
    st.session_state["selection"] = [int(i) for i in ids]
    st.markdown(f"**{text.count(len(ids))} selected**, the leakiest first")
    if data.image_shape is not None:
        clicked = tiles.tiles(data, table, list(ids[:_STRIP]), key="strip")
        if clicked is not None:
            st.switch_page("pages/examples.py", query_params={"id": str(clicked)})
    else:
        frame = widgets.with_records(data, table.loc[ids, ["rank", "eta", "label", column]])
        st.dataframe(frame, column_config=widgets.number_columns(frame), key="strip-rows")
    buttons = st.columns([1, 1, 2])
    if buttons[0].button("Open in the gallery", icon=":material/grid_view:"):
        st.switch_page("pages/examples.py", query_params={})
    with buttons[1]:
        widgets.export(table.loc[ids], "selection", key="selection-export", label="Export selection")


frame.required()
st.title("Leakage", anchor=False)
request, data, result, table = widgets.measured(attribute())
titles = columns(table, result)
eta = table["eta"].to_numpy()
tenth = table.nsmallest(max(1, len(table) // 10), "rank")
share = (tenth["eta"] ** 2).sum() / max((eta**2).sum(), 1e-300)
what = f"attribute {text.safe(request.attribute[0])}" if request.attribute else "the whole example"
if ranking.even(table):
    st.markdown(
        f"For {what}, all {text.count(len(table))} leak the same: η is **{text.number(eta.max())}**. What is left "
        "of its spread, below, ranks nobody."
    )
else:
    st.markdown(
        f"For {what}, η runs from **{text.number(eta.min())}** to **{text.number(eta.max())}**; the leakiest tenth "
        f"holds **{share:.0%}** of all squared leakage."
    )

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
    st.subheader("What goes with it", anchor=False)
    k = min(500, max(1, len(table) // 10))
    found = agreements(table, titles, k)
    st.dataframe(found, width="stretch", column_config=widgets.number_columns(found))
    if found["Spearman"].notna().any():
        best = found["Spearman"].abs().idxmax()
        st.caption(
            f"Closest in rank: {text.safe(best)} (Spearman {found.loc[best, 'Spearman']:.3f}). A column that shares "
            f"few of the top {k} cannot stand in for η, however high its correlation."
        )

st.subheader("η against another column", anchor=False)
scatter(data, table, titles)
st.subheader("Against another model", anchor=False)
try:
    other_model.comparison(request, table)
except FilError as error:  # a side question must not take the page with it
    st.error(text.safe(error), icon=":material/error:")
st.subheader("How much noise would it take?", anchor=False)
planner.planner(request, result, table)

st.subheader("Everyone", anchor=False)
leakiest = table.iloc[top(eta, len(table))]
st.dataframe(leakiest.head(1000), width="stretch", column_config=widgets.number_columns(table), key="everyone")
if len(table) > 1000:
    st.caption(f"The leakiest 1,000 of {text.count(len(table))}; the export has them all.")
widgets.export(table, "fil", key="export")
widgets.provenance(request, result)
