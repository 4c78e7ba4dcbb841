"""One study: how its entries stand, a link to the page of each, and the job that computes them all."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fil_core import DataUnavailable, Result
from fil_core.analyses import reproduce
from fil_core.analyses.sharing import masked
from fil_core.analyses.study.request import NAMES, StudyRequest
from fil_core.analyses.study.run import FAILED
from fil_core.analyses.table import analysis_of
from fil_core.display.numbers import counted
from fil_core.engine import studies
from fil_core.engine.studies import State
from pages.common import compute, text, widgets
from pages.views.results import open as results_open

_WIDTHS = (6, 1, 3, 7)
_STORED = ("stored", ":material/check:", "green")
_TO_COMPUTE = ("to compute", ":material/schedule:", "gray")
_MISSING = ("no data", ":material/folder_off:", "orange")
_FAILED = ("failed", ":material/error:", "red")


def view() -> None:
    """The study that is chosen."""
    request = StudyRequest(name=_chosen())
    st.subheader(request.study.title, anchor=False)
    st.caption(request.study.says)
    above = st.container()  # what is stored is said above the button that computes the rest
    found = studies.states(request, compute.engine())
    result = _computed(request, found)
    if result is not None:
        found = studies.states(request, compute.engine())
    above.markdown(_sentence(found))
    for reason in dict.fromkeys(state.missing for state in found if state.missing):
        above.caption(f":material/info: {text.safe(reason)}")
    table = None if result is None else _shown(request, result)
    for state in found:
        _row(state, None if table is None or state.entry.name not in table.index else table.loc[state.entry.name])
    if table is not None:
        widgets.table_twin(table, key="study-table")
    with st.expander("Reproduce this"):
        st.code(reproduce.command(request), language="bash")


def _computed(request: StudyRequest, found: list[State]) -> Result | None:
    """The result of those entries whose data are here, or a button that computes it."""
    try:
        request = studies.at_hand(request, found)
    except DataUnavailable:  # as is said above
        return None
    label, seconds = f"Compute all of {request.study.title}", studies.seconds(found)
    return compute.sweep([request], label, key="study-compute", seconds=seconds)[0]


def _chosen() -> str:
    if st.session_state.get("study") not in (None, *NAMES):
        del st.session_state["study"]
    chosen = st.segmented_control("Study", NAMES, default=NAMES[0], key="study", bind="query-params", required=True)
    return chosen or NAMES[0]


def _sentence(found: list[State]) -> str:
    """How many entries are stored, to be computed, or without data."""
    stored, left, lacking = (
        sum(which)
        for which in zip(*((s.stored, s.to_compute, bool(s.missing and not s.stored)) for s in found), strict=True)
    )
    parts = [f"**{stored} of {counted(len(found), 'result')}** stored"]
    parts += [f"{text.count(left)} to compute"] if left else []
    parts += [f"the data of {text.count(lacking)} are not here"] if lacking else []
    return ", ".join(parts) + "."


def _shown(request: StudyRequest, result: Result) -> pd.DataFrame:
    """The table as it may be shown."""
    return masked(analysis_of(request), result.table) if widgets.redacted() else result.table


def _row(state: State, row: pd.Series | None) -> None:
    """An entry: a button and a link that open its page, how it stands, and what its result says."""
    label, link, badge, right = st.columns(_WIDTHS, vertical_alignment="center")
    place = results_open.place(state.entry.request, offered=False)
    label.button(
        text.safe(state.entry.label), type="tertiary", key=f"study-open-{state.entry.name}",
        on_click=results_open.go, args=(place,),
    )  # fmt: skip
    link.markdown(f"[link]({results_open.address(place)})")
    failed = row is not None and row["state"] == FAILED
    said, icon, colour = _FAILED if failed else _STORED if state.stored else _MISSING if state.missing else _TO_COMPUTE
    badge.badge(said, icon=icon, color=colour)  # type: ignore[arg-type]
    if row is not None:
        right.caption(text.safe(row.get("error" if failed else "result") or ""))
