"""Figures of reconstructions: pure functions from numbers to a Plotly figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import INK, LEAKS, OKABE_ITO, Mode, level, styled


def figures(subject: Subject) -> list[Drawn]:
    """Error against noise of the first example."""
    rows = subject.result.table.loc[[subject.result.table.index[0]]]
    return error_figures(rows, subject.result.summary["prior_std"], subject.mode)


def error_figures(rows: pd.DataFrame, prior_std: float, mode: Mode) -> list[Drawn]:
    """Error against noise of one example; none where there was no noise."""
    if not (rows["sigma"] > 0).any():
        return []
    drawn = errors(rows, float(rows.iloc[len(rows) // 2]["sigma"]), prior_std, mode)
    return [Drawn("Error against noise", "Root mean squared error of both attacks, beside their bounds", drawn)]


_ERRORS = {
    "mse": ("unbiased attack", OKABE_ITO[0], "solid"),
    "bound_unbiased": ("Cramér–Rao bound", OKABE_ITO[0], "dot"),
    "mse_prior": ("attack with a prior", LEAKS, "solid"),
    "bound_prior": ("van Trees bound", LEAKS, "dot"),
    "mse_nearer": ("closer of two candidates", OKABE_ITO[7], "dash"),
}


def errors(table: pd.DataFrame, sigma: float, prior_std: float, mode: Mode) -> go.Figure:
    """Root mean squared error per feature and its bounds against the noise, in units of the feature spread."""
    shown = table[table["sigma"] > 0]
    figure = go.Figure()
    for column, (name, colour, dash) in _ERRORS.items():
        figure.add_scatter(
            x=shown["sigma"], y=np.sqrt(shown[column]) / prior_std, name=name,
            mode="lines" if dash == "dot" else "lines+markers",
            line={"color": colour, "dash": dash, "width": 2}, marker={"size": 5},
            hovertemplate="σ %{x:.3g}<br>error %{y:.3g} × the standard deviation<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    if len(shown):
        ends, guess = shown["sigma"].agg(["min", "max"]).tolist(), float(np.sqrt(shown["unseen"].iloc[0])) / prior_std
        level(figure, ends, guess, "guess without the model", mode)
    if sigma > 0:
        figure.add_vline(sigma, line={"color": INK[mode][0], "dash": "dot", "width": 1})
    styled(figure, mode, x="output noise σ", y="RMSE / standard deviation of the features", height=360)
    # Beyond ten standard deviations the unbiased attack has failed, by how much does not matter; the table has it.
    low = float(np.sqrt(shown[["mse", "mse_prior", "mse_nearer", "bound_prior"]].to_numpy().min())) / prior_std
    figure.update_yaxes(type="log", range=[np.log10(max(low, 1e-9)) - 0.2, 1.2])
    return figure.update_xaxes(type="log")


def error_and_bound(points: pd.DataFrame, bound: str, measured: str, mode: Mode) -> go.Figure:
    """Measured error against the bound, one point per example, with the line where they are equal."""
    below = points[measured] < points[bound]
    figure = go.Figure()
    for part, name, symbol, colour in (
        (points[~below], "on or above the bound", "circle", OKABE_ITO[0]),
        (points[below], "below the bound", "diamond", LEAKS),
    ):
        figure.add_scatter(
            x=part[bound], y=part[measured], mode="markers", name=name, customdata=part.index,
            error_y={"array": 2 * part[f"{measured}_error"], "thickness": 0.7, "width": 0},
            marker={"color": colour, "size": 7, "symbol": symbol, "opacity": 0.8},
            hovertemplate="example %{customdata}<br>bound %{x:.3g}<br>measured %{y:.3g}<extra></extra>",
        )  # fmt: skip
    ends = [float(points[[bound, measured]].min().min()), float(points[[bound, measured]].max().max())]
    figure.add_scatter(
        x=ends, y=ends, mode="lines", name="measured = bound", line={"color": INK[mode][2], "dash": "dot"}
    )
    styled(
        figure,
        mode,
        x="bound on the mean squared error per feature",
        y="measured mean squared error per feature",
        height=400,
    )
    figure.update_xaxes(type="log")
    return figure.update_yaxes(type="log")
