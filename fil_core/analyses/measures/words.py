"""What is said of the joint table."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.measures.sources import COLUMNS
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, counted, verb


def title(name: str) -> str:
    """What a column is called; an uploaded score by its own name."""
    return COLUMNS[name].title if name in COLUMNS else name


def sentence(subject: Subject, quote: Quote) -> str:
    """How many measures there are, which two agree most and least, and who is high in many or in one alone."""
    s = subject.result.summary
    exposed = len(s["exposure"])
    first = (
        f"**{counted(len(s['columns']), 'measure')}** of {counted(s['n'], 'example')}, from {_listed(s['sources'])}."
    )
    high, alone = s["high"], s["alone"]
    tops = (
        f"**{count(high)}** {verb(high, 'example is', 'examples are')} among the highest 5 % of at least "
        f"{count(s['high_half'])} of the {counted(exposed, 'measure')} of exposure; **{count(alone)}** "
        f"{verb(alone, 'is', 'are')} in the highest 1 % of one and below the median in at least half of the others."
    )
    return " ".join(
        [first, _agreement(s), tops] if exposed else [first, "None of them says how exposed an example is."]
    )


def _agreement(s: dict[str, Any]) -> str:
    most, least = s["most"], s["least"]
    if most is None:
        return "No two of them that say how exposed an example is can be compared."
    those = "Of those from different sources" if s["across"] else "Of those that say how exposed an example is"
    if most == least:
        return f"{those}, {_pair(most)} have a rank correlation of {_number(most)}."
    best = f"{_pair(most)} agree most (rank correlation {_number(most)})"
    return f"{those}, {best}, {_pair(least)} least ({_number(least)})."


def _pair(one: dict[str, Any]) -> str:
    return " and ".join(title(name) for name in one["columns"])


def _number(one: dict[str, Any]) -> str:
    return f"**{one['agreement']:.2f}**"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def notes(summary: dict[str, Any]) -> list[str]:
    """What is to be known of columns that order nobody, or that have no value for some examples."""
    said = []
    if summary["constant"]:
        said.append(f"Without two different values, and so without a correlation: {', '.join(summary['constant'])}.")
    lacking = [f"{name} of {counted(many, 'example')}" for name, many in summary["missing"].items()]
    if lacking:
        said.append(f"No finite value: {', '.join(lacking)}; a correlation is over the examples that have both values.")
    return said
