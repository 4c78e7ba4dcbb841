"""What the command prints for the leakage of every example."""

from __future__ import annotations

import math
from typing import Any

from fil_core.analyses.fil.words import scale_sentence
from fil_core.analyses.subject import Subject
from fil_core.display.numbers import count, counted
from fil_core.display.plain import visible

_WANTED = (
    "n", "d", "eta_mean", "eta_std", "eta_min", "eta_median", "eta_max", "train_score", "test_score", "converged",
    "score", "scale",
)  # fmt: skip


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, and in words."""
    line = {name: subject.result.summary[name] for name in _WANTED}
    tested = "no test rows" if math.isnan(line["test_score"]) else f"{line['test_score']:.4g} test"
    left_out = int((subject.result.table["weight"] == 0).sum())
    without = f", {count(left_out)} of them left out" if left_out else ""
    return line, (
        f"{counted(line['n'], 'training example')}{without}, {counted(line['d'], 'feature')}. "
        f"eta{' of the others' if without else ''}: mean {line['eta_mean']:.4g}, "
        f"standard deviation {line['eta_std']:.4g}, median {line['eta_median']:.4g}, maximum {line['eta_max']:.4g}.\n"
        f"{line['score'].capitalize()}: {line['train_score']:.4g} train, {tested}.{_scale(subject)}"
    )


def _scale(subject: Subject) -> str:
    """The rows that set the scale, on a line of their own."""
    result = subject.result
    said = scale_sentence(result.summary, visible, eta=result.table["eta"], called=subject.called)
    return f"\n{said}" if said else ""
