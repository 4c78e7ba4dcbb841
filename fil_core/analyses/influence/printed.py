"""What the command prints about influence."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.influence.words import sentence
from fil_core.analyses.subject import Subject
from fil_core.display.plain import visible


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json everything that the summary holds; and the sentence."""
    line = dict(subject.result.summary)
    for name in ("monotone", "step_eigenvalue"):
        line.setdefault(name, None)  # of an optimum that no run of training led to
    return line, sentence(subject, visible).replace("**", "")
