"""The stored results as a table to select from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from fil_core import FilError, Request, analysis_of, request_of, source_of
from fil_core.display.numbers import counted
from fil_core.engine.store import Entry
from fil_core.engine.uploads import UPLOADS
from pages.common import compute, sidebar, tables

_OLDER = "of another version"


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored result.

    Attributes:
        entry: as the store lists it.
        request: None where another version of this software computed it.
    """

    entry: Entry
    request: Request | None

    @property
    def name(self) -> str:
        """A short name."""
        if self.entry.analysis in UPLOADS:
            return UPLOADS[self.entry.analysis]
        if self.request is None:
            return f"{self.entry.title or 'a result'}, {_OLDER}"
        parts = [self.entry.analysis, self.request.subject, weights(self.request), self.request.detail]
        return f"{self.entry.title}: {', '.join(filter(None, parts))}"

    @property
    def part(self) -> bool:
        """Whether it is a part of other results."""
        return self.entry.analysis in UPLOADS or (self.request is not None and analysis_of(self.request).only_part)


def stored() -> list[Stored]:
    """All stored results, last used first."""
    return [run_of(entry) for entry in compute.engine().store.entries()]


def run_of(entry: Entry) -> Stored:
    """An entry with its request, where this version can read it."""
    try:
        return Stored(entry, request_of(entry.request))
    except FilError:
        return Stored(entry, None)


def weights(request: Request) -> str:
    """The training weights; empty for equal ones."""
    return request.weighting.text if request.weighting else ""


def chosen_data(request: Request) -> str:
    """Classes, rows and preprocessing chosen from the data set."""
    data = request.data
    parts = [
        f"classes {', '.join(data.classes)}" if data.classes else "",
        f"{counted(data.subset, 'row')}, seed {data.seed}" if data.subset else "",
        f"PCA {data.pca}" if data.pca else "",
        f"preprocessing {data.preprocess}" if data.preprocess not in (None, _default(data.name)) else "",
    ]
    return ", ".join(filter(None, parts))


def _default(name: str) -> str | None:
    try:
        return source_of(name).default_preprocess
    except FilError:  # own data, deleted since
        return None


def filtered(runs: list[Stored]) -> list[Stored]:
    """The controls above the table; returns the results that they leave."""
    one, two, three = st.columns([2, 2, 1], vertical_alignment="bottom")
    parts = three.toggle("Parts too", key="parts", bind="query-params", help="Also parts of other results: models, and examples that were opened.")  # noqa: E501 # fmt: skip
    runs = [run for run in runs if parts or not run.part]
    kinds = sorted({run.entry.analysis or _OLDER for run in runs})
    titles = sorted({run.entry.title for run in runs})
    kind = one.multiselect("Analysis", _offered("analysis", kinds), key="analysis", bind="query-params", placeholder="all")  # noqa: E501 # fmt: skip
    title = two.multiselect("Data set", _offered("of", titles), key="of", bind="query-params", placeholder="all data")
    runs = [run for run in runs if not kind or (run.entry.analysis or _OLDER) in kind]
    return [run for run in runs if not title or run.entry.title in title]


def _offered(key: str, options: list[str]) -> list[str]:
    """The options, with those chosen before their last result was deleted."""
    return [*options, *(name for name in st.session_state.get(key) or () if name not in options)]


def frame(runs: list[Stored]) -> pd.DataFrame:
    """The table as it is shown."""
    rows = [
        {
            "analysis": _analysis(run),
            "data": run.entry.title,
            "selection": chosen_data(run.request) if run.request else "",
            "model": run.request.subject if run.request else "",
            "weights": (weights(run.request) or sidebar.EQUAL) if run.request else "",
            "seconds": run.entry.seconds,
            "size": run.entry.bytes / 2**20,
            "computed": run.entry.created,
            "used": run.entry.used,
            "key": run.entry.key[:16],
        }
        for run in runs
    ]
    return pd.DataFrame(rows)


def _analysis(run: Stored) -> str:
    if run.entry.analysis in UPLOADS:
        return UPLOADS[run.entry.analysis]
    detail = run.request.detail if run.request else _OLDER
    return ": ".join(filter(None, [run.entry.analysis, detail]))


def selected(runs: list[Stored]) -> list[Stored]:
    """The table; returns the ticked results."""
    # Ticks are kept by position: the key changes with the order, or a tick would move to another result.
    order = hashlib.sha256("".join(run.entry.key for run in runs).encode()).hexdigest()[:16]
    event = tables.table(
        frame(runs),
        key=f"results-{order}-{st.session_state.setdefault('results-visit', 0)}",
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
    """Clear the ticks; a button's callback."""
    st.session_state["results-visit"] = st.session_state.get("results-visit", 0) + 1
