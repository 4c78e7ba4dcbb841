"""Figures of a failure mode: eta against eta, curves, and the points where they lie in a plane."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.failure.columns import COLUMNS
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import (
    INK,
    LEAKS,
    OKABE_ITO,
    SCALE,
    Mode,
    against,
    colours,
    drawn,
    named,
    part,
    thinned,
)
from fil_core.display.kept import kept
from fil_core.learn import mode as learn
from fil_core.learn.failures import BY_NAME

_WIDE = 30.0  # ratio of the largest eta to the smallest, from which on both axes are logarithmic
_MOST_IN_PLANE = 300


def figures(subject: Subject) -> list[Drawn]:
    """Eta after against eta before; the mode's curves; and the points of a plane by eta."""
    mode = BY_NAME[subject.result.summary["mode"]]
    table, found = subject.masked(subject.result.table), []
    if table["eta_other"].notna().any():
        title = f"{mode.other} against {mode.shown}"
        alt = f"{title}, for {min(len(table), 5000):,} examples, with the diagonal on which both agree"
        found.append(Drawn(title, alt, both(table, mode.shown, mode.other, subject.mode)))
    if mode.beside:
        found.append(_beside(subject, table, mode))
    if mode.lines is not None:
        found.append(Drawn(mode.lines.title, _told(mode.lines), curves(subject, mode.lines)))
    if (points := _in_plane(subject)) is not None:
        alt = f"{len(points)} points in the plane, the larger the larger {mode.other}"
        found.append(Drawn(f"The points, by {mode.other}", alt, plane(points, mode.other, subject.mode)))
    return found


def _beside(subject: Subject, table: pd.DataFrame, mode: learn.Mode) -> Drawn:
    """eta_other against another column."""
    title = next(column.title for column in COLUMNS if column.name == mode.beside)
    shown = thinned(table.assign(eta=table["eta_other"]), by=mode.beside)
    alt = f"{mode.other} against {title} for {len(shown):,} examples"
    return Drawn(f"η against {title}", alt, against(shown, mode.beside, title, subject.mode, log=True))


def _told(lines: learn.Lines) -> str:
    return f"{', '.join(lines.curves.values())}: {lines.y} against {lines.x[1]}"


@kept()
def both(table: pd.DataFrame, shown: str, other: str, mode: Mode) -> go.Figure:
    """eta_other against eta, one point per example, coloured by class, with the diagonal.

    Args:
        table: of the result.
        shown: what eta is, in a few words.
        other: what eta_other is.
        mode: light or dark.
    """
    rows = thinned(table.dropna(subset=["eta", "eta_other"]), by="eta_other")
    values = rows[["eta", "eta_other"]].to_numpy()
    low, high = float(values.min()), float(values.max())
    log = low > 0 and high / low > _WIDE
    groups = colours(rows)
    diagonal = {
        "type": "scatter", "x": [low, high], "y": [low, high], "mode": "lines", "name": "both agree",
        "hoverinfo": "skip", "line": {"color": INK[mode][2], "dash": "dot", "width": 1.5},
    }  # fmt: skip
    points = [
        {
            "type": "scatter", "x": some["eta"], "y": some["eta_other"], "customdata": some.index, "mode": "markers",
            "name": named(label), "marker": {"color": colour, "size": 6, "opacity": 0.65},
            "hovertemplate": "example %{customdata}<br>%{x:.3g}, after %{y:.3g}<extra></extra>",
        }
        for label, colour in groups.items()
        for some in [part(rows, label)]
    ]  # fmt: skip
    axis = {"type": "log" if log else "linear"}
    return drawn(
        [diagonal, *points], mode, x=f"{shown}, in 1/feature", y=f"{other}, in 1/feature", height=380, xaxis=axis,
        yaxis=axis, dragmode="select",
    )  # fmt: skip


def curves(subject: Subject, lines: learn.Lines) -> go.Figure:
    """A mode's curves, with the chosen value marked."""
    arrays, summary = subject.result.arrays, subject.result.summary
    marked = float(summary[lines.marked]) if lines.marked else None
    if marked is not None and lines.log_x and marked <= 0:
        marked = None
    ys = [arrays[name] for name in lines.curves]
    return _curves(
        arrays[lines.x[0]], ys, list(lines.curves.values()), (lines.x[1], lines.y), subject.mode, marked=marked,
        log_x=lines.log_x, log_y=lines.log_y and all((y > 0).any() for y in ys),
    )  # fmt: skip


@kept()
def _curves(
    x: np.ndarray, ys: list[np.ndarray], names: list[str], titles: tuple[str, str], mode: Mode, *,
    marked: float | None, log_x: bool, log_y: bool,
) -> go.Figure:  # fmt: skip
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter", "x": x, "y": np.where(y > 0, y, np.nan) if log_y else y, "mode": "lines", "name": name,
            "line": {"color": colour, "width": 2},
            "hovertemplate": f"{name}<br>%{{x:.3g}}: %{{y:.3g}}<extra></extra>",
        }
        for y, name, colour in zip(ys, names, OKABE_ITO, strict=False)
    ]  # fmt: skip
    line = {"type": "line", "x0": marked, "x1": marked, "y0": 0, "y1": 1, "yref": "y domain",
            "line": {"color": LEAKS, "dash": "dot", "width": 1.5}}  # fmt: skip
    return drawn(
        traces, mode, x=titles[0], y=titles[1], height=380, xaxis={"type": "log" if log_x else "linear"},
        yaxis={"type": "log" if log_y else "linear"}, shapes=[] if marked is None else [line],
    )  # fmt: skip


def _in_plane(subject: Subject) -> pd.DataFrame | None:
    """The examples with their place in the plane; None where they have none, or it may not be shown."""
    data, table = subject.data, subject.result.table
    if data is None or subject.redact or data.n > _MOST_IN_PLANE or table["eta_other"].isna().all():
        return None
    columns = [j for j in range(data.d) if np.ptp(data.X[:, j]) > 0]
    if len(columns) not in (1, 2):
        return None
    second = data.X[:, columns[1]] if len(columns) == 2 else data.y
    titles = data.feature_names[columns[0]], data.feature_names[columns[1]] if len(columns) == 2 else data.target_name
    points = table[["eta", "eta_other", "label"]].assign(x=data.X[:, columns[0]], y=second)
    points.attrs["titles"] = titles
    return points


def plane(points: pd.DataFrame, other: str, mode: Mode) -> go.Figure:
    """Points in the plane, their size and colour by eta_other.

    Args:
        points: `x`, `y`, `label`, `eta` and `eta_other` by id.
        other: what eta_other is, in a few words.
        mode: light or dark.
    """
    return _plane(points, other, tuple(points.attrs["titles"]), mode)


@kept()
def _plane(points: pd.DataFrame, other: str, titles: tuple[str, str], mode: Mode) -> go.Figure:
    values = points["eta_other"].to_numpy()
    top = float(np.nanmax(values)) or 1.0
    symbols = dict(zip(sorted(points["label"].unique(), key=str), ("circle", "diamond", "square", "x"), strict=False))
    few = len(symbols) == points["label"].nunique() and points["label"].nunique() <= 4
    marker = {
        "color": values, "colorscale": SCALE, "cmin": 0, "cmax": top, "size": 8 + 14 * values / top, "opacity": 0.85,
        "symbol": [symbols[label] for label in points["label"]] if few else "circle",
        "colorbar": {"thickness": 10, "outlinewidth": 0, "tickformat": ".2g"},
    }  # fmt: skip
    trace = {
        "type": "scatter", "x": points["x"], "y": points["y"], "customdata": points.index, "mode": "markers",
        "text": [named(label) for label in points["label"]], "marker": marker, "showlegend": False,
        "hovertemplate": "example %{customdata}, %{text}<br>%{marker.color:.3g}<extra></extra>",
    }  # fmt: skip
    return drawn([trace], mode, x=named(titles[0]), y=named(titles[1]), height=380)
