"""Training a network as an analysis, and what other analyses take from it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.network.request import NetworkFitRequest
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.models.language import trigram
from fil_core.models.networks.inputs import outputs_of, score_name, shape_of
from fil_core.models.networks.order import batches
from fil_core.models.networks.problem import Problem, evaluate, problem
from fil_core.models.networks.training import Run, Weights, run, trainable
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import NetworkRequest, NetworkSpec

_WEIGHT = "weight:"  # begins the names of arrays that hold weights
_LARGEST = 100.0  # nats per token, of which an exponential is still told


def check_network(request: NetworkRequest, dataset: Dataset) -> None:
    """Raises BadData for a network that cannot take the data, BadRequest for a time without an end or a large batch."""
    shape_of(request.network, dataset)
    batch = request.network.batch
    if batch is not None and batch > dataset.n:
        raise BadRequest(
            f"batch_size: expected at most the {dataset.n:,} training examples; got {batch:,}. Leave it out for steps "
            "that take all."
        )
    if request.network.steps is None:
        raise BadRequest(f"time: expected a number of steps for training; got {request.network.time}.")


def problem_of(request: NetworkRequest, inputs: Inputs) -> Problem:
    """The network of a request at its start, with its examples."""
    digest = request.network.initial
    initial = None if digest is None else inputs.uploads[digest].arrays
    return problem(request.network, inputs.dataset, inputs.device, initial=initial)


def run_network(request: NetworkFitRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Train the network and keep its weights, its outputs, and its loss and curvature on the way.

    With mini-batches the losses before each step are those of its own batch, so that nothing is said of whether they
    fell in every step; the loss over all examples is known at the checkpoints.

    Args:
        request: the network and its training.
        inputs: the data and uploaded weights.
        progress: called with (done, total, what).
    """
    spec, at = request.network, problem_of(request, inputs)
    assert spec.steps is not None
    done = run(
        at.module, at.X, at.Y, lr=at.step, l2=spec.l2, steps=spec.steps, losses=at.losses,
        order=order_of(spec, inputs.dataset.n), says=_says(at), progress=progress,
    )  # fmt: skip
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
    arrays |= {"checkpoint_losses": done.at_checkpoints.double().cpu().numpy()}
    summary = _summary(request, inputs.dataset, done, at.step) | _trigram(inputs.dataset)
    summary |= {f"{split}_score": found.score for split, found in end.items()}
    return Result(pd.DataFrame(), arrays, summary, {"dtype": spec.precision})


def order_of(spec: NetworkSpec, n: int) -> list[Tensor] | None:
    """Positions of the examples of each step of a run over n examples; None where every step takes all."""
    return None if spec.batch is None else batches(n, spec.batch, spec.steps or 0, spec.batch_seed)


def _says(at: Problem) -> Callable[[float], str] | None:
    """The perplexity of text that has a mean loss per sequence, in words."""
    if not at.text:
        return None
    tokens = int((at.Y >= 0).sum()) / len(at.Y)
    return lambda loss: f"perplexity {math.exp(min(loss / tokens, _LARGEST)):.1f}"


def _trigram(dataset: Dataset) -> dict[str, object]:
    """What counting alone does on the test split of text."""
    if not dataset.vocabulary or not len(dataset.X_test):
        return {}
    return {"trigram_perplexity": trigram(dataset.X, len(dataset.vocabulary)).perplexity(dataset.X_test)}


def _summary(request: NetworkFitRequest, dataset: Dataset, done: Run, step: float) -> dict[str, object]:
    losses, batch = done.objective.double().cpu().numpy(), request.network.batch
    rounding = 1e-12 if request.network.precision == "float64" else 1e-5
    rises = int((np.diff(losses) > rounding * np.abs(losses[:-1])).sum())
    # The losses of different mini-batches differ, whether or not a step was too large.
    fell = {"monotone": rises == 0, "rises": rises} if batch is None else {"monotone": None, "rises": None}
    return {
        "n": dataset.n,
        "d": dataset.d,
        "parameters": sum(value.numel() for value in done.weights.values()),
        "outputs": outputs_of(dataset),
        "steps": request.network.steps,
        "score": score_name(dataset),
        "loss_start": float(done.at_checkpoints[0]),
        "loss_end": float(done.at_checkpoints[-1]),
        **fell,
        "batch": batch,
        "step": step,
        "curvature_examples": done.curved,
        "step_eigenvalue": step * max(done.curvature),
    }


def weights_of(result: Result, device: torch.device) -> Weights:
    """The weights at the end of a stored run, by name."""
    return {
        name.removeprefix(_WEIGHT): torch.from_numpy(array).to(device)
        for name, array in result.arrays.items()
        if name.startswith(_WEIGHT)
    }
