"""The parts of the comparison with the truth: the run on all examples, the measures, then runs without some."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fil_core.analyses.analysis import Answers
from fil_core.analyses.ground_truth.request import GroundTruthRequest
from fil_core.analyses.network.request import training_run
from fil_core.analyses.retraining.request import RetrainingRequest
from fil_core.dataset import Dataset
from fil_core.specs import Request

_RUNS = 32  # of one part: few enough that an interruption costs little, enough to be trained together


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
    return [*first, *retrainings(request, dataset), *group(request), *subsets(request)]


def left_out(request: GroundTruthRequest, dataset: Dataset) -> tuple[int, ...]:
    """The examples that are left out one after the other, in the order of the source."""
    if request.examples is None or request.examples >= dataset.n:
        return tuple(map(int, dataset.ids))
    drawn = np.random.default_rng(request.draw_seed).choice(dataset.ids, request.examples, replace=False)
    return tuple(map(int, np.sort(drawn)))


def retrainings(request: GroundTruthRequest, dataset: Dataset) -> list[RetrainingRequest]:
    """Runs without each of these examples."""
    ids = left_out(request, dataset)
    return [_retraining(request, without="each", ids=ids[first : first + _RUNS]) for first in range(0, len(ids), _RUNS)]


def group(request: GroundTruthRequest) -> list[RetrainingRequest]:
    """The run without the group; none without one."""
    return [_retraining(request, without="together", ids=request.group)] if request.group else []


def subsets(request: GroundTruthRequest) -> list[RetrainingRequest]:
    """The runs on random subsets."""
    return [
        _retraining(
            request,
            without="random",
            share=request.share,
            draws=tuple(range(first, min(first + _RUNS, request.subsets))),
            draw_seed=request.draw_seed,
        )
        for first in range(0, request.subsets, _RUNS)
    ]


def _retraining(request: GroundTruthRequest, **fields: object) -> RetrainingRequest:
    same = {name: getattr(request, name) for name in ("data", "network", "validation_size", "device")}
    return RetrainingRequest(**same, **fields)  # type: ignore[arg-type]
