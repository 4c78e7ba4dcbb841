"""The parts of the comparison with the truth: the run on all examples, the measures, then runs without some."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fil_core.analyses.analysis import Answers, Sizes
from fil_core.analyses.ground_truth.request import GroundTruthRequest
from fil_core.analyses.network.cost import runs_cost
from fil_core.analyses.network.request import training_run
from fil_core.analyses.retraining.request import RetrainingRequest, retraining_of
from fil_core.dataset import Dataset
from fil_core.specs import Request

_FEWEST, _MOST = 8, 32  # runs of one part: enough to be trained together
_WORK = 2e13  # multiply-adds of one part, as far as that leaves so many: an interruption costs some minutes


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
    return [*first, *retrainings(request, dataset), *group(request), *subsets(request, dataset)]


def left_out(request: GroundTruthRequest, dataset: Dataset) -> tuple[int, ...]:
    """The examples that are left out one after the other, in the order of the source."""
    if request.examples is None or request.examples >= dataset.n:
        return tuple(map(int, dataset.ids))
    drawn = np.random.default_rng(request.draw_seed).choice(dataset.ids, request.examples, replace=False)
    return tuple(map(int, np.sort(drawn)))


def retrainings(request: GroundTruthRequest, dataset: Dataset) -> list[RetrainingRequest]:
    """Runs without each of these examples."""
    ids, size = left_out(request, dataset), _runs(request, dataset)
    return [retraining_of(request, without="each", ids=ids[first : first + size]) for first in range(0, len(ids), size)]


def _runs(request: GroundTruthRequest, dataset: Dataset) -> int:
    """How many runs are stored together."""
    sizes = Sizes(dataset.n, dataset.d, len(dataset.class_names), lambda attribute, bins: 0)
    return int(min(_MOST, max(_FEWEST, _WORK / runs_cost(request.network, sizes, 1).operations)))


def group(request: GroundTruthRequest) -> list[RetrainingRequest]:
    """The run without the group; none without one."""
    return [retraining_of(request, without="together", ids=request.group)] if request.group else []


def subsets(request: GroundTruthRequest, dataset: Dataset) -> list[RetrainingRequest]:
    """The runs on random subsets."""
    size = _runs(request, dataset)
    return [
        retraining_of(
            request,
            without="random",
            share=request.share,
            draws=tuple(range(first, min(first + size, request.subsets))),
            draw_seed=request.draw_seed,
        )
        for first in range(0, request.subsets, size)
    ]
