"""What is said of a failure mode: what was found, why, and what to do instead."""

from __future__ import annotations

from fil_core.analyses.failure.request import FailureRequest
from fil_core.analyses.subject import Quote, Subject
from fil_core.learn.failures import BY_NAME
from fil_core.learn.mode import Said


def sentence(subject: Subject, quote: Quote) -> str:
    """The numbers, the reason, and the remedy."""
    summary = subject.result.summary
    mode = BY_NAME[summary["mode"]]
    said = Said(summary, lambda id: f"example {quote(subject.called(id))}", subject.classes)
    found = mode.sentence(said)
    return f"{found[0].upper()}{found[1:]} {mode.why} **Instead:** {mode.instead}"


def title(request: FailureRequest) -> str:
    """The mode in words."""
    return request.failure.title
