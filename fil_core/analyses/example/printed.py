"""What the command prints for one example."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.example.words import sentence
from fil_core.analyses.subject import Subject
from fil_core.display.plain import visible


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, and in words."""
    line = {name: subject.result.summary[name] for name in ("id", "label", "attribute_eta", "prior_std")}
    return line | {"id": subject.names([line["id"]])[0]}, sentence(subject, visible).replace("**", "")
