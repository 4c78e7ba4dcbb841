"""Architectures: leakage and accuracy of each, from the LOOD of all records by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.architectures.request import ArchitecturesRequest, architectures_of
from fil_core.analyses.lood.request import LoodRequest
from fil_core.analyses.lood.run import check as check_lood
from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import Request

_SHARED = ("n", "d", "outputs", "classes", "score")


def check(request: ArchitecturesRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a kernel that the data do not have, or that does not fit in memory."""
    kinds = {one.kernel.kind: one for one in architectures_of(request)}
    for one in kinds.values():
        try:
            check_lood(one, dataset)
        except BadData as error:  # this request has several
            raise BadData(str(error).replace("kernel: ", "kernels: ", 1)) from error


def parts(request: ArchitecturesRequest, dataset: object, answers: object) -> Sequence[Request]:
    """The LOOD of every record by each architecture.

    Args:
        request: what is asked.
        dataset: not used.
        answers: not used.
    """
    return architectures_of(request)


def run(request: ArchitecturesRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """One row for each architecture.

    Args:
        request: what is asked.
        inputs: with the answers to its parts.
        progress: not used.
    """
    found = {one: inputs.part(one) for one in architectures_of(request)}
    rows = {one.kernel.short: _row(one, result) for one, result in found.items()}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("architecture")
    first = next(iter(found.values())).summary
    summary = {name: first[name] for name in _SHARED} | _summary(request, table, first["score"])
    return Result(table, {}, summary, {"warnings": _warnings(found)})


def _warnings(found: dict[LoodRequest, Result]) -> list[str]:
    """Warnings that all architectures have, once; and those of some, with their names."""
    each = {one.kernel.short: result.provenance["warnings"] for one, result in found.items()}
    shared = [said for said in next(iter(each.values())) if all(said in told for told in each.values())]
    return shared + [f"{name}: {said}" for name, told in each.items() for said in told if said not in shared]


def _row(request: LoodRequest, result: Result) -> dict[str, Any]:
    s, table, spec = result.summary, result.table, request.kernel
    return {
        "kernel": spec.kind,
        "depth": spec.depth if spec.activation else 0,
        "noise": s["noise"],
        "relative_noise": spec.relative_noise if spec.noise is None else s["relative_noise"],
        "mean_diagonal": s["mean_diagonal"],
        "kl_mean": s["mean"],
        "kl_median": s["median"],
        "kl_max": s["max"],
        "auc_mean": s["auc_mean"],
        "auc_median": s["auc_median"],
        "tpr_mean": float(table[f"tpr_at_fpr_{request.fpr:g}"].mean()),
        "train_score": s["train_score"],
        "test_score": s["test_score"],
    }


def _summary(request: ArchitecturesRequest, table: pd.DataFrame, score: str) -> dict[str, Any]:
    """Which leaks least and most by the mean AUC, which is best on test rows (of equals the one that leaks least)."""
    tested = table["test_score"].dropna()
    good = tested[tested == (tested.max() if score == "accuracy" else tested.min())]
    best = str(table["auc_mean"].loc[good.index].idxmin()) if len(good) else ""
    return {
        "equal": request.equal,
        "architectures": len(table),
        "least": str(table["auc_mean"].idxmin()),
        "most": str(table["auc_mean"].idxmax()),
        "best": best,
        "rows": {str(name): row for name, row in table.to_dict("index").items()},
    }
