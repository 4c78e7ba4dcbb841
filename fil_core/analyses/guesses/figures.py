"""The figure of guesses: the ellipse of the bound around the truth, and the guesses scattered in it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import plotly.graph_objects as go
from scipy.stats import chi2

from fil_core.analyses.guesses.run import LEVEL
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import LEAKS, OKABE_ITO, Mode, drawn, named
from fil_core.display.kept import kept


def figures(subject: Subject) -> list[Drawn]:
    """Guesses of each two of the unknown; none while redacted, or of one unknown alone."""
    if subject.redact:
        return []
    s, arrays = subject.result.summary, subject.result.arrays
    found = []
    for i, j in itertools.combinations(range(len(s["names"])), 2):
        pair = [i, j]
        names = [s["names"][k] for k in pair]
        points = subject.result.table[[f"guess_{name}" for name in names]].to_numpy()
        alt = f"{len(points)} guesses of {names[0]} and {names[1]} around the truth, with the ellipse of the bound"
        figure = scattered(points, arrays["truth"][pair], arrays["covariance"][np.ix_(pair, pair)], names, subject.mode)
        found.append(Drawn(f"Guesses of {names[0]} and {names[1]}", alt, figure))
    return found[:3]


def ellipse(truth: np.ndarray, covariance: np.ndarray, dimensions: int = 2) -> np.ndarray:
    """The line around which 95 % of normal draws of a covariance lie, (121, 2)."""
    values, vectors = np.linalg.eigh(covariance)
    angles = np.linspace(0, 2 * np.pi, 121)
    circle = np.stack([np.cos(angles), np.sin(angles)])
    line: np.ndarray = (
        truth + (vectors @ (np.sqrt(np.maximum(values, 0) * chi2.ppf(LEVEL, dimensions))[:, None] * circle)).T
    )
    return line


@kept()
def scattered(points: np.ndarray, truth: np.ndarray, covariance: np.ndarray, names: list[str], mode: Mode) -> go.Figure:
    """Guesses, the truth, and the ellipse in which 95 % lie where the bound is reached.

    Args:
        points: (m, 2).
        truth: (2,).
        covariance: (2, 2).
        names: of the two.
        mode: light or dark.
    """
    return drawn(traces(points, truth, covariance), mode, x=named(names[0]), y=named(names[1]), height=380)


def traces(points: np.ndarray, truth: np.ndarray, covariance: np.ndarray) -> list[dict[str, Any]]:
    """The guesses, the ellipse and the truth, for a figure."""
    line = ellipse(truth, covariance)
    return [
        {
            "type": "scatter", "mode": "markers", "x": points[:, 0], "y": points[:, 1], "name": "guesses",
            "marker": {"color": OKABE_ITO[0], "size": 5, "opacity": 0.45},
            "hovertemplate": "guess: %{x:.4g}, %{y:.4g}<extra></extra>",
        },
        {
            "type": "scatter", "mode": "lines", "x": line[:, 0], "y": line[:, 1], "name": "Cramér–Rao bound, 95 %",
            "line": {"color": LEAKS, "width": 2}, "hoverinfo": "skip",
        },
        {
            "type": "scatter", "mode": "markers", "x": truth[:1], "y": truth[1:], "name": "truth",
            "marker": {"color": LEAKS, "size": 10, "symbol": "x"},
            "hovertemplate": "truth: %{x:.4g}, %{y:.4g}<extra></extra>",
        },
    ]  # fmt: skip
