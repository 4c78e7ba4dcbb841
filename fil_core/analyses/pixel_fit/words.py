"""How a model of raw pixels was fitted, in one sentence."""

from __future__ import annotations

from fil_core.analyses.fit import words
from fil_core.analyses.subject import Quote, Subject
from fil_core.display import html as e
from fil_core.display.numbers import count


def sentence(subject: Subject, quote: Quote) -> str:
    """Of how many pixels, and how it was fitted."""
    s = subject.result.summary
    return f"On {count(s['pixels'])} pixels of {count(s['n'])} pictures. {words.sentence(subject, quote)}"


def section(subject: Subject) -> str:
    """The sentence."""
    return e.sentence(sentence(subject, e.quoted))
