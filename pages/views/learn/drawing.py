"""Toy problems as figures: points whose size is their leakage, and the model through them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.guesses.figures import traces
from fil_core.data.points import Points
from fil_core.display.charts import INK, LEAKS, SCALE, Mode, drawn
from fil_core.display.kept import kept

_SMALLEST, _LARGEST = 9.0, 30.0  # pixels of a point


@kept()
def toy(
    points: np.ndarray, theta: np.ndarray, eta: np.ndarray, chosen: int, guesses: np.ndarray, covariance: np.ndarray,
    classes: bool, intercept: bool, mode: Mode,
) -> go.Figure:  # fmt: skip
    """Points on a line, or in the plane by class, sized by eta; with the guesses of one where there are some.

    Args:
        points: (n, 2) for a line, features and target; (n, 3) for classes.
        theta: parameters, the last of a constant where there is one.
        eta: (n,).
        chosen: position of the point that is looked at.
        guesses: (m, 2), none for no ellipse.
        covariance: (2, 2) of the bound.
        classes: whether the last column is a class.
        intercept: whether the last parameter is a constant, of the model or of a column of ones.
        mode: light or dark.
    """
    x, y = points[:, 0], points[:, 1]
    shown: list[dict[str, Any]] = [_model(points, theta, classes, intercept, mode)]
    ring = np.arange(len(x)) == chosen
    sizes = _SMALLEST + (_LARGEST - _SMALLEST) * np.sqrt(eta / eta.max()) if eta.max() > 0 else np.full(len(x), 9.0)
    for label in np.unique(points[:, 2]) if classes else [None]:
        of = points[:, 2] == label if label is not None else np.ones(len(x), dtype=bool)
        rows = np.flatnonzero(of)
        shown.append(
            {
                "type": "scatter", "mode": "markers+text", "x": x[of], "y": y[of], "customdata": rows,
                "text": [str(row) for row in rows], "textposition": "top center",
                "name": "points" if label is None else f"class {label:g}",
                "marker": {
                    "size": sizes[of], "color": eta[of], "colorscale": SCALE, "cmin": 0, "cmax": float(eta.max()) or 1,
                    "symbol": "circle" if label in (None, 1) else "square",
                    "line": {"width": np.where(ring, 3, 1)[of], "color": np.where(ring, LEAKS, INK[mode][0])[of]},
                    "showscale": bool(label is None or label == points[:, 2].max()),
                    "colorbar": {"thickness": 10, "title": "η", "outlinewidth": 0},
                },
                "hovertemplate": "point %{customdata}<br>%{x:.4g}, %{y:.4g}<br>η %{marker.color:.4g}<extra></extra>",
            }
        )  # fmt: skip
    if len(guesses):  # on top of the points, which are larger
        shown += traces(guesses, points[chosen, :2], covariance)[:2]
    ranges = [_range(values) for values in (x, y)]
    return drawn(
        shown, mode, x="x1" if classes else "x", y="x2" if classes else "y", height=460, dragmode="pan",
        xaxis={"range": ranges[0]}, yaxis={"range": ranges[1]},
    )  # fmt: skip


def _range(values: np.ndarray) -> list[float]:
    margin = 0.15 * (float(np.ptp(values)) or 1.0)
    return [float(values.min()) - margin, float(values.max()) + margin]


def _model(points: np.ndarray, theta: np.ndarray, classes: bool, intercept: bool, mode: Mode) -> dict[str, Any]:
    """The line, or the boundary between two classes."""
    ends = np.array(_range(points[:, 0]))
    constant = theta[-1] if intercept else 0.0
    if not classes:
        line = theta[0] * ends + constant
    elif theta[1] != 0:
        line = -(theta[0] * ends + constant) / theta[1]
    else:
        ends, line = np.full(2, -constant / theta[0] if theta[0] else np.nan), np.array(_range(points[:, 1]))
    return {
        "type": "scatter", "mode": "lines", "x": ends, "y": line, "hoverinfo": "skip",
        "name": "where both classes are as likely" if classes else "the model",
        "line": {"color": INK[mode][2], "width": 2, "dash": "dash" if classes else "solid"},
    }  # fmt: skip


def of(
    points: Points, theta: np.ndarray, table: pd.DataFrame, chosen: int, guesses: np.ndarray, covariance: np.ndarray,
    intercept: bool, mode: Mode,
) -> go.Figure:  # fmt: skip
    """The figure of a toy of one feature and a target, or of two features and a class."""
    return toy(
        np.array(points.rows), theta, table["eta"].to_numpy(), chosen, guesses, covariance, points.classes,
        points.constant or intercept, mode,
    )  # fmt: skip
