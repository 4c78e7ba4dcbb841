"""Attribute inference on a page: accuracy of each attacker, by noise, by eta and by example."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import (
    ATTACKERS,
    WHITE_BOX,
    AttributeRequest,
    Dataset,
    FilRequest,
    Result,
    categorical,
    continuous,
    deciles,
)
from fil_core.analyses.attribute import figures as attribute_figures
from fil_core.analyses.attribute import words as attribute_words
from fil_core.display import redaction
from fil_core.display.numbers import counted, verb
from pages.common import compute, curves, tables, text, widgets
from pages.common.naming import named

_L2S = [1e-5, 1e-3, 1e-2, 1e-1, 1.0]
_GOALS = 41  # accuracies to choose from, between that under endless noise and the largest
_LEVEL = 1e-3  # a difference in accuracy below this is none
_STEPS = 61  # of the noise slider, where every noise has a closed form

ATTACKERS_TEXT = """
Every attacker knows the other columns and the label of the target. **baseline** guesses the most common value.
**ideal** never sees the model: it is a multinomial logistic regression on the other columns and the label, trained on
the true values. **fredrikson14** (Fredrikson et al., 2014) sees only the model's predictions. **whitebox** sees the
noisy parameters and knows all other examples: it chooses the value for which training gives the closest parameters.
**whitebox-prior** also uses how common each value is. η ranks the risk from attackers who do not use that, and hardly
the risk from those who do; it does not bound how often an attacker infers one of a few values correctly.
"""


def view(model_request: FilRequest, data: Dataset) -> None:
    """The whole section."""
    sentence = st.container()  # the answer is above the controls that change it
    request = _request(model_request, data)
    result = compute.result(request)
    sigma = _noise(result)
    sentence.markdown(attribute_words.accuracy_sentence(result, sigma, text.safe))
    white = {name: attribute_words.success(result, name, sigma) for name in WHITE_BOX if name in request.attackers}
    _metrics(model_request, result, sigma, white)
    left, right = st.columns(2)
    with left:
        st.subheader("Accuracy against noise", anchor=False)
        _against_noise(request, result, sigma)
        if "gram" in result.arrays and white:
            _target(request, model_request, next(iter(white)))
    with right:
        st.subheader(f"Accuracy by decile of η, at σ = {text.number(sigma)}", anchor=False)
        _by_decile(result, white)
    _rare(result, sigma)
    st.subheader("Does η predict success for every λ?", anchor=False)
    _penalties(request)
    st.subheader("Most exposed examples", anchor=False)
    _examples(data, result, white, sigma)
    with st.expander("The attackers"):
        st.markdown(ATTACKERS_TEXT)
    widgets.provenance(request, result)


def _request(model_request: FilRequest, data: Dataset) -> AttributeRequest:
    """The controls above the figures."""
    discrete, numeric = categorical(data), continuous(data)
    one, two, three, four = st.columns([2, 1, 1, 1], vertical_alignment="bottom")
    if st.session_state.get("attacked") not in (None, *discrete, *numeric):
        del st.session_state["attacked"]
    name = one.selectbox("Attribute under attack", discrete + numeric, key="attacked", bind="query-params")
    bins = None
    if name in numeric:
        bins = int(two.number_input("Quantile bins", 2, 12, 2, key="bins", bind="query-params", help="A continuous column is split into bins; each bin is represented by its median."))  # noqa: E501 # fmt: skip
    trials = three.number_input("Releases drawn", 1, 10_000, 100, step=50, key="trials", bind="query-params", help="For attacks without a closed form.")  # noqa: E501 # fmt: skip
    seed = four.number_input("Noise seed", 0, value=0, key="noise-seed", bind="query-params")
    chosen = st.multiselect("Attackers", ATTACKERS, list(ATTACKERS), key="attackers", bind="query-params")
    intercept = "ideal" in chosen and st.toggle("Intercept for the ideal attacker", key="ideal-intercept")
    return AttributeRequest(
        data=model_request.data, model=model_request.model, attribute=name, bins=bins,
        attackers=tuple(chosen) or ("whitebox",), trials=int(trials), seed=int(seed), intercept=bool(intercept),
        device=model_request.device,
    )  # fmt: skip


def _noise(result: Result) -> float:
    """The noise of the release: any where accuracy has a closed form, else one of the simulated levels."""
    sigmas = result.summary["sigmas"]
    if "gram" in result.arrays:
        noisy = [s for s in sigmas if s > 0]
        sigmas = [0.0, *np.geomspace(min(noisy), max(noisy), _STEPS)]
    # The key holds the range: a noise chosen for one attribute does not apply to another.
    return st.select_slider(
        "Output noise σ", sigmas, value=sigmas[len(sigmas) // 2], format_func=text.number, key=f"sigma-{sigmas[-1]!r}"
    )


def _metrics(model_request: FilRequest, result: Result, sigma: float, white: dict[str, np.ndarray]) -> None:
    shown = {name: (text.percent(float(p.mean())), "") for name, p in white.items()}
    accuracy = result.summary["accuracy"]
    nearest = int(np.abs(np.array(result.summary["sigmas"]) - sigma).argmin())  # of the simulated attackers
    shown |= {
        name: (text.percent(accuracy[name][nearest]), "")
        for name in ("fredrikson14", "ideal", "baseline")
        if name in accuracy
    }
    measured = compute.stored(model_request)
    if measured is not None:
        kind = measured.summary["score"]
        shown["Expected score"] = (text.score(curves.expected_score(measured, sigma), kind), "")
    widgets.metrics(shown)


def _against_noise(request: AttributeRequest, result: Result, sigma: float) -> None:
    s = result.summary
    noisy = [i for i, level in enumerate(s["sigmas"]) if level > 0]
    levels = [s["sigmas"][i] for i in noisy]
    fine = tuple(np.geomspace(levels[0], levels[-1], 31)) if "gram" in result.arrays else ()
    lines: dict[str, tuple[Sequence[float], Sequence[float]]] = {
        name: (fine, curves.success_curve(request, name, fine)) for name in WHITE_BOX if fine and name in s["exact"]
    }
    points: dict[str, tuple[Sequence[float], Sequence[float], Sequence[float]]] = {}
    for name, accuracy in s["accuracy"].items():
        values, error = [accuracy[i] for i in noisy], [s["standard_error"][name][i] for i in noisy]
        if name in ("baseline", "ideal"):
            lines[name] = (levels, values)
        elif any(error) or name not in lines:
            points[name] = (levels, values, [e or 0.0 for e in error])
    widgets.chart(
        attribute_figures.success(lines, points, sigma, widgets.mode()),
        "Accuracy of each attacker against the output noise",
        "accuracy",
    )
    exact = "White-box lines are closed forms. " if s["exact"] else ""
    st.caption(f"{exact}Points are means over {counted(s['trials'], 'simulated release')}, with standard errors.")
    numbers = pd.DataFrame(s["accuracy"] | {f"{k} (exact)": v for k, v in s["exact"].items()}, index=s["sigmas"])
    widgets.table_twin(numbers.rename_axis("sigma"), key="accuracy-numbers")


def _target(request: AttributeRequest, model_request: FilRequest, attacker: str) -> None:
    """The noise that limits an attacker to a target, and the expected test score then."""
    least, most = curves.range_of_success(request, attacker)
    if most - least < _LEVEL:
        st.caption(f"No noise changes the accuracy of {attacker}: it is {text.percent(most)} under any.")
        return
    goals = [float(goal) for goal in np.linspace(least, most, _GOALS)[1:-1]]
    # The key holds the range: a goal chosen for one attacker or attribute does not apply to another.
    goal = st.select_slider(
        f"Limit {attacker} to an accuracy of", goals, value=goals[len(goals) // 2], format_func=text.percent,
        key=f"goal-success-{least!r}-{most!r}",
    )  # fmt: skip
    sigma = curves.noise_for_success(request, attacker, goal)
    measured = compute.stored(model_request)
    utility = ""
    if measured is not None:
        kind = measured.summary["score"]
        score = text.score(curves.expected_score(measured, sigma), kind)
        utility = (
            f"; the expected test {kind} is then {score} ({text.score(measured.summary['test_score'], kind)} without)"
        )
    st.markdown(f"This takes σ = **{text.number(sigma)}**{utility}.")


def _by_decile(result: Result, white: dict[str, np.ndarray]) -> None:
    if widgets.redacted() and redaction.deciles_tell(result.summary["n"]):
        st.info("Hidden while redacted: with so few examples a decile reveals single ones.")
        return
    if not white:
        return
    parts = _deciles(result.table["eta"].to_numpy(), white)
    widgets.chart(
        attribute_figures.deciles(parts, max(result.summary["prior"]), widgets.mode()),
        "Attack accuracy in each decile of the examples by eta",
        "deciles",
    )
    widgets.table_twin(parts, key="decile-numbers")


def _deciles(eta: np.ndarray, white: dict[str, np.ndarray]) -> pd.DataFrame:
    """Mean eta and accuracy in each decile of the examples by eta, least leaky first."""
    groups = deciles(eta)
    rows = {"mean eta": eta} | white
    return pd.DataFrame(
        {name: [float(v[g].mean()) for g in groups if len(g)] for name, v in rows.items()},
        index=pd.RangeIndex(1, 1 + sum(len(g) > 0 for g in groups), name="decile"),
    )


def _rare(result: Result, sigma: float) -> None:
    """Accuracy beside measures that do not depend on how common each value is."""
    levels, shares = result.summary["levels"], result.summary["prior"]
    rarest = result.summary["rarest"]
    value = "" if widgets.redacted() else f", {text.safe(levels[rarest])}"
    with st.expander("Each attacker where values are rare", expanded=shares[rarest] <= attribute_words.RARE):
        table = attribute_words.by_attacker(result, sigma)
        tables.table(
            table, width="stretch", key="rare-values",
            column_config={name: st.column_config.NumberColumn(format="percent") for name in table.columns},
        )  # fmt: skip
        st.caption(
            f"Recall and precision are those of the rarest value{value}, which {text.percent(shares[rarest])} of the "
            "examples have: the share of them for whom it is guessed, and the share of such guesses that are right. "
            f"Balanced accuracy is the mean recall of the values: {text.percent(1 / len(levels))} for a guess that "
            "depends on nothing."
        )


def _penalties(request: AttributeRequest) -> None:
    """The same attack on models with several penalties, against mean eta of each."""
    chosen = st.multiselect(
        "Penalties λ", [*_L2S, *({request.model.penalty} - {0.0, *_L2S})], _L2S[:4], key="penalties"
    )
    requests = [
        dataclasses.replace(request, model=dataclasses.replace(request.model, l2=l2), attackers=WHITE_BOX)
        for l2 in sorted(chosen)
    ]
    results = (
        compute.sweep(requests, f"Attack {counted(len(requests), 'model')}", key="penalties-run") if requests else []
    )
    measured = {
        f"λ = {one.model.penalty:g}": result
        for one, result in zip(requests, results, strict=True)
        if result is not None
    }
    if not measured:
        st.caption("Attack models with several penalties: while λ is small, accuracy depends nearly only on mean η.")
        return
    lines = {name: _accuracy_line(result) for name, result in measured.items()}
    baseline = max(list(measured.values())[-1].summary["prior"])
    widgets.chart(
        attribute_figures.against_eta(lines, baseline, widgets.mode()),
        f"White-box accuracy against mean eta for {len(lines)} {verb(len(lines), 'penalty', 'penalties')}",
        "penalty-curves",
    )
    missing = len(results) - len(measured)
    pending = (
        f" {missing} of {len(results)} penalties {verb(missing, 'is', 'are')} not computed yet." if missing else ""
    )
    st.caption(
        "White-box attacker without the prior. Where the curves of different penalties coincide, mean η alone predicts "
        f"the accuracy.{pending}"
    )
    numbers = [pd.DataFrame({"penalty": name, "mean eta": x, "accuracy": y}) for name, (x, y) in lines.items()]
    widgets.table_twin(pd.concat(numbers, ignore_index=True), key="penalty-numbers")


def _accuracy_line(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Mean eta and white-box accuracy at each noise level above 0."""
    s = result.summary
    noisy = [i for i, sigma in enumerate(s["sigmas"]) if sigma > 0]
    accuracy = s["exact"].get("whitebox", s["accuracy"]["whitebox"])
    return s["eta_mean"] / np.array([s["sigmas"][i] for i in noisy]), np.array([accuracy[i] for i in noisy])


def _examples(data: Dataset, result: Result, white: dict[str, np.ndarray], sigma: float) -> None:
    """A row for each example; picking one opens it on the Examples page."""
    columns = ["label", "value", "eta"]
    table = result.table[columns].assign(**{f"success of {name}": p for name, p in white.items()})
    table = table.sort_values("eta", ascending=False, kind="stable")
    if widgets.redacted():
        # Whether guessing the most common value is correct reveals the value.
        table = table[columns].assign(label=widgets.MASK, value=widgets.MASK)
    visit = st.session_state.setdefault("attack-visit", 0)  # a table keeps its selected row; a new key clears it
    event = tables.table(
        named(table.head(1000), data), width="stretch", on_select="rerun", selection_mode="single-row",
        column_config=widgets.number_columns(table), key=f"attack-rows-{visit}", height=320,
    )  # fmt: skip
    more = f" The leakiest 1,000 of {text.count(len(table))}; the export has all of them." if len(table) > 1000 else ""
    st.caption(
        f"Success: probability of a correct guess at σ = {text.number(sigma)}. Pick a row to open the example.{more}"
    )
    widgets.export(table, "attribute-attack", data, key="attack-export")
    if picked := event["selection"]["rows"]:
        st.session_state["attack-visit"] = visit + 1
        st.session_state["open"] = int(table.index[picked[0]])
        st.switch_page("pages/examples.py", query_params={})
