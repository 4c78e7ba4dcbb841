"""What the command prints about unique information beside the truth."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.ground_truth.words import sentence
from fil_core.analyses.subject import Subject
from fil_core.display.plain import visible

_LEFT_OUT = ("kernel", "score", "validation")


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, and in words."""
    line = {name: value for name, value in subject.result.summary.items() if name not in _LEFT_OUT}
    return line, sentence(subject, visible).replace("**", "")
