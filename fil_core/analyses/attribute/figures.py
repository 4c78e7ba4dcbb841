"""Figures of attribute inference: pure functions from numbers to a Plotly figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.attribute.words import middle_sigma
from fil_core.analyses.attribute.words import success as guess_success
from fil_core.analyses.subject import Drawn, Subject
from fil_core.attacks.attackers import WHITE_BOX
from fil_core.display.charts import INK, LEAKS, OKABE_ITO, Mode, level, styled
from fil_core.display.redaction import deciles_tell
from fil_core.leakage.comparison import deciles as deciles_of
from fil_core.result import Result

_FINE = 31  # points of a closed form

ATTACKER_COLOURS = {
    "whitebox-prior": LEAKS,
    "whitebox": OKABE_ITO[0],
    "fredrikson14": OKABE_ITO[2],
    "ideal": OKABE_ITO[3],
    "baseline": OKABE_ITO[7],
}
_DASHES = {"baseline": "dot", "ideal": "dash"}


def figures(subject: Subject) -> list[Drawn]:
    """Accuracy against noise, and by decile of eta."""
    return [*_against_noise(subject, middle_sigma(subject.result)), *_deciles(subject, white_box(subject.result))]


def white_box(result: Result) -> dict[str, np.ndarray]:
    """Each example's probability that the white-box attackers are correct, at the middle noise level."""
    sigma = middle_sigma(result)
    return {name: guess_success(result, name, sigma) for name in WHITE_BOX if name in result.summary["accuracy"]}


def _against_noise(subject: Subject, sigma: float) -> list[Drawn]:
    result, s = subject.result, subject.result.summary
    noisy = [i for i, level in enumerate(s["sigmas"]) if level > 0]
    if not noisy:
        return []
    drawn_at = [s["sigmas"][i] for i in noisy]
    lines: dict[str, tuple[Sequence[float], Sequence[float]]] = {}
    points: dict[str, tuple[Sequence[float], Sequence[float], Sequence[float]]] = {}
    for name in WHITE_BOX if "gram" in result.arrays else ():
        if name in s["exact"]:
            fine = [float(v) for v in np.geomspace(min(drawn_at), max(drawn_at), _FINE)]
            lines[name] = (fine, [float(guess_success(result, name, level).mean()) for level in fine])
    for name, accuracy in s["accuracy"].items():
        values, error = [accuracy[i] for i in noisy], [s["standard_error"][name][i] or 0.0 for i in noisy]
        if name in ("baseline", "ideal"):
            lines[name] = (drawn_at, values)
        elif any(error) or name not in lines:
            points[name] = (drawn_at, values, error)
    drawn = success(lines, points, sigma, subject.mode)
    alt = "Accuracy of each attacker against the output noise"
    return [Drawn("Accuracy against noise", alt, drawn)]


def _deciles(subject: Subject, white: dict[str, np.ndarray]) -> list[Drawn]:
    eta = subject.result.table["eta"].to_numpy()
    if not white or (subject.redact and deciles_tell(len(eta))):
        return []
    groups = [group for group in deciles_of(eta) if len(group)]
    rows = {name: [float(v[group].mean()) for group in groups] for name, v in ({"mean eta": eta} | white).items()}
    parts = pd.DataFrame(rows, index=pd.RangeIndex(1, 1 + len(groups), name="decile"))
    drawn = deciles(parts, max(subject.result.summary["prior"]), subject.mode)
    return [Drawn("Accuracy by decile of η", "Attack accuracy in each decile of the examples by eta", drawn)]


def success(
    lines: dict[str, tuple[Sequence[float], Sequence[float]]],
    points: dict[str, tuple[Sequence[float], Sequence[float], Sequence[float]]],
    sigma: float,
    mode: Mode,
) -> go.Figure:
    """Accuracy against the noise: lines (sigma, accuracy) and points (sigma, accuracy, standard error)."""
    figure = go.Figure()
    for name, (x, y) in lines.items():
        figure.add_scatter(
            x=x, y=y, name=name, mode="lines", legendgroup=name,
            line={"color": ATTACKER_COLOURS[name], "width": 2, "dash": _DASHES.get(name, "solid")},
            hovertemplate="σ %{x:.3g}<br>accuracy %{y:.1%}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    for name, (x, y, error) in points.items():
        figure.add_scatter(
            x=x, y=y, name=f"{name}, simulated" if name in lines else name, legendgroup=name,
            mode="markers" if name in lines else "lines+markers", error_y={"array": error, "thickness": 1, "width": 3},
            marker={"color": ATTACKER_COLOURS[name], "size": 6}, line={"color": ATTACKER_COLOURS[name], "width": 1},
            showlegend=name not in lines,
            hovertemplate="σ %{x:.3g}<br>accuracy %{y:.1%} ± %{error_y.array:.1%}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    if sigma > 0:
        figure.add_vline(sigma, line={"color": INK[mode][0], "dash": "dot", "width": 1})
    styled(figure, mode, x="output noise σ", y="accuracy of the attack", height=360)
    figure.update_xaxes(type="log")
    return figure.update_yaxes(range=[0, 1.03], tickformat=".0%")


def deciles(deciles: pd.DataFrame, baseline: float, mode: Mode) -> go.Figure:
    """Accuracy in each decile of the examples, index `decile`, beside `mean eta`; the baseline as a line."""
    figure = go.Figure()
    for name in deciles.columns.drop("mean eta"):
        figure.add_bar(
            x=deciles.index, y=deciles[name], name=name, customdata=deciles["mean eta"],
            marker={"color": ATTACKER_COLOURS[name]},
            hovertemplate="decile %{x}, mean η %{customdata:.3g}<br>accuracy %{y:.1%}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    level(figure, (0.5, 10.5), baseline, "most common value", mode)
    styled(figure, mode, x="decile by η (10 = leakiest)", y="accuracy of the attack", height=360)
    figure.update_xaxes(dtick=1)
    return figure.update_yaxes(range=[0, 1.03], tickformat=".0%")


def against_eta(curves: dict[str, tuple[np.ndarray, np.ndarray]], baseline: float, mode: Mode) -> go.Figure:
    """Accuracy against mean eta / sigma, a line for each penalty."""
    figure = go.Figure()
    for i, (name, (x, y)) in enumerate(curves.items()):
        figure.add_scatter(
            x=x, y=y, name=name, mode="lines+markers", marker={"size": 5},
            line={"color": OKABE_ITO[i % len(OKABE_ITO)], "width": 2},
            hovertemplate="mean η %{x:.3g}<br>accuracy %{y:.1%}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    ends = [min(x.min() for x, _ in curves.values()), max(x.max() for x, _ in curves.values())]
    level(figure, ends, baseline, "most common value", mode)
    styled(
        figure,
        mode,
        x="mean η of the attribute at each noise level, in 1/feature",
        y="accuracy of the attack",
        height=340,
    )
    figure.update_xaxes(type="log")
    return figure.update_yaxes(range=[0, 1.03], tickformat=".0%")
