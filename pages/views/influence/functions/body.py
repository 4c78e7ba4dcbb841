"""The half of the page about influence functions: who helps and who harms a loss, and whether that is true."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import streamlit as st

from fil_core import Dataset, FilError, Result
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest
from pages.common import compute, text, widgets
from pages.views.influence import canaries, outliers
from pages.views.influence.answer import found
from pages.views.influence.functions import answer, asked, everyone, figures, ladder, ranked
from pages.views.influence.functions.asked import Asked


def view(data: Dataset) -> None:
    """The answer, the controls that change it, the figures, and the examples at both ends."""
    st.subheader("Which examples help, and which harm?", anchor=False)
    top = st.container()  # the answer is above the controls that change it
    request = asked.request(data)
    beside = st.container()
    with top:
        result = found(request, data, asked.offer_small)
    with beside:
        wanted, examples = asked.truth(data)
        shown, result = _with_truth(request, examples, data, result) if wanted else (request, result)
    with top:
        answer.view(shown, data, result)
    figures.view(shown, data, result, key="influence")
    ranked.view(shown, data, result)
    _sections(request, examples, data)
    everyone.view(shown, data, result)
    widgets.provenance(shown, result)


def _sections(request: Asked, examples: int | None, data: Dataset) -> None:
    """What else there is about the same model: each on its own, so that an error of one does not hide the others."""
    sections: list[Callable[[], None]] = [
        lambda: ladder.view(request, examples, data),
        lambda: outliers.view(request, data),
    ]
    if isinstance(request, NetworkInfluenceRequest):
        sections.append(functools.partial(canaries.view, request, data))
    widgets.sections(sections)


def _with_truth(request: Asked, examples: int | None, data: Dataset, alone: Result) -> tuple[Asked, Result]:
    """The same question with the truth, once it is computed; before that, and if it cannot be, the prediction alone."""
    try:
        true = dataclasses.replace(request, truth=True, examples=examples)
        label = f"Train {text.counted(examples or data.n, 'time')} without one example"
        compared = compute.offered(true, label, key="influence-truth")
    except FilError as error:  # the prediction is shown all the same
        st.error(text.safe(error), icon=":material/error:")
        return request, alone
    return (request, alone) if compared is None else (true, compared)
