"""What the command prints about unique information."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.subject import Subject
from fil_core.analyses.unique_information.words import detection_sentence, sentence
from fil_core.display.numbers import counted
from fil_core.display.plain import visible

_WANTED = (
    "n", "parameters", "outputs", "validation", "step_eigenvalue", "linear_step_eigenvalue", "monotone",
    "kernel_condition", "kernel", "coordinates", "sgd_directions", "linear_distance", "train_score", "test_score",
    "loss_start", "loss_end", "auroc", "auroc_chance", "group",
)  # fmt: skip


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, and in words."""
    s = subject.result.summary
    line = {name: s[name] for name in _WANTED if name in s}
    said = [
        f"{counted(s['n'], 'training example')}, {counted(s['parameters'], 'weight')}.",
        sentence(subject, visible),
        detection_sentence(s),
    ]
    return line, "\n".join(filter(None, said)).replace("**", "")
