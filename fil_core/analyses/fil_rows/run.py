"""Fisher information loss, and the measures that follow from the Jacobian, of consecutive training examples."""

from __future__ import annotations

import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.fil.request import FilRowsRequest
from fil_core.analyses.fil.run import check_fil, measured_rows
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.progress import Progress
from fil_core.result import Result


def check(request: FilRowsRequest, dataset: Dataset) -> None:
    """Raises BadRequest for positions that no training example has, and as the leakage of every example does."""
    if request.last > dataset.n:
        raise BadRequest(f"last: expected at most the {dataset.n:,} training examples; got {request.last:,}.")
    check_fil(request, dataset)


def run(request: FilRowsRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """One row for each of them.

    Args:
        request: which examples, sigma, the attribute and the prior.
        inputs: the data, and the model at its optimum.
        progress: called with (done, total, what).
    """
    rows = slice(request.first, request.last)
    ids = pd.Index(inputs.dataset.ids[rows], name="id")
    table = pd.DataFrame(measured_rows(request, inputs, rows, progress), index=ids)
    return Result(table, {}, {"rows": len(table), "eta_max": float(table["eta"].max())})
