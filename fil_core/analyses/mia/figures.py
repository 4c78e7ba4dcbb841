"""Figures of membership attacks: ROC curves, exposure by class, and what is told of one record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from fil_core.analyses.lood.figures import EVERYBODY, distribution
from fil_core.analyses.mia.columns import AUC, title_of
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import INK, LEAKS, OKABE_ITO, Mode, drawn
from fil_core.display.kept import kept

_BINS = 24
_SPREAD = 3.5  # standard deviations of a fitted normal distribution that are drawn


def figures(subject: Subject) -> list[Drawn]:
    """ROC curves of all attacks, and the records' exposure."""
    return [roc_curves(subject), *exposure(subject)]


def roc_curves(subject: Subject) -> Drawn:
    """ROC curves of all attacks on logarithmic axes."""
    s, arrays = subject.result.summary, subject.result.arrays
    names = [f"{title_of(attack)}, AUC {s['auc'][attack]:.3f}" for attack in s["attacks"]]
    fpr, tpr = ([arrays[f"{kind}_{attack}"] for attack in s["attacks"]] for kind in ("fpr", "tpr"))
    alt = "ROC curves on logarithmic axes: " + "; ".join(names)
    figure = rocs(names, fpr, tpr, s["smallest_fpr"], subject.mode)
    return Drawn("ROC curves over all records and models", alt, figure)


@kept()
def rocs(
    names: Sequence[str], fpr: Sequence[np.ndarray], tpr: Sequence[np.ndarray], least: float, mode: Mode
) -> go.Figure:
    """ROC curves on logarithmic axes, beside chance.

    Args:
        names: of the curves.
        fpr: of each curve, false-positive rates.
        tpr: of each curve, true-positive rates.
        least: smallest false-positive rate that there is anything to say about.
        mode: light or dark.
    """
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter", "x": x[x > 0], "y": np.maximum(y[x > 0], least / 10), "mode": "lines",
            "name": name, "line": {"color": OKABE_ITO[k % len(OKABE_ITO)], "width": 2, "shape": "hv"},
            "hovertemplate": "FPR %{x:.3g}<br>TPR %{y:.3g}<extra>%{fullData.name}</extra>",
        }
        for k, (name, x, y) in enumerate(zip(names, fpr, tpr, strict=True))
    ]  # fmt: skip
    ends = np.array([least, 1.0])
    traces.append(
        {
            "type": "scatter", "x": ends, "y": ends, "mode": "lines", "name": "chance", "hoverinfo": "skip",
            "line": {"color": INK[mode][2], "dash": "dot", "width": 1.5},
        }
    )  # fmt: skip
    decades = {"type": "log", "range": [float(np.log10(least)) - 0.1, 0.1], "dtick": 1}
    return drawn(
        traces, mode, x="false-positive rate", y="true-positive rate", height=380, xaxis=decades, yaxis=decades
    )


def exposure(subject: Subject) -> list[Drawn]:
    """Box plot of the records' AUC, by class where classes may be shown."""
    table = subject.result.table
    known = table[table["auc"].notna()]
    if known.empty:
        return []
    labels = known["label"] if subject.classes else EVERYBODY
    of = "by class" if subject.classes else "of all records"
    figure = distribution(known["auc"].to_numpy(), labels, AUC.title, subject.mode, log=False)
    return [Drawn(f"{AUC.title} {of}", f"Box plot of the membership AUC {of}, {len(known):,} of them", figure)]


@kept()
def histograms(inside: np.ndarray, outside: np.ndarray, title: str, mode: Mode) -> go.Figure:
    """Scores of one record under models with it and without it, with the normal distributions that are fitted.

    Args:
        inside: (a,) scores of models with the record.
        outside: (b,) scores of models without it.
        title: of the score, with its unit.
        mode: light or dark.
    """
    both = np.concatenate([inside, outside])
    edges = np.linspace(both.min(), both.max() or 1.0, _BINS + 1)
    width = max(float(edges[1] - edges[0]), 1e-12)
    traces: list[dict[str, Any]] = []
    for values, name, colour in ((inside, "with the record", LEAKS), (outside, "without it", OKABE_ITO[0])):
        if not values.size:
            continue
        heights = np.histogram(values, edges)[0] / (values.size * width)
        traces.append(
            {
                "type": "bar", "x": (edges[:-1] + edges[1:]) / 2, "y": heights, "name": f"{values.size} models {name}",
                "marker": {"color": colour}, "opacity": 0.5, "width": width, "hovertemplate": "%{x:.3g}<extra></extra>",
            }
        )  # fmt: skip
        if values.size > 1 and (std := float(values.std(ddof=1))) > 0:
            x = values.mean() + std * np.linspace(-_SPREAD, _SPREAD, 121)
            y = np.exp(-(((x - values.mean()) / std) ** 2) / 2) / (std * np.sqrt(2 * np.pi))
            traces.append(
                {
                    "type": "scatter", "x": x, "y": y, "mode": "lines", "line": {"color": colour, "width": 2},
                    "showlegend": False, "hoverinfo": "skip",
                }
            )  # fmt: skip
    return drawn(traces, mode, x=title, y="density", height=380, barmode="overlay")
