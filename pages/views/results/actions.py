"""Actions on ticked results: open, compare, report, export, delete."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import pandas as pd
import streamlit as st

from fil_core import BadRequest, Dataset, DataSpec, Engine, FilError, analysis_of, to_csv_bytes, to_flat_parquet_bytes
from fil_core.analyses import naming
from fil_core.analyses.sharing import shareable
from fil_core.display.numbers import counted
from fil_core.engine.store import Store
from fil_core.engine.uploads import UPLOADS
from fil_core.specs import Request
from pages.common import compute, text, uploads, widgets
from pages.views.results import compare as results_compare
from pages.views.results import open as results_open
from pages.views.results import table as results_table
from pages.views.results.table import Stored

Datasets = Callable[[DataSpec], Dataset]

_TO_DELETE = "results-to-delete"
_TOP = 24


def actions(runs: list[Stored]) -> None:
    """The buttons below the table."""
    if not runs:
        st.caption("Tick a row to open, report, export or delete it; tick two to compare them.")
        return
    st.caption(f"**{text.count(len(runs))} selected.** " + text.safe("; ".join(run.name for run in runs[:3])) + ("; …" if len(runs) > 3 else ""))  # noqa: E501 # fmt: skip
    with st.container(horizontal=True):
        reason = _open(runs)
        st.button(
            "Compare", icon=":material/compare_arrows:", key="results-compare", disabled=len(runs) != 2,
            help="Tick two.", on_click=results_compare.link, args=(runs,),
        )  # fmt: skip
        _report(runs)
        _export(runs)
        st.button("Delete", icon=":material/delete:", key="results-delete", on_click=_ask_deletion, args=(runs,))
    if reason:
        st.caption(text.safe(reason))


def _open(runs: list[Stored]) -> str:
    """The button; returns why a single result cannot be opened."""
    place, reason = None, "Tick one."
    if len(runs) == 1 and runs[0].request is None:
        uploaded = runs[0].entry.analysis in UPLOADS
        reason = (
            "Uploaded by you: choose it in the sidebar."
            if uploaded
            else "Computed by another version of this software."
        )
    elif len(runs) == 1 and runs[0].request is not None:
        try:
            place, reason = results_open.place(runs[0].request), "Opens the page that shows it."
        except results_open.NoPage as error:
            reason = f"No page shows exactly this: {error}"
    st.button(
        "Open", icon=":material/open_in_new:", key="results-open", disabled=place is None,
        help=text.safe(reason), on_click=results_open.go, args=(place,),
    )  # fmt: skip
    return reason if place is None and len(runs) == 1 else ""


def _report(runs: list[Stored]) -> None:
    keys = [run.entry.key for run in runs if run.request is not None and not run.part]
    with st.popover("Report", icon=":material/description:", disabled=not keys):
        redact = widgets.redacted()
        reported = counted(len(keys), "result")
        st.markdown(f"One self-contained HTML file about **{reported}**; it prints on A4.")
        if len(keys) < len(runs):
            st.caption("Models, opened examples and results of another version are left out.")
        st.caption(
            "Redacted, as set in the sidebar: pictures are coarse; labels and attribute values are masked."
            if redact
            else "It shows examples with their labels and values. Treat it like the data itself."
        )
        title = st.text_input("Title", key="report-title", placeholder="What this model reveals", max_chars=120)
        top = int(st.number_input("Examples listed", 1, 1000, _TOP, key="report-top"))
        engine = compute.engine()  # taken now: the download runs outside the page
        st.download_button(
            "Download the report", lambda: _written(engine.store, engine.dataset, keys, redact, top, title),
            "fil-report.html", "text/html", key="report-download", on_click="ignore", icon=":material/download:",
            type="primary",
        )  # fmt: skip


def _written(store: Store, datasets: Datasets, keys: list[str], redact: bool, top: int, title: str) -> bytes:
    """The report's bytes.

    Raises:
        BadRequest: a result was deleted meanwhile.
    """
    from fil_core.report import report

    pairs = []
    for key in keys:
        run, result = Stored(store.entry(key)), store.get(key)
        if run.request is None or result is None:
            raise BadRequest(f"report: expected a result that can be read; got {key[:16]}.")
        pairs.append((run.request, result))
    written = datetime.now().astimezone()
    content = report(pairs, datasets, redact=redact, top=top, title=title, written=written)
    return content.encode()


def _export(runs: list[Stored]) -> None:
    run = runs[0]
    possible = len(runs) == 1 and run.request is not None and not run.part
    with st.popover("Export", icon=":material/table:", disabled=not possible, help="The table of one result."):
        if not possible or run.request is None:
            return
        st.caption(f"The table of {text.safe(run.name)}. {text.PRIVATE}")
        engine, request, redact = compute.engine(), run.request, widgets.redacted()
        name = run.entry.analysis.replace(" ", "-")
        for label, writer, mime in (
            ("csv", to_csv_bytes, "text/csv"),
            ("parquet", to_flat_parquet_bytes, "application/vnd.apache.parquet"),
        ):
            st.download_button(
                {"csv": "CSV", "parquet": "Parquet"}[label],
                partial(_written_table, writer, engine, run.entry.key, request, redact),
                f"{name}.{label}", mime, key=f"results-{label}", on_click="ignore",
            )  # fmt: skip


def _written_table(
    writer: Callable[[pd.DataFrame], bytes], engine: Engine, key: str, request: Request, redact: bool
) -> bytes:
    return writer(table_of(engine, key, request, redact))


def table_of(engine: Engine, key: str, request: Request, redact: bool) -> pd.DataFrame:
    """The table as it may be exported.

    Raises:
        BadRequest: the result was deleted meanwhile.
    """
    result, analysis = engine.store.get(key), analysis_of(request)
    if result is None:
        raise BadRequest(f"export: expected a result that can be read; got {key[:16]}.")
    if redact:
        return shareable(analysis, result.table, request.weighting)
    return naming.named(result.table, _examples(engine, request), analysis)


def _examples(engine: Engine, request: Request) -> Dataset | None:
    try:
        return None if engine.lacking(request.source_data) else engine.dataset(request.source_data)
    except FilError:  # deleted since; the numbers of the examples are left
        return None


def _ask_deletion(runs: list[Stored]) -> None:
    st.session_state[_TO_DELETE] = [(run.entry.key, run.name, run.entry.analysis in UPLOADS) for run in runs]


def confirmation() -> None:
    """Ask before deletion, listing the results."""
    if not (chosen := st.session_state.get(_TO_DELETE)):
        return
    with st.container(border=True):
        chosen_results = "this result" if len(chosen) == 1 else f"these {len(chosen)} results"
        warning = "Results can be computed again, which takes the same time."
        if any(uploaded for _, _, uploaded in chosen):
            warning += " Uploaded files cannot: links and results that use them need the file again."
        st.markdown(f"**Delete {chosen_results}?** {warning}")
        for _, name, _ in chosen[:8]:
            st.caption(text.safe(name))
        if len(chosen) > 8:
            st.caption(f"and {len(chosen) - 8} more")
        with st.container(horizontal=True):
            st.button("Delete", type="primary", icon=":material/delete:", key="delete-yes", on_click=_delete)
            st.button("Keep", key="delete-no", on_click=st.session_state.pop, args=(_TO_DELETE, None))


def damaged() -> None:
    """That some results are damaged, and a button that deletes them; nothing where none is."""
    store = compute.engine().store
    if count := len(store.damaged()):
        said = "1 stored result is" if count == 1 else f"{text.count(count)} stored results are"
        st.warning(
            f"{said} damaged and will not be shown: computed again, or deleted here. What is left of them may hold "
            "values of the data.",
            icon=":material/warning:",
        )
        st.button("Delete what is damaged", key="results-damaged", on_click=store.remove_damaged)


def _delete() -> None:
    for key, *_ in st.session_state.pop(_TO_DELETE, []):
        compute.engine().store.delete(key)
    uploads.clear_leftovers()  # rows of own data that a killed process left are part of what is to be gone
    results_table.forget_ticks()
