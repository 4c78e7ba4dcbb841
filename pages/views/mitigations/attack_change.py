"""The same attack on a model before and after reweighting, by deciles of the examples."""

from __future__ import annotations

import dataclasses

import pandas as pd
import streamlit as st

from fil_core import FilRequest, Irfil, IrfilRequest, ReleaseRequest, Result, attack_by_decile
from fil_core.analyses.release import figures as release_figures
from fil_core.display import redaction
from pages.common import compute, text, widgets
from pages.views.mitigations import release


def view(asked: FilRequest, request: IrfilRequest, how: Irfil | None, table: pd.DataFrame) -> None:
    """The same attack on both models, by deciles of eta before."""
    attribute = next(iter(request.weights.attribute), "")
    before = release.measured(asked, attribute)
    plain = release.release(asked, attribute, before)
    if not plain.attribute and not plain.ids:
        st.info("Attacks are defined for least-squares and logistic models.", icon=":material/info:")
        return
    if how is None:
        st.caption("Round 0 is the model as it is: nothing to compare with.")
        return
    weighted = dataclasses.replace(plain, model=dataclasses.replace(plain.model, weights=how))
    answers = compute.sweep([plain, weighted], "Attack both models", key="attack-both", eager=True)
    found = [answer for answer in answers if answer is not None]
    if len(found) < 2:
        return
    _deciles(plain, found[0], found[1], table)


def _deciles(plain: ReleaseRequest, before: Result, after: Result, table: pd.DataFrame) -> None:
    attack = before.summary["attack"]
    share = attack["kind"] == "attribute"
    if share and widgets.redacted() and redaction.deciles_tell(len(table)):
        st.caption("Too few examples to show deciles of them while Redact is on.")
        return
    eta = table["eta_before"].to_numpy()
    deciles = pd.DataFrame(
        {"before": attack_by_decile(eta, before), "after": attack_by_decile(eta, after)},
        index=pd.RangeIndex(1, 11, name="decile"),
    ).dropna()
    left, right = st.columns([3, 2])
    title = release.attack_in_words(attack)
    with left:
        widgets.chart(
            release_figures.deciles(deciles, attack["nothing_learnt"], title, widgets.mode()),
            f"{title} in each decile of the examples by eta, before and after reweighting",
            "deciles",
        )
    with right:
        now, then = (result.summary["attack"]["value"] for result in (after, before))
        number = text.percent if share else text.number
        what = f"guesses **{text.safe(attack['name'])}** rightly for" if share else "reconstructs with an error of"
        st.markdown(
            f"At σ = {text.number(plain.sigma)} the informed attacker {what} **{number(then)}** before and "
            f"**{number(now)}** after; in the leakiest tenth {number(deciles['before'].iloc[-1])} before and "
            f"**{number(deciles['after'].iloc[-1])}** after."
        )
        exact = "a closed form" if attack["closed_form"] else f"{text.count(plain.trials)} seeded releases"
        st.caption(
            f"White box, every example, {exact}." if share
            else f"Of {len(plain.ids)} examples spread over all ranks of η, the attack with a prior, {exact}; an error "
            "of 1 is what who has not seen the release would make."
        )  # fmt: skip
        widgets.table_twin(deciles, key="decile-numbers")
