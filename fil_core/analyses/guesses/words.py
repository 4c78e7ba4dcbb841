"""What is said of guesses."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.subject import Quote, Subject
from fil_core.display import redaction
from fil_core.display.numbers import counted, number
from fil_core.display.plain import visible


def sentence(subject: Subject, quote: Quote) -> str:
    """How the guesses scatter, beside the bound."""
    s = subject.result.summary
    hidden = redaction.feature if subject.redact else str
    each = ", ".join(
        f"{quote(hidden(name))} **{number(spread)}** (bound {number(s['bound'][name])})"
        for name, spread in s["spread"].items()
    )
    called = quote(subject.called(s["example"]))
    return (
        f"From {counted(s['trials'], 'release')} with noise σ = {number(s['sigma'])}, attackers who know all other "
        f"examples guess example **{called}** with a standard deviation, as quartiles tell it, of {each}. "
        f"**{100 * s['inside']:.0f} %** of the guesses lie in the ellipse of the Cramér–Rao bound, where 95 % would if "
        "they reached it. No unbiased attacker's guesses scatter less; biased ones may."
    )


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json what the summary holds; and the sentence."""
    return dict(subject.result.summary), sentence(subject, visible).replace("**", "")
