"""What the command prints of the training of a network."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.network.words import sentence
from fil_core.analyses.subject import Subject
from fil_core.display.plain import visible

_WANTED = (
    "n", "parameters", "outputs", "steps", "loss_start", "loss_end", "score", "train_score", "test_score", "monotone",
    "step_eigenvalue",
)  # fmt: skip
_SOMETIMES = ("batch", "trigram_perplexity")  # with mini-batches; of text


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, and in words."""
    s = subject.result.summary
    line = {name: s[name] for name in _WANTED} | {name: s[name] for name in _SOMETIMES if s.get(name) is not None}
    return line, sentence(subject, visible).replace("**", "")
