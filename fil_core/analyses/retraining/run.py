"""The real network trained again without some examples, from the same start and for as many steps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import check_network, problem_of, weights_of
from fil_core.analyses.retraining.request import RetrainingRequest
from fil_core.analyses.unique_information.run import check_effect
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.models.networks.inputs import validation_rows
from fil_core.models.networks.problem import score
from fil_core.models.networks.training import outputs_at, retrain, squared_distances
from fil_core.progress import Progress
from fil_core.result import Result

_LEAST = 2  # examples that a run must have


def check(request: RetrainingRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for what the data do not have, or where nobody would be left."""
    check_effect(request, dataset)
    check_network(request, dataset)
    for id in request.ids:
        dataset.row(id)
    kept = {
        "each": dataset.n - 1,
        "together": dataset.n - len(request.ids),
        "random": kept_at_random(request.share, dataset.n),
    }[request.without]
    if kept < _LEAST:
        raise BadRequest(f"training: expected at least {_LEAST} examples to train on; {kept:,} would be left.")


def kept_at_random(share: float, n: int) -> int:
    """How many of n examples a random run keeps."""
    return round(share * n)


def run(request: RetrainingRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """What changes from the run on all examples: half the squared distance of the weights, and of the predictions.

    The table has a row for each run; the arrays hold `outputs` (B, m, k) on the validation set and `kept` (B, n), which
    examples each run had.

    Args:
        request: the network and who is left out.
        inputs: the data, uploaded weights, and the run on all examples.
        progress: called with (done, total, what).
    """
    at, spec, data = problem_of(request, inputs), request.network, inputs.dataset
    assert spec.steps is not None
    kept = _kept(request, data)
    w = torch.as_tensor(kept / kept.sum(1, keepdims=True), dtype=at.Y.dtype).to(at.Y.device)
    found = retrain(at.module, at.X, at.Y, w, lr=spec.lr, l2=spec.l2, steps=spec.steps, progress=progress)
    full = inputs.part(training_run(request))
    outputs = torch.stack(
        [outputs_at(at.module, {name: value[b] for name, value in found.items()}, at.X_test) for b in range(len(w))]
    )
    before = torch.from_numpy(full.arrays["end_test"]).to(outputs.device)
    m = validation_rows(data, request.validation_size)
    moved = (outputs[:, :m].double() - before[:m]).square().sum(-1).mean(1) / 2
    columns = {
        "weights_change": squared_distances(found, weights_of(full, at.Y.device)).double().div(2).cpu().numpy(),
        "prediction_change": moved.cpu().numpy(),
        "test_score": [score(each, at.Y_test, at.classes) for each in outputs],
        "examples": kept.sum(1).astype(int),
    }
    index = pd.Index(request.ids, name="id") if request.without == "each" else pd.RangeIndex(len(kept), name="run")
    arrays = {"outputs": outputs[:, :m].double().cpu().numpy(), "kept": kept}
    summary = {"n": data.n, "d": data.d, "runs": len(kept), "score": full.summary["score"], "steps": spec.steps}
    return Result(pd.DataFrame(columns, index=index), arrays, summary, {"dtype": spec.precision})


def _kept(request: RetrainingRequest, data: Dataset) -> np.ndarray:
    """Which examples each run has, (B, n) bool."""
    rows = [data.row(id) for id in request.ids]
    if request.without == "random":
        kept = np.zeros((len(request.draws), data.n), dtype=bool)
        for row, draw in zip(kept, request.draws, strict=True):
            size = kept_at_random(request.share, data.n)
            row[np.random.default_rng([request.draw_seed, draw]).choice(data.n, size, replace=False)] = True
        return kept
    kept = np.ones((len(rows) if request.without == "each" else 1, data.n), dtype=bool)
    kept[np.arange(len(rows)) if request.without == "each" else 0, rows] = False
    return kept
