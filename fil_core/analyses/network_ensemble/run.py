"""Training networks of an ensemble, and the signals of all examples under them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.ensemble.checks import check_halves
from fil_core.analyses.ensemble.signals import as_result
from fil_core.analyses.network.run import check_network, problem_of
from fil_core.analyses.network_ensemble.request import NetworkEnsembleRequest
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.membership.confidence import closeness, logit_confidence, margin
from fil_core.membership.halves import inclusion, member_seed
from fil_core.models.networks.build import network
from fil_core.models.networks.ensemble import Course, loss_ranges, outputs_of_all, train
from fil_core.models.networks.gradients import Weights
from fil_core.models.networks.inputs import score_name, shape_of
from fil_core.models.networks.losses import Losses, cross_entropy
from fil_core.models.networks.norms import gradient_norms
from fil_core.models.networks.problem import Problem
from fil_core.models.networks.training import trainable
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import NetworkRequest

Score = Callable[[Tensor, Tensor], Tensor]  # outputs (..., n, k) and targets (n, k) to scores (..., n)


def check(request: NetworkEnsembleRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for what the data do not have."""
    check_readable(request, dataset)
    check_halves(dataset)


def check_readable(request: NetworkRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a network that the data do not have, or whose outputs are no few numbers."""
    if dataset.vocabulary:
        raise BadRequest(
            f"network: expected one whose outputs for an example are a few numbers; {request.network.kind} puts out "
            f"{len(dataset.vocabulary):,} for every token. Take data of features, or bring signals with --signals."
        )
    check_network(request, dataset)


def run(request: NetworkEnsembleRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Train the networks, and read off what an attacker sees.

    Args:
        request: the networks.
        inputs: the data and uploaded weights.
        progress: called with (done, total, what).
    """
    at, data, spec = problem_of(request, inputs), inputs.dataset, request.network
    assert spec.steps is not None
    losses, score = loss_and_score(request.loss, at, data)
    who = inclusion(data.n, request.members, request.ensemble_seed)
    rows = torch.as_tensor(np.stack([np.flatnonzero(column) for column in who.T])).to(at.X.device)
    course = Course(spec.lr, spec.steps, spec.batch, spec.l2, request.schedule == "steps")
    seeds = [member_seed(member, request.ensemble_seed, spec.batch_seed) for member in request.members]
    starts = _starts(request, inputs, at)
    done = train(at.module, starts, at.X, at.Y, rows, course, losses=losses, seeds=seeds, progress=progress)
    outputs = outputs_of_all(at.module, done.weights, at.X)
    arrays = {
        "scores": score(outputs, at.Y),
        "losses": losses(outputs, at.Y),
        "loss_ranges": loss_ranges(done.traces),
        "train_score": scored(at, outputs, at.Y, score, torch.as_tensor(who.T).to(at.X.device)),
    }
    arrays |= _of_test_rows(at, done.weights, score, losses)
    if request.gradients:
        arrays["gradients"] = _gradients(at, done.weights, losses)
    by_example = {name: array.double().cpu().numpy() for name, array in arrays.items()}
    columns = {name: array if array.ndim == 1 else array.T for name, array in by_example.items()}
    found = as_result(
        data, request.members, who, columns, outputs.double().cpu().numpy(), score_name(data),
        squared=losses is not cross_entropy,
    )  # fmt: skip
    return dataclasses.replace(found, provenance={"dtype": spec.precision})


def loss_and_score(loss: str, at: Problem, data: Dataset) -> tuple[Losses, Score]:
    """What networks are trained on, and the score of an example that goes with it.

    Args:
        loss: as `specs.ensemble.LOSSES` calls it; of a regression it is squared.
        at: the network.
        data: the examples.
    """
    if not at.classes:
        scale = float(data.y.std()) or 1.0
        return at.losses, lambda outputs, Y: closeness(outputs, Y, scale)
    return (cross_entropy, logit_confidence) if loss == "cross-entropy" else (at.losses, margin)


def _starts(request: NetworkEnsembleRequest, inputs: Inputs, at: Problem) -> Weights:
    """Weights at the start of each network, (B, ...); uploaded ones are the same for all."""
    spec = request.network
    if spec.initial is not None:
        count = len(request.members)
        return {name: value.expand(count, *value.shape).clone() for name, value in trainable(at.module).items()}
    shape = shape_of(spec, inputs.dataset)
    drawn = [
        trainable(network(dataclasses.replace(spec, init_seed=seed), shape, device=at.X.device))
        for seed in (member_seed(member, request.ensemble_seed, spec.init_seed) for member in request.members)
    ]
    return {name: torch.stack([one[name] for one in drawn]) for name in drawn[0]}


def _of_test_rows(at: Problem, weights: Weights, score: Score, losses: Losses) -> dict[str, Tensor]:
    """Scores and losses of the test rows, and how well each network does there; NaN where there are none."""
    if not len(at.X_test):
        return {"test_score": torch.full((len(next(iter(weights.values()))),), torch.nan)}
    outputs = outputs_of_all(at.module, weights, at.X_test)
    return {
        "population": score(outputs, at.Y_test),
        "population_losses": losses(outputs, at.Y_test),
        "test_score": scored(at, outputs, at.Y_test, score),
    }


def scored(at: Problem, outputs: Tensor, Y: Tensor, score: Score, counted: Tensor | None = None) -> Tensor:
    """Accuracy, or mean squared error of a regression, of each network, (B,).

    Args:
        at: the network.
        outputs: (B, n, k).
        Y: (n, k) targets.
        score: of an example, > 0 where its class is predicted.
        counted: (B, n) which rows count; None for all.
    """
    each = (score(outputs, Y) > 0).double() if at.classes else (outputs - Y).square().mean(-1).double()
    return each.mean(1) if counted is None else (each * counted).sum(1) / counted.sum(1)


def _gradients(at: Problem, weights: Weights, losses: Losses) -> Tensor:
    each = []
    for b in range(len(next(iter(weights.values())))):
        own = {name: value[b] for name, value in weights.items()}
        each.append(gradient_norms(at.module, own, at.X, at.Y, losses))
    return torch.stack(each)
