"""Figures of unique information: over time, by class, and one measure against another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.subject import Drawn, Subject
from fil_core.analyses.unique_information.words import detection
from fil_core.display.charts import INK, LEAKS, OKABE_ITO, Mode, bars, colours, drawn, named, part, thinned
from fil_core.display.kept import kept

_FOLLOWED = 5  # examples whose information is drawn over time


def figures(subject: Subject) -> list[Drawn]:
    """Predictions against weights; when the top examples are learned; how well planted label noise is found."""
    table, arrays = subject.masked(subject.result.table), subject.result.arrays
    found = [
        Drawn(
            "Predictions against weights",
            f"Unique information of predictions against that of weights for {min(len(table), 5000):,} examples",
            scatter(table, ("si_weights", "f_si"), ("weights: ½ ‖Δw‖²", "predictions: mean ½ ‖Δf‖²"), subject.mode),
        ),
        Drawn(
            "When it is learned",
            "Unique information over the steps of descent: median, and the examples with the most at the end",
            over_time(arrays["times"], arrays["f_si_by_time"], _names(subject), subject.mode),
        ),
    ]
    if areas := detection(subject.result.summary):
        names, values = [title for _, title in areas.values()], [value for value, _ in areas.values()]
        alt = "Area under the ROC curve of each measure for the labels that were replaced"
        found.append(
            Drawn("Finding replaced labels", alt, bars(names, values, "area under the ROC curve", subject.mode))
        )
    return found


def _names(subject: Subject) -> list[str]:
    return [str(name) for name in subject.names([int(id) for id in subject.result.table.index])]


@kept()
def scatter(table: pd.DataFrame, columns: tuple[str, str], titles: tuple[str, str], mode: Mode) -> go.Figure:
    """One column against another on logarithmic axes, one point per example, coloured by class."""
    x, y = columns
    shown = thinned(table[(table[x] > 0) & (table[y] > 0)], by=y)
    groups = colours(shown) if "label" in shown else {"": OKABE_ITO[0]}
    points = [
        {
            "type": "scatter", "x": rows[x], "y": rows[y], "customdata": rows.index, "mode": "markers",
            "name": named(label), "marker": {"color": colour, "size": 5, "opacity": 0.65},
            "hovertemplate": "example %{customdata}<br>%{x:.3g}, %{y:.3g}<extra></extra>",
        }
        for label, colour in groups.items()
        for rows in [part(shown, label) if "label" in shown else shown]
    ]  # fmt: skip
    log = {"type": "log"}
    return drawn(
        points, mode, x=titles[0], y=titles[1], height=380, xaxis=log, yaxis=log, showlegend=len(groups) > 1,
        dragmode="select",
    )  # fmt: skip


@kept()
def over_time(times: np.ndarray, values: np.ndarray, names: list[str], mode: Mode) -> go.Figure:
    """A measure by time: the median, and the examples that have the most at the end.

    Args:
        times: (T,), -1 for infinitely many steps.
        values: (T, n).
        names: of the n examples.
        mode: light or dark.
    """
    at = [f"{t:,}" if t > 0 else "∞" for t in times]
    top = np.argsort(-values[-1], kind="stable")[:_FOLLOWED]
    lines = [
        {
            "type": "scatter", "x": at, "y": values[:, i], "mode": "lines+markers",
            "name": f"example {named(names[i])}", "line": {"color": colour, "width": 2}, "marker": {"size": 4},
            "hovertemplate": "%{x} steps: %{y:.3g}<extra>%{fullData.name}</extra>",
        }
        for i, colour in zip(top, (LEAKS, *OKABE_ITO), strict=False)
    ]  # fmt: skip
    median = {
        "type": "scatter", "x": at, "y": np.median(values, 1), "mode": "lines", "name": "median",
        "line": {"color": INK[mode][2], "dash": "dot", "width": 2},
        "hovertemplate": "%{x} steps: %{y:.3g}<extra>median</extra>",
    }  # fmt: skip
    return drawn(
        [*lines, median], mode, x="steps of descent", y="unique information (predictions)", height=380,
        xaxis={"type": "category"}, yaxis={"type": "log"},
    )  # fmt: skip
