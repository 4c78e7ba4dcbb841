"""Unique information beside the truth by retraining."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.ground_truth.request import GroundTruthRequest
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import check_network
from fil_core.analyses.retraining.plan import (
    check_drawn,
    left_out,
    run_without_group,
    runs_on_subsets,
    runs_without_each,
)
from fil_core.analyses.unique_information.run import check as check_unique
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.influence.judging import fisher_interval, linear_datamodelling, relative_error, slope
from fil_core.leakage.comparison import agreement
from fil_core.progress import Progress
from fil_core.result import Result

PAIRS = {"weights": ("si_weights", "weights_change"), "predictions": ("f_si", "prediction_change")}


def check(request: GroundTruthRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for what the data do not have."""
    check_unique(request, dataset)
    check_network(request, dataset)
    check_drawn(request, dataset)


def run(request: GroundTruthRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """What leaving examples out really changes, beside what unique information says of them.

    Args:
        request: the comparison.
        inputs: the data, and the answers to its parts.
        progress: called with (done, total, what).
    """
    data, measured = inputs.dataset, inputs.part(request.unique)
    truth = pd.concat([inputs.part(part).table for part in runs_without_each(request, data)])
    ids = left_out(request, data)
    beside = measured.table.loc[list(ids), ["label", "si_weights", "f_si", "si_sgd", "training_change"]]
    table = truth[["weights_change", "prediction_change"]].join(beside)
    table.index.name = "id"
    summary: dict[str, Any] = {"examples": len(table), "kernel": measured.summary["kernel"]}
    for name, (measure, true) in PAIRS.items():
        summary |= compared(table[measure].to_numpy(), table[true].to_numpy(), name)
    summary |= {name: measured.summary[name] for name in _OF_MEASURES if name in measured.summary}
    full = inputs.part(training_run(request))
    summary |= {"precision": request.network.precision, "steps": full.summary["steps"]}
    summary |= _group(request, inputs, measured) | _subsets(request, inputs, measured, full)
    return Result(table, {}, summary, {"warnings": measured.provenance["warnings"], "dtype": request.network.precision})


_OF_MEASURES = (
    "n", "d", "score", "parameters", "outputs", "validation", "step_eigenvalue", "linear_step_eigenvalue", "monotone",
    "rises", "kernel_condition", "linear_distance", "train_score", "test_score", "loss_start", "loss_end",
)  # fmt: skip


def compared(measure: np.ndarray, true: np.ndarray, name: str) -> dict[str, Any]:
    """Slope through the origin, relative error, correlations and their 95 % interval, under names that end with `name`.

    Args:
        measure: (N,) what is predicted.
        true: (N,) what happened.
        name: of the pair.
    """
    both = agreement(measure, true, k=max(1, len(measure) // 10))
    return {
        f"pearson_{name}": both.pearson,
        f"spearman_{name}": both.spearman,
        f"slope_{name}": slope(measure, true),
        f"relative_error_{name}": relative_error(measure, true),
        f"interval_{name}": fisher_interval(both.pearson, both.n),
        f"overlap_{name}": both.overlap / both.k,
    }


def _group(request: GroundTruthRequest, inputs: Inputs, measured: Result) -> dict[str, Any]:
    """What leaving the group out changes, beside what is said of it."""
    if not request.group:
        return {}
    (part,) = run_without_group(request)
    row = inputs.part(part).table.iloc[0]
    true = {name: float(row[name]) for name in ("weights_change", "prediction_change")}
    return {"group": measured.summary["group"] | true}


def _subsets(request: GroundTruthRequest, inputs: Inputs, measured: Result, full: Result) -> dict[str, Any]:
    """The linear datamodelling score: over random subsets, the rank correlation of true outputs with sums of effects.

    Of each validation output the effects of the examples that a subset lacks are added; the score is the mean over
    validation outputs of Spearman's correlation over the subsets.
    """
    if not request.subsets:
        return {}
    changes = measured.arrays.get("prediction_changes")
    if changes is None:
        raise BadRequest(
            "subsets: expected fewer examples or validation rows; their single effects are too many to keep."
        )
    runs = [inputs.part(part).arrays for part in runs_on_subsets(request, inputs.dataset)]
    outputs = np.concatenate([each["outputs"] for each in runs]).reshape(request.subsets, -1)
    lacking = ~np.concatenate([each["kept"] for each in runs])
    return {"lds": linear_datamodelling(lacking @ changes, outputs)}
