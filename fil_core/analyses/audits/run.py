"""Audits before and after mitigations in one table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.audit.request import AuditRequest
from fil_core.analyses.audit.run import check as check_audit
from fil_core.analyses.audits.parts import audit_of, measurement, mitigations
from fil_core.analyses.audits.request import AuditsRequest
from fil_core.analyses.releases import Mitigation
from fil_core.dataset import Dataset
from fil_core.errors import FilError
from fil_core.progress import Progress
from fil_core.result import Result

_OF_AUDIT = (
    "epsilon_lower", "epsilon_lower_runs", "epsilon_exact", "epsilon_promised", "correct", "guesses", "test_score",
)  # fmt: skip


def check(request: AuditsRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for a model or canaries that the data do not allow."""
    check_audit(AuditRequest(data=request.data, model=request.model, audit=request.audit), dataset)


def run(request: AuditsRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """One row per mitigation; the row of one that is impossible says why.

    Args:
        request: what is asked.
        inputs: the data, and the answers to its parts.
        progress: not called.

    Raises:
        FilError: the model without mitigation cannot be measured.
    """
    measured = inputs.part(measurement(request))
    compared = mitigations(request, measured)
    rows = [_row(one, inputs.parts[audit_of(request, one)]) for one in compared]
    table = pd.DataFrame(rows).set_index("name").rename_axis("mitigation")
    audit = request.audit
    summary = {
        "n": measured.summary["n"], "d": measured.summary["d"], "score": measured.summary["score"],
        "sigma": compared[0].release.sigma, "canaries": audit.canaries, "runs": audit.runs, "delta": audit.delta,
        "confidence": audit.confidence, "audits": rows,
    }  # fmt: skip
    return Result(table, {}, summary)


def _row(mitigation: Mitigation, answer: Result | FilError) -> dict[str, Any]:
    release = mitigation.release
    about = {
        "name": mitigation.name,
        "family": mitigation.family,
        "sigma": release.sigma,
        "l2": release.model.penalty,
        "weights": release.model.weights.text if release.model.weights else "equal",
    }
    if isinstance(answer, FilError):
        return about | dict.fromkeys((*_OF_AUDIT, "auc")) | {"error": str(answer)}
    found = {name: answer.summary[name] for name in _OF_AUDIT}
    return about | found | {"auc": float(answer.table["auc"].mean()), "error": None}
