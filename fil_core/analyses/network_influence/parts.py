"""The parts of the influence of a network's examples: the run of training, the influence alone, then the truth."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fil_core.analyses.analysis import Answers
from fil_core.analyses.influence.outcome import RANDOM_REMOVALS, extremes
from fil_core.analyses.influence.request import without_truth
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest
from fil_core.analyses.retraining.plan import run_without_group, runs_on_subsets, runs_without_each
from fil_core.analyses.retraining.request import RetrainingRequest, retraining_of
from fil_core.dataset import Dataset
from fil_core.result import Result
from fil_core.specs import Request


def parts(request: NetworkInfluenceRequest, dataset: Dataset, answers: Answers) -> Sequence[Request]:
    """The run of training; for the truth also the influence alone, and then the runs without examples.

    Args:
        request: what is asked.
        dataset: whose examples are drawn.
        answers: the answers so far.
    """
    if not request.truth:
        return [training_run(request)]
    alone = without_truth(request)
    first: list[Request] = [training_run(request), alone]
    if alone not in answers:
        return first
    influence = answers[alone]
    taken_out = removals(request, dataset, influence) if isinstance(influence, Result) else {}
    return [
        *first,
        *runs_without_each(request, dataset, mean="all"),
        *run_without_group(request, mean="all"),
        *runs_on_subsets(request, dataset),
        *runs_without_sections(request, dataset),
        *taken_out,
    ]


def removals(
    request: NetworkInfluenceRequest, dataset: Dataset, alone: Result
) -> dict[RetrainingRequest, tuple[str, ...]]:
    """The runs without the most helpful, the most harmful and random examples, and the names of their runs."""
    if request.remove is None:
        return {}
    found = {
        retraining_of(request, without="together", ids=ids, mean="all"): (name,)
        for name, ids in extremes(alone.table, request.remove).items()
    }
    draws = tuple(range(RANDOM_REMOVALS))
    random = retraining_of(
        request,
        without="random",
        share=1 - request.remove / dataset.n,
        draws=draws,
        draw_seed=request.draw_seed,
        mean="all",
    )
    return found | {random: tuple(f"random {draw}" for draw in draws)}


def runs_without_sections(request: NetworkInfluenceRequest, dataset: Dataset) -> list[RetrainingRequest]:
    """The runs without each group of sequences; none unless they are asked for."""
    if not request.sections or dataset.sections is None:
        return []
    ids = pd.Series(dataset.ids).groupby(dataset.sections)
    return [
        retraining_of(request, without="together", ids=tuple(map(int, members)), mean="all") for _, members in ids
    ]  # fmt: skip
