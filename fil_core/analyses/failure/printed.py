"""What the command prints about a failure mode."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.failure.words import sentence
from fil_core.analyses.subject import Subject
from fil_core.display.plain import visible


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json everything that the summary holds; and the sentence."""
    return dict(subject.result.summary), sentence(subject, visible).replace("**", "")
