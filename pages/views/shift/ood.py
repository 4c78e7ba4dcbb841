"""Out-of-distribution scores: the answer, the controls that change it, and the examples that a score gets wrong."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from fil_core import Dataset, FilError
from fil_core.analyses.ood import figures
from fil_core.analyses.ood.columns import TITLES
from pages.common import compute, text, widgets
from pages.views.shift import asked, examples
from pages.views.shift.shown import SCORE, Shown, shown

_OTHER = "ood-against"


def view(data: Dataset) -> None:
    """Which score tells examples that the model has never seen the like of?"""
    st.subheader("Which score tells examples out of the distribution?", anchor=False)
    top = st.container()  # the answer is above the controls that change it
    asked.pairs()
    try:
        request = asked.request(data)
    except FilError as error:
        widgets.refused(error)
        return
    if request is None:
        return
    with top:
        try:
            data = compute.dataset(request.data)
            result = compute.result(request)
        except FilError as error:
            widgets.refused(error)
            return
        one = shown(request, data, result, compute.engine().outside(request.data, request.outside))
        _answer(one)
    sections: list[Callable[[Shown], None]] = [_figures, examples.wrong, examples.new, examples.everyone]
    widgets.sections(sections, one)
    widgets.provenance(request, result)


def _answer(one: Shown) -> None:
    st.markdown(one.analysis.sentence(one.subject, text.safe))
    s = one.result.summary
    best = s["best"]
    widgets.metrics(
        {
            f"Best: {TITLES[best]}": (f"{s['auroc'][best]:.3f}", "AUROC; .5 is guessing"),
            "FPR at 95 %": (text.percent(s["fpr95"][best]), "of the others pass"),
            "In the distribution": (text.count(s["n_in"]), "test examples"),
            "Out of it": (text.count(s["n_out"]), "examples"),
            "Test accuracy": (text.score(s["test_score"], "accuracy"), "of the model's classes"),
        }
    )


def _figures(one: Shown) -> None:
    s, mode = one.result.summary, widgets.mode()
    order = sorted(s["auroc"], key=lambda name: -s["auroc"][name])
    left, right = st.columns(2)
    with left:
        drawn = figures.reached(s, mode)
        st.markdown(f"**{drawn.title}**")
        widgets.chart(drawn.figure, drawn.alt, "ood-reached")
        st.caption(
            "No score here measures what the model does not know: η may be small in a gap of the training data, where "
            "nobody was seen. See the failure modes on the page Learn."
        )
    with right:
        with st.container(horizontal=True):
            score = _chosen("Score", order, SCORE)
            other = _chosen("Against", [name for name in order if name != score] or order, _OTHER)
        by_score, both = st.tabs(["Histograms", "Two scores"])
        with by_score:
            drawn = figures.histograms(one.result.table, score, s["threshold"][score], mode)
            widgets.chart(drawn.figure, drawn.alt, "ood-histograms")
        with both:
            drawn = figures.against(one.result.table, score, other, mode)
            widgets.chart(drawn.figure, drawn.alt, "ood-two")


def _chosen(label: str, names: list[str], key: str) -> str:
    if st.session_state.get(key) not in (None, *names):
        del st.session_state[key]
    chosen: str | None = st.selectbox(label, names, key=key, bind="query-params", width=200)
    return chosen or names[0]
