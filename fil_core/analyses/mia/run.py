"""Membership attacks on models of an ensemble."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.ensemble.run import check as check_ensemble
from fil_core.analyses.ensemble.signals import likelihoods_of, loss_range, prediction_change, signals_of
from fil_core.analyses.mia.outcome import check_attacks, check_models, outcome
from fil_core.analyses.mia.parts import parts
from fil_core.analyses.mia.request import MiaRequest
from fil_core.dataset import Dataset
from fil_core.progress import Progress
from fil_core.result import Result


def check(request: MiaRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for a model or attacks that the data do not allow."""
    check_ensemble(parts(request, dataset, {})[0], dataset)
    check_models(request.attack, request.ensemble.models)
    check_attacks(request.attack, dataset)


def run(request: MiaRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Attack the models and judge the attacks.

    Args:
        request: the attacks.
        inputs: the data, and the models of the ensemble.
        progress: called with (done, total, what).
    """
    found = [inputs.part(part) for part in parts(request, inputs.dataset, {})]
    return attacked(request, inputs.dataset, found, progress)


def attacked(request: Any, dataset: Dataset, found: Sequence[Result], progress: Progress | None) -> Result:
    """Attack the models of stored parts, and put what else they tell of the records beside it.

    Args:
        request: with `attack`.
        dataset: the examples.
        found: parts of an ensemble, in their order.
        progress: called with (done, total, what).
    """
    signals = signals_of(found)
    result = outcome(signals, request.attack, dataset, progress, likelihoods=likelihoods_of(found, signals))
    ranges = loss_range(found)
    table = result.table if ranges is None else result.table.assign(loss_range=ranges)
    table = table.assign(prediction_change=prediction_change(found))
    scores = {
        name: float(np.concatenate([part.table[name] for part in found]).mean())
        for name in ("train_score", "test_score")
    }
    return dataclasses.replace(result, table=table, summary=result.summary | scores)
