"""What is said of the parts of eta."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import counted, number
from fil_core.display.plain import visible

NAMES = {"residual_part": "its residual", "leverage_part": "its leverage", "interaction_part": "both together"}


def sentence(subject: Subject, quote: Quote) -> str:
    """Who leaks most and why, and what all leakage is due to."""
    table, s = subject.result.table, subject.result.summary
    top = table["eta"].idxmax()
    row, whole = table.loc[top], s["shares"]
    said = ""
    if not subject.redact and row["eta"] > 0:
        parts = ", ".join(f"{round(100 * row[name] / row['eta'] ** 2)} % {says}" for name, says in NAMES.items())
        called = quote(subject.called(int(top)))
        said = f"Example **{called}** leaks most, η = **{number(float(row['eta']))}**; its η² is due to {parts}. "
    parts = ", ".join(f"{round(100 * whole[name])} % {says.replace('its', 'the')}" for name, says in NAMES.items())
    return f"{said}Over {counted(len(table), 'example')}, the sum of all η² is due to {parts}."


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json what the summary holds; and the sentence."""
    return dict(subject.result.summary), sentence(subject, visible).replace("**", "")
