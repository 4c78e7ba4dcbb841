"""What the command prints about the joint table."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.measures.words import notes, sentence
from fil_core.analyses.subject import Subject
from fil_core.display.plain import visible


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, and in words."""
    result = subject.result
    line = result.summary | {"overlap": result.arrays["overlap"].tolist()}
    words = [sentence(subject, visible).replace("**", ""), *map(visible, notes(result.summary))]
    return line, "\n".join(words)
