"""Iterated reweighting, round by round."""

from __future__ import annotations

import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.health import CONSTANT_WEIGHTS, conditioning, feature_spread, health, score_name, summarise
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.dataset import Dataset
from fil_core.mitigations.irfil import check_method, irfil
from fil_core.progress import Progress
from fil_core.result import Result


def check_irfil(request: IrfilRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for an attribute or classes that are not there, or data without any spread."""
    feature_spread(dataset)
    check_method(request.weights, dataset)
    dataset.columns(request.weights.attribute)


def run_irfil(request: IrfilRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Every round of the reweighting.

    The table has `label`, `eta_before`, `eta_after`, `weight`; the arrays `eta` and `weights` (T + 1, n) and `theta`
    (T + 1, ...) hold all rounds, the summary their mean, spread, maximum and scores as lists, at sigma = 1.
    """
    dataset, fitted = inputs.dataset, inputs.fitted
    found = irfil(
        fitted, dataset, request.weights, columns=dataset.columns(request.weights.attribute), progress=progress
    )
    table = pd.DataFrame(
        {"label": dataset.labels, "eta_before": found.eta[0], "eta_after": found.eta[-1], "weight": found.weights[-1]},
        index=pd.Index(dataset.ids, name="id"),
    )
    rounds = [summarise(eta) for eta in found.eta]
    worst = float(found.condition.max())
    summary = (
        {name: [one[name] for one in rounds] for name in rounds[0]}
        | health(fitted, dataset)
        | {
            "train_score": found.train_score.tolist(),
            "test_score": found.test_score.tolist(),
            "score": score_name(fitted),
            "converged": found.converged,
            "why": found.why,
            "condition": worst,
            "conditions": found.condition.tolist(),
            "failed": found.weights.shape[0] == 1 and not found.converged,
            "more_leaky": int((found.eta[-1] > found.eta[0]).sum()),
        }
    )
    warnings = [*conditioning(worst), CONSTANT_WEIGHTS, *([] if found.converged else [found.why])]
    arrays = {"eta": found.eta, "weights": found.weights, "theta": found.theta}
    return Result(table, arrays, summary, {"warnings": warnings})
