"""Figures of the landscape of one record: along a line, or over a plane."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.lood_landscape.words import called, pixels_end
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import INK, LEAKS, OKABE_ITO, SCALE, Mode, drawn, named
from fil_core.display.kept import kept

_TITLES = {"kl_lood": "LOOD (KL), in nats", "mean_lood": "LOOD (mean)"}
_PANELS = {"kl_lood": (0.55, 1.0), "mean_lood": (0.0, 0.43)}  # of the height


def figures(subject: Subject) -> list[Drawn]:
    """KL and mean LOOD along the line, one above the other; over a plane one after the other."""
    table, s = subject.result.table, subject.result.summary
    marked = {"the record": 0.0}
    if "towards" in s:
        marked[f"example {named(subject.called(s['towards']))}"] = 1.0
    names, at = list(marked), list(marked.values())
    title, mode = _title(subject), subject.mode
    if "u" not in table:
        ends = [end for end in _ends(subject) if abs(end) <= table["t"].max()]
        alt = f"LOOD of one record by KL and by the mean at {len(table):,} queries along a line through it"
        return [Drawn("Along the line", alt, line(table, names, at, ends, title, mode))]
    alt = f"of one record at {len(table):,} queries in a plane through it"
    return [
        Drawn(f"Over the plane: {said}", f"{said} {alt}", plane(table[["t", "u", column]], names, at, title, mode))
        for column, said in _TITLES.items()
    ]


def _title(subject: Subject) -> str:
    """Title of the axis of t."""
    s = subject.result.summary
    if "towards" in s:
        return "t, from the record (0) to the other example (1)"
    return f"t, {named(called(subject))} in units of its range" if "pixel" in s else "t, in a random direction"


def _ends(subject: Subject) -> list[float]:
    """Where the query leaves the pixel values or, of other features, what training rows have; to be marked."""
    s = subject.result.summary
    if "rows_from" in s and not subject.redact and "pixels_from" not in s:
        return [s["rows_from"], s["rows_to"]]
    return list(pixels_end(subject) or ())


@kept()
def line(
    table: pd.DataFrame, names: list[str], at: list[float], ends: list[float], title: str, mode: Mode
) -> go.Figure:
    """KL LOOD above, mean LOOD below, by t.

    Args:
        table: with `t`, `kl_lood`, `mean_lood` and `auc`.
        names: of the examples that lie on the line.
        at: t of these.
        ends: t that are marked by dotted lines.
        title: of the axis of t.
        mode: light or dark.
    """
    traces = [trace for i, name in enumerate(_TITLES) for trace in _panel(table, name, names, at, i)]
    edge = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": {"color": INK[mode][2], "dash": "dot"}}
    below = {"title": {"text": _TITLES["mean_lood"]}, "domain": _PANELS["mean_lood"], "rangemode": "tozero"}
    return drawn(
        traces, mode, x=title, y=_TITLES["kl_lood"], height=460, xaxis={"anchor": "y2"},
        yaxis={"domain": _PANELS["kl_lood"], "rangemode": "tozero"}, yaxis2=below,
        shapes=[edge | {"x0": end, "x1": end} for end in ends],
    )  # fmt: skip


def _panel(table: pd.DataFrame, column: str, names: list[str], at: list[float], below: int) -> list[dict[str, Any]]:
    """The line of one measure, with the examples on it."""
    axis = {"type": "scatter", "yaxis": "y2" if below else "y"}
    curve = axis | {
        "x": table["t"], "y": table[column], "customdata": table["auc"], "mode": "lines", "showlegend": False,
        "line": {"color": OKABE_ITO[0], "width": 2},
        "hovertemplate": "t = %{x:.3g}: %{y:.3g}<br>AUC %{customdata:.3f}<extra></extra>",
    }  # fmt: skip
    points = [
        axis | _mark(name, colour) | {"x": rows["t"], "y": rows[column], "showlegend": not below}
        for name, t, colour in zip(names, at, (LEAKS, OKABE_ITO[2]), strict=False)
        for rows in [table[table["t"] == t]]
    ]  # fmt: skip
    return [curve, *points]


def _mark(name: str, colour: str) -> dict[str, Any]:
    """The marker of an example."""
    return {
        "mode": "markers", "name": name, "marker": {"color": colour, "size": 10, "symbol": "diamond"},
        "hovertemplate": "%{fullData.name}: %{y:.3g}<extra></extra>",
    }  # fmt: skip


@kept()
def plane(table: pd.DataFrame, names: list[str], at: list[float], title: str, mode: Mode) -> go.Figure:
    """A measure over t and u.

    Args:
        table: with `t`, `u` and the measure as its last column, sorted by t and then by u.
        names: of the examples that lie in the plane.
        at: t of these; their u is 0.
        title: of the axis of t.
        mode: light or dark.
    """
    t, u = (np.unique(table[name]) for name in ("t", "u"))
    heat = {
        "type": "heatmap", "x": t, "y": u, "z": table.iloc[:, -1].to_numpy().reshape(len(t), len(u)).T,
        "colorscale": SCALE, "zmin": 0, "colorbar": {"thickness": 10, "outlinewidth": 0, "tickformat": ".2~g"},
        "hovertemplate": "t = %{x:.3g}, u = %{y:.3g}<br>%{z:.3g}<extra></extra>",
    }  # fmt: skip
    points = [
        {"type": "scatter", "x": [t], "y": [0.0], **_mark(name, colour)}
        | {"hovertemplate": "%{fullData.name}<extra></extra>"}
        for name, t, colour in zip(names, at, (LEAKS, OKABE_ITO[2]), strict=False)
        if t <= table["t"].max()
    ]
    return drawn([heat, *points], mode, x=title, y="u, in a second direction", height=420)
