"""Iterated reweighting, with every round."""

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
    """Raises BadRequest or BadData for an attribute or classes that do not exist, or for data without any spread."""
    feature_spread(dataset)
    check_method(request.weights, dataset)
    dataset.columns(request.weights.attribute)


def run_irfil(request: IrfilRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Every round of the reweighting.

    The table has `label`, `eta_before`, `eta_after`, `weight`; the arrays `eta` and `weights` (T + 1, n) and `theta`
    (T + 1, ...) hold all rounds, the summary their mean, spread, maximum and scores as lists, at sigma = 1.

    Args:
        request: the reweighting.
        inputs: the data, and the model at its optimum with equal weights.
        progress: called with (done, total, what).
    """
    dataset, fitted = inputs.dataset, inputs.fitted
    reweighting = irfil(
        fitted, dataset, request.weights, columns=dataset.columns(request.weights.attribute), progress=progress
    )
    eta, weights = reweighting.eta, reweighting.weights
    table = pd.DataFrame(
        {"label": dataset.labels, "eta_before": eta[0], "eta_after": eta[-1], "weight": weights[-1]},
        index=pd.Index(dataset.ids, name="id"),
    )
    rounds = [summarise(eta_of_round) for eta_of_round in eta]
    worst = float(reweighting.condition.max())
    summary = (
        {name: [figures[name] for figures in rounds] for name in rounds[0]}
        | health(fitted, dataset)
        | {
            "train_score": reweighting.train_score.tolist(),
            "test_score": reweighting.test_score.tolist(),
            "score": score_name(fitted),
            "converged": reweighting.converged,
            "why": reweighting.why,
            "condition": worst,
            "conditions": reweighting.condition.tolist(),
            "failed": weights.shape[0] == 1 and not reweighting.converged,
            "more_leaky": int((eta[-1] > eta[0]).sum()),
        }
    )
    warnings = [*conditioning(worst), CONSTANT_WEIGHTS, *([] if reweighting.converged else [reweighting.why])]
    return Result(table, {"eta": eta, "weights": weights, "theta": reweighting.theta}, summary, {"warnings": warnings})
