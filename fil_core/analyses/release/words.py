"""Leakage, attack and expected test score of a release, in one sentence."""

from __future__ import annotations

import math
from typing import Any

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import number, percent, score
from fil_core.result import Result


def sentence(subject: Subject, quote: Quote) -> str:
    """Of the release that was requested."""
    return released(subject.result, quote, at_risk=subject.request.at_risk)


def released(result: Result, quote: Quote, *, at_risk: tuple[str, ...] = ()) -> str:
    """Leakage and expected test score, and what the attack gets where there was one.

    Args:
        result: of a release.
        quote: see `fil.words`.
        at_risk: the attributes whose eta it is; empty for the whole example.
    """
    s = result.summary
    of = f" of {quote(', '.join(at_risk))}" if at_risk else ""
    return (
        f"With noise σ = **{number(s['sigma'])}** the largest η{of} is **{number(s['eta_max'])}**, the mean "
        f"{number(s['eta_mean'])}{_tested(s)}.{_attacked(s['attack'], quote)}"
    )


def _tested(s: dict[str, Any]) -> str:
    """The test scores; nothing where there are no test rows."""
    if math.isnan(s["test_score"]):
        return ""
    return (
        f"; the expected test {s['score']} is **{score(s['expected_score'], s['score'])}**, "
        f"{score(s['test_score'], s['score'])} without noise"
    )


def _attacked(attack: dict[str, Any], quote: Quote) -> str:
    if not attack:
        return ""
    name, value, nothing = quote(attack["name"]), attack["value"], attack["nothing_learnt"]
    if attack["kind"] == "attribute":
        return (
            f" The stronger white box ({attack['attacker']}) infers {name} correctly for **{percent(value)}** of the "
            f"examples (guessing the most common value: {percent(nothing)}); its balanced accuracy is "
            f"{percent(attack['balanced'])}."
        )
    return f" The reconstruction error of {name} is **{number(value)} ×** that of an attacker without the release."
