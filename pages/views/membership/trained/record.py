"""One record: who it is, and its scores under the models that had it and those that had it not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fil_core.analyses.mia.figures import histograms
from fil_core.display import pictures, redaction
from pages.common import tables, text, tiles, widgets
from pages.common.naming import called, missing
from pages.views.membership.trained.shown import Shown

_WIDTH = 220


def view(shown: Shown) -> None:
    """The record of the link, or the most exposed one."""
    data, id = shown.data, shown.id
    if id not in shown.table.index:
        st.subheader("Record", anchor="record")
        st.warning(missing(data, id) + " Pick one above.", icon=":material/warning:")
        return
    of_class = f" · class {text.safe(shown.table['label'][id])}" if shown.subject.classes else ""
    st.subheader(f"Record {text.safe(called(data, id))}{of_class}", anchor="record")
    widgets.metrics(_facts(shown, id))
    left, right = st.columns([1, 2])
    with left:
        _pictured(shown, id)
    with right:
        _scores(shown, data.row(id))


def _facts(shown: Shown, id: int) -> dict[str, tuple[str, str]]:
    row, s = shown.table.loc[id], shown.result.summary
    had = int(shown.result.arrays["inclusion"][shown.data.row(id)].sum())
    facts = {"AUC over the models": (f"{row['auc']:.3f}", f"± {row['auc_error']:.3f}; .5 is chance")}
    for rate in s["tpr_at_fpr"][s["attacks"][0]]:
        share = float(row[f"tpr_at_fpr_{rate}"])
        error = (share * (1 - share) / had) ** 0.5 if had else float("nan")
        facts[f"Found at FPR {rate}"] = (text.percent(share), f"± {text.percent(error)} of {had} models")
    if "prediction_change" in row:
        difference = (2 * row["prediction_change"]) ** 0.5
        facts["Difference of the outputs"] = (text.number(difference), "mean with it less without it")
    if "loss_range" in row:
        facts["Range of its losses"] = (text.number(row["loss_range"]), "interquartile, over a training")
    return facts


def _pictured(shown: Shown, id: int) -> None:
    data = shown.data
    if data.picture_shape is not None:
        image = tiles.pictures(data, np.array([id]))[0]
        large = pictures.enlarged(image, _WIDTH)
        st.image(large, output_format="PNG", alt=f"Training record {called(data, id)}")
        return
    records = data.records(np.array([data.row(id)]))
    if widgets.redacted():
        records = redaction.hidden(records)
    attributes = records.T.astype(str).rename_axis("attribute").set_axis(["the record"], axis=1)
    tables.table(attributes, width="stretch", height=tables.fitting(len(attributes)), key="mia-record")


def _scores(shown: Shown, row: int) -> None:
    st.markdown(
        "**Its scores with it and without it**",
        help="Of classifiers the score is the logit-scaled confidence in the true label. The curves are the normal "
        "distributions that likelihood-ratio attacks fit.",
    )
    scores, had = shown.result.arrays["scores"][row], shown.result.arrays["inclusion"][row]
    figure = histograms(scores[had], scores[~had], "score of the record", widgets.mode())
    widgets.chart(
        figure, f"Histograms of {had.sum()} scores with the record and {(~had).sum()} without it", "mia-scores"
    )
    told = pd.DataFrame(
        {"models": [had.sum(), (~had).sum()], "mean": [scores[had].mean(), scores[~had].mean()],
         "standard deviation": [scores[had].std(ddof=1), scores[~had].std(ddof=1)]},
        index=["with the record", "without it"],
    )  # fmt: skip
    widgets.table_twin(told, key="mia-scores-numbers")
