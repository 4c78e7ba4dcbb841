"""Figures about attacks: pure functions from numbers to a Plotly figure, in the house style of `charts`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.display.charts import INK, LEAKS, OKABE_ITO, Mode, level, styled

ATTACKER_COLOURS = {
    "whitebox-prior": LEAKS,
    "whitebox": OKABE_ITO[0],
    "fredrikson14": OKABE_ITO[2],
    "ideal": OKABE_ITO[3],
    "baseline": OKABE_ITO[7],
}
_DASHES = {"baseline": "dot", "ideal": "dash"}


def success(
    lines: dict[str, tuple[Sequence[float], Sequence[float]]],
    points: dict[str, tuple[Sequence[float], Sequence[float], Sequence[float]]],
    sigma: float,
    mode: Mode,
) -> go.Figure:
    """Accuracy against the noise: lines (sigma, accuracy) and drawn points (sigma, accuracy, standard error)."""
    figure = go.Figure()
    for name, (x, y) in lines.items():
        figure.add_scatter(
            x=x, y=y, name=name, mode="lines", legendgroup=name,
            line={"color": ATTACKER_COLOURS[name], "width": 2, "dash": _DASHES.get(name, "solid")},
            hovertemplate="σ %{x:.3g}<br>right %{y:.1%}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    for name, (x, y, error) in points.items():
        figure.add_scatter(
            x=x, y=y, name=f"{name}, drawn" if name in lines else name, legendgroup=name,
            mode="markers" if name in lines else "lines+markers", error_y={"array": error, "thickness": 1, "width": 3},
            marker={"color": ATTACKER_COLOURS[name], "size": 6}, line={"color": ATTACKER_COLOURS[name], "width": 1},
            showlegend=name not in lines,
            hovertemplate="σ %{x:.3g}<br>right %{y:.1%} ± %{error_y.array:.1%}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    if sigma > 0:
        figure.add_vline(sigma, line={"color": INK[mode][0], "dash": "dot", "width": 1})
    styled(figure, mode, x="output noise σ", y="share of examples guessed rightly", height=360)
    figure.update_xaxes(type="log")
    return figure.update_yaxes(range=[0, 1.03], tickformat=".0%")


def deciles(deciles: pd.DataFrame, baseline: float, mode: Mode) -> go.Figure:
    """Mean success in each decile of the examples, index `decile`, beside `mean eta`; the baseline as a line."""
    figure = go.Figure()
    for name in deciles.columns.drop("mean eta"):
        figure.add_bar(
            x=deciles.index, y=deciles[name], name=name, customdata=deciles["mean eta"],
            marker={"color": ATTACKER_COLOURS[name]},
            hovertemplate="decile %{x}, mean η %{customdata:.3g}<br>right %{y:.1%}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    level(figure, (0.5, 10.5), baseline, "most frequent value", mode)
    styled(figure, mode, x="decile of the examples by η (10 = leakiest)", y="share guessed rightly", height=360)
    figure.update_xaxes(dtick=1)
    return figure.update_yaxes(range=[0, 1.03], tickformat=".0%")


def against_eta(curves: dict[str, tuple[np.ndarray, np.ndarray]], baseline: float, mode: Mode) -> go.Figure:
    """Accuracy against mean eta / sigma, a line for each penalty."""
    figure = go.Figure()
    for i, (name, (x, y)) in enumerate(curves.items()):
        figure.add_scatter(
            x=x, y=y, name=name, mode="lines+markers", marker={"size": 5},
            line={"color": OKABE_ITO[i % len(OKABE_ITO)], "width": 2},
            hovertemplate="mean η %{x:.3g}<br>right %{y:.1%}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    ends = [min(x.min() for x, _ in curves.values()), max(x.max() for x, _ in curves.values())]
    level(figure, ends, baseline, "most frequent value", mode)
    styled(figure, mode, x="mean η of the attribute at that noise, in 1/feature", y="share guessed rightly", height=340)
    figure.update_xaxes(type="log")
    return figure.update_yaxes(range=[0, 1.03], tickformat=".0%")


_ERRORS = {
    "mse": ("unbiased attack", OKABE_ITO[0], "solid"),
    "bound_unbiased": ("floor of unbiased attacks", OKABE_ITO[0], "dot"),
    "mse_prior": ("attack with a prior", LEAKS, "solid"),
    "bound_prior": ("floor with a prior", LEAKS, "dot"),
    "mse_nearer": ("better of two explanations", OKABE_ITO[7], "dash"),
}


def errors(table: pd.DataFrame, sigma: float, prior_std: float, mode: Mode) -> go.Figure:
    """Root mean squared error a feature against the noise, measured and promised, in units of the features' spread."""
    shown = table[table["sigma"] > 0]
    figure = go.Figure()
    for column, (name, colour, dash) in _ERRORS.items():
        figure.add_scatter(
            x=shown["sigma"], y=np.sqrt(shown[column]) / prior_std, name=name,
            mode="lines" if dash == "dot" else "lines+markers",
            line={"color": colour, "dash": dash, "width": 2}, marker={"size": 5},
            hovertemplate="σ %{x:.3g}<br>error %{y:.3g} × the spread<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.add_hline(1.0, line={"color": INK[mode][2], "dash": "dot", "width": 1})
    if sigma > 0:
        figure.add_vline(sigma, line={"color": INK[mode][0], "dash": "dot", "width": 1})
    styled(figure, mode, x="output noise σ", y="error / feature spread (1 = nothing learnt)", height=360)
    # What exceeds ten spreads says no more than that the unbiased attack is lost; the table has the numbers.
    low = float(np.sqrt(shown[["mse", "mse_prior", "mse_nearer", "bound_prior"]].to_numpy().min())) / prior_std
    figure.update_yaxes(type="log", range=[np.log10(max(low, 1e-9)) - 0.2, 1.2])
    return figure.update_xaxes(type="log")


def promised(points: pd.DataFrame, floor: str, measured: str, mode: Mode) -> go.Figure:
    """Measured error against the floor, a point an example, with the line where they are equal."""
    below = points[measured] < points[floor]
    figure = go.Figure()
    for part, name, symbol, colour in (
        (points[~below], "on or above the floor", "circle", OKABE_ITO[0]),
        (points[below], "below the floor", "diamond", LEAKS),
    ):
        figure.add_scatter(
            x=part[floor], y=part[measured], mode="markers", name=name, customdata=part.index,
            error_y={"array": 2 * part[f"{measured}_error"], "thickness": 0.7, "width": 0},
            marker={"color": colour, "size": 7, "symbol": symbol, "opacity": 0.8},
            hovertemplate="example %{customdata}<br>floor %{x:.3g}<br>measured %{y:.3g}<extra></extra>",
        )  # fmt: skip
    ends = [float(points[[floor, measured]].min().min()), float(points[[floor, measured]].max().max())]
    figure.add_scatter(
        x=ends, y=ends, mode="lines", name="measured = floor", line={"color": INK[mode][2], "dash": "dot"}
    )
    styled(figure, mode, x="floor on the mean squared error a feature", y="measured mean squared error", height=400)
    figure.update_xaxes(type="log")
    return figure.update_yaxes(type="log")


__all__ = ["ATTACKER_COLOURS", "against_eta", "deciles", "errors", "promised", "success"]
