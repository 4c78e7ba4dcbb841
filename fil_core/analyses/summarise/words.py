"""What is said and drawn of a summary."""

from __future__ import annotations

import plotly.graph_objects as go

from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.analyses.summarise.parts import LEAST, MOST, RANDOM
from fil_core.display.charts import LEAKS, OKABE_ITO, better, drawn, level
from fil_core.display.numbers import counted, percent, score

_COLOURS = {MOST: LEAKS, LEAST: OKABE_ITO[0], RANDOM: OKABE_ITO[7]}


def sentence(subject: Subject, quote: Quote) -> str:
    """The test score on the smallest share, by who is kept."""
    s = subject.result.summary
    least = min(one["keep"] for one in s["scores"])
    said = []
    for one in s["scores"]:
        if one["keep"] == least:
            spread = "" if one["std"] is None else f" ± {score(one['std'], s['score'])}"
            the = "" if one["kept"] == RANDOM else "the "
            said.append(f"**{score(one['mean'], s['score'])}**{spread} with {the}{one['kept']} examples")
    by = "" if s["by"] == RANDOM else f", ranked by {s['by']}"
    return (
        f"Trained on {percent(least, 0)} of {counted(s['n'], 'example')}{by}, the network has a test {s['score']} of "
        f"{', '.join(said)}; trained on all, {score(s['full_score'], s['score'])}."
    )


def figures(subject: Subject) -> list[Drawn]:
    """The test score against the share that is kept."""
    return [
        Drawn(
            "Test score by who is kept",
            "Test score against the share of the training examples that is kept: the most unique, the least unique, "
            "and random ones with their standard deviation",
            _curves(subject),
        )
    ]


def _curves(subject: Subject) -> go.Figure:
    s = subject.result.summary
    lines = []
    for which, colour in _COLOURS.items():
        chosen = sorted((one for one in s["scores"] if one["kept"] == which), key=lambda one: one["keep"])
        if not chosen:
            continue
        line = {
            "type": "scatter", "x": [one["keep"] for one in chosen], "y": [one["mean"] for one in chosen],
            "mode": "lines+markers", "name": which, "line": {"color": colour, "width": 2},
            "hovertemplate": "%{x:.0%} kept: %{y:.4g}<extra>%{fullData.name}</extra>",
        }  # fmt: skip
        if which == RANDOM:
            line["error_y"] = {"type": "data", "array": [one["std"] or 0.0 for one in chosen]}
        lines.append(line)
    figure = drawn(
        lines, subject.mode, x="share of the training examples that is kept",
        y=f"test {s['score']}{better(s['score'])}", xaxis={"tickformat": ".0%"}, height=380,
    )  # fmt: skip
    level(figure, [min(one["keep"] for one in s["scores"]), 1.0], s["full_score"], "all examples", subject.mode)
    return figure
