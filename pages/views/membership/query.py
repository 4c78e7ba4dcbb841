"""Optimised queries: where a record shows most, beside the record itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import Result, analysis_of
from fil_core.analyses.lood_query.request import OBJECTIVES, STARTS, LoodQueryRequest
from fil_core.analyses.subject import Subject
from fil_core.display import pictures, redaction
from pages.common import compute, tables, text, widgets
from pages.common.naming import called, named
from pages.views.membership.measure import ordered
from pages.views.membership.shown import ANALYSIS, KL, Shown

_WIDTH = 160
_MOST = 8  # records that are looked at together
_IN_ROW = 4
_ONE, _TOP = "this record", f"the {_MOST} most exposed"
_COLUMNS = 40  # of a record that are listed


def view(shown: Shown) -> None:
    """The section."""
    if shown.id not in shown.table.index:
        return
    st.subheader("The query that shows it most", anchor=False)
    st.caption(
        "By KL and AUC no query shows a record more than the record itself, so whoever finds the best one has "
        "reconstructed the record, up to what the kernel does not see. The mean outputs alone may be moved more "
        "elsewhere."
    )
    request = _asked(shown)
    result = compute.offered(request, "Look for the query", key="lood-query-compute")
    if result is None:
        return
    analysis = analysis_of(request)
    subject = Subject(request, result, shown.data, "", widgets.redacted(), 1, widgets.mode())
    st.markdown(analysis.sentence(subject, text.safe))
    if shown.data.image_shape is None:
        _rows(shown, result)
    else:
        for start in range(0, len(result.table), _IN_ROW):
            _pairs(shown, result, range(start, min(start + _IN_ROW, len(result.table))))
    table = named(subject.masked(result.table), shown.data, analysis)
    widgets.table_twin(table, key="lood-query-numbers")
    widgets.export(subject.masked(result.table), "queries", shown.data, key="lood-query-export", label="Export these", of=analysis)  # noqa: E501 # fmt: skip
    widgets.provenance(request, result)


def _asked(shown: Shown) -> LoodQueryRequest:
    with st.container(horizontal=True):
        whose = st.selectbox("Of", (_ONE, _TOP), key="query-of", bind="query-params", width=200)
        start = st.selectbox(
            "Starting at", STARTS, key="start", bind="query-params", width=160,
            help="data: the other records at which the record shows most; noise: uniform in the range of each pixel or "
            "column; record: the record itself.",
        )  # fmt: skip
        maximise = st.selectbox(
            "Maximising", OBJECTIVES, key="maximise", bind="query-params", width=160,
            help="kl_lood, with which the AUC grows too, or mean_lood, the change of the mean outputs.",
        )  # fmt: skip
    top = ordered(ANALYSIS, shown.table, KL).index[:_MOST]
    ids = (shown.id,) if whose == _ONE else tuple(map(int, top))
    return LoodQueryRequest(
        data=shown.request.data, kernel=shown.request.kernel, device=shown.request.device, ids=ids, start=start,
        maximise=maximise,
    )  # fmt: skip


def _pairs(shown: Shown, result: Result, rows: range) -> None:
    """Some records, each beside its query."""
    for place, i in zip(st.columns(_IN_ROW), rows, strict=False):
        row, id = result.table.iloc[i], int(result.table.index[i])
        with place:
            st.markdown(f"**{text.safe(called(shown.data, id))}**")
            left, right = st.columns(2)
            for part, name, said in ((left, "records", "record"), (right, "queries", "query")):
                image = pictures.pixels(shown.data, result.arrays[name][i])
                image = pictures.coarse(image) if widgets.redacted() else image
                part.image(
                    pictures.enlarged(image, _WIDTH), output_format="PNG", caption=said,
                    alt=f"The {said} of {called(shown.data, id)}",
                )  # fmt: skip
            st.caption(_close(row))


def _close(row: pd.Series) -> str:
    decibels = row["psnr_scaled"] if "psnr_scaled" in row else row["psnr"]
    brightness = " but for brightness" if "psnr_scaled" in row else ""
    return (
        f"AUC {row['auc_query']:.3f} at the query, {row['auc_own']:.3f} at the record; PSNR {text.number(decibels)} dB"
        f"{brightness}."
    )


def _rows(shown: Shown, result: Result) -> None:
    """Features of the first record and of its query, in the model's units."""
    both = {name: result.arrays[part][0] for name, part in (("record", "records"), ("query", "queries"))}
    order = np.argsort(-np.abs(both["record"] - both["query"]), kind="stable")[:_COLUMNS]
    names = pd.Index(np.asarray(shown.data.feature_names)[order], name="feature")
    frame = pd.DataFrame({name: values[order] for name, values in both.items()}, index=names)
    frame = redaction.hidden(frame) if widgets.redacted() else frame
    tables.table(frame, width="stretch", height=tables.fitting(len(frame)), key="lood-query-rows")
    st.caption("Preprocessed features, those that differ most first.")
