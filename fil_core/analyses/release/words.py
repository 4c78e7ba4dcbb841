"""What a release gives away and what it is worth, in one sentence."""

from __future__ import annotations

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import number, percent, score
from fil_core.result import Result


def sentence(subject: Subject, quote: Quote) -> str:
    """Of the release as it is."""
    return released(subject.result, quote)


def released(found: Result, quote: Quote) -> str:
    """What a release gives away and what it is worth."""
    s, attack = found.summary, found.summary["attack"]
    told = ""
    if attack:
        value, nothing = attack["value"], attack["nothing_learnt"]
        told = (
            f" Its {quote(attack['name'])} is guessed rightly for **{percent(value)}** of the examples (the most "
            f"frequent value: {percent(nothing)})."
            if attack["kind"] == "attribute"
            else f" Reconstruction of {quote(attack['name'])} is off by **{number(value)} ×** the error of who has "
            "not seen the release."
        )
    return (
        f"With noise of σ = **{number(s['sigma'])}** the largest η is **{number(s['eta_max'])}**, the mean "
        f"{number(s['eta_mean'])}; the expected test {s['score']} is **{score(s['expected_score'], s['score'])}**, "
        f"{score(s['test_score'], s['score'])} without noise.{told}"
    )
