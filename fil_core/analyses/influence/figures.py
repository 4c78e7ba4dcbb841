"""Figures of influence: against the truth, over the damping, without the extremes, and finding replaced labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import INK, LEAKS, OKABE_ITO, Mode, bars, colours, drawn, named, part, thinned
from fil_core.display.kept import kept

_NOISE = {"harmful": "harmful influence", "self_influence": "self-influence", "loss": "loss", "random": "random order"}
_FOLLOWED = 6  # examples that are drawn over the damping


def figures(subject: Subject) -> list[Drawn]:
    """Influence against the truth or against the loss; over the damping; what removing does; replaced labels."""
    table, arrays, s = subject.masked(subject.result.table), subject.result.arrays, subject.result.summary
    found = []
    if "influence" in table:
        true = "leave_one_out" in table
        title = "Influence against the truth" if true else "Influence against loss"
        pair = ("influence", "leave_one_out") if true else ("loss", "influence")
        alt = f"{title} for {min(len(table), 5000):,} examples"
        found.append(Drawn(title, alt, scatter(table, pair, subject.mode, equal=true)))
    if len(arrays["dampings"]) > 1:
        if "pearson_by_damping" in arrays:
            alt = "Correlation with the truth, and slope of the truth on the prediction, for each damping"
            curves = np.stack([arrays["pearson_by_damping"], arrays["slope_by_damping"]])
            figure = agreement_by_damping(arrays["dampings"], curves, s["damping"], subject.mode)
            found.append(Drawn("Over the damping", alt, figure))
        elif "influence" in table:
            alt = "Influence of the examples with the most, for each damping"
            names = [str(name) for name in subject.names([int(id) for id in subject.result.table.index])]
            figure = over_damping(arrays["dampings"], arrays["by_damping"], names, subject.mode)
            found.append(Drawn("Over the damping", alt, figure))
    if removed := s.get("removed"):
        heights = [removed["helpful"], removed["random"], removed["harmful"]]
        alt = "True change of the target's loss without the most helpful, random and the most harmful examples"
        names = ["most helpful", f"random (mean of {removed['draws']})", "most harmful"]
        found.append(Drawn("Leaving out many", alt, bars(names, heights, "true change of the loss", subject.mode)))
    if areas := s.get("auroc"):
        alt = "Area under the ROC curve of each measure for the labels that were replaced"
        figure = bars([_NOISE[name] for name in areas], list(areas.values()), "area under the ROC curve", subject.mode)
        found.append(Drawn("Finding replaced labels", alt, figure))
    return found


_TITLES = {
    "influence": "predicted change of the loss",
    "leave_one_out": "true change of the loss",
    "loss": "loss of the example",
}


@kept()
def scatter(table: pd.DataFrame, columns: tuple[str, str], mode: Mode, *, equal: bool) -> go.Figure:
    """One column against another, one point per example, coloured by class.

    Args:
        table: with both columns; rows without a value are left out.
        columns: the horizontal and the vertical one.
        mode: light or dark.
        equal: whether the line on which both are the same is drawn.
    """
    x, y = columns
    shown = table[np.isfinite(table[x]) & np.isfinite(table[y])]
    shown = thinned(shown.assign(size=shown[y].abs()), by="size")
    groups = colours(shown) if "label" in shown else {"": OKABE_ITO[0]}
    traces = [
        {
            "type": "scatter", "x": rows[x], "y": rows[y], "customdata": rows.index, "mode": "markers",
            "name": named(label), "marker": {"color": colour, "size": 6, "opacity": 0.65},
            "hovertemplate": "example %{customdata}<br>%{x:.3g}, %{y:.3g}<extra></extra>",
        }
        for label, colour in groups.items()
        for rows in [part(shown, label) if "label" in shown else shown]
    ]  # fmt: skip
    if equal and len(shown):
        ends = [float(shown[[x, y]].min().min()), float(shown[[x, y]].max().max())]
        traces.append(
            {
                "type": "scatter", "x": ends, "y": ends, "mode": "lines", "name": "equal", "hoverinfo": "skip",
                "line": {"color": INK[mode][2], "dash": "dot"},
            }
        )  # fmt: skip
    return drawn(
        traces, mode, x=_TITLES[x], y=_TITLES[y], height=380, showlegend=len(groups) > 1 or equal, dragmode="select"
    )


@kept()
def agreement_by_damping(dampings: np.ndarray, curves: np.ndarray, chosen: float, mode: Mode) -> go.Figure:
    """Agreement with the truth for each damping, with the chosen one marked.

    Args:
        dampings: (D,), >= 0.
        curves: (2, D) correlation, and slope of the truth on the prediction.
        chosen: the damping that is asked for.
        mode: light or dark.
    """
    at = [f"{each:.3g}" for each in dampings]
    lines = [
        {
            "type": "scatter", "x": at, "y": np.clip(values, -1, 3), "mode": "lines+markers", "name": name,
            "line": {"color": colour, "width": 2}, "customdata": values,
            "hovertemplate": "damping %{x}: %{customdata:.3f}<extra>%{fullData.name}</extra>",
        }
        for name, values, colour in zip(("correlation", "slope"), curves, OKABE_ITO, strict=False)
    ]  # fmt: skip
    mark = int(np.flatnonzero(dampings == chosen)[0])
    point = {
        "type": "scatter", "x": [at[mark]], "y": [float(np.clip(curves[0][mark], -1, 3))],
        "mode": "markers", "name": "chosen", "marker": {"color": LEAKS, "size": 12, "symbol": "circle-open"},
        "hoverinfo": "skip",
    }  # fmt: skip
    return drawn(
        [*lines, point], mode, x="damping", y="agreement (slope cut at 3)", height=380,
        xaxis={"type": "category"},
    )  # fmt: skip


@kept()
def over_damping(dampings: np.ndarray, values: np.ndarray, names: list[str], mode: Mode) -> go.Figure:
    """Influence by damping of the examples that have the most at any.

    Args:
        dampings: (D,).
        values: (D, n).
        names: of the n examples.
        mode: light or dark.
    """
    at = [f"{each:.3g}" for each in dampings]
    scaled = values / np.maximum(np.abs(values).max(1, keepdims=True), 1e-300)
    top = np.argsort(-np.abs(scaled).max(0), kind="stable")[:_FOLLOWED]
    lines = [
        {
            "type": "scatter", "x": at, "y": scaled[:, i], "mode": "lines+markers",
            "name": f"example {named(names[i])}", "line": {"color": colour, "width": 2}, "marker": {"size": 4},
            "hovertemplate": "damping %{x}: %{y:.3g} of the largest<extra>%{fullData.name}</extra>",
        }
        for i, colour in zip(top, (LEAKS, *OKABE_ITO), strict=False)
    ]  # fmt: skip
    return drawn(
        lines,
        mode,
        x="damping",
        y="influence, over the largest",
        height=380,
        xaxis={"type": "category"},
    )
