"""Outlying gradients of the training examples of a network at the end of training."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import check_network, problem_of, weights_of
from fil_core.analyses.network_outliers.request import NetworkOutliersRequest
from fil_core.analyses.outliers.outcome import check_enough, outcome
from fil_core.dataset import Dataset
from fil_core.influence.outliers import outlying
from fil_core.influence.point import Point
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import Request


def check(request: NetworkOutliersRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a network that the data cannot have, or a single example."""
    check_network(request, dataset)
    check_enough(dataset)


def parts(request: NetworkOutliersRequest, dataset: object, answers: object) -> tuple[Request, ...]:
    """The run of training.

    Args:
        request: what is asked.
        dataset: not used.
        answers: not used.
    """
    return (training_run(request),)


def run(request: NetworkOutliersRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Scores and norms of the gradients of every example's loss at the end of training.

    Args:
        request: the seed of the forest.
        inputs: the data and the run of training.
        progress: called with (done, total, what).
    """
    full, at = inputs.part(training_run(request)), problem_of(request, inputs)
    point = Point(at.module, weights_of(full, at.X.device), at.X, at.Y, at.losses)
    found = outlying(_told(point, progress), seed=request.forest_seed)
    summary = {name: full.summary[name] for name in ("score", "train_score", "test_score", "steps")}
    result = outcome(inputs.dataset, found, full.arrays["train_losses"], summary)
    result.provenance["dtype"] = request.network.precision
    return result


def _told(point: Point, progress: Progress | None) -> Iterator[Tensor]:
    """The gradients of the training examples, block by block."""
    done = 0
    for G in point.gradients(point.X, point.Y):
        done += len(G)
        yield G
        if progress:
            progress(done, point.n, "gradients")
