"""The examples at both ends: tiles of images, sentences of a text, rows of a table."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from fil_core import Dataset, Result, analysis_of
from fil_core.analyses.influence.request import InfluenceRequest
from fil_core.specs.targets import SELF
from pages.common import tables, text, tiles, widgets
from pages.common.naming import called
from pages.views.influence.functions import sentences
from pages.views.influence.functions.asked import Asked
from pages.views.influence.ranked import PLANTED

_SHOWN = 8
_SENTENCES = 6
_COLUMNS = ("influence", "leave_one_out", "self_influence", "label")  # of a row
_ANALYSIS = analysis_of(InfluenceRequest())


@dataclass(frozen=True, slots=True)
class End:
    """Examples at one end.

    Attributes:
        title: who they are.
        measure: the column that ranks.
        most: whether those with the most of it come first.
        key: names the element.
    """

    title: str
    measure: str
    most: bool
    key: str


_HELPFUL = End("Most helpful", "influence", True, "influence-helpful")
_HARMFUL = End("Most harmful", "influence", False, "influence-harmful")
_OWN = End("Highest influence on their own loss", "self_influence", True, "influence-own")


def view(request: Asked, data: Dataset, result: Result) -> None:
    """Each end; while redacted nothing, as the order tells labels, and a sentence's parts tell its length."""
    st.subheader("Who helps and who harms", anchor=False)
    if widgets.redacted():
        why = (
            "the length of a sentence may tell which it is"
            if data.vocabulary
            else "who helps and who harms tells labels"
        )
        st.caption(f"Redacted: {why}, so that examples are not ranked here.")
        return
    ends = [_HELPFUL, _HARMFUL]
    if request.target == SELF:
        ends = [End("Hardest to do without", "influence", True, "influence-own")]
    elif "self_influence" in result.table:
        ends.append(_OWN)
    if data.vocabulary:
        sentences.head(request, data, result)
    for end in ends:
        _end(end, data, result)


def _end(end: End, data: Dataset, result: Result) -> None:
    values = result.table[end.measure]
    rank = values.rank(ascending=not end.most, method="first", na_option="bottom").astype(int)
    table = result.table.assign(rank=rank, percentile=100 * (1 - (rank - 1) / len(rank)))
    those = rank[_of_sign(end, values)].sort_values()
    order = [int(id) for id in those.index[: _SENTENCES if data.vocabulary else _SHOWN]]
    st.markdown(f"**{end.title}**")
    if not order:
        st.caption("Nobody: the influence of no example has this sign.")
    elif data.vocabulary:
        sentences.view(data, result, order, end.measure, key=end.key)
    else:
        planted = {id: PLANTED for id in order if "replaced" in table and table.loc[id, "replaced"]}
        _shown(end, data, table, order, planted)


def _of_sign(end: End, values: pd.Series) -> pd.Series:
    """Who belongs to an end: those that help or harm at all."""
    if end.key == _HELPFUL.key:
        return values > 0
    return values < 0 if end.key == _HARMFUL.key else values.notna()


def _shown(end: End, data: Dataset, table: pd.DataFrame, ids: list[int], planted: dict[int, str]) -> None:
    if data.picture_shape is None:
        rows = widgets.with_records(data, table.loc[ids, ["rank", *(name for name in _COLUMNS if name in table)]])
        tables.table(rows, width="stretch", column_config=widgets.number_columns(rows, _ANALYSIS), key=end.key)
        if planted:
            names = ", ".join(text.safe(called(data, id)) for id in planted)
            st.caption(f":material/label_off: {PLANTED.capitalize()}: {names}.")
        return
    said = (end.measure, "", "influence" if end.measure == "influence" else "influence on its own loss")
    picked = tiles.tiles(data, table, ids, key=end.key, measure=said, notes=planted)
    if picked is not None:
        st.switch_page("pages/examples.py", query_params={"id": str(picked)})
