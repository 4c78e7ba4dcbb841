"""What a sentence, a figure or a section is about: one result, its data where they are there, and what may be shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses import sharing
from fil_core.analyses.naming import labelled, named
from fil_core.analyses.table import analysis_of
from fil_core.dataset import Dataset
from fil_core.display import redaction
from fil_core.display.charts import Mode
from fil_core.errors import FilError
from fil_core.result import Result
from fil_core.specs import DataSpec, Request

Datasets = Callable[[DataSpec], Dataset]
Quote = Callable[[object], str]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure with its title, and a text for those who cannot see it."""

    title: str
    alt: str
    figure: go.Figure


@dataclass(frozen=True, slots=True)
class Subject:
    """One result as it is to be shown.

    Attributes:
        request, result: as they are stored.
        data: the examples it is about; None if they are not there any more.
        missing: why they are not, in a sentence.
        redact: pictures coarse, labels and attribute values masked.
        top: how many examples are listed.
        mode: colours of its figures.
    """

    request: Request
    result: Result
    data: Dataset | None
    missing: str
    redact: bool
    top: int
    mode: Mode = "light"

    @property
    def classes(self) -> bool:
        """Whether labels are classes, as a summary with `score` "accuracy" says, and may be shown."""
        return self.result.summary.get("score") == "accuracy" and not self.redact

    def called(self, id: int) -> str:
        """What an example is called: as its source does, or by its number where that has no name or it is masked."""
        return str(self.names([id])[0])

    def names(self, ids: Sequence[int]) -> list[Any]:
        """What examples are called: texts, or numbers where their source has no names or they are masked."""
        if self.data is None or self.redact:
            return [int(id) for id in ids]
        return self.data.called(np.asarray(ids, dtype=np.int64)).tolist()

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table of examples under what they are called."""
        return table if self.redact else named(table, self.data, analysis_of(self.request))

    def labelled(self, drawn: Sequence[Drawn]) -> list[Drawn]:
        """Figures whose points say what examples are called."""
        data = None if self.redact else self.data
        return [dataclasses.replace(one, figure=labelled(one.figure, data)) for one in drawn]

    @property
    def at_risk(self) -> str:
        """Names of the attributes that are looked at; empty for the whole example."""
        names = self.request.at_risk
        return ", ".join(map(redaction.feature, names) if self.redact else names)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the source's features as they may be shown; none where the data are not there any more."""
        names = self.data.source_names if self.data is not None else ()
        return tuple(map(redaction.feature, names)) if self.redact else names

    @property
    def notes(self) -> list[str]:
        """Notes on the data as they may be shown."""
        return sharing.notes(self.result, self.data) if self.redact else self.result.provenance["data"]["notes"]

    @property
    def warnings(self) -> list[str]:
        """Warnings as they may be shown."""
        warnings = self.result.provenance["warnings"]
        return sharing.told(warnings, self.result, self.data) if self.redact else warnings

    def masked(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table as it may be shown."""
        return sharing.masked(analysis_of(self.request), table) if self.redact else table


def subject(request: Request, result: Result, datasets: Datasets, *, redact: bool, top: int) -> Subject:
    """A result with its data. Examples are shown only of the very data that were measured.

    Args:
        request: as it is stored.
        result: its answer.
        datasets: the examples of a spec, as `Engine.dataset`.
        redact: pictures coarse, labels and attribute values masked.
        top: how many examples are listed, >= 1.
    """
    data, missing = None, ""
    try:
        data = datasets(request.data)
    except FilError as error:
        missing = f"The examples themselves are not shown: {error}"
    if data is not None and data.fingerprint != result.provenance["data"]["fingerprint"]:
        data, missing = None, "The examples themselves are not shown: the data have changed since they were measured."
    return Subject(request, result, data, missing, redact, top)
