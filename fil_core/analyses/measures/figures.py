"""Figures of the joint table: correlations, common top examples, and one measure against another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.measures.described import oriented
from fil_core.analyses.measures.words import title
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import OKABE_ITO, SCALE, Mode, colours, drawn, named, part, thinned
from fil_core.display.kept import kept

_WRITTEN = 16  # columns up to which numbers fit into the cells


def figures(subject: Subject) -> list[Drawn]:
    """Rank correlations, and the examples that two measures have at their top together."""
    s, table = subject.result.summary, subject.masked(subject.result.table)
    names = [name for name in s["columns"] if name in table]
    return [
        Drawn(
            "Rank correlation",
            f"Heat map of Spearman's correlation of every two of {len(names)} measures",
            correlation_map(matrix(s["spearman"], names), names, subject.mode),
        ),
        Drawn(
            "Common top examples",
            f"Heat map of the share of the {s['top']} most exposed examples that every two measures have in common",
            overlap_map(common(subject.result.arrays["overlap"], s["columns"], names), s["top"], names, subject.mode),
        ),
    ]


def matrix(nested: dict[str, dict[str, float | None]], names: Sequence[str]) -> np.ndarray:
    """Some of the correlations of a summary as a matrix, NaN for none."""
    return np.array([[nested[a][b] for b in names] for a in names], dtype=np.float64).reshape(len(names), len(names))


def common(overlap: np.ndarray, columns: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """The rows and columns of the overlap of some measures."""
    at = [list(columns).index(name) for name in names]
    return overlap[np.ix_(at, at)]


@kept()
def correlation_map(values: np.ndarray, names: Sequence[str], mode: Mode) -> go.Figure:
    """Correlations from -1 to 1 on a diverging scale; empty where there is none."""
    scale = {"colorscale": "RdBu_r", "zmin": -1, "zmax": 1, "colorbar": {"thickness": 10, "outlinewidth": 0}}
    return _map(values, names, mode, "%{z:.3f}", ".2f", **scale)


@kept()
def overlap_map(values: np.ndarray, k: int, names: Sequence[str], mode: Mode) -> go.Figure:
    """Shares of the k most exposed examples that two measures have in common."""
    colorbar = {"thickness": 10, "outlinewidth": 0, "tickformat": ".0%"}
    scale = {"colorscale": SCALE, "zmin": 0, "zmax": 1, "colorbar": colorbar}
    return _map(values / k, names, mode, f"%{{z:.1%}} of {k:,}", ".0%", **scale)


def _map(values: np.ndarray, names: Sequence[str], mode: Mode, hover: str, cell: str, **scale: Any) -> go.Figure:
    said = [named(name) for name in names]
    titles = [named(title(name)) for name in names]
    heat = {
        "type": "heatmap", "z": values, "x": said, "y": said, "xgap": 1, "ygap": 1, "hoverongaps": False,
        "customdata": [[[a, b] for b in titles] for a in titles],
        "hovertemplate": f"%{{customdata[0]}}<br>%{{customdata[1]}}<br>{hover}<extra></extra>",
        **scale,
    }  # fmt: skip
    if len(names) <= _WRITTEN:
        heat |= {"texttemplate": f"%{{z:{cell}}}", "textfont": {"size": 10}}
    return drawn(
        [heat], mode, x="", y="", height=max(300, 140 + 26 * len(names)),
        xaxis={"showgrid": False, "tickangle": -45}, yaxis={"showgrid": False, "autorange": "reversed"},
    )  # fmt: skip


def shown_points(table: pd.DataFrame, x: str, y: str) -> pd.DataFrame:
    """The examples to draw: those with both values, of too many a sample with the most exposed ones of both columns."""
    there = oriented(table[list(dict.fromkeys([x, y]))]).dropna()
    highest = there.rank(pct=True).max(axis=1)
    columns = list(dict.fromkeys([*(name for name in ("label",) if name in table), x, y]))
    return thinned(table.loc[there.index, columns].assign(highest=highest), by="highest").drop(columns="highest")


@kept()
def against(
    table: pd.DataFrame, columns: tuple[str, str], titles: tuple[str, str], mode: Mode, *, log: tuple[bool, bool]
) -> go.Figure:
    """One measure against another, one point per example, coloured by class.

    Args:
        table: the examples to draw.
        columns: the horizontal and the vertical one.
        titles: of them, with their units.
        mode: light or dark.
        log: whether each axis is logarithmic; values that are not positive are then not drawn.
    """
    (x, y), (x_title, y_title) = columns, map(named, titles)
    groups = colours(table) if "label" in table else {"": OKABE_ITO[0]}
    points = [
        {
            "type": "scatter", "x": rows[x], "y": rows[y], "customdata": rows.index, "mode": "markers",
            "name": named(label), "marker": {"color": colour, "size": 5, "opacity": 0.65},
            "hovertemplate": "example %{customdata}<br>%{x:.4g}, %{y:.4g}<extra></extra>",
        }
        for label, colour in groups.items()
        for rows in [part(table, label) if "label" in table else table]
    ]  # fmt: skip
    kinds = [{"type": "log" if one else "linear"} for one in log]
    return drawn(
        points, mode, x=x_title, y=y_title, height=440, xaxis=kinds[0], yaxis=kinds[1], showlegend=len(groups) > 1,
        dragmode="select",
    )  # fmt: skip
