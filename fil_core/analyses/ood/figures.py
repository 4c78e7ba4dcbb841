"""Figures of out-of-distribution scores: what each reaches, a score's histograms, and two scores against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.ood.columns import TITLES
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import INK, LEAKS, OKABE_ITO, Mode, drawn, thinned
from fil_core.display.kept import kept

_BINS = 60
_SPLITS = {
    "in": ("the model's classes", OKABE_ITO[0]),
    "out": ("out of the distribution", OKABE_ITO[1]),
    "new": ("new", LEAKS),
}
_MANY = 50.0  # times the median, from which on a score's axis is logarithmic


def figures(subject: Subject) -> list[Drawn]:
    """What each score reaches, the histograms of the best, and the two best against each other."""
    s, table = subject.result.summary, subject.result.table
    order = sorted(s["auroc"], key=lambda name: -s["auroc"][name])
    return [
        reached(s, subject.mode),
        histograms(table, order[0], s["threshold"][order[0]], subject.mode),
        *([against(table, order[0], order[1], subject.mode)] if len(order) > 1 else []),
    ]


def reached(s: dict[str, Any], mode: Mode) -> Drawn:
    """AUROC of every score with its interval."""
    alt = "Area under the ROC curve of each score: " + "; ".join(f"{TITLES[n]} {v:.3f}" for n, v in s["auroc"].items())
    names = sorted(s["auroc"], key=lambda name: s["auroc"][name])
    areas = np.array([[s[field][name] for name in names] for field in ("auroc", "auroc_low", "auroc_high")])
    return Drawn("What each score reaches", alt, _areas(names, areas, mode))


@kept()
def _areas(names: list[str], areas: np.ndarray, mode: Mode) -> go.Figure:
    auroc, low, high = areas
    points = {
        "type": "scatter", "mode": "markers", "x": auroc, "y": [TITLES[name] for name in names],
        "marker": {"size": 9, "color": [OKABE_ITO[2] if name.startswith("fil") else OKABE_ITO[0] for name in names]},
        "error_x": {
            "type": "data", "symmetric": False, "thickness": 1.5, "color": INK[mode][2],
            "array": high - auroc, "arrayminus": auroc - low,
        },
        "hovertemplate": "%{y}<br>AUROC %{x:.4f}<extra></extra>",
    }  # fmt: skip
    chance = {
        "type": "line", "x0": 0.5, "x1": 0.5, "y0": 0, "y1": 1, "yref": "y domain",
        "line": {"color": INK[mode][2], "dash": "dot"},
    }  # fmt: skip
    return drawn(
        [points], mode, x="area under the ROC curve, with DeLong's 95 % interval (dotted: guessing)", y="",
        height=max(240, 60 + 30 * len(names)), showlegend=False, shapes=[chance],
    )  # fmt: skip


def histograms(table: pd.DataFrame, score: str, threshold: float, mode: Mode) -> Drawn:
    """Histograms of a score in and out of the distribution, with the score under which 95 % of the own lie."""
    alt = f"Histograms of {TITLES[score]} of the model's own classes and out of the distribution"
    return Drawn(f"{TITLES[score][:1].upper()}{TITLES[score][1:]}", alt, _histograms(table[["split", score]], score, threshold, mode))  # noqa: E501 # fmt: skip


@kept()
def _histograms(table: pd.DataFrame, score: str, threshold: float, mode: Mode) -> go.Figure:
    values = table[score].to_numpy()
    log = is_log(values)
    low, high = float(values.min()), float(values.max())
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    edges = np.geomspace(low, high, _BINS + 1) if log else np.linspace(low, high, _BINS + 1)
    traces: list[dict[str, Any]] = []
    for split, (name, colour) in _SPLITS.items():
        of_split = values[(table["split"] == split).to_numpy()]
        if split == "new" or not len(of_split):
            continue
        heights = np.histogram(of_split, edges)[0] / len(of_split)
        traces.append(
            {
                "type": "scatter", "x": np.repeat(edges, 2)[1:-1], "y": np.repeat(heights, 2), "mode": "lines",
                "name": f"{name} ({len(of_split):,})", "line": {"color": colour, "width": 1.5}, "fill": "tozeroy",
                "hovertemplate": "%{x:.4g}<br>%{y:.2%} of them<extra>%{fullData.name}</extra>",
            }
        )  # fmt: skip
    new = values[(table["split"] == "new").to_numpy()]
    if len(new):
        traces.append(
            {
                "type": "scatter", "x": new, "y": np.zeros(len(new)), "mode": "markers", "name": f"new ({len(new):,})",
                "marker": {"color": LEAKS, "symbol": "triangle-up", "size": 11},
                "hovertemplate": "new: %{x:.4g}<extra></extra>",
            }
        )  # fmt: skip
    line = {"type": "line", "x0": threshold, "x1": threshold, "y0": 0, "y1": 1, "yref": "y domain", "line": {"color": INK[mode][0], "dash": "dot", "width": 1}}  # noqa: E501 # fmt: skip
    return drawn(
        traces, mode, x=f"{TITLES[score]} (dotted: 95 % of the own lie below)", y="share of each group", height=340,
        xaxis={"type": "log"} if log else {}, yaxis={"tickformat": ".0%"}, shapes=[line],
    )  # fmt: skip


def is_log(values: np.ndarray) -> bool:
    """Whether a score is drawn on a logarithmic axis: positive, and its largest value far beyond the usual."""
    return bool(values.min() > 0 and values.max() > _MANY * np.median(values))


def against(table: pd.DataFrame, x: str, y: str, mode: Mode) -> Drawn:
    """Two scores of every example."""
    alt = f"{TITLES[y]} against {TITLES[x]} of {min(len(table), 5000):,} examples"
    return Drawn("Two scores against each other", alt, _against(table[["split", x, y]], x, y, mode))


@kept()
def _against(table: pd.DataFrame, x: str, y: str, mode: Mode) -> go.Figure:
    shown = thinned(table, by=x)
    traces = [
        {
            "type": "scatter", "mode": "markers", "x": rows[x], "y": rows[y], "name": name, "customdata": rows.index,
            "marker": {"color": colour, "size": 11 if split == "new" else 5, "opacity": 0.9 if split == "new" else 0.5},
            "hovertemplate": f"row %{{customdata}}<br>{TITLES[x]} %{{x:.4g}}<br>{TITLES[y]} %{{y:.4g}}<extra></extra>",
        }
        for split, (name, colour) in _SPLITS.items()
        if len(rows := shown[shown["split"] == split])
    ]  # fmt: skip
    axes = [{"type": "log"} if is_log(table[name].to_numpy()) else {} for name in (x, y)]
    return drawn(traces, mode, x=TITLES[x], y=TITLES[y], height=400, xaxis=axes[0], yaxis=axes[1])
