"""The parts of a reconstruction: several examples are reconstructed and stored one by one."""

from __future__ import annotations

import dataclasses

from fil_core.analyses.analysis import Answers
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.dataset import Dataset


def parts(request: ReconstructionRequest, dataset: Dataset, answers: Answers) -> tuple[ReconstructionRequest, ...]:
    """One request for each of several examples; none for a single one.

    Args:
        request: the examples to reconstruct.
        dataset: not used.
        answers: not used; the parts do not depend on one another.
    """
    return one_by_one(request) if len(request.ids) > 1 else ()


def one_by_one(request: ReconstructionRequest) -> tuple[ReconstructionRequest, ...]:
    """One request for each example."""
    return tuple(dataclasses.replace(request, ids=(id,)) for id in request.ids)
