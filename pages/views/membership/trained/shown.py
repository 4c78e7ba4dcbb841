"""The outcome of membership attacks as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from fil_core import Dataset, Result, analysis_of
from fil_core.analyses.analysis import Analysis
from fil_core.analyses.sharing import masked
from fil_core.analyses.subject import Subject
from pages.common import widgets
from pages.views.membership.trained.asked import Asked

FIRST, BY = "auc", "mia-by"


@dataclass(frozen=True, slots=True)
class Shown:
    """A result on the page.

    Attributes:
        request: what was asked.
        data: the records.
        result: as it is stored.
        table: as it may be shown.
    """

    request: Asked
    data: Dataset
    result: Result
    table: pd.DataFrame

    @property
    def analysis(self) -> Analysis:
        """The entry of the request."""
        return analysis_of(self.request)

    @property
    def id(self) -> int:
        """The record that is open: the one of the link, or the most exposed."""
        chosen = st.session_state.get("id")
        exposed = self.table[FIRST].fillna(-1.0)
        return int(exposed.idxmax()) if chosen is None else int(chosen)

    @property
    def subject(self) -> Subject:
        """What sentences and figures are about."""
        return Subject(self.request, self.result, self.data, "", widgets.redacted(), 1, widgets.mode())


def shown(request: Asked, data: Dataset, result: Result) -> Shown:
    """The result as it may be shown."""
    table = masked(analysis_of(request), result.table) if widgets.redacted() else result.table
    return Shown(request, data, result, table)
