"""The test score of a network that is trained on a share of the examples, by who is kept."""

from __future__ import annotations

import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import check_network
from fil_core.analyses.summarise.parts import RANDOM, runs
from fil_core.analyses.summarise.request import SummariseRequest
from fil_core.analyses.unique_information.run import check_effect
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.progress import Progress
from fil_core.result import Result

_LEAST = 2  # examples that a run must have


def check(request: SummariseRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for what the data do not have, or shares that keep too few or all examples."""
    check_effect(request, dataset)
    check_network(request, dataset)
    for share in request.keep:
        if not _LEAST <= round(share * dataset.n) < dataset.n:
            raise BadRequest(
                f"keep: expected shares of the {dataset.n:,} training examples that keep at least {_LEAST} and fewer "
                f"than all; got {share:g}."
            )


def run(request: SummariseRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """The test score of every run, a row each.

    Args:
        request: shares, measure, draws.
        inputs: the data, and the answers to its parts.
        progress: called with (done, total, what).
    """
    ranking = inputs.part(request.unique) if request.by != RANDOM else None
    rows = []
    for share, which, part in runs(request, inputs.dataset, ranking):
        for draw, row in enumerate(inputs.part(part).table.itertuples()):
            rows.append(
                {
                    "keep": share,
                    "kept": which,
                    "draw": draw if which == RANDOM else -1,
                    "examples": row.examples,
                    "test_score": row.test_score,
                }
            )
    full = inputs.part(training_run(request)).summary
    table = pd.DataFrame(rows, index=pd.RangeIndex(len(rows), name="run"))
    summary = {
        "n": inputs.dataset.n,
        "d": inputs.dataset.d,
        "score": full["score"],
        "full_score": full["test_score"],
        "by": request.by,
    }
    scores = table.groupby(["keep", "kept"])["test_score"].agg(["mean", "std"]).reset_index()
    summary["scores"] = [
        {
            "keep": float(r.keep),
            "kept": str(r.kept),
            "mean": float(r.mean),
            "std": None if pd.isna(r.std) else float(r.std),
        }
        for r in scores.itertuples(index=False)
    ]
    return Result(table, {}, summary, {"dtype": request.network.precision})
