"""The joint table as a page may show it: with uploaded scores, or without what redaction hides."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from fil_core import Dataset, FilError, Result, analysis_of
from fil_core.analyses.measures.described import oriented, with_columns
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.measures.sources import COLUMNS
from fil_core.analyses.measures.words import notes, title
from fil_core.analyses.sharing import masked
from fil_core.analyses.subject import Subject
from pages.common import text, uploads, widgets

ANALYSIS = analysis_of(MeasuresRequest())


@dataclass(frozen=True, slots=True)
class Shown:
    """A joint table on a page.

    Attributes:
        data: the examples.
        result: with uploaded scores, where there are some and they may be shown.
        table: as it may be shown, with `rank` and `percentile` by how many measures an example is high in.
        names: its columns that are measures.
    """

    data: Dataset
    result: Result
    table: pd.DataFrame
    names: list[str]


def shown(request: MeasuresRequest, data: Dataset, result: Result) -> Shown:
    """The joint table as it may be shown.

    Args:
        request: what was asked.
        data: the examples.
        result: as it is stored.
    """
    scores = st.session_state.get("scores")
    if scores and not widgets.redacted():  # they may reveal anything
        result = _with_scores(request, result, scores)
    table = masked(ANALYSIS, result.table) if widgets.redacted() else result.table
    names = [name for name in result.summary["columns"] if name in table]
    return Shown(data, result, _ranked(table, result.summary["exposure"]), names)


def _with_scores(request: MeasuresRequest, result: Result, scores: str) -> Result:
    try:
        table, said = uploads.with_scores(result.table, scores, request.data)
    except FilError as error:
        st.warning(text.safe(error), icon=":material/warning:")
        return result
    for note in said:
        st.caption(f":material/info: {text.safe(note)}")
    return with_columns(result, table)


def _ranked(table: pd.DataFrame, exposure: list[str]) -> pd.DataFrame:
    """By how many measures of exposure an example is high in, then by its mean place in them."""
    places = oriented(table[exposure]).rank(pct=True).mean(axis=1).fillna(0.0)
    order = pd.DataFrame({"high": table["high_in"], "place": places}).sort_values(
        ["high", "place"], ascending=False, kind="stable"
    )
    rank = pd.Series(range(1, len(order) + 1), order.index).reindex(table.index)
    return table.assign(rank=rank, percentile=100 * (1 - (rank - 1) / len(table)))


def name(column: str) -> str:
    """What a column is called in menus and on axes, with its unit."""
    unit = COLUMNS[column].unit if column in COLUMNS else ""
    return f"{title(column)}, in {unit}" if unit else title(column)


def answer(request: MeasuresRequest, one: Shown) -> None:
    """The sentence, and what is to be known of columns that order nobody or lack values."""
    about = Subject(request, one.result, one.data, "", widgets.redacted(), 1, widgets.mode())
    st.markdown(ANALYSIS.sentence(about, text.safe))
    for note in notes(one.result.summary):
        st.caption(f":material/info: {text.safe(note)}")
