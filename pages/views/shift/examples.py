"""The examples of out-of-distribution scores: those that a score gets most wrong, new ones, and all of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import streamlit as st

from fil_core.analyses.ood.columns import TITLES
from fil_core.analyses.ood.run import IN, NEW, OUT
from fil_core.display import pictures, redaction
from pages.common import tables, text, widgets
from pages.common.naming import named
from pages.views.shift.shown import Shown, score_of

_LISTED = 12
_PIXELS = 96


def wrong(one: Shown) -> None:
    """Examples out of the distribution with the smallest scores, and those in it with the largest."""
    score = score_of(one)
    st.subheader("What it gets most wrong", anchor="wrong")
    table = one.result.table
    left, right = st.columns(2)
    for place, split, ascending, says in (
        (left, OUT, True, f"Out of the distribution, and yet the smallest {TITLES[score]}"),
        (right, IN, False, f"In the distribution, and yet the largest {TITLES[score]}"),
    ):
        rows = table[table["split"] == split].sort_values(score, ascending=ascending, kind="stable").head(_LISTED)
        with place:
            st.markdown(f"**{says}**")
            _pictured(one, rows, score)


def _pictured(one: Shown, rows: pd.DataFrame, score: str) -> None:
    """Their pictures with class, prediction and score; of a table their values."""
    places = rows.index.to_numpy()
    if one.data.picture_shape is None:
        records = _records(one, places)
        shown = (
            rows[["source_id", "label", "predicted", score]].set_axis(records.index).join(records, rsuffix=" (data)")
        )
        if widgets.redacted():
            shown = shown.drop(columns=["source_id", "label", "predicted"])
        tables.table(named(shown, None, one.analysis), width="stretch", key=f"ood-wrong-{rows['split'].iloc[0]}")
        return
    images = _images(one, places)
    hidden = widgets.redacted()
    said = [
        text.number(value) if hidden else f"{id}: {label}, taken for {predicted}, {text.number(value)}"
        for id, label, predicted, value in zip(
            rows["source_id"], rows["label"], rows["predicted"], rows[score], strict=True
        )
    ]
    _gallery(images, said)


def _gallery(images: np.ndarray, said: list[str]) -> None:
    with st.container(horizontal=True):
        for image, caption in zip(images, said, strict=True):
            large = pictures.enlarged(image, _PIXELS)
            st.image(large, caption=text.safe(caption), output_format="PNG", width=_PIXELS)


def _images(one: Shown, places: np.ndarray) -> np.ndarray:
    """Pixels of rows of the table, coarse while redacted."""
    images = dataclasses.replace(one.data.as_pictures, source=_source(one)).images(places)
    return np.stack([pictures.coarse(image) for image in images]) if widgets.redacted() else images


def _records(one: Shown, places: np.ndarray) -> pd.DataFrame:
    """Rows of the table with their values, masked while redacted."""
    source = _source(one)
    ids = np.arange(len(source))
    records = dataclasses.replace(one.data, source=source, ids=ids, id_names=None).records(places)
    return redaction.hidden(records) if widgets.redacted() else records


def _source(one: Shown) -> np.ndarray:
    """Features before preprocessing, row by row as in the table: new examples come last."""
    if "new_source" not in one.result.arrays:
        return one.outside.source
    return np.concatenate([one.outside.source, one.result.arrays["new_source"]])


def new(one: Shown) -> None:
    """The uploaded examples, their scores, and how many of the model's own classes have a smaller one."""
    table = one.result.table
    rows = table[table["split"] == NEW]
    if rows.empty:
        return
    st.subheader("Your own examples", anchor="new")
    inside = table[table["split"] == IN]
    scores = list(one.result.summary["auroc"])
    below = {
        name: np.searchsorted(np.sort(inside[name]), rows[name].to_numpy(), "right") / len(inside) for name in scores
    }
    names = np.arange(len(rows)).astype(str) if widgets.redacted() else one.result.arrays["new_names"].astype(str)
    if one.data.picture_shape is not None:
        most = rows.index.to_numpy()[:_LISTED]
        score = score_of(one)
        said = [f"{name}: above {100 * share:.0f} %" for name, share in zip(names, below[score], strict=False)]
        _gallery(_images(one, most), said[: len(most)])
    shares = pd.DataFrame(below, index=pd.Index(names, name="example")).rename(columns=TITLES)
    if not widgets.redacted():
        shares.insert(0, "predicted class", rows["predicted"].to_numpy())
    shares.insert(min(1, len(shares.columns)), "its probability", rows["probability"].to_numpy())
    st.caption(
        "The share of the test examples of the model's own classes that have a smaller score: at .95 and above an "
        "example is stranger than 95 % of them."
    )
    tables.table(shares, width="stretch", key="ood-new", column_config=dict.fromkeys(TITLES.values(), _SHARE))


_SHARE = st.column_config.NumberColumn(format="%.3f")


def everyone(one: Shown) -> None:
    """All scores, and their files."""
    st.subheader("All examples", anchor="all")
    table = one.subject.masked(one.result.table)
    table = named(table, None, one.analysis)
    columns = widgets.number_columns(table, one.analysis)
    tables.table(table.head(5000), width="stretch", height=320, column_config=columns, key="ood-table")
    if len(table) > 5000:
        st.caption(f"The first 5,000 of {len(table):,}; the export has all.")
    widgets.export(table, "out-of-distribution", None, key="ood-export", of=one.analysis)
