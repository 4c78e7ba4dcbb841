"""Which runs without examples a comparison with the truth needs."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from fil_core.analyses.analysis import Sizes
from fil_core.analyses.network.cost import runs_cost
from fil_core.analyses.retraining.request import RetrainingRequest, retraining_of
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest

_FEWEST, _MOST = 8, 32  # runs of one part: enough to be trained together
_COMPARED = 3  # examples at least, for a correlation
_WORK = 2e13  # multiply-adds of one part, as far as that leaves so many: an interruption costs some minutes


class Drawing(Protocol):
    """What a request says about the examples that are left out one after the other."""

    @property
    def examples(self) -> int | None:
        """How many; None for all."""

    @property
    def draw_seed(self) -> int:
        """Seed of the draw."""


def check_drawn(request: Drawing, dataset: Dataset, *, least: int = _COMPARED) -> None:
    """Raises BadRequest for fewer examples than can be compared, or more than the data have."""
    if request.examples is not None and not least <= request.examples <= dataset.n:
        raise BadRequest(
            f"examples: expected at least {least} and at most the {dataset.n:,} training examples; got "
            f"{request.examples:,}."
        )


def left_out(request: Drawing, dataset: Dataset) -> tuple[int, ...]:
    """The examples that are left out one after the other, in the order of the source."""
    if request.examples in (None, dataset.n):
        return tuple(map(int, dataset.ids))
    drawn = np.random.default_rng(request.draw_seed).choice(dataset.ids, request.examples, replace=False)
    return tuple(map(int, np.sort(drawn)))


def runs_without_each(request: Any, dataset: Dataset, **fields: Any) -> list[RetrainingRequest]:
    """Runs without each of these examples, some together in a part.

    Args:
        request: an `EffectRequest` that also says which examples, see `Drawing`.
        dataset: its examples.
        fields: of `RetrainingRequest`, such as `mean`.
    """
    ids, size = left_out(request, dataset), _together(request, dataset)
    firsts = range(0, len(ids), size)
    return [retraining_of(request, without="each", ids=ids[first : first + size], **fields) for first in firsts]


def run_without_group(request: Any, **fields: Any) -> list[RetrainingRequest]:
    """The run without the group; none without one."""
    return [retraining_of(request, without="together", ids=request.group, **fields)] if request.group else []


def runs_on_subsets(request: Any, dataset: Dataset) -> list[RetrainingRequest]:
    """The runs on random subsets, some together in a part."""
    size, count = _together(request, dataset), request.subsets
    return [
        retraining_of(
            request,
            without="random",
            share=request.share,
            draws=tuple(range(first, min(first + size, count))),
            draw_seed=request.draw_seed,
        )
        for first in range(0, count, size)
    ]


def _together(request: Any, dataset: Dataset) -> int:
    """How many runs are stored together."""
    sizes = Sizes(dataset.n, dataset.d, len(dataset.class_names), lambda attribute, bins: 0)
    return int(min(_MOST, max(_FEWEST, _WORK / runs_cost(request.network, sizes, 1).operations)))
