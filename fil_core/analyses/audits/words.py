"""What is said and drawn of audits before and after mitigations."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.charts import LEAKS, OKABE_ITO, drawn, named
from fil_core.display.numbers import counted, number
from fil_core.display.plain import visible

_SHOWN = (("epsilon_lower", "found in one run", LEAKS), ("epsilon_exact", "exact for the most exposed", OKABE_ITO[0]),
          ("epsilon_promised", "promised", OKABE_ITO[2]))  # fmt: skip


def sentence(subject: Subject, quote: Quote) -> str:
    """What is found as it is, which mitigation lowers it most, and whether every promise holds."""
    table = subject.result.table
    base, known = table.iloc[0], table[table["epsilon_lower"].notna()]
    best = known.sort_values(["epsilon_lower", "auc"], kind="stable").iloc[0]
    promised = known[known["epsilon_promised"].notna()]
    above = promised[promised[["epsilon_lower", "epsilon_lower_runs"]].max(axis=1) > promised["epsilon_promised"]]
    kept = (
        f"What was found stays below the promise in all {counted(len(promised), 'release')} that have one."
        if above.empty
        else f"In {quote(above.index[0])} more was found than is promised."
    )
    if promised.empty:
        kept = "No release has a promise, since no penalty holds all parameters."
    if not base["epsilon_lower"] > 0:
        return f"As it is, one run shows nothing: its guesses refute no ε above **0**. {kept}"
    least = (
        "no mitigation lowers it"
        if best["epsilon_lower"] >= base["epsilon_lower"]
        else f"**{quote(best.name)}** lowers it to **{number(best['epsilon_lower'])}**"
    )
    return f"As it is, one run shows ε of at least **{number(base['epsilon_lower'])}**; {least}. {kept}"


def figures(subject: Subject) -> list[Drawn]:
    """The bounds of each release beside each other."""
    table = subject.result.table
    names = [named(name) for name in table.index]
    traces = [
        {
            "type": "bar", "y": names, "x": table[column].astype(float), "name": title, "orientation": "h",
            "marker": {"color": colour}, "hovertemplate": "%{y}: %{x:.3g}<extra>%{fullData.name}</extra>",
        }
        for column, title, colour in _SHOWN
        if table[column].notna().any()
    ]  # fmt: skip
    figure = drawn(
        traces, subject.mode, x="ε", y="", height=120 + 48 * len(names), barmode="group",
        yaxis={"autorange": "reversed"}, xaxis={"type": "log"},
    )  # fmt: skip
    return [
        Drawn(
            "ε found, exact and promised; 0 has no bar on a logarithmic axis",
            "Bars of epsilon for each mitigation, on a logarithmic axis",
            figure,
        )
    ]


_COLUMNS = ["sigma", "l2", "correct", "guesses", *(name for name, _, _ in _SHOWN), "epsilon_lower_runs", "test_score"]


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json everything that the summary holds; the table and the sentence."""
    shown = subject.result.table[_COLUMNS].astype(object)
    table = shown.where(shown.notna(), "—").to_string(float_format="{:.4g}".format)
    return dict(subject.result.summary), f"{table}\n{sentence(subject, visible).replace('**', '')}"
