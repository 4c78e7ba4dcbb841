"""Figures of releases and mitigations: pure functions from numbers to a Plotly figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.fil.figures import by_class, distribution_of_eta
from fil_core.analyses.fil.words import trained_on
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import LEAKS, OKABE_ITO, Mode, better, level, named, styled

BEFORE, AFTER = OKABE_ITO[7], OKABE_ITO[0]
FAMILIES = {
    "as it is": ("#999999", "circle"),
    "reweighting": (OKABE_ITO[0], "diamond"),
    "more noise": (OKABE_ITO[1], "square"),
    "larger penalty": (OKABE_ITO[2], "triangle-up"),
    "dropping": (OKABE_ITO[3], "x"),
}
_CURVES = {"more noise": "any noise", "reweighting": "rounds of reweighting"}


def figures(subject: Subject) -> list[Drawn]:
    """The distribution of eta, and eta by class."""
    table = trained_on(subject)
    return [distribution_of_eta(subject, table), *by_class(subject, table)]


def deciles(table: pd.DataFrame, nothing: float, title: str, mode: Mode) -> go.Figure:
    """Success or error of an attack in each decile of the examples by eta before, before and after."""
    figure = go.Figure()
    for when, colour in (("before", BEFORE), ("after", AFTER)):
        figure.add_bar(
            x=table.index, y=table[when], name=when, marker={"color": colour},
            hovertemplate="decile %{x}<br>%{y:.3f}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    level(figure, (0.5, 10.5), nothing, "nothing learnt", mode)
    styled(figure, mode, x="decile by η before (10 = leakiest)", y=named(title), height=360)
    figure.update_xaxes(dtick=1)
    return figure.update_yaxes(rangemode="tozero")


def frontier(
    table: pd.DataFrame,
    curves: dict[str, list[tuple[Sequence[float], Sequence[float]]]],
    selected: str,
    titles: tuple[str, str],
    mode: Mode,
    *,
    log: bool,
) -> go.Figure:
    """Leakage against utility: one point per mitigation, and curves where its strength can be varied.

    Args:
        table: index the names; `family`, `leakage`, `score`, `score_std`.
        curves: by family, leakage and score as the strength of the mitigation varies.
        selected: the mitigation that is marked.
        titles: of the axes.
        mode: light or dark.
        log: a logarithmic leakage axis.
    """
    figure = go.Figure()
    for family, lines in curves.items():
        for i, (x, y) in enumerate(lines):
            figure.add_scatter(
                x=list(x), y=list(y), name=_CURVES[family], mode="lines", hoverinfo="skip", legendgroup=family,
                showlegend=i == 0, line={"color": FAMILIES[family][0], "width": 1.5, "dash": "dot"},
            )  # fmt: skip
    for family, (colour, symbol) in FAMILIES.items():
        rows = table[table["family"] == family]
        if len(rows):
            figure.add_scatter(
                x=rows["leakage"], y=rows["score"], customdata=rows.index, name=family, mode="markers",
                error_y={"array": rows["score_std"].astype(float).fillna(0), "thickness": 1, "width": 3},
                marker={"color": colour, "symbol": symbol, "size": 10},
                hovertemplate="%{customdata}<br>leakage %{x:.4g}<br>score %{y:.4f}<extra></extra>",
            )  # fmt: skip
    if selected in table.index:
        figure.add_scatter(
            x=[table.loc[selected, "leakage"]], y=[table.loc[selected, "score"]], mode="markers", name="selected",
            marker={"color": LEAKS, "symbol": "circle-open", "size": 20, "line": {"width": 2.5}}, hoverinfo="skip",
        )  # fmt: skip
    styled(figure, mode, x=named(titles[0]), y=named(titles[1]) + better(titles[1]), height=440)
    # The points set the range: the curve of the noise runs far beyond and would flatten everything else.
    bar = table["score_std"].astype(float).fillna(0)
    low, high = float((table["score"] - bar).min()), float((table["score"] + bar).max())
    margin = 0.12 * (high - low or abs(high) or 1.0)
    figure.update_yaxes(range=[low - margin, high + margin])
    if not log:
        return figure.update_xaxes(type="linear")
    ends = np.log10([float(table["leakage"].min()), float(table["leakage"].max())])
    return figure.update_xaxes(type="log", range=[ends[0] - 0.2, ends[1] + 0.2])
