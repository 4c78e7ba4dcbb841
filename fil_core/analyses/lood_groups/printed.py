"""What the command prints about leave-one-out distinguishability of groups."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.lood.printed import fitted
from fil_core.analyses.lood_groups.words import sentence
from fil_core.analyses.subject import Subject
from fil_core.display.plain import visible


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json everything that the summary holds; the sentence, the noise and the score."""
    summary = subject.result.summary
    return dict(summary), f"{sentence(subject, visible).replace('**', '')}\n{fitted(summary)}"
