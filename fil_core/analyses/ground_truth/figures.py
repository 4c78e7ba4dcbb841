"""Figures of unique information beside the truth."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import INK, Mode, colours, drawn, named, part, thinned
from fil_core.display.kept import kept

_PAIRS = (
    ("Predictions", "f_si", "prediction_change", "mean ½ ‖Δf‖²"),
    ("Weights", "si_weights", "weights_change", "½ ‖Δw‖²"),
)


def figures(subject: Subject) -> list[Drawn]:
    """The truth against what is predicted, for predictions and for weights."""
    table = subject.masked(subject.result.table)
    return [
        Drawn(
            title,
            f"{title}: true change against unique information for {len(table):,} examples, with the line of equality",
            truth(table, measure, true, unit, subject.mode),
        )
        for title, measure, true, unit in _PAIRS
    ]


@kept()
def truth(table: pd.DataFrame, measure: str, true: str, unit: str, mode: Mode) -> go.Figure:
    """True change against unique information on logarithmic axes, with the line of equality."""
    shown = thinned(table[(table[measure] > 0) & (table[true] > 0)], by=true)
    groups = colours(shown)
    points = [
        {
            "type": "scatter", "x": rows[measure], "y": rows[true], "customdata": rows.index, "mode": "markers",
            "name": named(label), "marker": {"color": colour, "size": 6, "opacity": 0.7},
            "hovertemplate": "example %{customdata}<br>predicted %{x:.3g}<br>true %{y:.3g}<extra></extra>",
        }
        for label, colour in groups.items()
        for rows in [part(shown, label)]
    ]  # fmt: skip
    values = shown[[measure, true]].to_numpy()
    ends = [float(values.min()), float(values.max())] if values.size else [1e-3, 1.0]
    equal = {
        "type": "scatter", "x": ends, "y": ends, "mode": "lines", "name": "equal", "hoverinfo": "skip",
        "line": {"color": INK[mode][2], "dash": "dot"},
    }  # fmt: skip
    log = {"type": "log"}
    return drawn(
        [*points, equal], mode, x=f"unique information, {unit}", y=f"true change, {unit}", height=380, xaxis=log,
        yaxis=log, dragmode="select",
    )  # fmt: skip
