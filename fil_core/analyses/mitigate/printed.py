"""What the command prints for mitigations."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.mitigate.request import MitigateRequest
from fil_core.analyses.subject import Subject
from fil_core.display.plain import visible

_COLUMNS = ["sigma", "l2", "trained_on", "eta_max", "eta_mean", "eta_std", "attack", "expected_score", "score_std"]


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, and as a table."""
    request = subject.request
    assert isinstance(request, MitigateRequest)
    line = {name: subject.result.summary[name] for name in ("mitigations", "sigma", "n", "score")}
    shown = subject.result.table[_COLUMNS].rename(columns={"expected_score": line["score"], "score_std": "±"})
    of = f" of {visible(request.attribute)}" if request.attribute else ""
    if request.attribute:
        shown.insert(shown.columns.get_loc("attack") + 1, "by", subject.result.table["attacker"])
    attack = (
        f"share of {visible(request.attribute)} inferred correctly (smaller is more private)"
        if request.attribute
        else "reconstruction error relative to that without the release (larger is more private)"
    )
    attacked = f"; attack: {attack}" if subject.result.table["attack"].notna().any() else ""
    return line, (
        f"{shown.astype(object).where(shown.notna(), '—').to_string(float_format='{:.4g}'.format)}\n"
        f"eta{of} at each sigma{attacked}."
    )
