"""The parts of the leakage of every example: some examples each, where one takes a noticeable part of a second."""

from __future__ import annotations

from collections.abc import Sequence

from fil_core.analyses.analysis import Answers
from fil_core.analyses.fil.request import FilRequest, FilRowsRequest
from fil_core.dataset import Dataset
from fil_core.specs import ModelSpec
from fil_core.specs.families import is_large

ROWS = 2_500  # examples of a part: a minute or so for ten classes of 784 pixels


def in_parts(model: ModelSpec, n: int, d: int, classes: int) -> bool:
    """Whether the examples are measured in parts: a model of many parameters, and more examples than one part has."""
    return is_large(d, model.family.scores(classes)) and n > ROWS


def parts(request: FilRequest, dataset: Dataset, answers: Answers) -> Sequence[FilRowsRequest]:
    """Consecutive examples where the model has many parameters and there are many examples; else none.

    Args:
        request: what is asked.
        dataset: the examples.
        answers: not used; the parts do not depend on one another.
    """
    if not in_parts(request.model, dataset.n, dataset.d, len(dataset.class_names)):
        return ()
    return [
        FilRowsRequest(
            data=request.data, model=request.model, device=request.device, attribute=request.attribute,
            simplex=request.simplex, sigma=request.sigma, prior_std=request.prior_std,
            first=first, last=min(first + ROWS, dataset.n),
        )
        for first in range(0, dataset.n, ROWS)
    ]  # fmt: skip
