"""What the command prints for attribute inference."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.attribute.words import RARE
from fil_core.analyses.subject import Subject
from fil_core.display.plain import visible

_WANTED = (
    "accuracy", "standard_error", "prior", "exact", "sigmas", "levels", "attribute", "n", "d", "eta_mean", "trials",
    "balanced_accuracy", "rarest", "recall", "precision",
)  # fmt: skip


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, and in words."""
    line = {name: subject.result.summary[name] for name in _WANTED}
    attribute, levels = visible(line["attribute"]), [visible(level) for level in line["levels"]]
    values = ", ".join(f"{level} {share:.3f}" for level, share in zip(levels, line["prior"], strict=True))
    rows = [f"{attribute} of {line['n']:,} training examples: {values}. Accuracy by output noise sigma:"]
    rows += [_row("", [f"{sigma:g}" for sigma in line["sigmas"]])]
    rows += [_row(name, [f"{value:.4f}" for value in shares]) for name, shares in line["accuracy"].items()]
    rows += [_row(f"{name}, exact", [f"{v:.4f}" for v in shares]) for name, shares in _beside(line).items()]
    if min(line["prior"]) <= RARE:
        value = levels[line["rarest"]]
        titles = {
            "balanced_accuracy": "Balanced accuracy:", "recall": f"Recall of {value}:",
            "precision": f"Precision of {value}:",
        }  # fmt: skip
        for measure, title in titles.items():
            rows += [title, *(_row(name, _cells(shares)) for name, shares in line[measure].items())]
    return line, "\n".join(rows)


def _cells(shares: list[float | None]) -> list[str]:
    return ["-" if value is None else f"{value:.4f}" for value in shares]


def _beside(line: dict[str, Any]) -> dict[str, list[float]]:
    """Closed forms beside simulated accuracy: those of more than two values."""
    exact: dict[str, list[float]] = line["exact"]
    return exact if len(line["levels"]) > 2 else {}


def _row(name: str, cells: list[str]) -> str:
    return f"{name:21}" + " ".join(f"{cell:>9}" for cell in cells)
