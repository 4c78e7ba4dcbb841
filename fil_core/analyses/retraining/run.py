"""The real network trained again without some examples, from the same start and for as many steps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import check_network, order_of, problem_of, weights_of
from fil_core.analyses.retraining.request import RetrainingRequest
from fil_core.analyses.unique_information.run import check_effect
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.models.networks.inputs import validation_rows
from fil_core.models.networks.problem import Problem, evaluate
from fil_core.models.networks.training import Weights, losses_at, retrain, squared_distances
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

    The table has a row for each run; the arrays hold `outputs` (B, m, k) on the validation set (not of sequences),
    `test_losses` (B, m) there and `train_losses` (B, n), and `kept` (B, n), which examples each run had.

    Args:
        request: the network and who is left out.
        inputs: the data, uploaded weights, and the run on all examples.
        progress: called with (done, total, what).
    """
    at, spec, data = problem_of(request, inputs), request.network, inputs.dataset
    assert spec.steps is not None
    kept = _kept(request, data)
    weights = kept / (data.n if request.mean == "all" else kept.sum(1, keepdims=True))
    w = torch.as_tensor(weights, dtype=at.Y.dtype).to(at.Y.device)
    found = retrain(
        at.module, at.X, at.Y, w, lr=at.step, l2=spec.l2, steps=spec.steps, losses=at.losses,
        order=order_of(spec, data.n), progress=progress,
    )  # fmt: skip
    full = inputs.part(training_run(request))
    table, arrays = _compared(request, at, found, full, validation_rows(data, request.validation_size))
    table["weights_change"] = squared_distances(found, weights_of(full, at.Y.device)).double().div(2).cpu().numpy()
    table["examples"] = kept.sum(1).astype(int)
    index = pd.Index(request.ids, name="id") if request.without == "each" else pd.RangeIndex(len(kept), name="run")
    summary = {"n": data.n, "d": data.d, "runs": len(kept), "score": full.summary["score"], "steps": spec.steps}
    columns = ("weights_change", "prediction_change", "test_score", "examples")
    frame = pd.DataFrame({name: table[name] for name in columns if name in table}, index=index)
    return Result(frame, arrays | {"kept": kept}, summary, {"dtype": spec.precision})


def _compared(
    request: RetrainingRequest, at: Problem, found: Weights, full: Result, m: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Change and score of each run's predictions, and its losses; outputs where they are vectors."""
    before = full.arrays.get("end_test")
    ends: dict[str, list[Tensor]] = {"outputs": [], "test_losses": [], "train_losses": []}
    scores = []
    for b in range(len(next(iter(found.values())))):
        weights = {name: value[b] for name, value in found.items()}
        test = evaluate(at, weights, at.X_test, at.Y_test)
        scores.append(test.score)
        ends["outputs"] += [] if test.outputs is None else [test.outputs[:m]]
        ends["test_losses"].append(test.losses[:m])
        ends["train_losses"].append(losses_at(at.module, weights, at.X, at.Y, at.losses))
    arrays = {name: torch.stack(values).double().cpu().numpy() for name, values in ends.items() if values}
    table = {"test_score": np.array(scores)}
    if before is not None:
        table["prediction_change"] = ((arrays["outputs"] - before[:m]) ** 2).sum(-1).mean(1) / 2
    return table, arrays


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
