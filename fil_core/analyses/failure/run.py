"""A failure mode on some data."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.failure.request import FailureRequest
from fil_core.dataset import Dataset
from fil_core.progress import Progress
from fil_core.result import Result


def check(request: FailureRequest, dataset: Dataset) -> None:
    """Raises BadData where the mode cannot be shown on the data; the message names data that can be used."""
    request.failure.check(dataset)


def run(request: FailureRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Eta as it should be and after the mistake.

    Args:
        request: mode and strength.
        inputs: the examples.
        progress: not used.
    """
    data = inputs.dataset
    found = request.failure.run(data, request.amount)
    columns = {"eta": found.eta, "eta_other": found.other, "label": data.labels, **found.columns}
    table = pd.DataFrame(columns, index=pd.Index(data.ids, name="id"))
    summary = {
        "n": data.n,
        "d": data.d,
        "mode": request.mode,
        "strength": request.amount,
        "score": "accuracy" if data.class_names else "mean squared error",
        **found.summary,
    }
    lost = int(np.isnan(found.other).sum())
    warning = f"eta_other has no value for {lost:,} examples."
    return Result(table, dict(found.arrays), summary, {"warnings": [warning] if lost else []})
