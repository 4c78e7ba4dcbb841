"""The parts of unique information: the real run of training, which the linearised network is compared with."""

from __future__ import annotations

from fil_core.analyses.analysis import Answers
from fil_core.analyses.network.request import NetworkFitRequest, training_run
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.dataset import Dataset


def parts(request: UniqueInfoRequest, dataset: Dataset, answers: Answers) -> tuple[NetworkFitRequest, ...]:
    """The run of training; none for infinitely many steps, which nobody can run.

    Args:
        request: the network and its training.
        dataset: not used.
        answers: not used.
    """
    if request.network.steps is None:
        return ()
    return (training_run(request),)
