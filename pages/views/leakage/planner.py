"""The noise planner: a target for leakage, error or membership, the noise it takes, and what that costs."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from fil_core import FilRequest, Result, sigma_for_error, sigma_for_eta, sigma_for_membership
from fil_core.display import charts
from pages.common import curves, text, widgets

_TARGETS = {"eta": "largest η", "error": "reconstruction error", "auc": "membership AUC"}


def planner(request: FilRequest, result: Result, table: pd.DataFrame) -> None:
    """Ask for a target, answer with sigma and the expected test score."""
    left, right = st.columns([2, 3])
    with left:
        target = st.segmented_control(
            "Hold everyone to a",
            list(_TARGETS),
            format_func=_TARGETS.__getitem__,
            default="eta",
            key="target",
            required=True,
        )
        sigma, promise = _sigma(target or "eta", request, result, table)
        releases = st.number_input(
            "Independent releases",
            min_value=1,
            value=1,
            key="releases",
            help="η² adds up: k releases take √k times the σ.",
        )
        sigma *= math.sqrt(releases)
        score = curves.expected_score(result, sigma)
        now, kind = result.summary["test_score"], result.summary["score"]
        one, two = st.columns(2)
        one.metric("Noise σ", text.number(sigma), "added to each parameter", delta_color="off", delta_arrow="off")
        two.metric(
            f"Expected test {kind}",
            text.score(score, kind),
            f"{text.score(now, kind)} without",
            delta_color="off",
            delta_arrow="off",
        )
        st.caption(promise)
    with right:
        sigmas, scores = curves.utility_curve(request)
        widgets.chart(
            charts.curve(
                sigmas,
                scores,
                (sigma, score),
                ("output noise σ", f"expected test {kind}"),
                widgets.mode(),
                log=kind != "accuracy",
            ),
            f"Expected test {kind} against the noise; at sigma {text.number(sigma)} it is {text.score(score, kind)}",
            "utility",
        )
        widgets.table_twin(pd.DataFrame({"sigma": sigmas, f"expected {kind}": scores}), key="utility-numbers")


def _sigma(target: str, request: FilRequest, result: Result, table: pd.DataFrame) -> tuple[float, str]:
    """The noise for a target, and in words what it promises."""
    answers = {"eta": _for_eta, "error": _for_error, "auc": _for_auc}
    return answers[target](request, result, table)


def _for_eta(request: FilRequest, result: Result, table: pd.DataFrame) -> tuple[float, str]:
    worst = max(float(result.summary["eta_max"]), 1e-300)
    goal = st.number_input(
        "Largest η allowed",
        min_value=worst * 1e-6,
        value=float(f"{worst / 2:.2g}"),
        format="%.4g",
        step=worst / 20,
        key=f"goal-eta-{worst!r}",  # a goal set for other data would be another promise
    )
    whose = f"any direction of {text.safe(request.attribute[0])}" if request.attribute else "any direction"
    promise = f"No unbiased attacker then knows {whose} of any example better than ±{text.number(1 / goal)}."
    return sigma_for_eta(worst, goal), promise


def _for_error(request: FilRequest, result: Result, table: pd.DataFrame) -> tuple[float, str]:
    std = result.summary["prior_std"]
    share = st.slider("Error, as a share of the features' own spread", 0.01, 1.0, 0.5, key="goal-error")
    return sigma_for_error(float(table["dfil"].max()), (share * std) ** 2), (
        "No unbiased attacker then reconstructs all features of any example with a root-mean-square error below "
        f"{text.number(share * std)} a feature ({share:.0%} of the training features' own standard deviation, "
        f"{text.number(std)})."
    )


def _for_auc(request: FilRequest, result: Result, table: pd.DataFrame) -> tuple[float, str]:
    goal = st.slider("Largest AUC allowed", 0.505, 0.995, 0.6, key="goal-auc")
    exact = request.model.kind == "least-squares"
    how = "at most" if exact else "about"
    why = "" if exact else " (the model without the example is taken after one Newton step)"
    return sigma_for_membership(float(table["loo_shift"].max()), goal), (
        f"The best test whether an example was trained on then has an area under its ROC of {how} {goal:.2f} for the "
        f"most exposed one, the penalty n·λ held fixed{why}."
    )
