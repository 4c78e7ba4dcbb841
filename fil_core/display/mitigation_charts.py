"""Figures about mitigations: pure functions from numbers to a Plotly figure, in the house style of `charts`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.display.charts import INK, LEAKS, OKABE_ITO, Mode, colours, level, named, part, styled

BEFORE, AFTER = OKABE_ITO[7], OKABE_ITO[0]
FAMILIES = {
    "as it is": ("#999999", "circle"),
    "reweighting": (OKABE_ITO[0], "diamond"),
    "more noise": (OKABE_ITO[1], "square"),
    "larger penalty": (OKABE_ITO[2], "triangle-up"),
    "dropping": (OKABE_ITO[3], "x"),
}
_DOSED = {"more noise": "any noise", "reweighting": "rounds of reweighting"}
_STATISTICS = {
    "eta_max": ("largest η", LEAKS, "dash"),
    "eta_mean": ("mean η", OKABE_ITO[0], "solid"),
    "eta_std": ("spread (std)", OKABE_ITO[2], "solid"),
}


def rounds(statistics: dict[str, Sequence[float]], shown: int, mode: Mode) -> go.Figure:
    """Largest, mean and spread of eta round by round, the spread falling over many decades; one round marked."""
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
    # Powers of ten alone where there are some, no more than eight of them.
    return figure.update_yaxes(type="log", dtick=None if decades < 2 else max(1, np.ceil(decades / 8)))


def _round_axis(rounds: int) -> dict[str, object]:
    return {"dtick": max(1, rounds // 15), "range": [-0.4, rounds - 0.6]}


def before_and_after(table: pd.DataFrame, mode: Mode) -> go.Figure:
    """eta after against eta before, one point an example; above the line where they are equal it leaks more."""
    figure = go.Figure()
    groups = colours(table)
    for label, colour in groups.items():
        drawn = part(table, label)
        figure.add_scatter(
            x=drawn["eta_before"], y=drawn["eta_after"], customdata=drawn.index, mode="markers", name=named(label),
            marker={"color": colour, "size": 5, "opacity": 0.6}, showlegend=len(groups) > 1,
            hovertemplate="example %{customdata}<br>before %{x:.4g}<br>after %{y:.4g}<extra></extra>",
        )  # fmt: skip
    seen = table[["eta_before", "eta_after"]].to_numpy()
    ends = [float(seen[seen > 0].min()), float(seen.max())]
    figure.add_scatter(x=ends, y=ends, mode="lines", name="no change", line={"color": INK[mode][2], "dash": "dot"})
    styled(figure, mode, x="η with equal weights", y="η after", height=360)
    figure.update_layout(dragmode="select")
    figure.update_xaxes(type="log")
    return figure.update_yaxes(type="log")


def by_class(classes: pd.DataFrame, mode: Mode) -> go.Figure:
    """Mean eta of each class before and after, with the largest as a mark."""
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
    """Histogram of the training weights, on a logarithmic axis, with the mean of 1 marked."""
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
    styled(figure, mode, x="training weight (mean 1)", y="training examples", height=360)
    return figure.update_xaxes(type="log")


def price(train: Sequence[float], test: Sequence[float], shown: int, score: str, mode: Mode) -> go.Figure:
    """Train and test score round by round."""
    figure = go.Figure()
    for values, name, dash in ((test, "test", "solid"), (train, "train", "dot")):
        figure.add_scatter(
            x=list(range(len(values))), y=list(values), name=name, mode="lines+markers", marker={"size": 5},
            line={"color": OKABE_ITO[0], "dash": dash, "width": 2},
            hovertemplate="round %{x}<br>%{y:.5g}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.add_vline(shown, line={"color": INK[mode][0], "dash": "dot", "width": 1})
    styled(figure, mode, x="round (0 = equal weights)", y=score + _better(score), height=360)
    return figure.update_xaxes(**_round_axis(len(test)))


def deciles(table: pd.DataFrame, nothing: float, title: str, mode: Mode) -> go.Figure:
    """What an attack gets from each decile of the examples by eta before, before and after."""
    figure = go.Figure()
    for when, colour in (("before", BEFORE), ("after", AFTER)):
        figure.add_bar(
            x=table.index, y=table[when], name=when, marker={"color": colour},
            hovertemplate="decile %{x}<br>%{y:.3f}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    level(figure, (0.5, 10.5), nothing, "nothing learnt", mode)
    styled(figure, mode, x="decile of the examples by η before (10 = leakiest)", y=named(title), height=360)
    figure.update_xaxes(dtick=1)
    return figure.update_yaxes(rangemode="tozero")


def frontier(
    table: pd.DataFrame,
    curves: dict[str, list[tuple[Sequence[float], Sequence[float]]]],
    looking: str,
    titles: tuple[str, str],
    mode: Mode,
    *,
    log: bool,
) -> go.Figure:
    """Leakage against utility, a point for each mitigation, whose curves are drawn where there are any.

    Args:
        table: index the names; `family`, `leakage`, `score`, `score_std`.
        curves: by family, leakage and score along the mitigations that can be dosed.
        looking: the mitigation that is marked.
        titles: of the axes.
        mode: light or dark.
        log: a logarithmic leakage axis.
    """
    figure = go.Figure()
    for family, lines in curves.items():
        for i, (x, y) in enumerate(lines):
            figure.add_scatter(
                x=list(x), y=list(y), name=_DOSED[family], mode="lines", hoverinfo="skip", legendgroup=family,
                showlegend=i == 0, line={"color": FAMILIES[family][0], "width": 1.5, "dash": "dot"},
            )  # fmt: skip
    for family, (colour, symbol) in FAMILIES.items():
        rows = table[table["family"] == family]
        if len(rows):
            figure.add_scatter(
                x=rows["leakage"], y=rows["score"], customdata=rows.index, name=family, mode="markers",
                error_y={"array": rows["score_std"].astype(float).fillna(0), "thickness": 1, "width": 3},
                marker={"color": colour, "symbol": symbol, "size": 10},
                hovertemplate="%{customdata}<br>leakage %{x:.4g}<br>score %{y:.4f}<extra></extra>",
            )  # fmt: skip
    if looking in table.index:
        figure.add_scatter(
            x=[table.loc[looking, "leakage"]], y=[table.loc[looking, "score"]], mode="markers", name="looked at",
            marker={"color": LEAKS, "symbol": "circle-open", "size": 20, "line": {"width": 2.5}}, hoverinfo="skip",
        )  # fmt: skip
    styled(figure, mode, x=named(titles[0]), y=named(titles[1]) + _better(titles[1]), height=440)
    # The points make the view: what noise does far away from them would flatten everything else.
    bar = table["score_std"].astype(float).fillna(0)
    low, high = float((table["score"] - bar).min()), float((table["score"] + bar).max())
    margin = 0.12 * (high - low or abs(high) or 1.0)
    figure.update_yaxes(range=[low - margin, high + margin])
    if not log:
        return figure.update_xaxes(type="linear")
    ends = np.log10([float(table["leakage"].min()), float(table["leakage"].max())])
    return figure.update_xaxes(type="log", range=[ends[0] - 0.2, ends[1] + 0.2])


def _better(score: str) -> str:
    return " (lower is better)" if "error" in score else ""
