"""What is stored, as a table to choose from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from fil_core import (
    AttributeRequest,
    ExampleRequest,
    FilError,
    FilRequest,
    IrfilRequest,
    ReconstructionRequest,
    ReleaseRequest,
    source_of,
)
from fil_core.engine.store import Entry
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.table import request_of
from fil_core.specs import Request
from pages.common import compute, text
from pages.common import sidebar as controls

BROUGHT = {"scores": "your own scores", "parameters": "your own coefficients", "weights": "your own weights"}
PARTS = ("fit", "example", *BROUGHT)  # asked by other analyses, not by a person
_OLDER = "of another version"
_NAMED = 3  # examples


@dataclass(frozen=True, slots=True)
class Run:
    """A stored result.

    Attributes:
        entry: as the store lists it.
        request: what was asked; None where another version of this software wrote it.
    """

    entry: Entry
    request: Request | None

    @property
    def name(self) -> str:
        """In a few words."""
        if self.entry.analysis in BROUGHT:
            return BROUGHT[self.entry.analysis]
        if self.request is None:
            return f"{self.entry.title or 'a result'}, {_OLDER}"
        what = ", ".join(filter(None, [model(self.request), weights(self.request), asked(self.request)]))
        return f"{self.entry.title}: {self.entry.analysis}, {what}"


def stored() -> list[Run]:
    """Everything in the store, last used first."""
    return [run_of(entry) for entry in compute.engine().store.entries()]


def run_of(entry: Entry) -> Run:
    """An entry with its request, where this version understands it."""
    try:
        return Run(entry, request_of(entry.request))
    except FilError:
        return Run(entry, None)


def model(request: Request) -> str:
    """Kind and penalty."""
    return f"{request.model.kind}, λ = {request.model.penalty:g}"


def weights(request: Request) -> str:
    """How training is weighted; empty for alike."""
    how = request.weights if isinstance(request, IrfilRequest) else request.model.weights
    return how.text if how else ""


def asked(request: Request) -> str:
    """What an analysis was asked, besides data and model."""
    return _ASKED[type(request)](request)


def chosen_data(request: Request) -> str:
    """What was chosen of the data set."""
    data = request.data
    parts = [
        f"classes {', '.join(data.classes)}" if data.classes else "",
        f"{text.count(data.subset)} rows, seed {data.seed}" if data.subset else "",
        f"PCA {data.pca}" if data.pca else "",
        f"preprocessing {data.preprocess}" if data.preprocess not in (None, _default(data.name)) else "",
    ]
    return ", ".join(filter(None, parts))


def _default(name: str) -> str | None:
    try:
        return source_of(name).default_preprocess
    except FilError:  # one's own data, deleted since
        return None


def _fil(request: FilRequest) -> str:
    noise = "" if request.sigma == 1 else f"σ = {request.sigma:g}"
    return ", ".join(filter(None, [" and ".join(request.attribute), noise]))


def _examples(ids: tuple[int, ...]) -> str:
    if len(ids) > _NAMED:
        return f"{text.count(len(ids))} examples"
    return f"example {', '.join(f'{id:,}' for id in ids)}" if ids else ""


def _release(request: ReleaseRequest) -> str:
    return ", ".join(filter(None, [f"σ = {text.number(request.sigma)}", request.attribute, _examples(request.ids)]))


_ASKED: dict[type, Callable[[Any], str]] = {
    FilRequest: _fil,
    AttributeRequest: lambda request: f"{request.attribute}, {text.count(request.trials)} releases",
    ReconstructionRequest: lambda request: f"{_examples(request.ids)}, {text.count(request.trials)} releases",
    IrfilRequest: lambda request: ", ".join(request.weights.attribute),
    ReleaseRequest: _release,
    ExampleRequest: lambda request: f"example {request.id:,}",
    FitRequest: lambda request: "",
}


def filtered(runs: list[Run]) -> list[Run]:
    """The controls above the table, and what they leave."""
    one, two, three = st.columns([2, 2, 1], vertical_alignment="bottom")
    parts = three.toggle("Parts too", key="parts", bind="query-params", help="Also the parts of other results: models, and examples that were opened.")  # noqa: E501 # fmt: skip
    runs = [run for run in runs if parts or run.entry.analysis not in PARTS]
    kinds = sorted({run.entry.analysis or _OLDER for run in runs})
    titles = sorted({run.entry.title for run in runs})
    kind = one.multiselect("Analysis", _offered("analysis", kinds), key="analysis", bind="query-params", placeholder="all")  # noqa: E501 # fmt: skip
    title = two.multiselect("Of", _offered("of", titles), key="of", bind="query-params", placeholder="all data")
    runs = [run for run in runs if not kind or (run.entry.analysis or _OLDER) in kind]
    return [run for run in runs if not title or run.entry.title in title]


def _offered(key: str, there: list[str]) -> list[str]:
    """What is there, and what was chosen before the last of it was deleted."""
    return [*there, *(name for name in st.session_state.get(key) or () if name not in there)]


def frame(runs: list[Run]) -> pd.DataFrame:
    """The table as it is shown."""
    rows = [
        {
            "what": _what(run),
            "data": run.entry.title,
            "of them": chosen_data(run.request) if run.request else "",
            "model": model(run.request) if run.request else "",
            "weights": (weights(run.request) or controls.EQUAL) if run.request else "",
            "seconds": run.entry.seconds,
            "size": run.entry.bytes / 2**20,
            "computed": run.entry.created,
            "used": run.entry.used,
            "key": run.entry.key[:16],
        }
        for run in runs
    ]
    return pd.DataFrame(rows)


def _what(run: Run) -> str:
    if run.entry.analysis in BROUGHT:
        return BROUGHT[run.entry.analysis]
    more = asked(run.request) if run.request else _OLDER
    return ": ".join(filter(None, [run.entry.analysis, more]))


def selected(runs: list[Run]) -> list[Run]:
    """The table, and the rows that are ticked in it."""
    # Ticks are kept by position: another order is another table, or a tick would move to another result.
    order = hashlib.sha256("".join(run.entry.key for run in runs).encode()).hexdigest()[:16]
    event = st.dataframe(
        frame(runs),
        key=f"runs-{order}-{st.session_state.setdefault('runs-visit', 0)}",
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        width="stretch",
        column_config={
            "seconds": st.column_config.NumberColumn(format="%.2f s"),
            "size": st.column_config.NumberColumn(format="%.2f MiB"),
            "computed": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "used": st.column_config.DatetimeColumn(format="distance"),
        },
    )
    return [runs[i] for i in event["selection"]["rows"] if i < len(runs)]


def forget_ticks() -> None:
    """Tick nothing any more, as a button's callback."""
    st.session_state["runs-visit"] = st.session_state.get("runs-visit", 0) + 1
