"""Training a network as an analysis, and what other analyses take from it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.network.request import NetworkFitRequest
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.models.networks.inputs import score_name, shape_of
from fil_core.models.networks.problem import Problem, evaluate, problem
from fil_core.models.networks.training import Run, Weights, run, trainable
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import NetworkRequest

_WEIGHT = "weight:"  # begins the names of arrays that hold weights


def check_network(request: NetworkRequest, dataset: Dataset) -> None:
    """Raises BadData for a network that needs images where there are none, BadRequest for a time without an end."""
    shape_of(request.network, dataset)
    if request.network.steps is None:
        raise BadRequest(f"time: expected a number of steps for training; got {request.network.time}.")


def problem_of(request: NetworkRequest, inputs: Inputs) -> Problem:
    """The network of a request at its start, with its examples."""
    digest = request.network.initial
    initial = None if digest is None else inputs.uploads[digest].arrays
    return problem(request.network, inputs.dataset, inputs.device, initial=initial)


def run_network(request: NetworkFitRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Train the network and keep its weights, its outputs, and its loss and curvature on the way.

    Args:
        request: the network and its training.
        inputs: the data and uploaded weights.
        progress: called with (done, total, what).
    """
    spec, at = request.network, problem_of(request, inputs)
    assert spec.steps is not None
    done = run(at.module, at.X, at.Y, lr=spec.lr, l2=spec.l2, steps=spec.steps, losses=at.losses, progress=progress)
    splits = {"train": (at.X, at.Y), "test": (at.X_test, at.Y_test)}
    start, end = (
        {split: evaluate(at, weights, X, Y) for split, (X, Y) in splits.items()}
        for weights in (trainable(at.module), done.weights)
    )
    arrays = {
        f"{when}_{split}": found.outputs.double().cpu().numpy()
        for when, by_split in (("start", start), ("end", end))
        for split, found in by_split.items()
        if found.outputs is not None
    }
    arrays |= {f"{split}_losses": found.losses.double().cpu().numpy() for split, found in end.items()}
    arrays |= {f"{_WEIGHT}{name}": value.cpu().numpy() for name, value in done.weights.items()}
    arrays |= {"losses": done.losses.double().cpu().numpy(), "objective": done.objective.double().cpu().numpy()}
    arrays |= {"checkpoints": np.array(done.checkpoints), "curvature": np.array(done.curvature)}
    summary = _summary(request, inputs.dataset, at, done) | {
        f"{split}_score": found.score for split, found in end.items()
    }
    return Result(pd.DataFrame(), arrays, summary, {"dtype": spec.precision})


def _summary(request: NetworkFitRequest, dataset: Dataset, at: Problem, done: Run) -> dict[str, object]:
    losses = done.objective.double().cpu().numpy()
    rounding = 1e-12 if request.network.precision == "float64" else 1e-5
    return {
        "n": dataset.n,
        "d": dataset.d,
        "parameters": sum(value.numel() for value in done.weights.values()),
        "outputs": at.Y.shape[1],
        "steps": request.network.steps,
        "score": score_name(dataset),
        "loss_start": float(done.losses[0]),
        "loss_end": float(done.losses[-1]),
        "monotone": bool((np.diff(losses) <= rounding * np.abs(losses[:-1])).all()),
        "rises": int((np.diff(losses) > rounding * np.abs(losses[:-1])).sum()),
        "step_eigenvalue": request.network.lr * max(done.curvature),
    }


def weights_of(result: Result, device: torch.device) -> Weights:
    """The weights at the end of a stored run, by name."""
    return {
        name.removeprefix(_WEIGHT): torch.from_numpy(array).to(device)
        for name, array in result.arrays.items()
        if name.startswith(_WEIGHT)
    }
