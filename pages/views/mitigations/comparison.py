"""Comparison of mitigations: remaining leakage, success of an attack, and test score of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import (
    LARGEST_L2,
    METHODS,
    Dataset,
    FilRequest,
    Irfil,
    IrfilRequest,
    MitigateRequest,
    Mitigation,
    ReleaseRequest,
    Result,
    compared_releases,
    noise_for,
    release_row,
)
from fil_core.analyses.release import figures as release_figures
from fil_core.display.numbers import counted, verb
from pages.common import compute, curves, tables, text, widgets
from pages.views.mitigations import release, selected

_FACTORS = [2.0, 3.0, 10.0, 30.0, 100.0]  # of the noise, and of the penalty
_L2S = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
_SHARES = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2]
_NOISES = 41
_LEAKAGE = {
    "largest η": "eta_max",
    "mean η": "eta_mean",
    "spread of η": "eta_std",
    "attack": "attack",
}


def view(model_request: FilRequest, data: Dataset) -> None:
    """The whole section."""
    sentence = st.container()  # the answer is above the controls that change it
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left:
        attribute = release.at_risk(model_request, data)
    before = release.measured(model_request, attribute)
    with right:
        base = release.release(model_request, attribute, before)
    compared, comparison = _compared(base, data, before)
    results = _measure(compared)
    complete = all(result is not None for result in results)  # else errors must stay visible
    matching = _matching_noise(base, before, compared)
    if complete and comparison.target_eta is None and any(m not in compared for m in matching):
        st.rerun()  # reweighting has just been measured, and sets the noise to compare it with
    table = pd.DataFrame([release_row(*pair) for pair in zip(compared, results, strict=True)]).set_index("name")
    done = table[table["eta_max"].notna()]
    if not len(done):
        sentence.markdown("Nothing is measured yet. The button below measures every mitigation, one by one.")
        return
    sentence.markdown(_sentence(done, base, before))
    if len(done) < len(table):
        missing = len(table) - len(done)
        st.caption(f"{missing} of {len(table)} releases {verb(missing, 'is', 'are')} not computed yet.")
    by_name = {m.name: (m, result) for m, result in zip(compared, results, strict=True) if result is not None}
    name, leakage = _choices(done, complete=complete)
    model = FilRequest(
        data=model_request.data, model=model_request.model, attribute=(attribute,) if attribute else (),
        device=model_request.device,
    )  # fmt: skip
    _frontier(model, base, before, done, by_name, name, leakage)
    _table(done, before.summary["score"], name)
    selected.view(data, *by_name[name], before)
    for notice in sorted({text.safe(n) for _, result in by_name.values() for n in result.provenance["warnings"]}):
        st.caption(f":material/warning: {notice}")
    widgets.provenance(base, next(iter(by_name.values()))[1], reproduced=comparison)


def _measure(compared: list[Mitigation]) -> list[Result | None]:
    return compute.sweep(
        [m.release for m in compared],
        f"Measure {counted(len(compared), 'release')}",
        key="compare",
        names=[m.name for m in compared],
        eager=True,
    )


def _choices(done: pd.DataFrame, *, complete: bool) -> tuple[str, str]:
    """The mitigation that is selected, and how leakage is measured in the figure."""
    names, measures = list(done.index), [name for name, column in _LEAKAGE.items() if done[column].notna().any()]
    for key, options in (("looking", names), ("leakage-as", measures)):
        if st.session_state.get(key) not in (None, *options):
            del st.session_state[key]
    # While results are missing the choice is temporary; it is kept, and in the link, once all are there.
    bound: dict[str, Any] = {"key": "looking", "bind": "query-params"} if complete else {"key": f"looking-{len(done)}"}
    first, second = st.columns([2, 3])
    name = first.selectbox("Selected mitigation", names, index=min(1, len(done) - 1), **bound)
    leakage = second.segmented_control(
        "Leakage as", measures, default="largest η", key="leakage-as", bind="query-params", required=True
    )
    return name, leakage or "largest η"


def _compared(base: ReleaseRequest, data: Dataset, before: Result) -> tuple[list[Mitigation], MitigateRequest]:
    """The mitigations that were chosen, as releases and as one request."""
    l2 = base.model.penalty
    penalties = [float(f"{l2 * f:.3g}") for f in _FACTORS if l2 * f <= LARGEST_L2] if l2 else _L2S
    sigmas = [float(f"{base.sigma * factor:.3g}") for factor in _FACTORS]
    drops = sorted({max(1, round(share * data.n)) for share in _SHARES})
    methods = list(METHODS) if data.class_names else ["sample"]
    with st.expander("Mitigations to compare"):
        one, two, three = st.columns([3, 1, 2])
        chosen = one.multiselect("Reweighting by", methods, methods, key="compared-methods")
        rounds = int(two.number_input("Rounds", 1, 200, 15, key="compared-rounds"))
        target = three.number_input(
            "Noise for a largest η of", min_value=0.0, value=None, format="%.3g", key="target-eta",
            placeholder="that of reweighting", help="At the noise of the release.",
        )  # fmt: skip
        one, two, three = st.columns(3)
        # The keys hold the ranges: a noise or penalty chosen for one model does not apply to another.
        noises = one.multiselect(
            "More noise σ", sigmas, sigmas[1:3], key=f"noises-{base.sigma!r}", format_func=text.number
        )
        l2s = two.multiselect(
            "Larger penalty λ", penalties, penalties[1:4:2], key=f"l2s-{l2!r}", format_func=text.number
        )
        default = list(dict.fromkeys([drops[2 % len(drops)], drops[-3 % len(drops)]]))
        dropped = three.multiselect("Without the top", drops, default, key=f"drops-{data.n}")
    comparison = MitigateRequest(
        data=base.data, model=base.model, release_sigma=base.sigma, attribute=base.attribute, examples=len(base.ids),
        methods=tuple(chosen), iterations=rounds, target_eta=(target,) if target else None,
        sigmas=tuple(sorted(noises)), l2s=tuple(sorted(l2s)), drop=tuple(sorted(dropped)), trials=base.trials,
        draws=base.draws, seed=base.seed, device=base.device,
    )  # fmt: skip
    compared = compared_releases(
        base,
        n=data.n,
        irfil=[comparison.reweighting(method) for method in chosen],
        sigmas=comparison.sigmas,
        l2s=comparison.l2s,
        drops=comparison.drop,
    )
    noise = [noise_for(base, before.summary["eta_max"], target)] if target else _matching_noise(base, before, compared)
    return compared + noise, comparison


def _matching_noise(base: ReleaseRequest, before: Result, compared: list[Mitigation]) -> list[Mitigation]:
    """The noise with the same largest eta as the first reweighting, once that is measured."""
    first = next((m.release for m in compared if m.family == "reweighting"), None)
    reweighted = compute.stored(first) if first else None
    if reweighted is None or reweighted.summary["eta_max"] >= before.summary["eta_max"] / base.sigma:
        return []
    return [noise_for(base, before.summary["eta_max"], reweighted.summary["eta_max"])]


def _sentence(done: pd.DataFrame, base: ReleaseRequest, before: Result) -> str:
    """How many mitigations halve the largest eta, and which of those costs least."""
    score, eta = before.summary["score"], before.summary["eta_max"] / base.sigma
    others = done[done["family"] != "as it is"]
    better = others[others["eta_max"] <= eta / 2]
    if not len(better):
        return f"No mitigation measured yet halves the largest η of **{text.number(eta)}**."
    worth = better["expected_score"].astype(float) * (1 if score == "accuracy" else -1)
    bars = better["score_std"].astype(float).fillna(0)
    # Scores that differ by less than between releases count as equal.
    as_good = better[worth >= worth.max() - 2 * np.maximum(bars, bars[worth.idxmax()]) - 1e-12]
    cheapest = as_good.loc[as_good["eta_max"].astype(float).idxmin()]
    without = text.score(curves.expected_score(before, base.sigma), score)
    return (
        f"**{len(better)} of {len(others)} mitigations** at least halve the largest η of **{text.number(eta)}**. Among "
        "those whose test score is within two standard deviations of the best, "
        f"**{text.safe(cheapest.name)}** leaks least: largest η {text.number(cheapest.eta_max)}, test {score} "
        f"{text.score(cheapest.expected_score, score)} against {without}."
    )


def _frontier(
    model: FilRequest,
    base: ReleaseRequest,
    before: Result,
    done: pd.DataFrame,
    by_name: dict[str, tuple[Mitigation, Result]],
    name: str,
    leakage: str,
) -> None:
    column, score = _LEAKAGE[leakage], before.summary["score"]
    points = done[["family", "expected_score", "score_std"]].rename(columns={"expected_score": "score"})
    points = points.assign(leakage=done[column].astype(float))
    points = points[points["leakage"] > 0]  # a spread of 0 cannot be drawn on a logarithmic axis
    is_eta = column != "attack"
    curves_by_family = _curves(model, base, before, [m for m, _ in by_name.values()], column) if is_eta else {}
    attack = next(iter(by_name.values()))[1].summary["attack"]
    title = f"{leakage} at the release's noise, in 1/feature" if is_eta else release.attack_title(attack)
    widgets.chart(
        release_figures.frontier(
            points, curves_by_family, name, (title, f"expected test {score}"), widgets.mode(), log=is_eta
        ),
        f"Leakage as {leakage} against expected test {score} for {counted(len(points), 'release')}; {name} is marked",
        "frontier",
    )
    st.caption(
        "Each point is a release; bars are the standard deviation of the score between releases. Dotted lines: other "
        "noise levels, and the rounds of reweighting, in closed form."
    )


def _curves(
    model: FilRequest, base: ReleaseRequest, before: Result, compared: list[Mitigation], column: str
) -> dict[str, list[tuple[Sequence[float], Sequence[float]]]]:
    """Leakage and expected score over the noise, and over the rounds of each stored reweighting, by family."""
    at_one = before.summary[column]
    sigmas = tuple(base.sigma * np.logspace(-0.5, 3, _NOISES))
    lines: dict[str, list[tuple[Sequence[float], Sequence[float]]]] = {
        "more noise": [([at_one / sigma for sigma in sigmas], curves.noise_curve(model, sigmas))]
    }
    for mitigation in compared:
        weights = mitigation.release.model.weights
        if isinstance(weights, Irfil):
            rounds = IrfilRequest(data=model.data, model=model.model, weights=weights, device=model.device)
            if (result := compute.stored(rounds)) is not None:
                leakage = [value / base.sigma for value in result.summary[column]]
                lines.setdefault("reweighting", []).append((leakage, curves.round_scores(rounds, base.sigma)))
    return lines


def _table(done: pd.DataFrame, score: str, selected_name: str) -> None:
    """The same columns for every mitigation."""
    columns = {
        "family": "kind", "sigma": "σ", "l2": "λ", "trained_on": "trained on", "eta_max": "largest η",
        "eta_mean": "mean η", "eta_std": "spread of η", "attack": "attack", "attacker": "attacker",
        "expected_score": f"expected {score.removeprefix('mean ')}",
        "score_std": "±", "test_score": "without noise",
    }  # fmt: skip
    shown = done[list(columns)].rename(columns=columns).rename_axis("mitigation")
    shown = shown.dropna(axis="columns", how="all")
    shown.insert(0, "", ["◉" if name == selected_name else "" for name in shown.index])
    tables.table(
        shown, width="stretch", height="content", column_config=widgets.number_columns(shown), key="side-by-side"
    )
    st.caption(
        "η is at the σ of each release; spread and ±: standard deviations, the latter between releases. Attack: share "
        "of attributes that the stronger white-box attacker infers correctly, or reconstruction error (1 = no better "
        "than not seeing the release)."
    )
