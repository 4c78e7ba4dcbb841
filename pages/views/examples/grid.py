"""The examples as a grid: sorted, filtered, page by page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fil_core import Dataset, FilRequest, analysis_of
from fil_core.analyses.analysis import Analysis
from fil_core.display.numbers import counted
from pages.common import tables, text, tiles, widgets

_PAGE = 48
_COLUMNS = ("rank", "eta", "eta_before", "change", "label", "prediction", "loss")  # of a row
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
    """The orders to choose from, by name: (column, ascending)."""
    measured = {
        f"{'smallest' if column.more < 0 else 'largest'} {column.title} first": (column.name, column.more < 0)
        for column in analysis_of(FilRequest()).columns
        if column.name in table and column.name != "eta" and (column.more or column.name in ("loss", "grad_norm"))
    }
    known = _FIRST | measured | _LAST
    return {name: order for name, order in known.items() if order[0] in (*table.columns, "id")}


def filtered(table: pd.DataFrame) -> pd.DataFrame:
    """The controls above the grid; returns the examples that they leave, sorted."""
    sort, by_class, quantiles = st.columns(3)
    known = orders(table)
    order = sort.selectbox("Sort", list(known), key="sort", bind="query-params")
    shown = table
    if "correct" in table:
        shown = of_classes(table, by_class)
    low, high = quantiles.slider("Percentile of η", 0, 100, (0, 100), key="percentiles", bind="query-params")
    shown = shown[shown["percentile"].between(low, high)]
    selection = st.session_state.get("selection")
    if selection and st.toggle(
        f"Only the {text.count(len(selection))} selected in the scatter plot", value=True, key="only-selected"
    ):
        shown = shown.loc[shown.index.intersection(selection)]
    column, ascending = known[order]
    return shown.sort_index() if column == "id" else shown.sort_values(column, ascending=ascending, kind="stable")


def of_classes(table: pd.DataFrame, place: DeltaGenerator) -> pd.DataFrame:
    """The control of the classes that are shown; returns the examples of these."""
    labels = sorted(map(str, table["label"].unique()))
    chosen = place.multiselect("Class", labels, key="class", bind="query-params", placeholder="all classes")
    return table[table["label"].astype(str).isin(chosen)] if chosen else table


def view(
    data: Dataset,
    table: pd.DataFrame,
    shown: pd.DataFrame,
    *,
    size: int = _PAGE,
    measure: tuple[str, str, str] = tiles.ETA,
    columns: Sequence[str] = _COLUMNS,
    analysis: Analysis | None = None,
    chosen: int | None = None,
) -> None:
    """One page of tiles, or of rows where the data are not images; a click opens one.

    Args:
        data: the examples.
        table: all of them, ranked.
        shown: those that the controls leave, sorted.
        size: how many are on a page.
        measure: what a tile says, as in `tiles.tiles`.
        columns: of a row, where the table has them.
        analysis: whose columns they are; None for the measurement's own.
        chosen: the example to mark.
    """
    pages = max(1, -(-len(shown) // size))
    if st.session_state.get("page", 1) > pages:
        st.session_state["page"] = 1
    st.caption(f"{text.count(len(shown))} of {counted(len(table), 'example')}")
    above = st.container()  # the tiles are above the page numbers
    page = st.pagination(pages, key="page", bind="query-params")
    ids = list(shown.index[(page - 1) * size : page * size])
    with above:
        if data.picture_shape is not None:
            picked = tiles.tiles(data, table, ids, key="grid", measure=measure, chosen=chosen)
        else:
            picked = _rows(data, shown.loc[ids, [name for name in columns if name in shown]], analysis)
    if picked is not None:
        st.session_state["open"] = picked
        st.rerun()


def _rows(data: Dataset, rows: pd.DataFrame, analysis: Analysis | None) -> int | None:
    """Table rows; returns the id of the one that was picked."""
    shown = widgets.with_records(data, rows)
    # A table keeps its selected row; a new key after each pick clears it.
    visit = st.session_state.setdefault("rows-visit", 0)
    event = tables.table(
        shown, width="stretch", on_select="rerun", selection_mode="single-row", key=f"rows-{visit}",
        column_config=widgets.number_columns(shown, analysis),
    )  # fmt: skip
    picked = event["selection"]["rows"]
    if not picked:
        return None
    st.session_state["rows-visit"] = visit + 1
    return int(rows.index[picked[0]])
