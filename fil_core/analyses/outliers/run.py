"""Outlying gradients at the optimum of a linear model."""

from __future__ import annotations

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.outliers.outcome import check_enough, outcome
from fil_core.analyses.outliers.request import OutliersRequest
from fil_core.dataset import Dataset
from fil_core.influence import linear
from fil_core.influence.outliers import outlying
from fil_core.models.checks import check_task
from fil_core.models.networks.inputs import score_name
from fil_core.progress import Progress
from fil_core.result import Result


def check(request: OutliersRequest, dataset: Dataset) -> None:
    """Raises BadData for a model that the data do not have, or a single example."""
    check_task(request.model, dataset)
    check_enough(dataset)


def run(request: OutliersRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Scores and norms of the gradients of every example's loss, without its training weight.

    Args:
        request: the seed of the forest.
        inputs: the data and the model at its optimum.
        progress: not used.
    """
    data, fitted = inputs.dataset, inputs.fitted
    train = linear.examples_of(fitted, data.X, data.y)
    found = outlying(linear.gradients(fitted, train), seed=request.forest_seed)
    summary = {"score": score_name(data), "test_score": fitted.score(data.X_test, data.y_test)}
    return outcome(data, found, train.loss.cpu().numpy(), summary)
