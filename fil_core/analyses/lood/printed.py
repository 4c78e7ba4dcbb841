"""What the command prints about leave-one-out distinguishability."""

from __future__ import annotations

import math
from typing import Any

from fil_core.analyses.lood.words import sentence
from fil_core.analyses.subject import Subject
from fil_core.display.numbers import number, score
from fil_core.display.plain import visible


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json everything that the summary holds; the sentence, the noise and the score."""
    summary = subject.result.summary
    return dict(summary), f"{sentence(subject, visible).replace('**', '')}\n{fitted(summary)}"


def fitted(s: dict[str, Any]) -> str:
    """The noise and the scores of a process.

    Args:
        s: a summary with what `run.about` tells.
    """
    scores = [
        f"{score(s[f'{name}_score'], s['score'])} on {called} rows"
        for name, called in (("test", "test"), ("train", "training"))
        if not math.isnan(s[f"{name}_score"])
    ]
    seen = " The kernel sees pixels from 0 to 1: the division by the longest row is undone for it."
    return (
        f"Noise s = {number(s['noise'])}, {number(s['relative_noise'])} of the mean kernel diagonal; "
        f"{s['score']} of the posterior mean: {', '.join(scores)}."
        f"{seen if s['input_factor'] != 1 else ''}"
    )
