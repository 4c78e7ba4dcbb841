"""Figures of leakage beside the train-test gap: both over what grows, and one against the other."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.overfit.request import DEGREE
from fil_core.analyses.overfit.words import NAMES, interval_of
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import OKABE_ITO, Mode, drawn
from fil_core.display.kept import kept

_SHOWN = {
    "eta_mean": "mean", "eta_median": "median", "eta_p95": "95th percentile", "eta_max": "largest",
    "held_out_median": "median, held out",
}  # fmt: skip
_LOSSES = {"gap": "gap", "test_loss": "test loss", "train_loss": "train loss"}


def figures(subject: Subject) -> list[Drawn]:
    """The gap and eta over what grows, and the gap against the mean eta."""
    table, s = subject.result.table, subject.result.summary
    name, many = NAMES[s["over"]], f"{len(table):,} models"
    found = s["spearman"]["eta_mean"]
    spearman = "no rank correlation" if found["spearman"] is None else f"rank correlation {found['spearman']:.2f}"
    return [
        Drawn("Train–test gap", f"Losses and gap of {many} over {name}", over(table, s["over"], "loss", subject.mode)),
        Drawn("Leakage", f"Summaries of η of {many} over {name}", over(table, s["over"], "eta", subject.mode)),
        Drawn(
            f"Gap against mean η: {spearman} ({interval_of(found)})",
            f"Gap against mean η, one point for each of {many}",
            against(table, s["over"], subject.mode),
        ),
    ]


@kept()
def over(table: pd.DataFrame, axis: str, what: str, mode: Mode) -> go.Figure:
    """Losses or summaries of eta over what grows: of one penalty several of them, of several penalties one.

    Args:
        table: one row for each model.
        axis: what grows.
        what: `loss` or `eta`.
        mode: light or dark.
    """
    columns = _LOSSES if what == "loss" else _SHOWN
    first = next(iter(columns))
    if axis == "l2" or len(set(table["l2"])) == 1:
        lines = [(name, table, column) for column, name in columns.items()]
    else:
        lines = [(f"λ = {l2:g}", rows, first) for l2, rows in table.groupby("l2")]
        columns = {first: columns[first]}
    several = len(columns) > 1
    title = ("loss" if several else "gap") if what == "loss" else f"{'' if several else 'mean '}η, in 1/feature"
    positive = bool((table[list(columns)] > 0).to_numpy().all())
    return drawn(
        [_line(name, rows, column, OKABE_ITO[i % len(OKABE_ITO)]) for i, (name, rows, column) in enumerate(lines)],
        mode, x=NAMES[axis], y=title, height=380, xaxis=_axis(table, axis), showlegend=True,
        yaxis={"type": "log" if positive else "linear"},
    )  # fmt: skip


def _line(name: str, rows: pd.DataFrame, column: str, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines+markers", "name": name, "x": rows["value"], "y": rows[column],
        "line": {"color": colour, "width": 2}, "marker": {"size": 6},
        "hovertemplate": "%{x:.4g}: %{y:.4g}<extra>%{fullData.name}</extra>",
    }  # fmt: skip


def _axis(table: pd.DataFrame, axis: str) -> dict[str, Any]:
    """Degrees on a linear axis; widths and penalties, unless there is none among them, on a logarithmic one."""
    if axis == DEGREE:
        return {"dtick": 1} if table["value"].max() <= 12 else {}
    return {"type": "log" if (table["value"] > 0).all() else "linear"}


@kept()
def against(table: pd.DataFrame, axis: str, mode: Mode) -> go.Figure:
    """The gap against the mean eta, one point for each model, coloured by penalty where there are several."""
    groups = [("", table)] if axis == "l2" else [(f"λ = {l2:g}", rows) for l2, rows in table.groupby("l2")]
    points = [
        {
            "type": "scatter", "mode": "markers+text", "name": name, "x": rows["eta_mean"], "y": rows["gap"],
            "text": [f"{value:g}" for value in rows["value"]], "textposition": "top center",
            "marker": {"color": OKABE_ITO[i % len(OKABE_ITO)], "size": 9},
            "hovertemplate": f"{NAMES[axis]} %{{text}}<br>mean η %{{x:.4g}}<br>gap %{{y:.4g}}<extra></extra>",
        }
        for i, (name, rows) in enumerate(groups)
    ]  # fmt: skip
    log = {"type": "log" if (table["eta_mean"] > 0).all() else "linear"}
    return drawn(
        points, mode, x="mean η, in 1/feature", y="test less train loss", height=380, xaxis=log,
        showlegend=len(groups) > 1,
    )  # fmt: skip
