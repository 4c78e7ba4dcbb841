"""Exact leave-one-out of a linear model, one optimum for each example."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.leave_one_out.request import LeaveOneOutRequest
from fil_core.analyses.retraining.plan import check_drawn, left_out
from fil_core.dataset import Dataset
from fil_core.display.numbers import counted
from fil_core.influence import linear
from fil_core.influence.targets import rows_meant, target_of
from fil_core.models.checks import check_task
from fil_core.progress import Progress
from fil_core.result import Result


def check(request: LeaveOneOutRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a model or target that the data do not have."""
    check_task(request.model, dataset)
    check_drawn(request, dataset, least=1)
    target_of(request.target, dataset, rows_meant(request.target, dataset, request.validation_size))


def run(request: LeaveOneOutRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """The change of the target's loss at the optimum without each example.

    Args:
        request: target and examples.
        inputs: the data and the model at its optimum.
        progress: called with (done, total, what).
    """
    data, fitted = inputs.dataset, inputs.fitted
    target = target_of(request.target, data, rows_meant(request.target, data, request.validation_size))
    ids = left_out(request, data)
    rows = np.array([data.row(id) for id in ids])
    positions = torch.from_numpy(rows).to(fitted.theta.device)
    aimed = None if target is None else target.of(data)
    found = linear.true_changes(fitted, data, positions, aimed, progress=progress).cpu().numpy()
    table = pd.DataFrame({"leave_one_out": found, "label": data.labels[rows]}, index=pd.Index(ids, name="id"))
    summary = {"n": data.n, "d": data.d, "target": request.target, "examples": len(ids)}
    if not np.isnan(found).all():
        summary |= {
            "largest": float(np.nanmax(found)),
            "least": float(np.nanmin(found)),
            "mean": float(np.nanmean(found)),
        }
    lost = int(np.isnan(found).sum())
    warning = f"leave_one_out is not defined for {counted(lost, 'example')}, without which there is no unique optimum."
    return Result(table, {}, summary, {"warnings": [warning] if lost else []})
