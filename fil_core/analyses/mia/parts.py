"""The parts of membership attacks: the models of the ensemble, some together in a part."""

from __future__ import annotations

from collections.abc import Sequence

from fil_core.analyses.analysis import Answers
from fil_core.analyses.ensemble.cost import TOGETHER
from fil_core.analyses.ensemble.request import EnsembleRequest
from fil_core.analyses.mia.request import MiaRequest
from fil_core.dataset import Dataset


def groups_of(models: int, together: int) -> list[tuple[int, ...]]:
    """Numbers of the models of each part; an ensemble that grows keeps its full parts.

    >>> groups_of(5, 2)
    [(0, 1), (2, 3), (4,)]

    Args:
        models: how many there are.
        together: how many a part has.
    """
    return [tuple(range(first, min(first + together, models))) for first in range(0, models, together)]


def parts(request: MiaRequest, dataset: Dataset, answers: Answers) -> Sequence[EnsembleRequest]:
    """The models.

    Args:
        request: the attacks.
        dataset: not used.
        answers: not used.
    """
    return [
        EnsembleRequest(
            data=request.data, model=request.model, device=request.device, members=members,
            ensemble_seed=request.ensemble.seed, release_sigma=request.release_sigma,
        )
        for members in groups_of(request.ensemble.models, TOGETHER)
    ]  # fmt: skip
