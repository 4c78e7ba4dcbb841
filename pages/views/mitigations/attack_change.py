"""The same attack on a model before and after reweighting, by deciles of the examples."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import streamlit as st

from fil_core import FilRequest, Irfil, IrfilRequest, ReleaseRequest, Result, attack_by_decile
from fil_core.analyses.release import figures as release_figures
from fil_core.display import redaction
from fil_core.display.numbers import counted
from pages.common import compute, text, widgets
from pages.views.mitigations import release


def view(model_request: FilRequest, request: IrfilRequest, weights: Irfil | None, table: pd.DataFrame) -> None:
    """The same attack on both models, by deciles of eta before."""
    attribute = next(iter(request.weights.attribute), "")
    eta_before = release.measured(model_request, attribute)
    unweighted = release.release(model_request, attribute, eta_before)
    if weights is None:
        st.caption("Round 0 is the model with equal weights: there is nothing to compare it with.")
        return
    weighted = dataclasses.replace(unweighted, model=dataclasses.replace(unweighted.model, weights=weights))
    before, after = compute.sweep([unweighted, weighted], "Attack both models", key="attack-both", eager=True)
    if before is not None and after is not None:
        _deciles(unweighted, before, after, table)


def _deciles(request: ReleaseRequest, before: Result, after: Result, table: pd.DataFrame) -> None:
    attack = before.summary["attack"]
    if attack["kind"] == "attribute" and widgets.redacted() and redaction.deciles_tell(len(table)):
        st.caption("Hidden while redacted: with so few examples a decile reveals single ones.")
        return
    eta = table["eta_before"].to_numpy()
    deciles = pd.DataFrame(
        {"before": attack_by_decile(eta, before), "after": attack_by_decile(eta, after)},
        index=pd.RangeIndex(1, 11, name="decile"),
    ).dropna()
    left, right = st.columns([3, 2])
    title = release.attack_title(attack)
    with left:
        widgets.chart(
            release_figures.deciles(deciles, attack["nothing_learnt"], title, widgets.mode()),
            f"{title} in each decile of the examples by eta, before and after reweighting",
            "deciles",
        )
    with right:
        st.markdown(_sentence(request, attack, after.summary["attack"]["value"], deciles))
        st.caption(_method(request, attack, after.summary["attack"]))
        widgets.table_twin(deciles, key="decile-numbers")


def _sentence(request: ReleaseRequest, attack: dict[str, Any], after: float, deciles: pd.DataFrame) -> str:
    """Success or error of the attack before and after, over all examples and in the leakiest decile."""
    attribute = attack["kind"] == "attribute"
    number = text.percent if attribute else text.number
    action = f"infers **{text.safe(attack['name'])}** correctly for" if attribute else "reconstructs with an error of"
    return (
        f"At σ = {text.number(request.sigma)} the stronger white-box attacker {action} **{number(attack['value'])}** "
        f"before and **{number(after)}** after; in the leakiest decile {number(deciles['before'].iloc[-1])} before and "
        f"**{number(deciles['after'].iloc[-1])}** after."
    )


def _method(request: ReleaseRequest, attack: dict[str, Any], after: dict[str, Any]) -> str:
    simulated = "closed form" if attack["closed_form"] else counted(request.trials, "simulated release")
    if attack["kind"] == "attribute":
        return f"All examples, {simulated}; before: {attack['attacker']}, after: {after['attacker']}."
    return (
        f"Attack with a prior on {counted(len(request.ids), 'example')} from all deciles of η, {simulated}; 1 = no "
        "better than not seeing the model."
    )
