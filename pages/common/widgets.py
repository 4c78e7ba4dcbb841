"""Pieces that several pages draw the same way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fil_core import Dataset, FilRequest, Result, to_csv_bytes, to_flat_parquet_bytes
from pages.common import charts, compute, controls, text


def mode() -> charts.Mode:
    """Light or dark, as the browser shows it."""
    return "dark" if st.context.theme.type == "dark" else "light"


def measured(attribute: tuple[str, ...] = ()) -> tuple[FilRequest, Dataset, Result, pd.DataFrame]:
    """What the sidebar asks for: the request, the data, the result, and its table ranked by eta."""
    request = controls.request(attribute)
    data = compute.dataset(request.data)
    result = compute.result(request)
    return request, data, result, ranked(result.table)


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """The table with `rank` (1 = leakiest) and `percentile` of eta."""
    rank = table["eta"].rank(ascending=False, method="first").astype(int)
    return table.assign(rank=rank, percentile=100 * (1 - (rank - 1) / len(table)))


def with_records(data: Dataset, rows: pd.DataFrame) -> pd.DataFrame:
    """Some rows of the table with the examples' own attributes beside them, masked when the screen is to be shared."""
    records = data.records(np.searchsorted(data.ids, rows.index))
    if st.session_state.get("redact"):
        records = records.astype(object).mask(records.notna(), "•••")
    # A column of the data may be called like one of ours.
    return rows.join(records, suffixes=("", " (data)"))


def chart(figure: go.Figure, alt: str, key: str, **options: object) -> object:
    """A Plotly figure in the house style, with a text for those who cannot see it."""
    config = {"displaylogo": False, "modeBarButtonsToRemove": ["toImage"] if st.session_state.get("redact") else []}
    return st.plotly_chart(figure, theme=None, key=key, alt=alt, config=config, **options)  # type: ignore[arg-type]


def provenance(request: FilRequest, result: Result) -> None:
    """The small print under a figure, and how to get the same again."""
    p, s = result.provenance, result.summary
    data = p["request"]["data"]
    facts = [
        p["data"]["title"],
        f"n = {text.count(s['n'])}",
        f"d = {text.count(s['d'])}",
        f"{request.model.kind}, λ = {request.model.penalty:g}",
        f"σ = {request.sigma:g}",
        f"preprocessing {data['preprocess']}" + (f", PCA {data['pca']}" if data["pca"] else ""),
        f"seed {data['seed']}",
        f"{p['dtype']} on {p['device']}",
        f"gradient norm {s['grad_norm']:.1e}",
        f"condition number {s['condition']:.2g}",
        f"{p['seconds']:.1f} s on {p['created'][:10]}",
    ]
    st.caption(" · ".join(facts))
    for notice in compute.notices(result):
        st.caption(f":material/warning: {notice}")
    with st.expander("Reproduce this"):
        st.code(controls.command(request), language="bash")
        st.caption(f"Data fingerprint `{p['data']['fingerprint'][:16]}`. " + " ".join(p["data"]["notes"]))
        st.caption("Versions: " + ", ".join(f"{name} {version}" for name, version in p["versions"].items()))


def export(table: pd.DataFrame, name: str, *, key: str, label: str = "Export") -> None:
    """CSV and Parquet behind one click more, since what they hold is private."""
    with st.popover(label, icon=":material/download:"):
        st.caption(f"{text.count(len(table))} rows. {text.PRIVATE}")
        shown = table.drop(columns=["label"]) if st.session_state.get("redact") else table
        st.download_button(
            "CSV", lambda: to_csv_bytes(shown), f"{name}.csv", "text/csv", key=f"{key}-csv", on_click="ignore"
        )
        st.download_button(
            "Parquet",
            lambda: to_flat_parquet_bytes(shown),
            f"{name}.parquet",
            "application/vnd.apache.parquet",
            key=f"{key}-parquet",
            on_click="ignore",
        )


def table_twin(frame: pd.DataFrame, *, key: str) -> None:
    """The numbers behind a chart."""
    with st.expander("Numbers"):
        st.dataframe(frame, key=key, width="stretch")


def number_columns(frame: pd.DataFrame) -> dict[str, object]:
    """Column settings that show floats with three or four digits."""
    floats = frame.select_dtypes("floating").columns
    return {name: st.column_config.NumberColumn(format="%.4g") for name in floats}
