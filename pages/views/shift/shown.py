"""What the page shows of out-of-distribution scores."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from fil_core import Dataset, Result, analysis_of
from fil_core.analyses.analysis import Analysis
from fil_core.analyses.ood.request import OodRequest
from fil_core.analyses.subject import Subject
from fil_core.data.outside import Outside
from pages.common import widgets

SCORE = "ood-score"  # the control that chooses a score
_LISTED = 24


@dataclass(frozen=True, slots=True)
class Shown:
    """One result as the page shows it.

    Attributes:
        subject: with its request, result and data.
        outside: the examples that the model was not trained on, row by row as in the table.
        analysis: its entry.
    """

    subject: Subject
    outside: Outside
    analysis: Analysis

    @property
    def result(self) -> Result:
        """The scores."""
        return self.subject.result

    @property
    def data(self) -> Dataset:
        """What the model is trained on."""
        assert self.subject.data is not None
        return self.subject.data


def score_of(one: Shown) -> str:
    """The score that is looked at: the chosen one, else the best."""
    known: list[str] = list(one.result.summary["auroc"])
    chosen: str | None = st.session_state.get(SCORE)
    best: str = one.result.summary["best"]
    return chosen if chosen is not None and chosen in known else best


def shown(request: OodRequest, data: Dataset, result: Result, outside: Outside) -> Shown:
    """A result with its examples, redacted where that is on."""
    subject = Subject(request, result, data, "", widgets.redacted(), _LISTED, widgets.mode())
    return Shown(subject, outside, analysis_of(request))
