"""Attribute inference on a page: who guesses an attribute, under how much noise, and whose."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import (
    ATTACKERS,
    AttributeRequest,
    Dataset,
    FilError,
    FilRequest,
    Result,
    categorical,
    continuous,
    deciles,
)
from fil_core.analyses.attribute import figures as attribute_figures
from fil_core.analyses.attribute import words as attribute_words
from fil_core.display import redaction
from pages.common import compute, curves, text, widgets

_WHITE = ("whitebox-prior", "whitebox")
_L2S = [1e-5, 1e-3, 1e-2, 1e-1, 1.0]
_STEPS = 61  # of the noise slider, where every noise has a closed form

WHO = """
Every attacker knows the other columns and the label of the example under attack. **baseline** says the most frequent
value. **ideal** never sees the model: multinomial logistic regression from the other columns and the label, trained on
the true values. **fredrikson14** sees the model's predictions only. **whitebox** sees the noisy parameters, and knows
all other examples: it takes the value whose training would have come nearest to them; **whitebox-prior** weighs in how
frequent each value is. η orders the risk; it is not a bound on how often a guess of a few values is right.
"""


def view(asked: FilRequest, data: Dataset) -> None:
    """The whole section."""
    sentence = st.container()  # the answer stands above the controls that change it
    request = _request(asked, data)
    found = compute.result(request)
    sigma = _noise(found)
    sentence.markdown(attribute_words.guessed(found, sigma, text.safe))
    white = {name: attribute_words.success(found, name, sigma) for name in _WHITE if name in request.attackers}
    _figures(asked, found, sigma, white)
    left, right = st.columns(2)
    with left:
        st.subheader("Accuracy against noise", anchor=False)
        _against_noise(request, found, sigma)
        if "gram" in found.arrays and white:
            _target(request, asked, next(iter(white)))
    with right:
        st.subheader(f"By η, at σ = {text.number(sigma)}", anchor=False)
        if widgets.redacted() and redaction.deciles_tell(found.summary["n"]):
            st.info("Hidden while redacted: a tenth of so few examples is nearly each one's own.")
        elif white:
            baseline = max(found.summary["prior"])
            parts = _deciles(found.table["eta"].to_numpy(), white)
            widgets.chart(
                attribute_figures.deciles(parts, baseline, widgets.mode()),
                "Share of right guesses in each decile of the examples by eta",
                "deciles",
            )
            widgets.table_twin(parts, key="decile-numbers")
    st.subheader("Does η tell it, whatever the penalty?", anchor=False)
    _penalties(request)
    st.subheader("Whose attribute", anchor=False)
    _everyone(found, white, sigma)
    with st.expander("Who the attackers are"):
        st.markdown(WHO)
    widgets.provenance(request, found)


def _request(asked: FilRequest, data: Dataset) -> AttributeRequest:
    """The controls above the figures."""
    plain, fluid = categorical(data), continuous(data)
    one, two, three, four = st.columns([2, 1, 1, 1], vertical_alignment="bottom")
    if st.session_state.get("attacked") not in (None, *plain, *fluid):
        del st.session_state["attacked"]
    name = one.selectbox("Attribute under attack", plain + fluid, key="attacked", bind="query-params")
    bins = None
    if name in fluid:
        bins = int(two.number_input("Quantile bins", 2, 12, 2, key="bins", bind="query-params", help="A continuous column is attacked in bins, each tried with its median."))  # noqa: E501 # fmt: skip
    trials = three.number_input("Releases drawn", 1, 10_000, 100, step=50, key="trials", bind="query-params", help="For what has no closed form.")  # noqa: E501 # fmt: skip
    seed = four.number_input("Their seed", 0, value=0, key="noise-seed", bind="query-params")
    chosen = st.multiselect("Attackers", ATTACKERS, list(ATTACKERS), key="attackers", bind="query-params")
    intercept = "ideal" in chosen and st.toggle("The ideal attacker has an intercept", key="intercept")
    return AttributeRequest(
        data=asked.data, model=asked.model, attribute=name, bins=bins, attackers=tuple(chosen) or ("whitebox",),
        trials=int(trials), seed=int(seed), intercept=bool(intercept), device=asked.device,
    )  # fmt: skip


def _noise(found: Result) -> float:
    """The noise of the release; any where success has a closed form, else one that was drawn."""
    sigmas = found.summary["sigmas"]
    if "gram" in found.arrays:
        noisy = [s for s in sigmas if s > 0]
        sigmas = [0.0, *np.geomspace(min(noisy), max(noisy), _STEPS)]
    # The name carries the range: a noise chosen for one attribute means nothing for another.
    return st.select_slider(
        "Output noise σ", sigmas, value=sigmas[len(sigmas) // 2], format_func=text.number, key=f"sigma-{sigmas[-1]!r}"
    )


def _figures(asked: FilRequest, found: Result, sigma: float, white: dict[str, np.ndarray]) -> None:
    shown = [(name, text.percent(float(p.mean()))) for name, p in white.items()]
    accuracy = found.summary["accuracy"]
    nearest = int(np.abs(np.array(found.summary["sigmas"]) - sigma).argmin())  # of what is drawn only
    shown += [
        (name, text.percent(accuracy[name][nearest]))
        for name in ("fredrikson14", "ideal", "baseline")
        if name in accuracy
    ]
    measured = compute.stored(asked)
    if measured is not None:
        kind = measured.summary["score"]
        shown.append(("Expected test score", text.score(curves.expected_score(measured, sigma), kind)))
    for column, (name, value) in zip(st.columns(len(shown)), shown, strict=True):
        column.metric(name, value, border=True)


def _against_noise(request: AttributeRequest, found: Result, sigma: float) -> None:
    s = found.summary
    noisy = [i for i, level in enumerate(s["sigmas"]) if level > 0]
    drawn_at = [s["sigmas"][i] for i in noisy]
    fine = tuple(np.geomspace(drawn_at[0], drawn_at[-1], 31)) if "gram" in found.arrays else ()
    lines: dict[str, tuple[Sequence[float], Sequence[float]]] = {
        name: (fine, curves.success_curve(request, name, fine)) for name in _WHITE if fine and name in s["exact"]
    }
    points: dict[str, tuple[Sequence[float], Sequence[float], Sequence[float]]] = {}
    for name, accuracy in s["accuracy"].items():
        values, error = [accuracy[i] for i in noisy], [s["standard_error"][name][i] for i in noisy]
        if name in ("baseline", "ideal"):
            lines[name] = (drawn_at, values)
        elif any(error) or name not in lines:
            points[name] = (drawn_at, values, [e or 0.0 for e in error])
    widgets.chart(
        attribute_figures.success(lines, points, sigma, widgets.mode()),
        "Share of right guesses of each attacker against the output noise",
        "accuracy",
    )
    exact = "Lines of the white box are closed forms; points " if s["exact"] else "Points "
    st.caption(f"{exact}are means of {text.count(s['trials'])} seeded releases with their standard errors.")
    twin = pd.DataFrame(s["accuracy"] | {f"{k} (exact)": v for k, v in s["exact"].items()}, index=s["sigmas"])
    widgets.table_twin(twin.rename_axis("sigma"), key="accuracy-numbers")


def _target(request: AttributeRequest, asked: FilRequest, attacker: str) -> None:
    """The noise for a target, and what it costs."""
    goal = st.slider(f"Hold {attacker} to a mean success of", 0.3, 0.99, 0.6, 0.01, key="goal-success")
    try:
        sigma = curves.noise_for_success(request, attacker, goal)
    except FilError as error:
        st.caption(text.safe(error))
        return
    measured = compute.stored(asked)
    cost = ""
    if measured is not None:
        kind = measured.summary["score"]
        score = text.score(curves.expected_score(measured, sigma), kind)
        cost = (
            f"; the expected test {kind} is then {score} ({text.score(measured.summary['test_score'], kind)} without)"
        )
    st.markdown(f"That takes σ = **{text.number(sigma)}**{cost}.")


def _deciles(eta: np.ndarray, white: dict[str, np.ndarray]) -> pd.DataFrame:
    """Mean eta and success in each decile of the examples by eta, least leaky first."""
    groups = deciles(eta)
    rows = {"mean eta": eta} | white
    return pd.DataFrame(
        {name: [float(v[g].mean()) for g in groups if len(g)] for name, v in rows.items()},
        index=pd.RangeIndex(1, 1 + sum(len(g) > 0 for g in groups), name="decile"),
    )


def _penalties(request: AttributeRequest) -> None:
    """The same attack on models of several penalties, against what eta says of each."""
    chosen = st.multiselect(
        "Penalties λ", [*_L2S, *({request.model.penalty} - {0.0, *_L2S})], _L2S[:4], key="penalties"
    )
    requests = [
        dataclasses.replace(request, model=dataclasses.replace(request.model, l2=l2), attackers=_WHITE)
        for l2 in sorted(chosen)
    ]
    answers = compute.sweep(requests, f"Attack {len(requests)} models", key="penalties-run") if requests else []
    lines, baseline = {}, 0.0
    for asked, answer in zip(requests, answers, strict=True):
        if answer is None:
            continue
        s = answer.summary
        baseline = max(s["prior"])
        noisy = [i for i, sigma in enumerate(s["sigmas"]) if sigma > 0]
        accuracy = s["exact"].get("whitebox", s["accuracy"]["whitebox"])
        x = s["eta_mean"] / np.array([s["sigmas"][i] for i in noisy])
        lines[f"λ = {asked.model.penalty:g}"] = (x, np.array([accuracy[i] for i in noisy]))
    if not lines:
        st.caption("Attack it under several penalties: while λ is small, accuracy is nearly one curve in mean η.")
        return
    widgets.chart(
        attribute_figures.against_eta(lines, baseline, widgets.mode()),
        f"White-box accuracy against mean eta for {len(lines)} penalties",
        "penalty-curves",
    )
    missing = sum(answer is None for answer in answers)
    still = f" {missing} of {len(answers)} penalties are not computed yet." if missing else ""
    st.caption(
        "White box without the prior. Where the curves of different penalties lie on one another, mean η alone tells "
        f"how well the attack does.{still}"
    )
    twin = [pd.DataFrame({"penalty": name, "mean eta": x, "accuracy": y}) for name, (x, y) in lines.items()]
    widgets.table_twin(pd.concat(twin, ignore_index=True), key="penalty-numbers")


def _everyone(found: Result, white: dict[str, np.ndarray], sigma: float) -> None:
    """A row for each example; one that is picked opens in the gallery."""
    columns = ["label", "value", "eta"]
    table = found.table[columns].assign(**{f"success of {name}": p for name, p in white.items()})
    table = table.sort_values("eta", ascending=False, kind="stable")
    if widgets.redacted():
        # Whether a guess of the most frequent value is right says who has it.
        table = table[columns].assign(label=widgets.MASK, value=widgets.MASK)
    visit = st.session_state.setdefault("attack-visit", 0)  # a table keeps its picked row, another name forgets it
    event = st.dataframe(
        table.head(1000), width="stretch", on_select="rerun", selection_mode="single-row",
        column_config=widgets.number_columns(table), key=f"attack-rows-{visit}", height=320,
    )  # fmt: skip
    more = f" The leakiest 1,000 of {text.count(len(table))}; the export has them all." if len(table) > 1000 else ""
    st.caption(
        f"Chance of a right guess at σ = {text.number(sigma)}. Pick a row to see the example in the gallery.{more}"
    )
    widgets.export(table, "attribute-attack", key="attack-export")
    if picked := event["selection"]["rows"]:
        st.session_state["attack-visit"] = visit + 1
        st.session_state["open"] = int(table.index[picked[0]])
        st.switch_page("pages/examples.py", query_params={})
