"""Controls that both views share: what is at risk, the noise of the release, and the attack."""

from __future__ import annotations

import dataclasses

import numpy as np
import streamlit as st

from fil_core import (
    Dataset,
    FilRequest,
    ReleaseRequest,
    Result,
    categorical,
    default_sigma,
    evenly_ranked,
)
from pages.common import compute, text

EVERYTHING = "the whole example"
EXAMPLES = 30  # reconstructed, three in each decile
_FACTORS = np.logspace(-2, 2, 13)  # of the default noise


def at_risk(request: FilRequest, data: Dataset) -> str:
    """The attribute that is protected and attacked; empty for the whole example."""
    names = categorical(data)
    if not names:
        return ""
    if st.session_state.get("at-risk") not in (None, EVERYTHING, *names):
        del st.session_state["at-risk"]
    chosen = st.selectbox("At risk", [EVERYTHING, *names], key="at-risk", bind="query-params")
    return "" if chosen == EVERYTHING else chosen


def measured(request: FilRequest, attribute: str) -> Result:
    """eta of what is at risk, with equal weights."""
    return compute.result(dataclasses.replace(request, attribute=(attribute,) if attribute else ()))


def release(request: FilRequest, attribute: str, before: Result) -> ReleaseRequest:
    """The release without mitigation, at the noise of a slider; whole examples are attacked by reconstruction."""
    s = before.summary
    default = default_sigma(s["eta_mean"], None if attribute else s["prior_std"])
    sigmas = [float(f"{default * factor:.1e}") for factor in _FACTORS]
    # The key holds the range: noise chosen for one model does not apply to another.
    sigma = st.select_slider(
        "Output noise σ of the release", sigmas, value=sigmas[len(sigmas) // 2], format_func=text.number,
        key=f"release-sigma-{sigmas[-1]!r}",
    )  # fmt: skip
    return ReleaseRequest(
        data=request.data, model=request.model, sigma=float(sigma), attribute=attribute,
        ids=evenly_ranked(before.table["eta"], EXAMPLES) if not attribute else (), device=request.device,
    )  # fmt: skip


def attack_title(attack: dict[str, object]) -> str:
    """Axis title of the success or error of an attack."""
    if attack.get("kind") == "attribute":
        return f"share whose {attack['name']} is inferred correctly"
    return "reconstruction error (1\u00a0=\u00a0nothing learnt)"
