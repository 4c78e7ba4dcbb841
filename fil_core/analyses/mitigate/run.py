"""All mitigations in one table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.mitigate.parts import measurement, mitigations, unmitigated_release
from fil_core.analyses.mitigate.request import MitigateRequest
from fil_core.analyses.releases import Mitigation, attack_by_decile, release_row
from fil_core.attacks.attribute import attribute_of
from fil_core.dataset import Dataset
from fil_core.errors import FilError
from fil_core.mitigations.releases import successors
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs.weights import Dropping

_SUCCESSORS = 5
_NESTED = ["attack_by_decile", "new_leakiest"]


def check_mitigate(request: MitigateRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for an attribute that cannot be attacked."""
    if request.attribute:
        attribute_of(dataset, request.attribute)


def run_mitigate(request: MitigateRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """One row per mitigation, index `mitigation`, with the columns of `release_row` and `error`.

    The summary has the same rows with two nested entries: `attack_by_decile`, and `new_leakiest`, the leakiest examples
    once others are left out.

    Args:
        request: the comparison.
        inputs: the data, and the answers to its parts.
        progress: not called.

    Raises:
        FilError: the model without mitigation cannot be measured.
    """
    measured = inputs.part(measurement(request))
    base = unmitigated_release(request, measured)
    rows = [_row(each, inputs.parts[each.release], measured) for each in mitigations(request, inputs.parts)]
    table = pd.DataFrame(rows).set_index("name").rename_axis("mitigation").drop(columns=_NESTED)
    kept = ("n", "d", "score", "grad_norm", "tolerance", "iterations", "condition", "converged", "prior_std")
    summary = {name: measured.summary[name] for name in kept} | {"mitigations": rows, "sigma": base.sigma}
    return Result(table, {}, summary, {"warnings": _warnings(measured, rows, inputs)})


def _warnings(measured: Result, rows: list[dict[str, Any]], inputs: Inputs) -> list[str]:
    """The warnings of all releases, each once, and the errors of those that are impossible."""
    answers = [measured, *(answer for answer in inputs.parts.values() if isinstance(answer, Result))]
    warnings = [warning for answer in answers for warning in answer.provenance["warnings"]]
    return [*dict.fromkeys(warnings), *(f"{row['name']}: {row['error']}" for row in rows if row["error"])]


def _row(mitigation: Mitigation, result: Result | FilError, measured: Result) -> dict[str, Any]:
    """The row of a mitigation; that of an impossible one has the error instead of figures."""
    if isinstance(result, FilError):
        return release_row(mitigation, None) | {"attack_by_decile": [], "new_leakiest": [], "error": str(result)}
    new = []
    if isinstance(mitigation.release.model.weights, Dropping):
        before = measured.table["eta"] / mitigation.release.sigma
        new = successors(before, result.table["eta"], _SUCCESSORS).reset_index().to_dict("records")
    by_decile = attack_by_decile(measured.table["eta"].to_numpy(), result) if result.summary["attack"] else []
    return release_row(mitigation, result) | {"attack_by_decile": by_decile, "new_leakiest": new, "error": None}
