"""Which test rows one record moves: one column of the product of queries and records."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.lood.run import about, warnings
from fil_core.analyses.lood_moves.request import LoodMovesRequest
from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.lood import gaussians
from fil_core.lood.gaussians import Gap
from fil_core.lood.process import check_process, free_memory, process
from fil_core.models.fitted import device_of
from fil_core.progress import Progress
from fil_core.result import Result


def check(request: LoodMovesRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a kernel or a record that the data do not have, or without test rows."""
    check_process(request.kernel, dataset, free_memory(device_of(request.device)))
    _row(request, dataset)
    if not len(dataset.X_test):
        raise BadData(f"test rows: expected some at which outputs are compared; {dataset.title} has none.")


def _row(request: LoodMovesRequest, dataset: Dataset) -> int:
    return dataset.row(int(request.id or 0))


def run(request: LoodMovesRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """How one record changes the outputs at every test row.

    Args:
        request: kernel and record.
        inputs: the data.
        progress: called with (done, total, what).
    """
    data = inputs.dataset
    p, row = process(request.kernel, data, inputs.device, progress), _row(request, data)
    queries = p.at(torch.from_numpy(data.X_test).to(inputs.device))
    shift, gap = queries.shift(row), queries.single_of(row)
    columns = {
        "moved": shift.norm(dim=1),
        "own_output": _of_label(shift, data),
        "kl_lood": gaussians.kl(gap),
        "auc": gaussians.auc(gap),
    }
    found = {name: values.cpu().numpy() for name, values in columns.items()}
    labels = data.named(data.y_test) if data.class_names else data.y_test
    index = pd.RangeIndex(len(labels), name="test_row")
    table = pd.DataFrame({"moved": found.pop("moved"), "label": labels, **found}, index=index)
    top = int(table["moved"].to_numpy().argmax())
    summary = about(p, data) | {
        "queries": 1,
        "directions": 1,
        "id": int(data.ids[row]),
        "test_rows": len(table),
        "moved_max": float(table["moved"].iloc[top]),
        "moved_median": float(np.median(table["moved"])),
        "moved_top": top,
        "auc_max": float(table["auc"].max()),
        "auc_own": float(gaussians.auc(_own(p.own(), row))),
    }
    return Result(table, {}, summary, {"warnings": warnings(summary, request.kernel)})


def _own(gap: Gap, row: int) -> Gap:
    return Gap(gap.g[row], gap.m[row], gap.outputs)


def _of_label(shift: Tensor, data: Dataset) -> Tensor:
    """The change of the output of each test row's own class, (m,); of a regression that of its only output."""
    if not data.class_names:
        return shift[:, 0]
    return shift.gather(1, torch.from_numpy(data.y_test.astype(np.int64)).to(shift.device)[:, None])[:, 0]
