"""All mitigations side by side."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.mitigate.parts import measurement, mitigations, release_as_it_is
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
    if request.attribute and request.model.family.attackable:
        attribute_of(dataset, request.attribute)


def run_mitigate(request: MitigateRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """One row per mitigation, index `mitigation`, with the columns of `release_row` and `error`.

    The summary has the same rows with what is nested: `attack_by_decile` and `new_leakiest` (who takes the place of
    examples that were left out).

    Raises:
        FilError: the model as it is cannot be measured.
    """
    measured = inputs.part(measurement(request))
    base = release_as_it_is(request, measured)
    rows = [_row(one, inputs.parts[one.release], measured) for one in mitigations(request, inputs.parts)]
    table = pd.DataFrame(rows).set_index("name").rename_axis("mitigation").drop(columns=_NESTED)
    kept = ("n", "d", "score", "grad_norm", "tolerance", "iterations", "condition", "converged", "prior_std")
    summary = {name: measured.summary[name] for name in kept} | {"mitigations": rows, "sigma": base.sigma}
    return Result(table, {}, summary, {"warnings": _warnings(measured, rows, inputs)})


def _warnings(measured: Result, rows: list[dict[str, Any]], inputs: Inputs) -> list[str]:
    """What is to be known of any of the releases, once, and why some are impossible."""
    answers = [measured, *(answer for answer in inputs.parts.values() if isinstance(answer, Result))]
    said = [warning for answer in answers for warning in answer.provenance["warnings"]]
    return [*dict.fromkeys(said), *(f"{row['name']}: {row['error']}" for row in rows if row["error"])]


def _row(mitigation: Mitigation, result: Result | FilError, measured: Result) -> dict[str, Any]:
    """The columns that every mitigation has; one that is impossible says why instead."""
    if isinstance(result, FilError):
        return release_row(mitigation, None) | {"attack_by_decile": [], "new_leakiest": [], "error": str(result)}
    new = []
    if isinstance(mitigation.release.model.weights, Dropping):
        before = measured.table["eta"] / mitigation.release.sigma
        new = successors(before, result.table["eta"], _SUCCESSORS).reset_index().to_dict("records")
    by_decile = attack_by_decile(measured.table["eta"].to_numpy(), result) if result.summary["attack"] else []
    return release_row(mitigation, result) | {"attack_by_decile": by_decile, "new_leakiest": new, "error": None}
