"""The stored results as a table to select from."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from fil_core import FilError, Request, registered, request_of, source_of
from fil_core.analyses.table import analysis_named
from fil_core.display.numbers import counted
from fil_core.display.redaction import MASK
from fil_core.engine.store import Entry
from fil_core.engine.uploads import UPLOADS
from pages.common import compute, sidebar, tables, text
from pages.common.latest import Latest
from pages.common.naming import redacted

_OLDER = "of another version"
_PAGE = 50  # results on one page
_SAID = Latest(10_000)  # what the table says of a result, once somebody has looked for words
_ORDERS: dict[str, Callable[[Entry], Any]] = {
    "last used first": lambda entry: entry.used,
    "newest first": lambda entry: entry.created,
    "slowest first": lambda entry: entry.seconds or 0.0,
    "largest first": lambda entry: entry.bytes,
}


@dataclass(frozen=True)
class Stored:
    """A stored result.

    Attributes:
        entry: as the store lists it.
    """

    entry: Entry

    @functools.cached_property
    def request(self) -> Request | None:
        """The request, read when it is needed; None where another version of this software computed it."""
        try:
            return request_of(self.entry.request)
        except FilError:
            return None

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
        analysis = analysis_named(self.entry.analysis)
        return self.entry.analysis in UPLOADS or (analysis is not None and analysis.only_part)

    def said(self, targets: Mapping[str, str]) -> str:
        """All that the table says of it in words, in lower case, and its whole key."""
        key = (
            self.entry.key,
            self.entry.created,
            redacted(),
            targets.get(self.entry.request.get("data", {}).get("name", "")),
        )
        return str(_SAID.get(key, lambda: f"{' '.join(_texts(self, targets).values())} {self.entry.key}".casefold()))


def stored() -> list[Stored]:
    """All stored results, last used first."""
    return [Stored(entry) for entry in compute.engine().store.entries()]


def weights(request: Request) -> str:
    """The training weights; empty for equal ones."""
    return request.weighting.text if request.weighting else ""


def targets() -> dict[str, str]:
    """The column that each own data set predicts, by the name of the set: a file may be read in several ways."""
    return {entry.name: entry.choices.target or "" for entry in registered()}


def chosen_data(request: Request, targets: Mapping[str, str]) -> str:
    """Which of several own data sets, and classes, rows and preprocessing chosen from it."""
    data = request.data
    own = data.name if data.name.startswith(sidebar.OWN) else ""
    parts = [
        f"target {targets[own]}" if targets.get(own) else "",
        own,
        f"classes {', '.join([MASK] * len(data.classes) if redacted() else data.classes)}" if data.classes else "",
        counted(data.subset, "row") if data.subset else "",
        f"label noise {data.label_noise:g}" if data.label_noise else "",
        f"features of {data.features_from}{' (uploaded)' if data.extractor else ''}" if data.features_from else "",
        f"seed {data.seed}" if data.subset or data.label_noise or data.features_from else "",
        f"PCA {data.pca}" if data.pca else "",
        f"vocabulary {data.vocabulary:,}" if data.vocabulary else "",
        f"groups of {counted(data.group_lines, 'line')}" if data.group_lines else "",
        f"longest line {counted(data.longest, 'token')}" if data.longest else "",
        f"preprocessing {data.preprocess}" if data.preprocess not in (None, _default(data.name)) else "",
    ]
    return ", ".join(filter(None, parts))


def _default(name: str) -> str | None:
    try:
        return source_of(name).default_preprocess
    except FilError:  # own data, deleted since
        return None


def filtered(runs: list[Stored]) -> list[Stored]:
    """The controls above the table; returns the results that they leave, in the order that they say."""
    one, two, words, order, three = st.columns(5, vertical_alignment="bottom")
    parts = three.toggle("Parts", key="parts", bind="query-params", help="Also parts of other results: models, and examples that were opened.")  # noqa: E501 # fmt: skip
    runs = [run for run in runs if parts or not run.part]
    kinds = sorted({run.entry.analysis or _OLDER for run in runs})
    titles = sorted({run.entry.title for run in runs})
    kind = one.multiselect("Analysis", _offered("analysis", kinds), key="analysis", bind="query-params", placeholder="all")  # noqa: E501 # fmt: skip
    title = two.multiselect("Data set", _offered("of", titles), key="of", bind="query-params", placeholder="all data")
    found = words.text_input("Find", key="find", bind="query-params", placeholder="model, value, key", max_chars=200)
    chosen = order.selectbox("Sort", list(_ORDERS), key="results-sort", bind="query-params")
    runs = [run for run in runs if not kind or (run.entry.analysis or _OLDER) in kind]
    runs = [run for run in runs if not title or run.entry.title in title]
    if sought := _words(found or ""):
        predicted = targets()
        runs = [run for run in runs if all(any(form in run.said(predicted) for form in forms) for forms in sought)]
    by = _ORDERS[chosen]
    return sorted(runs, key=lambda run: by(run.entry), reverse=True)


def _words(found: str) -> list[set[str]]:
    """The words of a search in lower case, a number also as the table writes it: 1e-3 is 0.001."""
    return [{word, *_written(word)} for word in found.casefold().split()]


def _written(word: str) -> list[str]:
    try:
        return [] if word.isdigit() else [f"{float(word):g}"]  # digits may begin a key
    except ValueError:
        return []


def _offered(key: str, options: list[str]) -> list[str]:
    """The options, with those chosen before their last result was deleted."""
    return [*options, *(name for name in st.session_state.get(key) or () if name not in options)]


def frame(runs: list[Stored]) -> pd.DataFrame:
    """The table as it is shown."""
    predicted = targets()
    rows = [
        {
            **_texts(run, predicted),
            "seconds": run.entry.seconds,
            "size": run.entry.bytes / 2**20,
            "computed": run.entry.created,
            "used": run.entry.used,
            "key": run.entry.key[:16],
        }
        for run in runs
    ]
    return pd.DataFrame(rows)


def _texts(run: Stored, targets: Mapping[str, str]) -> dict[str, str]:
    """The columns of texts of one row."""
    request = run.request
    return {
        "analysis": _analysis(run),
        "data": run.entry.title,
        "selection": chosen_data(request, targets) if request else "",
        "model": request.subject if request else "",
        "weights": (weights(request) or sidebar.EQUAL) if request else "",
    }


def _analysis(run: Stored) -> str:
    if run.entry.analysis in UPLOADS:
        return UPLOADS[run.entry.analysis]
    detail = run.request.detail if run.request else _OLDER
    return ": ".join(filter(None, [run.entry.analysis, detail]))


def selected(runs: list[Stored]) -> list[Stored]:
    """One page of the table; returns the ticked results."""
    above = st.container()  # the rows are above the page numbers
    pages = max(1, -(-len(runs) // _PAGE))
    if st.session_state.get("results-page", 1) > pages:
        st.session_state["results-page"] = 1
    page = st.pagination(pages, key="results-page", bind="query-params") if pages > 1 else 1
    first = (page - 1) * _PAGE
    with above:
        shown = f"{text.count(first + 1)} to {text.count(min(first + _PAGE, len(runs)))} of " if pages > 1 else ""
        st.caption(f"{shown}{text.counted(len(runs), 'result')}")
        return _selected(runs[first : first + _PAGE])


def _selected(runs: list[Stored]) -> list[Stored]:
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
