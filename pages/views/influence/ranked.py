"""The most and the least unique examples, by a measure and at a time of training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import Dataset, Result, analysis_of
from fil_core.analyses.sharing import masked
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.specs.network import INFINITE
from pages.common import tables, text, tiles, widgets
from pages.common.naming import called

ANALYSIS = analysis_of(UniqueInfoRequest())
PLANTED = "label replaced on purpose"
_MEASURES = ("f_si", "si_weights", "training_change")  # that are told at every time
_SHOWN = 8
_LAST = "unique-last-time"  # of the run that was shown last


@dataclass(frozen=True, slots=True)
class Ranked:
    """All examples as they are shown.

    Attributes:
        table: measures at a time, masked while redacted, with `rank`, `percentile`, `replaced` where it may be told.
        measure: the column that ranks.
        when: the time, in words.
    """

    table: pd.DataFrame
    measure: str
    when: str


def title(column: str) -> str:
    """What a column is called."""
    return next(one.title for one in ANALYSIS.columns if one.name == column)


def view(data: Dataset, result: Result) -> Ranked:
    """Tiles, or rows where the data are not images; returns all examples as they are ranked."""
    st.subheader("Most and least unique", anchor=False)
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        offered = [name for name in _MEASURES if np.isfinite(result.table[name]).all()]
        if st.session_state.get("unique-by") not in (None, *offered):
            del st.session_state["unique-by"]
        measure = st.selectbox("Measure", offered, key="unique-by", bind="query-params", help=_explained(offered))
    with right:
        i, when = _time(result.arrays["times"])
    if i + 1 < len(result.arrays["times"]):
        st.caption(
            f"These examples and the table of all of them are {when}. The sentence above, the figures and the sections "
            "below are about the end of training; with this number as `--time` the command line gives the same table."
        )
    ranked = Ranked(at_time(data, result, i, measure), measure, when)
    order = ranked.table.sort_values("rank").index
    for name, ids, key in (("Most", order[:_SHOWN], "unique-most"), ("Least", order[::-1][:_SHOWN], "unique-least")):
        st.markdown(f"**{name} unique**, by {title(measure)} {when}")
        examples(data, ranked, list(ids), key=key)
    if "replaced" in ranked.table:
        _planted_among(ranked.table)
    return ranked


def _explained(names: list[str]) -> str:
    columns = [one for one in ANALYSIS.columns if one.name in names]
    return "\n".join(f"- `{one.name}`: {one.title}, {one.says}" for one in columns)


def _time(times: np.ndarray) -> tuple[int, str]:
    """The position of a chosen time, and the time in words."""
    said = [str(t) if t > 0 else INFINITE for t in times]
    after, last = st.session_state.get("after"), st.session_state.get(_LAST)
    if after is not None and (after not in said or (after == last and last != said[-1])):
        st.session_state["after"] = said[-1]  # it was the last one of another run, or one that this run does not have
    st.session_state[_LAST] = said[-1]
    chosen = said[0]
    if len(said) > 1:
        chosen = st.select_slider("After steps", said, value=said[-1], key="after", bind="query-params")
    i = said.index(chosen)
    finite = f"after {text.counted(int(times[i]), 'step')}"
    return i, finite if times[i] > 0 else "in the limit of infinitely many steps"


def at_time(data: Dataset, result: Result, i: int, measure: str) -> pd.DataFrame:
    """The table at one of the times, ranked by a measure, as it may be shown.

    Args:
        data: the examples.
        result: unique information.
        i: position among its times.
        measure: the column that ranks.
    """
    table = result.table.copy()
    for name in table.columns:
        if f"{name}_by_time" in result.arrays:
            table[name] = result.arrays[f"{name}_by_time"][i]
    if i + 1 < len(result.arrays["times"]):
        table = table.drop(columns="si_sgd")  # told at the last time only
    rank = table[measure].rank(ascending=False, method="first", na_option="bottom").astype(int)
    table = table.assign(rank=rank, percentile=100 * (1 - (rank - 1) / len(table)))
    if widgets.redacted():
        return masked(ANALYSIS, table)
    return table


def _planted_among(table: pd.DataFrame) -> None:
    tenth = max(1, len(table) // 10)
    among = int(table.loc[table["rank"] <= tenth, "replaced"].sum())
    st.caption(
        f"{text.counted(int(table['replaced'].sum()), 'label')} were replaced on purpose; {text.count(among)} of them "
        f"are among the {text.count(tenth)} most unique examples."
    )


def examples(data: Dataset, ranked: Ranked, ids: list[int], *, key: str) -> None:
    """Tiles that lead to the Examples page, or rows where the data are not images."""
    table, measure = ranked.table, ranked.measure
    planted = [id for id in ids if "replaced" in table and table.loc[id, "replaced"]]
    if data.picture_shape is None:
        rows = widgets.with_records(data, table.loc[ids, ["rank", measure, "label"]])
        tables.table(rows, width="stretch", column_config=widgets.number_columns(rows, ANALYSIS), key=key)
        if planted:
            names = ", ".join(text.safe(called(data, id)) for id in planted)
            st.caption(f":material/label_off: {PLANTED.capitalize()}: {names}.")
        return
    notes = dict.fromkeys(planted, PLANTED)
    picked = tiles.tiles(data, table, ids, key=key, measure=(measure, "", title(measure)), notes=notes)
    if picked is not None:
        st.switch_page("pages/examples.py", query_params={"id": str(picked)})
