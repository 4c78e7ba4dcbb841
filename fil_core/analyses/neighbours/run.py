"""Nearest neighbours of every training example."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.neighbours.request import NeighboursRequest
from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.influence.neighbours import nearest
from fil_core.progress import Progress
from fil_core.result import Result


def check(request: NeighboursRequest, dataset: Dataset) -> None:
    """Raises BadData for a single example, which has no neighbours."""
    if dataset.n < 2:
        raise BadData(f"neighbours: expected at least two training examples; got {dataset.n}.")


def run(request: NeighboursRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """The nearest neighbours of every example in its own and in another class; a regression has a single class.

    Args:
        request: the data.
        inputs: the examples.
        progress: called with (done, total, what).
    """
    data = inputs.dataset
    X = torch.from_numpy(data.X).to(inputs.device)
    codes = data.y if data.class_names else np.zeros(data.n)
    y = torch.from_numpy(codes.astype(np.int64)).to(inputs.device)
    columns: dict[str, np.ndarray] = {"label": data.labels}
    for name, same in (("same", True), ("other", False)):
        neighbours = nearest(X, y, same=same, progress=progress)
        row = neighbours.row.cpu().numpy()
        columns[f"{name}_distance"] = neighbours.distance.cpu().numpy()
        columns[f"{name}_id"] = np.where(row < 0, -1, data.ids[row])
    table = pd.DataFrame(columns, index=pd.Index(data.ids, name="id"))
    summary = {
        "n": data.n,
        "d": data.d,
        "same_mean": float(table["same_distance"].mean()),
        "other_mean": float(table["other_distance"].mean()),
        "nearer_to_another": int((table["other_distance"] < table["same_distance"]).sum()),
        "classes": len(data.class_names),
    }
    return Result(table, {}, summary, {"warnings": []})
