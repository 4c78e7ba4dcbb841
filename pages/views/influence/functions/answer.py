"""The answer of influence: a sentence, the light of a network's training, warnings, and the numbers."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from fil_core import Dataset, Result, analysis_of
from fil_core.analyses import sharing
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest
from pages.common import text, widgets
from pages.views.influence.answer import badge, subject, training
from pages.views.influence.functions.asked import Asked


def view(request: Asked, data: Dataset, result: Result) -> None:
    """The sentence, the light, what is wrong with the curvature, and the metrics."""
    st.markdown(analysis_of(request).sentence(subject(request, data, result), text.safe))
    if "step_eigenvalue" in result.summary:
        badge(result.summary)
    _warn(data, result)
    widgets.metrics(_facts(result.summary))
    if isinstance(request, NetworkInfluenceRequest):
        training(request, data)


def _warn(data: Dataset, result: Result) -> None:
    """Say that a curvature is indefinite, with a damping that mends it; other warnings stand with the provenance."""
    s = result.summary
    if s["mends"] is not None and s["least"] + s["damping"] <= 0:
        warnings = [one for one in result.provenance["warnings"] if "indefinite" in one]
        for warning in sharing.told(warnings, result, data) if widgets.redacted() else warnings:
            st.warning(text.safe(warning), icon=":material/warning:")
        label = f"Use damping = {s['mends']:g}"
        st.button(label, icon=":material/play_arrow:", key="use-damping", on_click=_set_damping, args=(s["mends"],))


def _set_damping(damping: float) -> None:
    st.session_state["damping"] = damping


def _facts(s: dict[str, Any]) -> dict[str, tuple[str, str]]:
    helps = {"Examples that help": (text.percent(s["positive"], 0), f"of {text.count(s['n'])}")}
    test = {f"Test {s['score']}": (text.score(s["test_score"], s["score"]), _trained(s))}
    weights = {"Weights": (text.count(s["parameters"]), f"solved: {s['method']}")}
    agreement = _agreement(s)
    return agreement | helps | test | ({} if agreement else weights) | _spectrum(s)


def _trained(s: dict[str, Any]) -> str:
    return f"train {text.score(s['train_score'], s['score'])}"


def _spectrum(s: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The eigenvalues of the curvature, where they are known."""
    if s["negative"] is None or math.isnan(s["least"]):
        return {}
    least = f"{text.count(s['negative'])} below zero" if s["negative"] else "none below zero"
    return {"Least eigenvalue": (text.number(s["least"]), least), "Largest": (text.number(s["largest"]), "eigenvalue")}


def _agreement(s: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Slope, correlation and their like beside the truth; nothing without it."""
    if "pearson" not in s:
        return {}
    low, high = s["pearson_interval"]
    return {
        "Slope of the truth": (text.number(s["slope"]), "1 is equal"),
        "Correlation": (f"{s['pearson']:.3f}", f"95 %: {low:.3f} to {high:.3f}"),
        "Rank correlation": (f"{s['spearman']:.3f}", f"of {text.counted(s['compared'], 'example')}"),
        "Signs that agree": (text.percent(s["sign_agreement"], 0), f"error {text.percent(s['relative_error'], 0)}"),
    }
