"""What is said and drawn of an audit."""

from __future__ import annotations

from typing import Any

import numpy as np

from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.charts import LEAKS, OKABE_ITO, bars, drawn
from fil_core.display.numbers import count, counted, number
from fil_core.display.plain import visible


def sentence(subject: Subject, quote: Quote) -> str:
    """What the auditor found, and whether it stays below what is promised."""
    s = subject.result.summary
    many = s.get("epsilon_lower_runs")
    beside = "; so few runs give no bound of many"
    if many is not None:
        beside = f"; {counted(s['runs'], 'run')} together show at least **{number(many)}**"
    return (
        f"From one run the auditor guessed {counted(s['guesses'], 'coin')} of {count(s['canaries'])}, "
        f"**{count(s['correct'])}** of them right: ε is at least **{number(s['epsilon_lower'])}** with a confidence of "
        f"{100 * s['confidence']:.8g} % at δ = {s['delta']:g}{beside}. {_promise(s)}"
    )


def _promise(s: dict[str, Any]) -> str:
    if s.get("epsilon_promised") is not None:
        found = max(s["epsilon_lower"], s.get("epsilon_lower_runs") or 0.0)
        holds = "stays below it" if found <= s["epsilon_promised"] else "is above it: the promise does not hold"
        return (
            f"The noise σ = {s['sigma']:g} promises ε ≤ **{number(s['epsilon_promised'])}** for any canary beside any "
            f"others, and exactly ε = **{number(s['epsilon_exact'])}** for the most exposed one of this run; what was "
            f"found {holds}."
        )
    if s.get("sigma") is None:
        return "Nothing is promised, since no noise was added."
    if s.get("epsilon_exact") is not None:
        return (
            f"The noise σ = {s['sigma']:g} gives exactly ε = **{number(s['epsilon_exact'])}** for the most exposed "
            "canary of this run; for all data nothing is promised, since no penalty holds some of the parameters."
        )
    return "Nothing is promised, since the training weights follow from the data."


def figures(subject: Subject) -> list[Drawn]:
    """The bounds beside each other, and the scores of canaries that were in and out."""
    s = subject.result.summary
    shown = {
        "found in one run": s["epsilon_lower"],
        "found in all runs": s.get("epsilon_lower_runs"),
        "exact for the most exposed": s.get("epsilon_exact"),
        "promised": s.get("epsilon_promised"),
    }
    known = {name: value for name, value in shown.items() if value is not None}
    alt = ", ".join(f"{name} {number(value)}" for name, value in known.items())
    return [
        Drawn(
            "Lower bounds on ε, and what is promised",
            f"Bars: {alt}",
            bars(list(known), list(known.values()), "ε", subject.mode),
        ),
        _scores(subject),
    ]


def _scores(subject: Subject) -> Drawn:
    table = subject.result.table
    traces = [
        {
            "type": "histogram", "x": table["score"][inside == table["included"]], "name": name, "opacity": 0.6,
            "marker": {"color": colour}, "nbinsx": 40,
        }
        for inside, name, colour in ((True, "in", LEAKS), (False, "out", OKABE_ITO[0]))
    ]  # fmt: skip
    figure = drawn(traces, subject.mode, x="score in the first run", y="canaries", barmode="overlay")
    inside = int(np.sum(table["included"]))
    return Drawn(
        "Scores of the canaries", f"Histograms of the scores of {inside} canaries that were in, and the others", figure
    )


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json everything that the summary holds; the sentence."""
    return dict(subject.result.summary), sentence(subject, visible).replace("**", "")
