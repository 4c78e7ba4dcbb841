"""Figures of leave-one-out distinguishability: its distribution, and what is told of one record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.lood.columns import AUC, KL
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import INK, LEAKS, OKABE_ITO, Mode, by_class, drawn, named
from fil_core.display.kept import kept

EVERYBODY = "all records"
_SPREAD = 4.5  # standard deviations of a predictive distribution that are drawn


def figures(subject: Subject) -> list[Drawn]:
    """Distributions of AUC and KL, and the ROC curve of who shows most."""
    return [*distributions(subject), roc_of(subject, int(subject.result.table[KL.name].to_numpy().argmax()))]


def distributions(subject: Subject) -> list[Drawn]:
    """Distributions of AUC and KL, by class where classes may be shown; of KL none where nobody shows."""
    table = subject.result.table
    labels = table["label"] if subject.classes else EVERYBODY
    of = "by class" if subject.classes else "of all records"
    return [
        Drawn(
            f"{column.title} {of}",
            f"Box plot of {column.title} {of}, {len(table):,} of them",
            distribution(table[column.name].to_numpy(), labels, title, subject.mode, log=log),
        )
        for column, title, log in ((AUC, AUC.title, False), (KL, f"{KL.title}, in {KL.unit}", True))
        if (table[column.name] > 0).any()
    ]


def distribution(values: np.ndarray, labels: Any, title: str, mode: Mode, *, log: bool) -> go.Figure:
    """Box plot of a column for each class, or for all records; a logarithmic axis leaves out those at 0.

    Args:
        values: (n,).
        labels: (n,), or one for all.
        title: of the column, with its unit.
        mode: light or dark.
        log: whether the axis is logarithmic.
    """
    shown = pd.DataFrame({"eta": values}).assign(label=np.asarray(labels))
    y = "" if labels is EVERYBODY else "class"
    return by_class(shown[shown["eta"] > 0] if log else shown, mode, title=title, y=y, log=log)


def roc_of(subject: Subject, row: int) -> Drawn:
    """The exact ROC curve of one record.

    Args:
        subject: a result of leave-one-out distinguishability.
        row: of the record.
    """
    from fil_core.analyses.lood.record import roc  # it loads torch, which the other figures do not need

    result = subject.result
    fpr, tpr = roc(result.arrays["g"][row], result.arrays["m"][row], result.summary["outputs"])
    column = next(name for name in result.table if str(name).startswith("tpr_at_fpr_"))
    marked = (float(str(column).removeprefix("tpr_at_fpr_")), float(result.table[column].iloc[row]))
    who = subject.called(int(result.table.index[row]))
    alt = f"ROC curve of example {who}: true-positive rate {marked[1]:.3g} at a false-positive rate of {marked[0]:g}"
    auc = float(result.table["auc"].iloc[row])
    return Drawn(f"ROC curve of example {who}", alt, roc_curve(fpr, tpr, marked, auc, subject.mode))


@kept()
def roc_curve(fpr: np.ndarray, tpr: np.ndarray, marked: tuple[float, float], auc: float, mode: Mode) -> go.Figure:
    """A ROC curve on logarithmic axes with one point marked, beside chance.

    Args:
        fpr: (p,), > 0.
        tpr: (p,), > 0.
        marked: false-positive rate and true-positive rate of the point.
        auc: area under the curve.
        mode: light or dark.
    """
    hover = "FPR %{x:.3g}<br>TPR %{y:.3g}<extra></extra>"
    curve = {
        "type": "scatter", "x": fpr, "y": tpr, "mode": "lines", "name": f"exact, AUC {auc:.3f}",
        "line": {"color": OKABE_ITO[0], "width": 2}, "hovertemplate": hover,
    }  # fmt: skip
    chance = {
        "type": "scatter", "x": fpr[[0, -1]], "y": fpr[[0, -1]], "mode": "lines", "name": "chance",
        "line": {"color": INK[mode][2], "dash": "dot", "width": 1.5}, "hoverinfo": "skip",
    }  # fmt: skip
    point = {
        "type": "scatter", "x": marked[:1], "y": marked[1:], "mode": "markers", "hovertemplate": hover,
        "name": f"TPR {marked[1]:.3g} at FPR {marked[0]:g}", "marker": {"color": LEAKS, "size": 11},
    }  # fmt: skip
    decades = {"type": "log", "range": [float(np.log10(fpr[0])) - 0.2, 0.1], "dtick": 1}
    return drawn(
        [curve, chance, point], mode, x="false-positive rate", y="true-positive rate", height=380,
        xaxis=decades, yaxis=decades,
    )  # fmt: skip


@kept()
def predictive(
    means: tuple[float, float], variances: tuple[float, float], target: float, title: str, mode: Mode
) -> go.Figure:
    """The normal distributions of an output with a record and without it, and the target.

    Args:
        means: with the record, and without it.
        variances: likewise, > 0.
        target: what the record itself says.
        title: of the output, with its unit.
        mode: light or dark.
    """
    lines = []
    for mean, variance, name, colour in zip(means, variances, ("with", "without"), (LEAKS, OKABE_ITO[0]), strict=True):
        std = variance**0.5
        x = mean + std * np.linspace(-_SPREAD, _SPREAD, 181)
        y = np.exp(-(((x - mean) / std) ** 2) / 2) / (std * np.sqrt(2 * np.pi))
        lines.append(
            {
                "type": "scatter", "x": x, "y": y, "mode": "lines", "name": f"{name} the record", "fill": "tozeroy",
                "line": {"color": colour, "width": 2}, "hovertemplate": "%{x:.4g}<extra>%{fullData.name}</extra>",
            }
        )  # fmt: skip
    top = max(float(line["y"].max()) for line in lines)
    own = {
        "type": "scatter", "x": [target, target], "y": [0, 1.05 * top], "mode": "lines", "name": "its target",
        "line": {"color": INK[mode][0], "dash": "dot", "width": 1.5}, "hovertemplate": "target %{x:.4g}<extra></extra>",
    }  # fmt: skip
    ends = sorted([target, *(float(line["x"][i]) for line in lines for i in (0, -1))])
    margin = (ends[-1] - ends[0]) / 40
    within = [ends[0] - margin, ends[-1] + margin]
    return drawn([*lines, own], mode, x=named(title), y="density", height=380, xaxis={"range": within})


@kept()
def privacy(epsilon: np.ndarray, delta: np.ndarray, mode: Mode) -> go.Figure:
    """The smallest delta at each epsilon.

    Args:
        epsilon: (p,).
        delta: (p,).
        mode: light or dark.
    """
    shown = delta > 0
    line = {
        "type": "scatter", "x": epsilon[shown], "y": delta[shown], "mode": "lines", "showlegend": False,
        "line": {"color": OKABE_ITO[0], "width": 2}, "hovertemplate": "ε %{x:.3g}<br>δ %{y:.3g}<extra></extra>",
    }  # fmt: skip
    return drawn(
        [line], mode, x="ε", y="smallest δ", height=380, yaxis={"type": "log", "range": [-6.2, 0.1], "dtick": 1}
    )
