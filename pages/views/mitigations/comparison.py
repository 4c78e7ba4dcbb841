"""Every mitigation beside every other: what is left to leak, what an attack still gets, and what the model is worth."""

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
    Dropping,
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
    successors,
)
from fil_core.analyses import ranking
from fil_core.analyses.release import figures as release_figures
from pages.common import compute, curves, sidebar, text, tiles, widgets
from pages.views.mitigations import release

_FACTORS = [2.0, 3.0, 10.0, 30.0, 100.0]  # of the noise, and of the penalty
_L2S = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
_SHARES = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2]
_SUCCESSORS = 8
_NOISES = 41
_LEAKAGE = {
    "largest η": "eta_max",
    "mean η": "eta_mean",
    "spread of η": "eta_std",
    "attack": "attack",
}


def view(asked: FilRequest, data: Dataset) -> None:
    """The whole section."""
    sentence = st.container()  # the answer stands above the controls that change it
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left:
        attribute = release.at_risk(asked, data)
    before = release.measured(asked, attribute)
    with right:
        base = release.release(asked, attribute, before)
    compared, comparison = _compared(base, data, before)
    answers = compute.sweep(
        [m.release for m in compared],
        f"Measure {len(compared)} releases",
        key="compare",
        names=[m.name for m in compared],
        eager=True,
    )
    complete = all(answer is not None for answer in answers)  # else what was wrong must stay to be read
    if (
        complete
        and comparison.target_eta is None
        and any(m not in compared for m in _matching_noise(base, before, compared))
    ):
        st.rerun()  # reweighting has just been measured, and says which noise to set beside it
    table = pd.DataFrame([release_row(*pair) for pair in zip(compared, answers, strict=True)]).set_index("name")
    done = table[table["eta_max"].notna()]
    if not len(done):
        sentence.markdown("Nothing is measured yet: the button below measures every mitigation, one by one.")
        return
    sentence.markdown(_sentence(done, base, before))
    if len(done) < len(table):
        st.caption(f"{len(table) - len(done)} of {len(table)} releases are not computed yet.")
    by_name = {m.name: (m, answer) for m, answer in zip(compared, answers, strict=True) if answer is not None}
    first, second = st.columns(2)
    names, ways = list(done.index), [name for name, column in _LEAKAGE.items() if done[column].notna().any()]
    for key, options in (("looking", names), ("leakage-as", ways)):
        if st.session_state.get(key) not in (None, *options):
            del st.session_state[key]
    # While some are missing the choice is a passing one: what is kept, and in the link, is made of all of them.
    bound: dict[str, Any] = {"key": "looking", "bind": "query-params"} if complete else {"key": f"looking-{len(done)}"}
    looking = first.selectbox("Looking at", names, index=min(1, len(done) - 1), **bound)
    leakage = second.segmented_control(
        "Leakage as", ways, default="largest η", key="leakage-as", bind="query-params", required=True
    )
    _frontier(asked, attribute, base, before, done, by_name, looking, leakage or "largest η")
    _table(done, before.summary["score"], looking)
    mitigation, answer = by_name[looking]
    _looked_at(data, mitigation, answer, before)
    for notice in sorted({text.safe(n) for _, one in by_name.values() for n in one.provenance["warnings"]}):
        st.caption(f":material/warning: {notice}")
    widgets.provenance(base, next(iter(by_name.values()))[1], reproduced=comparison)


def _compared(base: ReleaseRequest, data: Dataset, before: Result) -> tuple[list[Mitigation], MitigateRequest]:
    """What a person chose to compare, as its releases and as one request."""
    l2 = base.model.penalty
    penalties = [float(f"{l2 * f:.3g}") for f in _FACTORS if l2 * f <= LARGEST_L2] if l2 else _L2S
    sigmas = [float(f"{base.sigma * factor:.3g}") for factor in _FACTORS]
    drops = sorted({max(1, round(share * data.n)) for share in _SHARES})
    methods = list(METHODS) if data.class_names else ["sample"]
    with st.expander("What is compared"):
        one, two, three = st.columns([3, 1, 2])
        chosen = one.multiselect("Reweighting by", methods, methods, key="compared-methods")
        rounds = int(two.number_input("Rounds", 1, 200, 15, key="compared-rounds"))
        target = three.number_input(
            "Noise for a largest η of", min_value=0.0, value=None, format="%.3g", key="target-eta",
            placeholder="what reweighting reaches", help="At the release's noise.",
        )  # fmt: skip
        one, two, three = st.columns(3)
        # The names carry the ranges: a noise or penalty chosen for one model means nothing for another.
        noises = one.multiselect(
            "More noise σ", sigmas, sigmas[1:3], key=f"noises-{base.sigma!r}", format_func=text.number
        )
        l2s = two.multiselect(
            "Larger penalty λ", penalties, penalties[1:4:2], key=f"l2s-{l2!r}", format_func=text.number
        )
        usual = list(dict.fromkeys([drops[2 % len(drops)], drops[-3 % len(drops)]]))
        dropped = three.multiselect("Without the top", drops, usual, key=f"drops-{data.n}")
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
    wanted = [noise_for(base, before.summary["eta_max"], target)] if target else _matching_noise(base, before, compared)
    return compared + wanted, comparison


def _matching_noise(base: ReleaseRequest, before: Result, compared: list[Mitigation]) -> list[Mitigation]:
    """The noise that brings the largest eta down as far as the first reweighting does, once that is known."""
    first = next((m.release for m in compared if m.family == "reweighting"), None)
    found = compute.stored(first) if first else None
    if found is None or found.summary["eta_max"] >= before.summary["eta_max"] / base.sigma:
        return []
    return [noise_for(base, before.summary["eta_max"], found.summary["eta_max"])]


def _sentence(done: pd.DataFrame, base: ReleaseRequest, before: Result) -> str:
    """How many help, and which of them costs least."""
    score, eta = before.summary["score"], before.summary["eta_max"] / base.sigma
    others = done[done["family"] != "as it is"]
    better = others[others["eta_max"] <= eta / 2]
    if not len(better):
        return f"No mitigation measured yet halves the largest η of **{text.number(eta)}**."
    worth = better["expected_score"].astype(float) * (1 if score == "accuracy" else -1)
    bars = better["score_std"].astype(float).fillna(0)
    # What differs by less than releases do among themselves costs the same.
    as_good = better[worth >= worth.max() - 2 * np.maximum(bars, bars[worth.idxmax()]) - 1e-12]
    cheapest = as_good.loc[as_good["eta_max"].astype(float).idxmin()]
    return (
        f"**{len(better)} of {len(others)} mitigations** at least halve the largest η of **{text.number(eta)}**. Of "
        f"those that cost least, **{text.safe(cheapest.name)}** leaks least: largest η "
        f"{text.number(cheapest.eta_max)}, test {score} {text.score(cheapest.expected_score, score)} against "
        f"{text.score(curves.expected_score(before, base.sigma), score)}."
    )


def _frontier(
    asked: FilRequest,
    attribute: str,
    base: ReleaseRequest,
    before: Result,
    done: pd.DataFrame,
    by_name: dict[str, tuple[Mitigation, Result]],
    looking: str,
    leakage: str,
) -> None:
    column, score = _LEAKAGE[leakage], before.summary["score"]
    points = done[["family", "expected_score", "score_std"]].rename(columns={"expected_score": "score"})
    points = points.assign(leakage=done[column].astype(float))
    points = points[points["leakage"] > 0]  # a spread of nothing has no place on a logarithmic axis
    lines: dict[str, list[tuple[Sequence[float], Sequence[float]]]] = {}
    if column != "attack":
        at_one = before.summary[column]
        sigmas = tuple(base.sigma * np.logspace(-0.5, 3, _NOISES))
        measured = FilRequest(data=asked.data, model=asked.model, attribute=(attribute,) if attribute else (), device=asked.device)  # noqa: E501 # fmt: skip
        lines["more noise"] = [([at_one / sigma for sigma in sigmas], curves.noise_curve(measured, sigmas))]
        for mitigation, _ in by_name.values():
            how = mitigation.release.model.weights
            if isinstance(how, Irfil):
                rounds = IrfilRequest(data=asked.data, model=asked.model, weights=how, device=asked.device)
                if (found := compute.stored(rounds)) is not None:
                    leaked = [value / base.sigma for value in found.summary[column]]
                    lines.setdefault("reweighting", []).append((leaked, curves.round_scores(rounds, base.sigma)))
    x = (
        f"{leakage} at the release's noise, in 1/feature" if column != "attack"
        else release.attack_in_words(by_name[next(iter(by_name))][1].summary["attack"])
    )  # fmt: skip
    widgets.chart(
        release_figures.frontier(
            points, lines, looking, (x, f"expected test {score}"), widgets.mode(), log=column != "attack"
        ),
        f"Leakage as {leakage} against expected test {score} for {len(points)} releases; {looking} is marked",
        "frontier",
    )
    st.caption(
        "Each point is a release; bars are the standard deviation of the score between releases. Dotted: what any "
        "other noise would give, and the rounds of reweighting, in closed form."
    )


def _table(done: pd.DataFrame, score: str, looking: str) -> None:
    """The same columns of everyone."""
    columns = {
        "family": "kind", "sigma": "σ", "l2": "λ", "trained_on": "trained on", "eta_max": "largest η",
        "eta_mean": "mean η", "eta_std": "spread of η", "attack": "attack",
        "expected_score": f"expected {score.removeprefix('mean ')}",
        "score_std": "±", "test_score": "without noise",
    }  # fmt: skip
    shown = done[list(columns)].rename(columns=columns).rename_axis("mitigation")
    shown = shown.dropna(axis="columns", how="all")
    shown.insert(0, "", ["◉" if name == looking else "" for name in shown.index])
    st.dataframe(
        shown, width="stretch", height="content", column_config=widgets.number_columns(shown), key="side-by-side"
    )
    st.caption(
        "η at each release's own σ; ±: standard deviation of the score from release to release. Attack: the "
        "share of attributes guessed rightly by a white box, or the error of a reconstruction as a share of "
        "that of who has not seen the release."
    )


def _looked_at(data: Dataset, mitigation: Mitigation, answer: Result, before: Result) -> None:
    """Who leaks more and who less under one mitigation, and who takes the place of those left out."""
    sigma, model = mitigation.release.sigma, mitigation.release.model
    was, now = before.table["eta"] / sigma, answer.table["eta"]
    st.subheader(mitigation.name, anchor=False)
    more = int((now > was * (1 + 1e-12)).sum())
    kept = int((now > 0).sum())
    st.markdown(
        f"**{text.count(more)} of {text.count(kept)}** examples it is trained on leak more than in the model as it is "
        f"under the same noise; the largest η is **{text.number(now.max())}**, of example {int(now.idxmax()):,} "
        f"(before: {text.number(was.max())}, of example {int(was.idxmax()):,})."
    )
    if isinstance(model.weights, Dropping):
        _who_next(data, was, now, model.weights.k)
    if model.weights is not None or mitigation.family == "larger penalty":
        st.button(
            "Use this model on every page", icon=":material/done_all:", key="use-model", on_click=_set_model,
            args=(model.weights.text if model.weights else sidebar.EQUAL, model.penalty),
        )  # fmt: skip


def _who_next(data: Dataset, was: pd.Series, now: pd.Series, k: int) -> None:
    next_ones = successors(was, now, k)
    threshold = was.nlargest(k).iloc[-1]
    over = int((now > threshold).sum())
    st.markdown(
        f"With the {text.count(k)} leakiest gone, "
        + ("**others take their place**" if over else "nobody leaks as much as they did")
        + f": {text.count(over)} of those that are left now leak more than the least of the ones removed did "
        f"({text.number(threshold)}). The leakiest now:"
    )
    top = next_ones.head(_SUCCESSORS)
    if data.image_shape is not None:
        table = widgets.masked(ranking.ranked(pd.DataFrame({"label": data.labels, "eta": now}, index=now.index)))
        notes = [f"{table.loc[id, 'label']} · was #{rank:,}" for id, rank in top["rank_before"].items()]
        clicked = tiles.tiles(data, table.assign(label=pd.Series(notes, top.index)), list(top.index), key="successors")
        if clicked is not None:
            st.session_state["open"] = clicked
            st.switch_page("pages/examples.py", query_params={})
        widgets.table_twin(next_ones.head(1000), key="successor-numbers")
    else:
        shown = widgets.with_records(data, top)
        st.dataframe(shown, width="stretch", column_config=widgets.number_columns(shown), key="successor-rows")


def _set_model(how: str, l2: float) -> None:
    st.session_state["weights"], st.session_state["l2"] = how, l2
