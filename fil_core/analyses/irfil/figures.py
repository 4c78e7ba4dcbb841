"""Figures of reweighting: pure functions from numbers to a Plotly figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.ranking import ranked
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import INK, LEAKS, OKABE_ITO, Mode, better, colours, named, part, styled, thinned
from fil_core.display.numbers import count
from fil_core.display.redaction import weights_tell_class

BEFORE, AFTER = OKABE_ITO[7], OKABE_ITO[0]
_STATISTICS = {
    "eta_max": ("largest η", LEAKS, "dash"),
    "eta_mean": ("mean η", OKABE_ITO[0], "solid"),
    "eta_std": ("spread (std)", OKABE_ITO[2], "solid"),
}


def figures(subject: Subject) -> list[Drawn]:
    """Rounds and test score; every example before and after, and the weights, where they do not reveal the class."""
    result, s, mode = subject.result, subject.result.summary, subject.mode
    last = len(s["eta_mean"]) - 1
    drawn = [
        Drawn(
            "Round by round",
            "Largest, mean and spread of eta in each round of reweighting",
            rounds(s, last, mode),
        ),
        Drawn(
            "Train and test score",
            f"Train and test {s['score']} in each round of reweighting",
            scores(s["train_score"], s["test_score"], last, s["score"], mode),
        ),
    ]
    if not (subject.redact and weights_tell_class(subject.request.weighting)):
        drawn.append(_each(subject))
    if not subject.redact:
        drawn.append(
            Drawn("Weights", "Histogram of training weights", weights(result.table["weight"].to_numpy(), mode))
        )
    return drawn


def _each(subject: Subject) -> Drawn:
    table = ranked(subject.result.table.assign(eta=subject.result.table["eta_before"]))
    shown = thinned(subject.masked(table))
    less = f", {count(len(shown))} of {count(len(table))} points" if len(shown) < len(table) else ""
    alt = f"Scatter of eta after against eta before for {len(shown):,} examples"
    return Drawn(f"Before and after{less}", alt, before_and_after(shown, subject.mode))


def rounds(statistics: dict[str, Sequence[float]], shown: int, mode: Mode) -> go.Figure:
    """Largest, mean and standard deviation of eta by round; one round is marked."""
    figure = go.Figure()
    for name, (title, colour, dash) in _STATISTICS.items():
        values = np.asarray(statistics[name], dtype=float)
        figure.add_scatter(
            x=np.arange(len(values)), y=np.where(values > 0, values, np.nan), name=title, mode="lines+markers",
            line={"color": colour, "width": 2, "dash": dash}, marker={"size": 5},
            hovertemplate="round %{x}<br>%{y:.4g}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.add_vline(shown, line={"color": INK[mode][0], "dash": "dot", "width": 1})
    styled(figure, mode, x="round (0 = equal weights)", y="η, in 1/feature at σ = 1", height=360)
    figure.update_xaxes(**_round_axis(len(statistics["eta_mean"])))
    spread = np.asarray(statistics["eta_std"], dtype=float)
    decades = np.log10(max(statistics["eta_max"]) / min(spread[spread > 0], default=max(statistics["eta_max"])))
    # Ticks at powers of ten only, at most eight of them: the spread falls over many decades.
    return figure.update_yaxes(type="log", dtick=None if decades < 2 else max(1, np.ceil(decades / 8)))


def _round_axis(rounds: int) -> dict[str, object]:
    return {"dtick": max(1, rounds // 15), "range": [-0.4, rounds - 0.6]}


def before_and_after(table: pd.DataFrame, mode: Mode) -> go.Figure:
    """eta after against eta before, one point per example; above the diagonal an example leaks more than before."""
    figure = go.Figure()
    groups = colours(table)
    for label, colour in groups.items():
        drawn = part(table, label)
        figure.add_scatter(
            x=drawn["eta_before"], y=drawn["eta_after"], customdata=drawn.index, mode="markers", name=named(label),
            marker={"color": colour, "size": 5, "opacity": 0.6}, showlegend=len(groups) > 1,
            hovertemplate="example %{customdata}<br>before %{x:.4g}<br>after %{y:.4g}<extra></extra>",
        )  # fmt: skip
    eta = table[["eta_before", "eta_after"]].to_numpy()
    ends = [float(eta[eta > 0].min()), float(eta.max())]
    figure.add_scatter(x=ends, y=ends, mode="lines", name="no change", line={"color": INK[mode][2], "dash": "dot"})
    styled(figure, mode, x="η with equal weights", y="η after reweighting", height=360)
    figure.update_layout(dragmode="select")
    figure.update_xaxes(type="log")
    return figure.update_yaxes(type="log")


def by_class(classes: pd.DataFrame, mode: Mode) -> go.Figure:
    """Mean and largest eta of each class, before and after."""
    figure = go.Figure()
    names = [named(name) for name in classes.index]
    for when, colour in (("before", BEFORE), ("after", AFTER)):
        figure.add_bar(
            y=names, x=classes[f"mean {when}"], name=f"mean, {when}", orientation="h", marker={"color": colour},
            hovertemplate="mean η %{x:.4g}<extra>%{fullData.name}</extra>", offsetgroup=when,
        )  # fmt: skip
    for when, symbol in (("before", "diamond-open"), ("after", "diamond")):
        figure.add_scatter(
            y=names, x=classes[f"largest {when}"], name=f"largest, {when}", mode="markers",
            marker={"color": LEAKS, "symbol": symbol, "size": 9},
            hovertemplate="largest η %{x:.4g}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.update_layout(barmode="group", bargap=0.3)
    styled(figure, mode, x="η, in 1/feature at σ = 1", y="class")
    figure.update_layout(height=max(360, 80 + 40 * len(names)))
    return figure.update_yaxes(type="category", autorange="reversed")


def weights(values: np.ndarray, mode: Mode) -> go.Figure:
    """Histogram of the training weights, on a logarithmic axis, with the weight 1 of equal weights marked."""
    values = values[values > 0]
    low, high = min(float(values.min()), 0.9), max(float(values.max()), 1.1)
    edges = np.geomspace(low, high, 51)
    counts, _ = np.histogram(values, edges)
    figure = go.Figure(
        go.Bar(
            x=np.sqrt(edges[1:] * edges[:-1]), y=counts, width=np.diff(edges), marker={"color": AFTER},
            hovertemplate="weight %{x:.3g}<br>%{y:,} examples<extra></extra>",
        )
    )  # fmt: skip
    figure.add_vline(1.0, line={"color": INK[mode][0], "dash": "dot", "width": 1})
    figure.update_layout(bargap=0)
    styled(figure, mode, x="training weight", y="training examples", height=360)
    return figure.update_xaxes(type="log")


def scores(train: Sequence[float], test: Sequence[float], shown: int, score: str, mode: Mode) -> go.Figure:
    """Train and test score by round."""
    figure = go.Figure()
    for values, name, dash in ((test, "test", "solid"), (train, "train", "dot")):
        figure.add_scatter(
            x=list(range(len(values))), y=list(values), name=name, mode="lines+markers", marker={"size": 5},
            line={"color": OKABE_ITO[0], "dash": dash, "width": 2},
            hovertemplate="round %{x}<br>%{y:.5g}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.add_vline(shown, line={"color": INK[mode][0], "dash": "dot", "width": 1})
    styled(figure, mode, x="round (0 = equal weights)", y=score + better(score), height=360)
    return figure.update_xaxes(**_round_axis(len(test)))
