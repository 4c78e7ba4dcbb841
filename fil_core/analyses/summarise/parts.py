"""The parts of a summary: the ranking, then a run of training for each choice of examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fil_core.analyses.analysis import Answers
from fil_core.analyses.network.request import training_run
from fil_core.analyses.retraining.request import RetrainingRequest, retraining_of
from fil_core.analyses.summarise.request import SummariseRequest
from fil_core.dataset import Dataset
from fil_core.result import Result
from fil_core.specs import Request

MOST, LEAST, RANDOM = "most unique", "least unique", "random"


def parts(request: SummariseRequest, dataset: Dataset, answers: Answers) -> Sequence[Request]:
    """First the run on all examples and the ranking, then the runs on some.

    Args:
        request: the summary.
        dataset: the examples.
        answers: the answers so far.
    """
    first: list[Request] = [training_run(request)]
    if request.by != RANDOM:
        first.append(request.unique)
    if any(part not in answers for part in first):
        return first
    ranking = answers[request.unique] if request.by != RANDOM else None
    if ranking is not None and not isinstance(ranking, Result):
        return first
    return [*first, *(part for _, _, part in runs(request, dataset, ranking))]


def runs(
    request: SummariseRequest, dataset: Dataset, ranking: Result | None
) -> list[tuple[float, str, RetrainingRequest]]:
    """(share, which examples are kept, the runs) for every share.

    Args:
        request: the summary.
        dataset: the examples.
        ranking: unique information of every example; None for random draws only.
    """
    found = []
    for share in request.keep:
        size = round(share * dataset.n)
        if ranking is not None:
            ids = ranking.table.index.to_numpy()[np.argsort(-ranking.table[request.by].to_numpy(), kind="stable")]
            for which, kept in ((MOST, ids[:size]), (LEAST, ids[len(ids) - size :])):
                gone = tuple(sorted(map(int, np.setdiff1d(ids, kept))))
                found.append((share, which, retraining_of(request, without="together", ids=gone)))
        draws = tuple(range(request.seeds))
        random = retraining_of(request, without="random", share=share, draws=draws, draw_seed=request.draw_seed)
        found.append((share, RANDOM, random))
    return found
