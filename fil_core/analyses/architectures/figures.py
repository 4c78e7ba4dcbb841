"""Figures of architectures: accuracy against leakage, and leakage by depth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.architectures.request import ABSOLUTE
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import OKABE_ITO, Mode, better, drawn
from fil_core.display.kept import kept
from fil_core.specs.kernel import KERNELS

_COLOURS = dict(zip(KERNELS, OKABE_ITO, strict=True))  # the same in every figure, whichever kernels it has
_EACH_DEPTH = 12  # up to which every depth has its tick


def figures(subject: Subject) -> list[Drawn]:
    """Test score against the mean AUC, where there are test rows; and mean LOOD by depth."""
    table, s = subject.result.table, subject.result.summary
    many, found = f"{len(table):,} architectures", []
    if table["test_score"].notna().any():
        alt = f"Test {s['score']} against mean membership AUC of {many}, one line per kernel and depth"
        found.append(Drawn("Accuracy against leakage", alt, against(table, s["score"], subject.mode)))
    alt = f"Mean LOOD by depth of {many}, one line per kernel and noise"
    return [*found, Drawn("Leakage by depth", alt, by_depth(table, s["equal"], subject.mode))]


@kept()
def against(table: pd.DataFrame, score: str, mode: Mode) -> go.Figure:
    """Test score of the posterior mean against the mean AUC; the noises of one kernel and depth are joined.

    Args:
        table: one row for each architecture.
        score: what the test score is.
        mode: light or dark.
    """
    traces = _lines(table, ("auc_mean", "test_score"), "depth", "relative_noise", f"AUC %{{x:.3f}}, {score} %{{y:.3g}}")
    low, high = float(table["test_score"].min()), float(table["test_score"].max())
    most = min(1.01 * high, 1.001) if score == "accuracy" else 1.01 * high
    return drawn(
        traces, mode, x="mean membership AUC (.5 is chance)", y=f"test {score}{better(score)}", height=420,
        yaxis={} if high > low else {"range": [0.99 * low, most]},
    )  # fmt: skip


@kept()
def by_depth(table: pd.DataFrame, equal: str, mode: Mode) -> go.Figure:
    """Mean KL LOOD by depth; the depths of one kernel and noise are joined.

    Args:
        table: one row for each architecture.
        equal: what is equal, `relative-noise` or `noise`.
        mode: light or dark.
    """
    same = "noise" if equal == ABSOLUTE else "relative_noise"
    traces = _lines(table, ("depth", "kl_mean"), same, "depth", "mean LOOD %{y:.3g} nats")
    return drawn(
        traces, mode, x="hidden layers (0: the kernel has none)", y="mean LOOD (KL), in nats", height=420,
        xaxis={"dtick": 1} if table["depth"].max() <= _EACH_DEPTH else {}, yaxis={"type": "log"},
    )  # fmt: skip


def _lines(table: pd.DataFrame, axes: tuple[str, str], same: str, along: str, says: str) -> list[dict[str, Any]]:
    """One trace for each kernel, with a line for each value of one column through rising values of another."""
    hover = "depth %{customdata[0]:d}, s = %{customdata[1]:.3g}, %{customdata[2]:.3g} × mean k(x, x)"
    return [
        {
            "type": "scatter", "mode": "lines+markers", "name": kernel, "x": rows[axes[0]], "y": rows[axes[1]],
            "customdata": rows[["depth", "noise", "relative_noise"]].to_numpy(), "connectgaps": False,
            "line": {"color": _COLOURS[str(kernel)], "width": 1.5}, "marker": {"size": 7},
            "hovertemplate": f"{hover}<br>{says}<extra>%{{fullData.name}}</extra>",
        }
        for kernel, several in table.groupby("kernel", sort=False)
        for rows in [_apart([one.sort_values(along) for _, one in several.groupby(same)])]
    ]  # fmt: skip


def _apart(lines: list[pd.DataFrame]) -> pd.DataFrame:
    """Several lines one after the other, with a gap between any two."""
    gap = lines[0].iloc[:1].drop(columns="kernel").astype(float) * np.nan
    return pd.concat([part for line in lines for part in (line, gap)][:-1])
