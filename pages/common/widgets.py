"""Elements that several pages share: charts, tables, exports, provenance."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fil_core import (
    Dataset,
    FilError,
    FilRequest,
    Request,
    Result,
    Weighting,
    analysis_of,
    source_of,
    to_csv_bytes,
    to_flat_parquet_bytes,
)
from fil_core.analyses import ranking, reproduce, sharing
from fil_core.analyses.analysis import Analysis
from fil_core.analyses.fil import words as fil_words
from fil_core.display import charts, redaction
from fil_core.display.numbers import counted
from fil_core.report.provenance import optimum
from fil_core.specs import ModelRequest
from pages.common import compute, sidebar, tables, text, uploads
from pages.common.naming import called, named, redacted

MASK = redaction.MASK
_ROW, _GAP = 960, 16  # pixels of a row of metrics on a screen of 1440, and between two of them
_NARROWEST, _WIDEST = 150, 186  # pixels of a metric
# Titles of columns that pages add to the table of a measurement.
_TITLES = {
    "eta_before": "η with equal weights",
    "eta_after": "η after",
    "change": "change of η",
    "rank_before": "rank before",
    "rank_after": "rank after",
}


def mode() -> charts.Mode:
    """Light or dark, as the browser shows it."""
    return "dark" if st.context.theme.type == "dark" else "light"


def measured(attribute: tuple[str, ...] = ()) -> tuple[FilRequest, Dataset, Result, pd.DataFrame]:
    """The request of the sidebar, its data, its result, and the table ranked by eta.

    For a weighted model the table also has eta with equal weights, `eta_before`, and the ratio to it, `change`.
    """
    request = sidebar.request(attribute)
    data = compute.dataset(request.data)
    result = compute.result(request)
    table = masked(ranking.ranked(result.table))
    if (scores := st.session_state.get("scores")) and not redacted():  # they may reveal anything
        table = _with_scores(table, scores, request)
    if request.model.weights is not None and not hides_change(request.model.weights):
        equally = dataclasses.replace(request, model=request.model.equally_weighted)
        before = compute.result(equally).table["eta"]
        table = table.assign(eta_before=before, change=table["eta"] / before)
    return request, data, result, table


def _with_scores(table: pd.DataFrame, scores: str, request: FilRequest) -> pd.DataFrame:
    """The table with uploaded scores; a warning where they do not fit these examples."""
    try:
        table, notes = uploads.with_scores(table, scores, request.data)
    except FilError as error:
        st.warning(text.safe(error), icon=":material/warning:")
        return table
    for note in notes:
        st.caption(f":material/info: {text.safe(note)}")
    return table


def own_scores(table: pd.DataFrame, result: Result) -> list[str]:
    """The columns of a ranked table that are uploaded scores."""
    known = {"rank", "percentile", "eta_before", "change", "label"} | set(result.table.columns)
    return [column for column in table.columns if column not in known]


def hides_change(weighting: Weighting | None) -> bool:
    """Whether changes of eta must be hidden: redaction is on and they would reveal the class."""
    return redacted() and redaction.weights_tell_class(weighting)


def masked(table: pd.DataFrame) -> pd.DataFrame:
    """The table, while redacted without what reveals an example's label."""
    return sharing.masked(analysis_of(FilRequest()), table) if redacted() else table


def with_records(data: Dataset, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the table joined with the examples' attributes, masked while redacted, under the ids of their source."""
    records = data.records(np.searchsorted(data.ids, rows.index))
    if redacted():
        records = redaction.hidden(records)
    # A column of the data may have the same name as one of the table.
    return named(rows.join(records, suffixes=("", " (data)")), data)


def refused(error: FilError) -> None:
    """Why something is not computed: a warning where nothing is wrong with what is asked, but it is too much."""
    too_much = str(error).startswith(("memory: ", "time: "))
    show, icon = (st.warning, ":material/warning:") if too_much else (st.error, ":material/error:")
    show(text.safe(error), icon=icon)


def sections(views: Iterable[Callable[..., object]], *about: object) -> None:
    """Draw the sections of a page; an error of one is said in its place and does not hide the others.

    Args:
        views: in their order.
        about: what each is given.
    """
    for view in views:
        try:
            view(*about)
        except FilError as error:
            st.error(text.safe(error), icon=":material/error:")


def chart(figure: go.Figure, alt: str, key: str, **options: Any) -> Any:
    """A Plotly figure with alt text."""
    config = {"displaylogo": False, "modeBarButtonsToRemove": ["toImage"] if redacted() else []}
    return st.plotly_chart(figure, theme=None, key=key, alt=alt, config=config, **options)


def provenance(request: Request, result: Result, *, reproduced: Request | None = None) -> None:
    """Provenance of a result, and the command line that reproduces it.

    Args:
        request: shown on the page.
        result: its result.
        reproduced: the request that reproduces the whole page; None for `request`.
    """
    p, s = result.provenance, result.summary
    data, weighting = p["request"]["data"], request.weighting
    facts = [
        p["data"]["title"],
        *(f"{name} = {text.count(s[name])}" for name in ("n", "d") if name in s),
        request.subject,
        f"weights {weighting.text if weighting else sidebar.EQUAL}" if isinstance(request, ModelRequest) else "",
        request.noise,
        f"preprocessing {data['preprocess']}" + (f", PCA {data['pca']}" if data["pca"] else ""),
        f"seed {data['seed']}",
        f"{p['dtype']} on {p['device']}",
        optimum(s),
        f"{p['seconds']:.1f} s on {p['created'][:10]}",
    ]
    st.caption(" · ".join(map(text.safe, filter(None, facts))))
    for notice in _notices(request, result):
        st.caption(f":material/warning: {text.safe(notice)}")
    with st.expander("Reproduce this"):
        examples, hidden = compute.dataset(request.data), redacted()
        st.code(reproduce.command(reproduced or request, examples, redact=hidden), language="bash")
        notes = sharing.notes(result, examples) if hidden else p["data"]["notes"]
        st.caption(f"Data fingerprint `{p['data']['fingerprint'][:16]}`. " + " ".join(map(text.safe, notes)))
        st.caption(text.safe(f"Source: {source_of(data['name']).citation}"))
        st.caption("Versions: " + ", ".join(f"{name} {version}" for name, version in p["versions"].items()))


def _notices(request: Request, result: Result) -> list[str]:
    """Warnings of the result and of the store, without values of the data while redacted."""
    notices = compute.notices(result)
    return sharing.told(notices, result, compute.dataset(request.data)) if redacted() else notices


def scale(result: Result, data: Dataset) -> None:
    """The rows that set the scale of the features, with their eta through it."""
    names = functools.partial(called, data)
    said = fil_words.scale_sentence(result.summary, text.safe, eta=result.table["eta"], called=names)
    if said:
        st.caption(said)


def metrics(values: Mapping[str, tuple[str, str]], *, border: bool = True) -> None:
    """Metrics in a row that wraps where the screen is narrow: name to (value, note)."""
    width = max(_NARROWEST, min(_WIDEST, (_ROW + _GAP) // len(values) - _GAP))
    with st.container(horizontal=True):
        for name, (value, note) in values.items():
            st.metric(name, value, note or None, delta_color="off", delta_arrow="off", border=border, width=width)


def export(
    table: pd.DataFrame, name: str, data: Dataset | None, *, key: str, label: str = "Export", of: Analysis | None = None
) -> None:
    """CSV and Parquet downloads in a popover, with a privacy notice.

    Args:
        table: its index numbers the examples; the files have the ids of their source, as those of the command line.
        name: of the files, without an ending.
        data: the examples; None where they are not there any more.
        key: begins the names of the controls.
        label: of the popover.
        of: whose table it is; None for none.
    """
    table = named(table, data, of)
    with st.popover(label, icon=":material/download:"):
        st.caption(f"{counted(len(table), 'row')}. {text.PRIVATE}")
        st.download_button(
            "CSV", lambda: to_csv_bytes(table), f"{name}.csv", "text/csv", key=f"{key}-csv", on_click="ignore"
        )
        st.download_button(
            "Parquet",
            lambda: to_flat_parquet_bytes(table),
            f"{name}.parquet",
            "application/vnd.apache.parquet",
            key=f"{key}-parquet",
            on_click="ignore",
        )


def table_twin(frame: pd.DataFrame, *, key: str) -> None:
    """The numbers of a chart as a table."""
    with st.expander("Numbers"):
        tables.table(frame, key=key, width="stretch")


def number_columns(frame: pd.DataFrame, analysis: Analysis | None = None) -> dict[str, Any]:
    """Column settings: floats with four digits, and an analysis's columns under their titles, explained.

    Args:
        frame: the table as it is shown.
        analysis: whose columns it has; None for the measurement's own.
    """
    entry = analysis or analysis_of(FilRequest())
    floats = set(frame.select_dtypes("floating").columns)
    settings: dict[str, Any] = {}
    for name in frame.columns:
        column = next((one for one in entry.columns if one.name == name), None)
        unit = f", in {column.unit}" if column and column.unit else ""
        title, says = (column.title, f"{column.says}{unit}") if column else (_TITLES.get(name), None)
        if name in floats:
            settings[name] = st.column_config.NumberColumn(title, help=says, format="%.4g")
        elif title:
            settings[name] = st.column_config.Column(title, help=says)
    return settings
