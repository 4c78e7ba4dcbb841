"""The answer: a sentence, the numbers of the attacks, and their ROC curves."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from fil_core.analyses.mia.columns import title_of
from fil_core.analyses.mia.figures import figures as drawn_of
from pages.common import tables, text, widgets
from pages.views.membership.trained.shown import Shown


def view(shown: Shown) -> None:
    """The sentence and the metrics."""
    st.markdown(shown.analysis.sentence(shown.subject, text.safe))
    widgets.metrics(_facts(shown.result.summary))


def _facts(s: dict[str, Any]) -> dict[str, tuple[str, str]]:
    first = s["attacks"][0]
    facts = {f"{title_of(first)}: AUC": (f"{s['auc'][first]:.3f}", ".5 is chance")}
    for rate, (value, low, high) in s["tpr_at_fpr"][first].items():
        facts[f"TPR at FPR {rate}"] = (text.percent(value), f"{text.percent(low)} to {text.percent(high)}")
    facts["Smallest FPR"] = (text.number(s["smallest_fpr"]), "that can be told")
    if s["stability"] is not None:
        facts["Stability"] = (f"{s['stability']:.2f}", "Spearman of two halves")
    if "test_score" in s:
        test = text.score(s["test_score"], s["score"])
        facts[f"Test {s['score']}"] = (test, f"own half {text.score(s['train_score'], s['score'])}")
    return facts


def figures(shown: Shown) -> None:
    """ROC curves and exposure, and the numbers of every attack."""
    drawn = shown.subject.labelled(drawn_of(shown.subject))
    for place, one in zip(st.columns(max(1, len(drawn))), drawn, strict=False):
        with place:
            st.markdown(f"**{text.safe(one.title)}**")
            widgets.chart(one.figure, one.alt, f"mia-{one.title}")
    st.markdown(
        "**Every attack**",
        help="Intervals are Clopper-Pearson's at 95 %, as if all pairs of a record and a model were independent; the "
        "spread over the attacked models is beside them. Precision is at the prior of the constants.",
    )
    tables.table(_attacks(shown.result.summary), width="stretch", key="mia-attacks")


def _attacks(s: dict[str, Any]) -> pd.DataFrame:
    rows = []
    for attack in s["attacks"]:
        for rate, (value, low, high) in s["tpr_at_fpr"][attack].items():
            rows.append(
                {
                    "attack": title_of(attack), "AUC": s["auc"][attack], "FPR": float(rate), "TPR": value, "from": low,
                    "to": high, "spread over models": s["spread"][attack][rate],
                    f"precision at prior {s['prior']:g}": s["precision"][attack][rate],
                }
            )  # fmt: skip
    return pd.DataFrame(rows).set_index("attack")
