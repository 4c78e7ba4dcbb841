"""The parts of the comparison with the truth: the run on all examples, the measures, then runs without some."""

from __future__ import annotations

from collections.abc import Sequence

from fil_core.analyses.analysis import Answers
from fil_core.analyses.ground_truth.request import GroundTruthRequest
from fil_core.analyses.network.request import training_run
from fil_core.analyses.retraining.plan import run_without_group, runs_on_subsets, runs_without_each
from fil_core.dataset import Dataset
from fil_core.specs import Request


def parts(request: GroundTruthRequest, dataset: Dataset, answers: Answers) -> Sequence[Request]:
    """First the run on all examples and the measures, which also refuse what cannot be done; then the runs without.

    Args:
        request: the comparison.
        dataset: whose examples are drawn.
        answers: the answers so far.
    """
    first = [training_run(request), request.unique]
    if any(part not in answers for part in first):
        return first
    return [
        *first,
        *runs_without_each(request, dataset),
        *run_without_group(request),
        *runs_on_subsets(request, dataset),
    ]
