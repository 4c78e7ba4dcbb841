"""What is said of the leakage of some examples."""

from __future__ import annotations

from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.numbers import counted, number


def sentence(subject: Subject, quote: Quote) -> str:
    """How many, and the largest eta among them."""
    s = subject.result.summary
    return f"η of **{counted(s['rows'], 'example')}** is at most **{number(s['eta_max'])}**."


def figures(subject: Subject) -> list[Drawn]:
    """Some examples by themselves are not drawn."""
    return []
