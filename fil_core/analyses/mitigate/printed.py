"""What the command prints for mitigations."""

from __future__ import annotations

from typing import Any

from fil_core.result import Result

_COLUMNS = ["sigma", "l2", "trained_on", "eta_max", "eta_mean", "eta_std", "attack", "expected_score", "score_std"]


def printed(request: object, result: Result) -> tuple[dict[str, Any], str]:
    """For --json, and as a table."""
    line = {name: result.summary[name] for name in ("mitigations", "sigma", "n", "score")}
    shown = result.table[_COLUMNS].rename(columns={"expected_score": line["score"], "score_std": "±"})
    return line, (
        f"{shown.to_string(float_format='{:.4g}'.format, na_rep='—')}\n"
        "eta at each sigma; attack: share inferred correctly, or error relative to that without the release."
    )
