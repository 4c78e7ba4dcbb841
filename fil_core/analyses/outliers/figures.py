"""Figures of outlying gradients: score against length, and finding replaced labels."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.outliers.words import TITLES
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import LEAKS, Mode, bars, colours, drawn, named, part, thinned
from fil_core.display.kept import kept


def figures(subject: Subject) -> list[Drawn]:
    """Score against length of every gradient; areas under the ROC curve for replaced labels."""
    table, found = subject.masked(subject.result.table), []
    if "forest_score" in table:
        alt = f"Outlier score against L2 norm of the gradients of {min(len(table), 5000):,} examples"
        found.append(Drawn("Who stands out", alt, scatter(table, subject.mode)))
    if areas := subject.result.summary.get("auroc"):
        alt = "Area under the ROC curve of each measure for the labels that were replaced"
        titles = [TITLES[name] for name in areas]
        figure = bars(titles, list(areas.values()), "area under the ROC curve", subject.mode)
        found.append(Drawn("Finding replaced labels", alt, figure))
    return found


@kept()
def scatter(table: pd.DataFrame, mode: Mode) -> go.Figure:
    """Outlier score against L2 norm, one point per example, coloured by class; replaced labels in a ring.

    Args:
        table: of the result.
        mode: light or dark.
    """
    shown = thinned(table, by="forest_score")
    groups = colours(shown)
    traces = [
        {
            "type": "scatter", "x": rows["gradient_l2"], "y": rows["forest_score"], "customdata": rows.index,
            "mode": "markers", "name": named(label), "marker": {"color": colour, "size": 6, "opacity": 0.65},
            "hovertemplate": "example %{customdata}<br>length %{x:.3g}, score %{y:.3f}<extra></extra>",
        }
        for label, colour in groups.items()
        for rows in [part(shown, label)]
    ]  # fmt: skip
    if "replaced" in shown:
        rows = shown[shown["replaced"]]
        traces.append(
            {
                "type": "scatter", "x": rows["gradient_l2"], "y": rows["forest_score"], "mode": "markers",
                "name": "label replaced", "hoverinfo": "skip",
                "marker": {"color": LEAKS, "size": 11, "symbol": "circle-open"},
            }
        )  # fmt: skip
    return drawn(
        traces, mode, x="L2 norm of the gradient", y="outlier score", height=380, showlegend=len(traces) > 1,
        dragmode="select",
    )  # fmt: skip
