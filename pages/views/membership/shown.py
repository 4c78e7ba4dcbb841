"""Leave-one-out distinguishability as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from fil_core import Dataset, Result, analysis_of
from fil_core.analyses.lood.request import LoodRequest
from fil_core.analyses.sharing import masked
from fil_core.analyses.subject import Subject
from fil_core.specs.targets import SELF
from pages.common import widgets
from pages.views.membership import measure

ANALYSIS = analysis_of(LoodRequest())
KL, AUC = "kl_lood", "auc"


@dataclass(frozen=True, slots=True)
class Shown:
    """A result on the page.

    Attributes:
        request: what was asked.
        data: the records.
        result: as it is stored.
        table: as it may be shown.
    """

    request: LoodRequest
    data: Dataset
    result: Result
    table: pd.DataFrame

    @property
    def at_itself(self) -> bool:
        """Whether each record is seen at itself."""
        return self.request.queries == SELF

    @property
    def measures(self) -> list[str]:
        """The columns that tell how exposed a record is."""
        return measure.measures(ANALYSIS, self.table)

    @property
    def top(self) -> int:
        """The record whose LOOD is largest."""
        return int(self.table[KL].idxmax())

    @property
    def id(self) -> int:
        """The record that is open: the one of the link, or the one whose LOOD is largest."""
        chosen = st.session_state.get("id")
        return self.top if chosen is None else int(chosen)

    @property
    def subject(self) -> Subject:
        """What sentences and figures are about."""
        return Subject(self.request, self.result, self.data, "", widgets.redacted(), 1, widgets.mode())


def shown(request: LoodRequest, data: Dataset, result: Result) -> Shown:
    """The result as it may be shown."""
    return Shown(request, data, result, masked(ANALYSIS, result.table) if widgets.redacted() else result.table)
