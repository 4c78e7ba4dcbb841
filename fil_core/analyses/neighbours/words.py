"""What is said and drawn of nearest neighbours."""

from __future__ import annotations

import plotly.graph_objects as go

from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.charts import LEAKS, OKABE_ITO, styled, thinned
from fil_core.display.numbers import count, number, verb


def sentence(subject: Subject, quote: Quote) -> str:
    """How far neighbours are, and how many examples are nearer to another class than to their own."""
    s = subject.result.summary
    mean = f"The nearest training example is at a mean distance of **{number(s['same_mean'])}**"
    if not s["classes"]:
        return f"{mean}, over {count(s['n'])} examples."
    nearer = s["nearer_to_another"]
    return (
        f"{mean} within the same class and **{number(s['other_mean'])}** in another; "
        f"**{count(nearer)}** of {count(s['n'])} examples {verb(nearer, 'is', 'are')} nearer to another class than to "
        f"{verb(nearer, 'its', 'their')} own."
    )


def figures(subject: Subject) -> list[Drawn]:
    """Distance to the same against distance to another class; none without classes."""
    if not subject.result.summary["classes"]:
        return []
    table = subject.result.table.dropna()
    shown = thinned(table.assign(nearer=table["same_distance"] - table["other_distance"]), by="nearer")
    nearer = shown["nearer"] > 0
    drawn = go.Figure()
    for name, rows, colour in (
        ("nearer to its own class", shown[~nearer], OKABE_ITO[0]),
        ("nearer to another class", shown[nearer], LEAKS),
    ):
        drawn.add_scatter(
            x=rows["same_distance"], y=rows["other_distance"], customdata=rows.index, mode="markers", name=name,
            marker={"color": colour, "size": 5, "opacity": 0.65},
            hovertemplate="example %{customdata}<br>same %{x:.3g}<br>another %{y:.3g}<extra></extra>",
        )  # fmt: skip
    drawn = styled(drawn, subject.mode, x="distance to the same class", y="distance to another class")
    alt = f"Distance to the same against distance to another class for {len(shown):,} examples"
    return [Drawn("Own class against another", alt, drawn)]
