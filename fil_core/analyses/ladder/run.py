"""The ladder: how well the influence by each curvature agrees with the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.influence.run import check as check_influence
from fil_core.analyses.ladder.request import LadderRequest, ladder_of
from fil_core.dataset import Dataset
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import Request

_SCORES = (
    "slope", "relative_error", "pearson", "spearman", "sign_agreement", "top_k_overlap", "corrected_slope",
    "corrected_pearson", "negative",
)  # fmt: skip
_SHARED = (
    "n", "d", "target", "damping", "compared", "always_positive", "k", "top_k_by_chance", "random_pearson",
    "random_spearman", "length_pearson", "score", "train_score", "test_score", "parameters", "steps", "batch",
    "monotone", "rises", "step_eigenvalue", "loss_start", "loss_end",
)  # fmt: skip


def check(request: LadderRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a model or target that the data do not have."""
    check_influence(ladder_of(request)[0], dataset)


def parts(request: LadderRequest, dataset: Dataset, answers: object) -> Sequence[Request]:
    """The influence by each curvature, with the truth.

    Args:
        request: what is asked.
        dataset: not used.
        answers: not used.
    """
    return ladder_of(request)


def run(request: LadderRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """How well each agrees with the truth.

    Args:
        request: what is asked.
        inputs: with the answers to its parts.
        progress: not used.
    """
    return of_rungs({rung.curvature: inputs.part(rung) for rung in ladder_of(request)})


def of_rungs(rungs: dict[str, Result]) -> Result:
    """The ladder of the influence by some curvatures: a table with one row each.

    The arrays hold for each curvature with a damping `dampings:NAME`, `pearson:NAME` and `slope:NAME`, (D,).
    """
    rows, arrays, warnings = {}, {}, []
    for name, result in rungs.items():
        s = result.summary
        low, high = s["pearson_interval"]
        rows[name] = {score: s.get(score, math.nan) for score in _SCORES} | {"pearson_low": low, "pearson_high": high}
        rows[name] |= _best(result)
        if len(result.arrays["dampings"]) > 1:
            arrays[f"dampings:{name}"] = result.arrays["dampings"]
            arrays |= {f"{score}:{name}": result.arrays[f"{score}_by_damping"] for score in ("pearson", "slope")}
        warnings += [f"{name}: {warning}" for warning in result.provenance["warnings"]]
    table = pd.DataFrame.from_dict(rows, orient="index").astype(float).rename_axis("curvature")
    first = next(iter(rungs.values())).summary
    summary: dict[str, Any] = {name: first[name] for name in _SHARED if name in first}
    summary["ladder"] = {str(name): _plain(row) for name, row in table.iterrows()}
    return Result(table, arrays, summary, {"warnings": warnings})


def _plain(row: pd.Series) -> dict[str, float | None]:
    return {str(name): None if math.isnan(value) else float(value) for name, value in row.items()}


def _best(result: Result) -> dict[str, float]:
    """The damping with the highest correlation; the only one where it has no meaning."""
    pearson, dampings = result.arrays["pearson_by_damping"], result.arrays["dampings"]
    if len(dampings) < 2 or np.isnan(pearson).all():
        return {"best_damping": math.nan, "best_pearson": float(pearson[0]), "best_slope": result.summary["slope"]}
    best = int(np.nanargmax(pearson))
    slope = float(result.arrays["slope_by_damping"][best])
    return {"best_damping": float(dampings[best]), "best_pearson": float(pearson[best]), "best_slope": slope}
