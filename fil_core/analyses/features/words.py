"""What is said of the features of a network."""

from __future__ import annotations

from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.numbers import count, counted, score


def sentence(subject: Subject, quote: Quote) -> str:
    """Which network made how many features of how many rows, and how good it is itself."""
    s = subject.result.summary
    made = f"**{count(s['width'])}** features of {counted(s['private'], 'private row')} by {quote(s['network'])}"
    if s["uploaded"]:
        return f"{made}, with uploaded weights; nobody here knows on what it was trained."
    return (
        f"{made}, trained on **{count(s['public'])}** public ones. Its {s['score']} is "
        f"{score(s['public_score'], s['score'])} on these and {score(s['test_score'], s['score'])} on held-out rows."
    )


def figures(subject: Subject) -> list[Drawn]:
    """None: the features are shown by what is measured of them."""
    return []
