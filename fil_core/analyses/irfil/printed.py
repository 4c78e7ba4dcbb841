"""What the command prints for reweighting."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.analyses.subject import Subject
from fil_core.display.numbers import verb

_WANTED = (
    "eta_mean", "eta_std", "eta_max", "train_score", "test_score", "converged", "why", "failed", "more_leaky", "n", "d",
    "score",
)  # fmt: skip


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, and every round in words."""
    request = subject.request
    assert isinstance(request, IrfilRequest)
    line = {name: subject.result.summary[name] for name in _WANTED}
    line |= {"weights": request.weights.text, "iterations": len(line["eta_mean"]) - 1}
    columns = {
        "eta mean": line["eta_mean"], "std": line["eta_std"], "max": line["eta_max"],
        f"train {line['score']}": line["train_score"], f"test {line['score']}": line["test_score"],
    }  # fmt: skip
    rounds = pd.DataFrame(columns).rename_axis("round").reset_index()
    leak = verb(line["more_leaky"], "leaks", "leak")
    said = f"{line['why']} " if line["converged"] else ""  # else it is among the warnings, which are printed too
    return line, (
        f"{rounds.to_string(index=False, float_format='{:.6g}'.format)}\n{said}"
        f"{line['more_leaky']:,} of {line['n']:,} examples {leak} more than before."
    )
