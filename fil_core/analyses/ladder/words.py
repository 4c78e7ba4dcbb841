"""What is said and drawn of the ladder of curvatures."""

from __future__ import annotations

from typing import Any

import numpy as np

from fil_core.analyses.influence.words import CURVATURES
from fil_core.analyses.light import light
from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.charts import INK, OKABE_ITO, drawn
from fil_core.display.numbers import counted, number
from fil_core.display.plain import visible


def sentence(subject: Subject, quote: Quote) -> str:
    """Which curvature agrees best with the truth, which worst, and what knows nothing."""
    s, table = subject.result.summary, subject.result.table
    order = table["pearson"].sort_values(ascending=False).dropna()
    if order.empty:
        return "No curvature can be compared with the truth: it is the same for all examples, or the predictions are."
    best, worst = str(order.index[0]), str(order.index[-1])
    several = f"the best of {len(table)} predictions is" if len(order) > 1 else "the prediction is"
    least = f"; the worst, by {CURVATURES[worst]}, has **{order.iloc[-1]:.3f}**" if len(order) > 1 else ""
    length = s.get("length_pearson")
    control = "" if length is None else f", the length of a sequence {length:.3f}"
    said = (
        f"Over {counted(s['compared'], 'example')} that were really left out, {several} "
        f"by **{CURVATURES[best]}**, with a correlation of **{order.iloc[0]:.3f}** and a slope of "
        f"{number(table['slope'][best])}{least}. Random numbers have {s['random_pearson']:.3f}{control}."
    )
    return f"{said} {light(s).says}" if "step_eigenvalue" in s else said


def figures(subject: Subject) -> list[Drawn]:
    """Correlation with the truth by curvature, and over the damping."""
    table, arrays, s = subject.result.table, subject.result.arrays, subject.result.summary
    names = [str(name) for name in table.index]
    low, high = table["pearson"] - table["pearson_low"], table["pearson_high"] - table["pearson"]
    chosen = {
        "type": "bar", "orientation": "h", "y": names, "x": table["pearson"], "name": f"damping {s['damping']:g}",
        "marker": {"color": OKABE_ITO[0]},
        "error_x": {"symmetric": False, "array": high, "arrayminus": low, "color": INK[subject.mode][0]},
        "hovertemplate": "%{y}: %{x:.3f}<extra></extra>",
    }  # fmt: skip
    best = {
        "type": "scatter", "y": names, "x": table["best_pearson"], "mode": "markers", "name": "best damping",
        "marker": {"color": OKABE_ITO[1], "size": 9, "symbol": "diamond"}, "customdata": table["best_damping"],
        "hovertemplate": "%{y}, damping %{customdata:.2g}: %{x:.3f}<extra></extra>",
    }  # fmt: skip
    yaxis = {"autorange": "reversed"}
    agreed = drawn([chosen, best], subject.mode, x="correlation with the truth", y="", height=60 + 40 * len(names), yaxis=yaxis)  # noqa: E501 # fmt: skip
    swept = [
        {
            "type": "scatter", "x": arrays[f"dampings:{name}"][arrays[f"dampings:{name}"] > 0],
            "y": arrays[f"pearson:{name}"][arrays[f"dampings:{name}"] > 0], "mode": "lines+markers", "name": name,
            "line": {"color": colour, "width": 2}, "marker": {"size": 5},
            "hovertemplate": "damping %{x:.2g}: %{y:.3f}<extra>%{fullData.name}</extra>",
        }
        for name, colour in zip(names, OKABE_ITO, strict=False) if f"dampings:{name}" in arrays
    ]  # fmt: skip
    found = [Drawn("Agreement with the truth", "Correlation with the truth for each curvature", agreed)]
    if swept:
        alt = "Correlation with the truth over the damping, for each curvature that has one"
        figure = drawn(swept, subject.mode, x="damping", y="correlation with the truth", height=380, xaxis={"type": "log"})  # noqa: E501 # fmt: skip
        found.append(Drawn("Over the damping", alt, figure))
    return found


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, and in words with the table."""
    line = dict(subject.result.summary)
    for name in ("monotone", "step_eigenvalue", "length_pearson"):
        line.setdefault(name, None)
    shown = subject.result.table[["pearson", "spearman", "slope", "corrected_slope", "sign_agreement", "best_damping", "best_pearson"]]  # noqa: E501 # fmt: skip
    said = sentence(subject, visible).replace("**", "")
    return line, f"{said}\n{shown.round(3).replace({np.nan: ''}).to_string()}"
