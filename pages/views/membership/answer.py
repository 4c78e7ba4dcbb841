"""The answer: a sentence, and the numbers of the Gaussian process."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fil_core import Dataset, FilError, Result
from fil_core.analyses.lood.request import LoodRequest
from pages.common import compute, text, widgets
from pages.views.influence import controls
from pages.views.membership.shown import ANALYSIS, Shown

_MANY = 4000  # records beyond which the answer takes longer than a page waits
_FEW = 1000


def found(request: LoodRequest, data: Dataset) -> Result:
    """The result; stops the page where there is none yet, with ways on from too many records.

    Args:
        request: what is asked.
        data: its records.
    """
    place, ways_on = st.container(), st.container()
    if data.n > _MANY and compute.stored(request) is None:
        with ways_on:
            controls.offer_quick(data, size="the rows", rows=_FEW)
    with place:
        try:
            return compute.result(request)
        except FilError as error:
            widgets.refused(error)
            st.stop()


def view(shown: Shown) -> None:
    """The sentence and the metrics."""
    st.markdown(ANALYSIS.sentence(shown.subject, text.safe))
    widgets.metrics(_facts(shown.result.summary))


def _facts(s: dict[str, Any]) -> dict[str, tuple[str, str]]:
    times = f"nats, {text.number(s['max'] / s['median'])} × median" if s["median"] > 0 else "nats"
    return {
        "Median AUC": (f"{s['auc_median']:.3f}", ".5 is chance"),
        "AUC above .75": (text.count(s["auc_above_0.75"]), f"of {text.counted(s['n'], 'record')}"),
        "Largest LOOD": (text.number(s["max"]), times),
        "Noise s": (text.number(s["noise"]), f"{text.number(s['relative_noise'])} × mean diagonal"),
        f"Test {s['score']}": (
            text.score(s["test_score"], s["score"]),
            f"train {text.score(s['train_score'], s['score'])}",
        ),
    }
