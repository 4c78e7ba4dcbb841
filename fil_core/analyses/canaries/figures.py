"""Figures of planted secrets: exposure against how often they are said, and against influence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.canaries.words import times
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import INK, SCALE, Mode, drawn, level
from fil_core.display.kept import kept


def figures(subject: Subject) -> list[Drawn]:
    """One figure: exposure against how often each secret is said, coloured by the influence of its copies."""
    s = subject.result.summary
    secrets = subject.result.table.drop_duplicates("secret").drop(columns="sentence")
    alt = (
        f"Exposure of {s['secrets']} secrets against how often each is said, with the influence of their copies as "
        "colour, below the most that the candidates can show"
    )
    return [Drawn("Exposure by how often a secret is said", alt, by_times(secrets, s["most"], subject.mode))]


@kept()
def by_times(secrets: pd.DataFrame, most: float, mode: Mode) -> go.Figure:
    """Exposure against how often a secret is said, coloured by influence, one point for each.

    Args:
        secrets: a row for each, with `said`, `exposure`, `influence` and `secret`; its index names a training row.
        most: exposure that candidates can show.
        mode: light or dark.
    """
    points = {
        "type": "scatter", "x": secrets["said"], "y": secrets["exposure"], "mode": "markers", "name": "secret",
        "showlegend": False, "customdata": np.c_[secrets["secret"], secrets["influence"]],
        "marker": {
            "size": 13, "opacity": 0.8, "color": secrets["influence"], "colorscale": SCALE, "showscale": True,
            "colorbar": {"title": {"text": "influence of its copies (nats)", "side": "right"}, "thickness": 10},
            "line": {"width": 1, "color": INK[mode][0]},  # the scale ends near the paper of one of the modes
        },
        "hovertemplate": "secret %{customdata[0]:.0f}, said %{x} ×<br>exposure %{y:.2f} bits<br>influence of copies "
        "%{customdata[1]:.3g} nats<extra></extra>",
    }  # fmt: skip
    said = sorted(map(int, set(secrets["said"])))
    ticks = {"type": "log", "tickvals": said, "ticktext": [times(one) for one in said]}
    figure = drawn(
        [points], mode, x="how often it is said in the training rows", y="exposure (bits)", height=380, xaxis=ticks,
        yaxis={"rangemode": "tozero"},
    )  # fmt: skip
    level(figure, [0.8 * said[0], 1.25 * said[-1]], most, "the most that candidates can show", mode)
    return figure
