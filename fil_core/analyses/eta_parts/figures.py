"""The figure of the parts of eta: a stacked bar for each of the most exposed examples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.eta_parts.words import NAMES
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import OKABE_ITO, Mode, drawn, named
from fil_core.display.kept import kept

_SHOWN = 20


def figures(subject: Subject) -> list[Drawn]:
    """The parts of the most exposed examples; none while redacted, since residuals tell labels."""
    if subject.redact:
        return []
    table = subject.result.table
    top = table.nlargest(min(_SHOWN, len(table)), "eta")
    alt = f"Parts of η² of the {len(top)} most exposed examples, as stacked bars"
    return [Drawn("What η² is due to", alt, bars(top, subject.names(list(top.index)), subject.mode))]


@kept()
def bars(top: pd.DataFrame, names: list[object], mode: Mode) -> go.Figure:
    """Stacked bars, the most exposed example on top; a part that is negative points to the left.

    Args:
        top: the examples, in order of decreasing eta.
        names: what they are called.
        mode: light or dark.
    """
    places = np.arange(len(top))[::-1]
    traces = [
        {
            "type": "bar", "orientation": "h", "x": top[name], "y": places, "name": says, "marker": {"color": colour},
            "customdata": top.index,
            "hovertemplate": f"example %{{customdata}}<br>{says}: %{{x:.4g}} of η²<extra></extra>",
        }
        for (name, says), colour in zip(NAMES.items(), OKABE_ITO, strict=False)
    ]  # fmt: skip
    return drawn(
        traces, mode, x="part of η², in 1/feature²", y="example", height=max(240, 90 + 20 * len(top)),
        barmode="relative",
        yaxis={"tickmode": "array", "tickvals": places, "ticktext": [named(name) for name in names]},
    )  # fmt: skip
