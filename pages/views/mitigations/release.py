"""The controls that both views of the mitigations share: what is at risk, under which noise, and how it is attacked."""

from __future__ import annotations

import dataclasses

import numpy as np
import streamlit as st

from fil_core import (
    ATTACKABLE,
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
EXAMPLES = 30  # reconstructed, three in each tenth
_AROUND = np.logspace(-2, 2, 13)  # multiples of the noise to begin with


def at_risk(asked: FilRequest, data: Dataset) -> str:
    """The attribute that is evened out and attacked; empty for the whole example."""
    names = categorical(data) if asked.model.kind in ATTACKABLE else []
    if not names:
        return ""
    if st.session_state.get("at-risk") not in (None, EVERYTHING, *names):
        del st.session_state["at-risk"]
    chosen = st.selectbox("At risk", [EVERYTHING, *names], key="at-risk", bind="query-params")
    return "" if chosen == EVERYTHING else chosen


def measured(asked: FilRequest, attribute: str) -> Result:
    """eta with equal weights, of what is at risk."""
    return compute.result(dataclasses.replace(asked, attribute=(attribute,) if attribute else ()))


def release(asked: FilRequest, attribute: str, before: Result) -> ReleaseRequest:
    """The release as it is, with the noise of a slider; whole examples are attacked by reconstructing some of them."""
    s = before.summary
    first = default_sigma(s["eta_mean"], None if attribute else s["prior_std"])
    sigmas = [float(f"{first * factor:.1e}") for factor in _AROUND]
    # The name carries the range: noise chosen for one model means nothing for another.
    sigma = st.select_slider(
        "Output noise σ of the release", sigmas, value=sigmas[len(sigmas) // 2], format_func=text.number,
        key=f"release-sigma-{sigmas[-1]!r}",
    )  # fmt: skip
    whole = not attribute and asked.model.kind in ATTACKABLE
    return ReleaseRequest(
        data=asked.data, model=asked.model, sigma=float(sigma), attribute=attribute,
        ids=evenly_ranked(before.table["eta"], EXAMPLES) if whole else (), device=asked.device,
    )  # fmt: skip


def attack_in_words(attack: dict[str, object]) -> str:
    """Title of an axis or column for what an attack achieves."""
    if attack.get("kind") == "attribute":
        return f"share whose {attack['name']} is guessed rightly"
    return "reconstruction error (1 = nothing learnt)"
