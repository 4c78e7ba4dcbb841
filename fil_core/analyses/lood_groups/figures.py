"""Figures of leave-one-out distinguishability of groups: together against alone, and how surely each is told."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import INK, OKABE_ITO, Mode, bars, drawn, named, thinned
from fil_core.display.kept import kept
from fil_core.display.numbers import counted

_FEW = 30  # groups whose bars can be read


def figures(subject: Subject) -> list[Drawn]:
    """KL of each group against the sum of its records' alone; of few groups also their AUC."""
    table = subject.masked(subject.result.table)
    names = [str(name) for name in table.get("name", table.index.to_series())]
    shown = table[["kl_lood", "kl_alone_sum", "records"]].assign(called=names)
    alt = f"LOOD of {len(table):,} groups against the sum of their records left out alone, with the line of equality"
    found = [Drawn("Together and alone", alt, together(shown, subject.mode))]
    if len(table) <= _FEW:
        alt = f"Membership AUC of {len(table)} groups"
        found.append(
            Drawn("How surely each group is told", alt, bars(names, table["auc"], "membership AUC", subject.mode))
        )
    return found


@kept()
def together(table: pd.DataFrame, mode: Mode) -> go.Figure:
    """KL of groups against the sum of their records' alone on logarithmic axes, with the line of equality."""
    shown = thinned(table[(table["kl_lood"] > 0) & (table["kl_alone_sum"] > 0)], by="kl_lood")
    sizes = zip(shown["called"], shown["records"], strict=True)
    points = {
        "type": "scatter", "x": shown["kl_alone_sum"], "y": shown["kl_lood"], "customdata": shown.index,
        "text": [f"group {named(name)}, {counted(size, 'record')}" for name, size in sizes],
        "mode": "markers", "marker": {"color": OKABE_ITO[0], "size": 6, "opacity": 0.7},
        "hovertemplate": "%{text}<br>alone %{x:.3g}<br>together %{y:.3g}<extra></extra>",
    }  # fmt: skip
    values = shown[["kl_lood", "kl_alone_sum"]].to_numpy()
    ends = [values.min(), values.max()] if len(values) else [1.0, 1.0]
    same = {
        "type": "line", "x0": ends[0], "y0": ends[0], "x1": ends[1], "y1": ends[1],
        "line": {"color": INK[mode][2], "dash": "dot"},
    }  # fmt: skip
    return drawn(
        [points], mode, x="LOOD (KL), sum of its records alone", y="LOOD (KL) of the group", xaxis={"type": "log"},
        yaxis={"type": "log"}, shapes=[same],
    )  # fmt: skip
