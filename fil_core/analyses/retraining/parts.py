"""The part of training again: the run on all examples, from which changes are counted."""

from __future__ import annotations

from fil_core.analyses.analysis import Answers
from fil_core.analyses.network.request import NetworkFitRequest, training_run
from fil_core.analyses.retraining.request import RetrainingRequest
from fil_core.dataset import Dataset


def parts(request: RetrainingRequest, dataset: Dataset, answers: Answers) -> tuple[NetworkFitRequest, ...]:
    """The run on all examples.

    Args:
        request: the network and its training.
        dataset: not used.
        answers: not used.
    """
    return (training_run(request),)
