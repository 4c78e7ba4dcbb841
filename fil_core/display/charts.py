"""Figures: pure functions from a table to a Plotly figure, the same in the app and in a report."""

from __future__ import annotations

import functools
import html
from collections.abc import Sequence
from textwrap import wrap
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.display.kept import kept

Mode = Literal["light", "dark"]

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
LEAKS = "#D55E00"
SCALE = "cividis"
ALL = "all classes"
_MOST_COLOURS = 4  # classes that a reader can tell apart
# Figures are drawn without WebGL: not every browser has it, and it needs a content policy that allows `unsafe-eval`.
MOST_POINTS = 5_000
_LINE = 40  # characters of the title of a horizontal axis, on a screen of 390 pixels

INK = {"light": ("#1F2328", "#D0D7DE", "#8C959F"), "dark": ("#E6EDF3", "#30363D", "#7D8590")}


@functools.cache
def template(mode: Mode) -> go.layout.Template:
    """The Plotly template: light axes, no frame, small margins."""
    ink, line, muted = INK[mode]
    axis = {
        "gridcolor": line, "zerolinecolor": line, "linecolor": line, "automargin": True, "exponentformat": "power",
    }  # fmt: skip
    return go.layout.Template(
        layout={
            "font": {"color": ink, "size": 13, "family": "Source Sans, Source Sans Pro, sans-serif"},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            "hoverlabel": {"font": {"size": 12}},
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": muted, "activecolor": ink},
            "xaxis": axis,
            "yaxis": axis,
        }
    )


def styled(figure: go.Figure, mode: Mode, *, x: str, y: str, height: int = 340) -> go.Figure:
    """The template, and axis titles with units, in lines that fit a telephone's width and the figure's height."""
    titles = {"xaxis": _title(x, _LINE), "yaxis": _title(y, height // 12)}
    return figure.update_layout(template=template(mode), height=height, **titles)


def drawn(
    traces: list[dict[str, Any]],
    mode: Mode,
    *,
    x: str,
    y: str,
    height: int = 340,
    xaxis: dict[str, Any] | None = None,
    yaxis: dict[str, Any] | None = None,
    **layout: Any,
) -> go.Figure:
    """A figure in the template, made in one step: ten times as fast as one that is put together piece by piece.

    Args:
        traces: each with its `type`.
        mode: light or dark.
        x: title of the horizontal axis, with its unit.
        y: title of the vertical axis.
        height: in pixels.
        xaxis: what differs from the template.
        yaxis: likewise.
        layout: more of it.
    """
    titled = {"xaxis": _title(x, _LINE) | (xaxis or {}), "yaxis": _title(y, height // 12) | (yaxis or {})}
    return go.Figure(traces, {"template": template(mode), "height": height, **titled, **layout})


def _title(text: str, width: int) -> dict[str, Any]:
    """The title of an axis, in lines of at most so many characters."""
    return {"title": {"text": "<br>".join(wrap(text, width))}}


def _across(value: float, axis: Literal["x", "y"], mode: Mode) -> dict[str, Any]:
    """A dotted line through the whole figure at a value of one axis."""
    other = "y" if axis == "x" else "x"
    ends = {f"{axis}0": value, f"{axis}1": value, f"{other}0": 0, f"{other}1": 1, f"{other}ref": f"{other} domain"}
    return {"type": "line", "line": {"color": INK[mode][0 if axis == "x" else 2], "dash": "dot", "width": 1}, **ends}


def named(label: object) -> str:
    """A name from the data, escaped: Plotly would take `<b>` or `&amp;` for markup."""
    return html.escape(str(label), quote=False)


def colours(table: pd.DataFrame) -> dict[object, str]:
    """A colour for each class, or one for all where there are too many classes to tell apart."""
    labels = sorted(table["label"].unique(), key=str)
    return dict(zip(labels, OKABE_ITO, strict=False)) if len(labels) <= _MOST_COLOURS else {ALL: OKABE_ITO[0]}


def part(table: pd.DataFrame, label: object) -> pd.DataFrame:
    """The rows of one class, or all of them."""
    return table if label is ALL else table[table["label"] == label]


@kept("eta", "label")
def distribution(table: pd.DataFrame, mode: Mode, *, log: bool, sigma: float = 1.0) -> go.Figure:
    """Histogram of eta at some output noise, stacked by class where they are few, with the median marked."""
    eta = table["eta"].to_numpy()
    eta = eta[eta > 0] if log else eta
    low, high = float(eta.min()), float(eta.max())
    if high - low <= 1e-9 * high:  # all equal: bars would have no width
        low, high = 0.99 * low, 1.01 * high
    edges = np.geomspace(low, high, 61) if log else np.linspace(low, high, 61)
    groups = colours(table)
    bars = [
        {
            "type": "bar",
            "x": np.sqrt(edges[1:] * edges[:-1]) if log else (edges[1:] + edges[:-1]) / 2,
            "y": np.histogram(part(table, label)["eta"], edges)[0],
            "width": np.diff(edges),
            "name": named(label),
            "marker": {"color": colour, "line": {"width": 0}},
            "hovertemplate": "η %{x:.4g}<br>%{y:,} examples<extra>%{fullData.name}</extra>",
        }
        for label, colour in groups.items()
    ]
    median = float(np.median(eta))
    said = {  # on a logarithmic axis Plotly places lines by value but annotations by exponent
        "x": np.log10(median) if log else median, "y": 1, "yref": "paper", "xanchor": "left", "yanchor": "top",
        "text": "median", "showarrow": False, "font": {"size": 11, "color": INK[mode][0]},
    }  # fmt: skip
    ends, bins = (np.log10(edges) if log else edges)[[0, -1]], len(edges) - 1
    margin = (ends[1] - ends[0]) / bins  # so that the first and the last bar are whole
    return drawn(
        bars, mode, x=f"η, in 1/feature at σ = {sigma:g}", y="training examples",
        xaxis={"type": "log" if log else "linear", "range": [ends[0] - margin, ends[1] + margin]},
        barmode="stack", bargap=0, showlegend=len(groups) > 1, shapes=[_across(median, "x", mode)], annotations=[said],
    )  # fmt: skip


@kept()
def two_distributions(one: np.ndarray, other: np.ndarray, names: tuple[str, str], mode: Mode) -> go.Figure:
    """Two histograms of eta over the same bins, as shares of the examples, so that data of different size compare."""
    both = np.concatenate([one, other])
    low, high = float(both.min()), float(both.max())
    edges = np.linspace(low, high, 61) if high - low > 1e-9 * high else np.array([0.99 * low, 1.01 * high])
    lines = [
        {
            "type": "scatter",
            "x": np.repeat(edges, 2)[1:-1],
            "y": np.repeat(np.histogram(eta, edges)[0] / max(1, len(eta)), 2),
            "name": named(name),
            "mode": "lines",
            "line": {"color": colour, "width": 1.5},
            "fill": "tozeroy",
            "hovertemplate": "η %{x:.4g}<br>%{y:.2%} of the examples<extra>%{fullData.name}</extra>",
        }
        for eta, name, colour in ((one, names[0], OKABE_ITO[0]), (other, names[1], OKABE_ITO[1]))
    ]
    return drawn(
        lines, mode, x="η, in 1/feature", y="share of the training examples", yaxis={"tickformat": ".1%"}
    )  # fmt: skip


@kept("eta", "label")
def by_class(table: pd.DataFrame, mode: Mode, *, title: str = "η", y: str = "class", log: bool = False) -> go.Figure:
    """Box plot of `eta`, or of what `title` calls it, for each class with its largest marked; from quantiles: fast."""
    codes, labels = pd.factorize(table["label"], use_na_sentinel=False)
    order = sorted(range(len(labels)), key=lambda code: str(labels[code]), reverse=True)
    eta, names = table["eta"].to_numpy(), [named(labels[code]) for code in order]
    marks = np.array([np.quantile(eta[codes == code], (0.05, 0.25, 0.5, 0.75, 0.95, 1.0)) for code in order]).T
    box = {
        "type": "box", "y": names, "orientation": "h", "line": {"width": 1.5, "color": OKABE_ITO[0]},
        "hoverinfo": "x+y", **dict(zip(("lowerfence", "q1", "median", "q3", "upperfence"), marks, strict=False)),
    }  # fmt: skip
    largest = {
        "type": "scatter", "x": marks[-1], "y": names, "mode": "markers",
        "marker": {"color": LEAKS, "symbol": "diamond", "size": 8},
        "hovertemplate": f"largest {title}: %{{x:.4g}}<extra></extra>",
    }  # fmt: skip
    return drawn(
        [box, largest], mode, x=f"{title} (quartiles, 5–95 %, ◆ largest)", y=y,
        height=max(340, 60 + 26 * len(labels)), xaxis={"type": "log" if log else "linear"},
        yaxis={"type": "category"}, showlegend=False,
    )  # fmt: skip


def thinned(table: pd.DataFrame, most: int = MOST_POINTS, *, by: str = "eta") -> pd.DataFrame:
    """At most `most` rows: the `most / 10` largest by a column are always kept, the rest is a seeded sample."""
    if len(table) <= most:
        return table
    ranked = table.sort_values(by, ascending=False)
    keep, rest = ranked.iloc[: most // 10], ranked.iloc[most // 10 :]
    return pd.concat([keep, rest.sample(most - len(keep), random_state=0)])


@kept()
def against(
    table: pd.DataFrame, column: str, title: str, mode: Mode, *, log: bool, y: str = "η, in 1/feature"
) -> go.Figure:
    """eta against another column, one point per example, coloured by class; `y` says which eta."""
    groups, title = colours(table), named(title)
    hover = title.replace("%{", "% {")  # `%{` starts a placeholder in a hover template
    points = []
    for label, colour in groups.items():
        rows = part(table, label)
        points.append(
            {
                "type": "scatter",
                "x": rows[column],
                "y": rows["eta"],
                "customdata": rows.index,
                "mode": "markers",
                "name": named(label),
                "marker": {"color": colour, "size": 5, "opacity": 0.65},
                "hovertemplate": f"example %{{customdata}}<br>η %{{y:.4g}}<br>{hover} %{{x:.4g}}<extra></extra>",
            }
        )
    return drawn(
        points, mode, x=title, y=y, height=420, yaxis={"type": "log" if log else "linear"},
        showlegend=len(groups) > 1, dragmode="select",  # in the figure, not the template: the app reads it there
    )  # fmt: skip


@kept()
def ranks(one: pd.Series, other: pd.Series, names: tuple[str, str], mode: Mode) -> go.Figure:
    """Rank by one model against rank by another, leakiest at the lower left."""
    a, b = one.rank(ascending=False), other.rank(ascending=False)
    shown = thinned(pd.DataFrame({"eta": one, "a": a, "b": b}))
    points = {
        "type": "scatter", "x": shown["a"], "y": shown["b"], "customdata": shown.index, "mode": "markers",
        "marker": {"color": OKABE_ITO[0], "size": 4, "opacity": 0.5},
        "hovertemplate": "example %{customdata}<br>rank %{x:,.0f} and %{y:,.0f}<extra></extra>",
    }  # fmt: skip
    same = {
        "type": "line", "x0": 1, "y0": 1, "x1": len(one), "y1": len(one), "line": {"color": INK[mode][2], "dash": "dot"}
    }  # fmt: skip
    return drawn(
        [points], mode, x=f"rank by {named(names[0])} (1 = leakiest)", y=f"rank by {named(names[1])}", height=380,
        shapes=[same],
    )  # fmt: skip


@kept()
def curve(
    x: np.ndarray, y: np.ndarray, marked: tuple[float, float], titles: tuple[str, str], mode: Mode, *, log: bool
) -> go.Figure:
    """One line with the chosen point marked, over a logarithmic x axis; `log` for both axes."""
    line = {"type": "scatter", "x": x, "y": y, "mode": "lines", "line": {"color": OKABE_ITO[0], "width": 2}}
    point = {
        "type": "scatter", "x": [marked[0]], "y": [marked[1]], "mode": "markers", "marker": {"color": LEAKS, "size": 11}
    }  # fmt: skip
    return drawn(
        [line | {"showlegend": False}, point | {"showlegend": False}], mode, x=titles[0], y=titles[1], height=300,
        xaxis={"type": "log"}, yaxis={"type": "log" if log else "linear"},
    )  # fmt: skip


def level(figure: go.Figure, ends: Sequence[float], value: float, name: str, mode: Mode) -> None:
    """A dotted line at a value, from one end of the figure to the other, named in the legend."""
    figure.add_scatter(
        x=list(ends), y=[value, value], mode="lines", name=name, hoverinfo="skip",
        line={"color": INK[mode][2], "dash": "dot", "width": 1.5},
    )  # fmt: skip


def better(score: str) -> str:
    """The suffix of a score's axis title."""
    return " (lower is better)" if "error" in score else ""


@kept()
def heat_map(values: np.ndarray, mode: Mode, *, signed: bool) -> go.Figure:
    """Values over the pixels of an image; signed ones on a diverging scale around zero."""
    top = float(np.abs(values).max()) or 1.0
    pixels = {
        "type": "heatmap", "z": values, "colorscale": "RdBu" if signed else SCALE, "zmax": top,
        "zmin": -top if signed else float(values.min()),
        "colorbar": {"thickness": 10, "outlinewidth": 0, "tickformat": ".2g"},
        "hovertemplate": "row %{y}, column %{x}<br>%{z:.3g}<extra></extra>",
    }  # fmt: skip
    return drawn(
        [pixels], mode, x="", y="", height=300, xaxis={"visible": False, "constrain": "domain"},
        yaxis={"visible": False, "autorange": "reversed", "scaleanchor": "x"},
    )  # fmt: skip


@kept()
def bars(names: Sequence[str], values: Sequence[float], title: str, mode: Mode) -> go.Figure:
    """Horizontal bars, largest on top."""
    order = np.argsort(values)
    shown = {
        "type": "bar", "x": np.asarray(values)[order], "y": [named(names[i]) for i in order], "orientation": "h",
        "marker": {"color": LEAKS}, "hovertemplate": "%{y}: %{x:.4g}<extra></extra>",
    }  # fmt: skip
    return drawn([shown], mode, x=title, y="", height=max(200, 40 + 24 * len(names)))


@kept()
def bounds(sigmas: np.ndarray, unbiased: np.ndarray, prior: np.ndarray, mode: Mode) -> go.Figure:
    """Two error bounds against the noise, in units of the features' standard deviation; 1 is that itself."""
    lines = [
        {
            "type": "scatter",
            "x": sigmas,
            "y": np.where(np.isfinite(values), values, np.nan),
            "name": name,
            "mode": "lines",
            "line": {"color": OKABE_ITO[0], "dash": dash, "width": 2},
            "hovertemplate": "σ %{x:.3g}<br>error ≥ %{y:.3g}",
        }
        for values, name, dash in (
            (unbiased, "Cramér–Rao (unbiased attackers)", "dash"),
            (prior, "van Trees (Gaussian prior)", "solid"),
        )
    ]
    return drawn(
        lines, mode, x="output noise σ", y="bound on RMSE / standard deviation", height=300, xaxis={"type": "log"},
        yaxis={"range": [0, 1.6]}, shapes=[_across(1.0, "y", mode)],
    )  # fmt: skip
