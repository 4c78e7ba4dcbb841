"""The noise planner: a target for leakage, error or membership, the noise that meets it, and the test score then."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from fil_core import BadRequest, Dataset, FilRequest, Result, sigma_for_error, sigma_for_eta, sigma_for_membership
from fil_core.display import charts
from pages.common import curves, text, widgets
from pages.common.units import source_units

_TARGETS = {"eta": "largest η", "error": "reconstruction error", "auc": "membership AUC"}


def planner(request: FilRequest, data: Dataset, result: Result, table: pd.DataFrame) -> None:
    """Choose a target; the answer is sigma and the expected test score."""
    target = st.segmented_control(
        "Limit for every example",
        list(_TARGETS),
        format_func=_TARGETS.__getitem__,
        default="eta",
        key="target",
        required=True,
    )
    left, right = st.columns([2, 3])
    with left:
        sigma, promise = _sigma(target or "eta", request, data, result, table)
        releases = st.number_input(
            "Independent releases", min_value=1, value=1, key="releases",
            help="η² adds up over releases: k of them need √k times the σ.",
        )  # fmt: skip
        sigma *= math.sqrt(releases)
        score = curves.expected_score(result, sigma)
        _metrics(result, sigma, score)
        st.caption(promise)
    with right:
        _curve(request, result.summary["score"], sigma, score)


def _metrics(result: Result, sigma: float, score: float) -> None:
    kind = result.summary["score"]
    without = f"{text.score(result.summary['test_score'], kind)} without"
    widgets.metrics(
        {
            "Noise σ": (text.number(sigma), "added to each parameter"),
            f"Expected test {kind}": (text.score(score, kind), without),
        },
        border=False,
    )


def _curve(request: FilRequest, kind: str, sigma: float, score: float) -> None:
    sigmas, scores = curves.utility_curve(request)
    titles, log = ("output noise σ", f"expected test {kind}"), kind != "accuracy"
    widgets.chart(
        charts.curve(sigmas, scores, (sigma, score), titles, widgets.mode(), log=log),
        f"Expected test {kind} against the noise; at sigma {text.number(sigma)} it is {text.score(score, kind)}",
        "utility",
    )
    widgets.table_twin(pd.DataFrame({"sigma": sigmas, f"expected {kind}": scores}), key="utility-numbers")


def _sigma(target: str, request: FilRequest, data: Dataset, result: Result, table: pd.DataFrame) -> tuple[float, str]:
    """The noise for a target, and what it guarantees."""
    planners = {"eta": _for_eta, "error": _for_error, "auc": _for_auc}
    return planners[target](request, data, result, table)


def _for_eta(request: FilRequest, data: Dataset, result: Result, table: pd.DataFrame) -> tuple[float, str]:
    largest = max(float(result.summary["eta_max"]), 1e-300)
    goal = st.number_input(
        "Largest η allowed",
        min_value=largest * 1e-6,
        value=float(f"{largest / 2:.2g}"),
        format="%.4g",
        step=largest / 20,
        key=f"goal-eta-{largest!r}",  # a goal chosen for other data does not apply
    )
    direction = f"any direction of {text.safe(request.attribute[0])}" if request.attribute else "any direction"
    promise = (
        f"No unbiased attacker can then estimate {direction} of any example with a standard deviation below "
        f"{text.number(1 / goal)}{_in_source_units(data, 1 / goal)}."
    )
    std = result.summary["prior_std"]
    if 1 / goal > std:
        promise += f" Of a feature with the usual spread, {text.number(std)}, that says nothing."
    return sigma_for_eta(largest, goal), promise


def _in_source_units(data: Dataset, error: float) -> str:
    said = source_units(data, error)
    pixel = " for a pixel" if data.image_shape is not None else ""
    return f" ({said}{pixel})" if said else ""


def _for_error(request: FilRequest, data: Dataset, result: Result, table: pd.DataFrame) -> tuple[float, str]:
    std = result.summary["prior_std"]
    share = st.slider("Error, as a share of the features' standard deviation", 0.01, 1.0, 0.5, key="goal-error")
    error = share * std
    known = table["bound_unbiased"].dropna()
    whom = "any example" if len(known) == len(table) else f"any of the {text.count(len(known))} examples of largest η"
    return sigma_for_error(float(known.min()), error**2), (
        f"No unbiased attacker can then reconstruct all features of {whom} with a root mean squared error below "
        f"{text.number(error)}{_in_source_units(data, error)} per feature ({text.percent(share, 0)} of the training "
        f"features' standard deviation, {text.number(std)})."
    )


def _for_auc(request: FilRequest, data: Dataset, result: Result, table: pd.DataFrame) -> tuple[float, str]:
    goal = st.slider("Largest AUC allowed", 0.505, 0.995, 0.6, key="goal-auc")
    if alone := int(table["loo_shift"].isna().sum()):
        raise BadRequest(
            f"membership AUC: expected leverages below 1; got {text.counted(alone, 'example')} with a leverage of 1, "
            "without which the optimum is not unique. Choose a penalty λ above 0."
        )
    return sigma_for_membership(float(table["loo_shift"].max()), goal), (
        f"The best membership test then has an AUC of at most {goal:.2f} for the most exposed example, with the "
        "preprocessing and the penalty n·λ held fixed."
    )
