"""Attacks on trained models: the answer, the controls that change it, and the sections."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from fil_core import Dataset, FilError
from fil_core.analyses.network_mia.request import NetworkMiaRequest
from pages.common import compute, widgets
from pages.views.membership.everyone import listing
from pages.views.membership.ranked import ranking
from pages.views.membership.trained import against, answer, asked, presets, record
from pages.views.membership.trained.shown import BY, FIRST, Shown, shown

_ROW = ("rank", "label", "auc", "auc_error", "lira", "in_mean", "out_mean")


def view(data: Dataset) -> None:
    """How many members do attacks on trained models find, and whom?"""
    st.subheader("What do attacks on trained models find?", anchor=False)
    top = st.container()  # the answer is above the controls that change it
    presets.view()
    request = asked.request(data)
    if request is None:
        return
    with top:
        try:
            result = compute.result(request)
        except FilError as error:
            widgets.refused(error)
            st.stop()
        one = shown(request, data, result)
        answer.view(one)
    sections: list[Callable[[Shown], None]] = [answer.figures, _ranked, record.view]
    if isinstance(request, NetworkMiaRequest):
        sections.append(against.view)
    widgets.sections([*sections, _everyone], one)
    widgets.provenance(request, result)


def _ranked(one: Shown) -> None:
    ranking(
        one.analysis, one.data, one.table, first=FIRST, key=BY, row=_ROW, chosen=one.id, classes=one.subject.classes
    )


def _everyone(one: Shown) -> None:
    by = st.session_state.get(BY, FIRST)
    listing(one.analysis, one.data, one.table, by=by, key="mia", name="membership-attacks")
    if not widgets.redacted():
        st.download_button(
            "Signals (.npz)", lambda: one.analysis.files[".npz"](one.subject), "signals.npz",
            icon=":material/download:", key="mia-signals", on_click="ignore",
            help="Ids, scores and inclusion of every record and model, as any of these attacks can read them again.",
        )  # fmt: skip
