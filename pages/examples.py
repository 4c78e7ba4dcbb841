"""Who are the leaky examples? Sort, filter, look, and open one."""

import pandas as pd
import streamlit as st

from fil_core import Dataset, FilRequest, NeighboursRequest, analysis_of
from pages.common import analysis_view, frame, text, tiles, widgets
from pages.views.examples import example, review

_PAGE = 48
_FIRST = {
    "leakiest first": ("rank", True),
    "least exposed first": ("rank", False),
}
_LAST = {
    "largest rise by weights first": ("change", False),
    "largest fall by weights first": ("change", True),
    "source order": ("id", True),
}


def orders(table: pd.DataFrame) -> dict[str, tuple[str, bool]]:
    """The orders to choose from, by name: column and whether ascending, as the columns of the analysis say."""
    own = {
        f"{'smallest' if column.more < 0 else 'largest'} {column.title} first": (column.name, column.more < 0)
        for column in analysis_of(FilRequest()).columns
        if column.name in table and column.name != "eta" and (column.more or column.name in ("loss", "grad_norm"))
    }
    found = _FIRST | own | _LAST
    return {name: order for name, order in found.items() if order[0] in (*table.columns, "id")}


def filtered(table: pd.DataFrame) -> pd.DataFrame:
    """The examples that the controls above the grid leave, sorted."""
    sort, kept, quantiles = st.columns(3)
    known = orders(table)
    order = sort.selectbox("Sort", list(known), key="sort", bind="query-params")
    shown = table
    if "correct" in table:
        labels = sorted(map(str, table["label"].unique()))
        chosen = kept.multiselect("Class", labels, key="class", bind="query-params", placeholder="all classes")
        shown = shown[shown["label"].astype(str).isin(chosen)] if chosen else shown
    low, high = quantiles.slider("Percentile of η", 0, 100, (0, 100), key="percentiles", bind="query-params")
    shown = shown[shown["percentile"].between(low, high)]
    selection = st.session_state.get("selection")
    if selection and st.toggle(
        f"Only the {text.count(len(selection))} selected in the scatter", value=True, key="only-selected"
    ):
        shown = shown.loc[shown.index.intersection(selection)]
    column, ascending = known[order]
    return shown.sort_index() if column == "id" else shown.sort_values(column, ascending=ascending, kind="stable")


def jump(table: pd.DataFrame) -> None:
    """Open an example by its id or by its rank."""
    by_id, by_rank, _ = st.columns([1, 1, 2])
    by_id.number_input(
        "Open example (id)", min_value=0, value=None, step=1, key="id", bind="query-params", placeholder="none"
    )
    by_rank.number_input(
        "Open by rank",
        min_value=1,
        max_value=len(table),
        value=None,
        step=1,
        key="rank",
        placeholder="1 = leakiest",
        on_change=_open_rank,
        args=(table["rank"],),
    )


def _open_rank(rank: pd.Series) -> None:
    if (wanted := st.session_state["rank"]) is not None:
        st.session_state["id"] = int(rank.index[rank == wanted][0])


def grid(data: Dataset, table: pd.DataFrame, shown: pd.DataFrame) -> None:
    """One page of tiles, or of rows where the data hold no images."""
    pages = max(1, -(-len(shown) // _PAGE))
    if st.session_state.get("page", 1) > pages:
        st.session_state["page"] = 1
    st.caption(f"{text.count(len(shown))} of {text.count(len(table))} examples")
    above = st.container()  # the tiles stand above the page numbers that choose them
    page = st.pagination(pages, key="page", bind="query-params")
    ids = list(shown.index[(page - 1) * _PAGE : page * _PAGE])
    with above:
        if data.image_shape is not None:
            picked = tiles.tiles(data, table, ids, key="grid", chosen=st.session_state.get("id"))
        else:
            picked = _rows(data, shown.loc[ids])
    if picked is not None:
        st.session_state["open"] = picked
        st.rerun()


def _rows(data: Dataset, rows: pd.DataFrame) -> int | None:
    """Table rows with one to pick."""
    columns = [c for c in ("rank", "eta", "eta_before", "change", "label", "prediction", "loss") if c in rows]
    shown = widgets.with_records(data, rows[columns])
    # A table keeps its selected position; another name after each pick makes it forget, as a button does.
    visit = st.session_state.setdefault("rows-visit", 0)
    event = st.dataframe(
        shown, width="stretch", on_select="rerun", selection_mode="single-row", key=f"rows-{visit}",
        column_config=widgets.number_columns(shown),
    )  # fmt: skip
    picked = event["selection"]["rows"]
    if not picked:
        return None
    st.session_state["rows-visit"] = visit + 1
    return int(rows.index[picked[0]])


frame.required()
st.title("Examples", anchor=False)
if (opened := st.session_state.pop("open", None)) is not None:
    st.session_state["id"] = opened  # before the widget that shows it is drawn
request, data, result, table = widgets.measured()
leakiest = table.nsmallest(1, "rank").iloc[0]
st.markdown(
    f"The leakiest example is **{leakiest.name:,}**"
    + (f" (class {text.safe(leakiest.label)})" if data.class_names and not widgets.redacted() else "")
    + f", with an η of **{text.number(leakiest.eta)}**. Open one to see which parts leak most."
)
jump(table)
if (chosen := st.session_state.get("id")) is not None:
    example.panel(request, data, table, int(chosen))
shown = filtered(table)
if len(shown):
    grid(data, table, shown)
    widgets.export(shown, "gallery", key="gallery-export", label="Export these")
else:
    st.info("No example fits. Widen the percentiles, choose more classes, or show more than the selection.")
review.panel(request, table)
with st.expander("Nearest neighbours"):
    analysis_view.view(NeighboursRequest(data=request.data, device=request.device), data, key="neighbours")
widgets.provenance(request, result)
