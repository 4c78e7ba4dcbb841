"""How much work and memory a request takes, estimated from sizes alone before anything is computed."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import replace

from fil_core.analyses.analysis import Answer, Cost, Sizes
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.table import analysis_of
from fil_core.dataset import Dataset
from fil_core.engine.run import Engine
from fil_core.errors import BadRequest, FilError
from fil_core.specs import ModelRequest, Request

PER_SECOND = 2e10  # multiply-adds of two cores
_PROCESS = 1072 * 2**20  # bytes of an interpreter with torch and its libraries, and of one block; 770 to 1,000 MiB seen
_READING = 3  # copies of all features of the source as float64, before components are taken
_COPIES = 5  # of X: the features, and the arrays that a pass over blocks and a Newton step hold at the same time


def sizes_of(data: Dataset) -> Sizes:
    """The sizes that the cost of a request depends on."""

    def levels(attribute: str, bins: int | None) -> int:
        from fil_core.attacks.attribute import attribute_of

        return attribute_of(data, attribute, bins=bins).k

    pixels = 0 if data.pictures is None else data.pictures.pixels.shape[1]
    return Sizes(data.n, data.d, len(data.class_names), levels, len(data.vocabulary), pixels)


def work(request: Request, data: Dataset, engine: Engine) -> float:
    """The work that is left to do, in multiply-adds; about `PER_SECOND` of them are done per second.

    Args:
        request: the request, itself not stored.
        data: its examples.
        engine: the engine whose store may hold the model and parts of the answer.
    """
    sizes = sizes_of(data)
    return sum(analysis_of(part).cost(part, sizes).operations for part in _missing(request, data, engine, set()))


def _missing(request: Request, data: Dataset, engine: Engine, visited: set[Request]) -> list[Request]:
    """The request and those of its parts that are not stored, as far as they are known before computing."""
    visited.add(request)
    analysis = analysis_of(request)
    stored: dict[Request, Answer] = {}
    needed: list[Request] = []
    if analysis.needs == "optimum" and isinstance(request, ModelRequest):
        needed.append(FitRequest(data=request.data, model=request.model, device=request.device))
    while request.names_data:  # what parts about other data cost does not follow from the sizes of these
        try:
            parts = [part for part in analysis.parts.of(request, data, stored) if part not in stored]
        except FilError:  # computing the request will raise the same error
            parts = []
        answers = {part: answer for part in parts if (answer := engine.find(part)) is not None}
        stored |= answers
        if not answers:
            needed += parts
            break
    missing = [part for part in dict.fromkeys(needed) if part not in visited and engine.find(part) is None]
    requests = [request]
    for part in missing:
        if part not in visited:  # an earlier part may have had it as a part of its own
            requests += _missing(part, data, engine, visited)
    return requests


def memory(request: Request, data: Dataset) -> int:
    """Peak memory in bytes of a process that answers a request, an upper estimate."""
    return _peak(request, data, sizes_of(data))


def check_memory(request: Request, data: Dataset, limit: int) -> None:
    """Refuse a request that would take too much memory, naming the sizes that would fit.

    Args:
        request: the request.
        data: its examples.
        limit: bytes that a process may take, > 0.

    Raises:
        BadRequest: the estimate is above the limit.
    """
    needed, sizes = memory(request, data), sizes_of(data)
    if needed <= limit:
        return
    raise BadRequest(
        f"memory: this needs about {needed / 2**30:.1f} GiB, and a job may take {limit / 2**30:.1f} GiB. "
        + _advice(request, sizes, lambda smaller: _peak(request, data, smaller), limit)
    )


def check_time(request: Request, data: Dataset, engine: Engine, seconds: float) -> None:
    """Refuse a request that would take too long, naming the sizes that would not.

    Args:
        request: the request, itself not stored.
        data: its examples.
        engine: the engine whose store may hold the model and parts of the answer.
        seconds: how long a job may run, > 0.

    Raises:
        BadRequest: the estimate is above the limit.
    """
    limit = seconds * PER_SECOND
    missing, sizes = _missing(request, data, engine, set()), sizes_of(data)

    def total(sizes: Sizes) -> float:
        return sum(analysis_of(part).cost(part, sizes).operations for part in missing)

    needed = total(sizes)
    if needed <= limit:
        return
    raise BadRequest(
        f"time: this takes about {needed / PER_SECOND / 3600:.2g} hours on two cores, and a job may take "
        f"{seconds / 3600:.2g} (FIL_JOB_HOURS sets that when the server starts). "
        + _advice(request, sizes, total, limit)
    )


def _advice(request: Request, sizes: Sizes, needed: Callable[[Sizes], float], limit: float) -> str:
    """What to change about a request that needs more than the limit: the most rows, or features, that fit."""
    rows = _largest(lambda n: needed(replace(sizes, n=n)), sizes.n, limit)
    # Principal components would replace the attribute that the request is about.
    features = (
        0 if request.at_risk or sizes.vocabulary else _largest(lambda d: needed(replace(sizes, d=d)), sizes.d, limit)
    )
    fitting = [f"at most {rows:,} rows"] if rows else []
    if features:
        whose = "of the extractor's features" if request.source_data.features_from else "features"
        fitting.append(
            f"{'' if rows else 'at most '}{features:,} {whose} (for instance {min(features, 200)} principal components)"
        )
    if sizes.vocabulary:
        fitting.append("a smaller network, vocabulary or number of steps")
    elif not fitting:
        return "Neither fewer rows nor fewer features would be enough."
    return f"Take {', or '.join(fitting)}."


def _largest(needed: Callable[[int], float], upper: int, limit: float) -> int:
    """The largest size from 1 to `upper` that needs at most `limit`; 0 where even 1 needs more."""
    return bisect.bisect_right(range(1, upper + 1), limit, key=needed)


def _peak(request: Request, data: Dataset, sizes: Sizes) -> int:
    """`memory` for other numbers of examples and features."""
    n, d = sizes.n, sizes.d
    rows, d0 = n + len(data.X_test), data.source.shape[1]
    reading = 8 * _READING * rows * d0
    working = data.source.nbytes * n // data.n + 8 * _COPIES * rows * d + 8 * int(_values(request, sizes))
    return _PROCESS + max(reading, working)


def _values(request: Request, sizes: Sizes) -> float:
    """How many float64 numbers the model and the analysis hold at their peak."""
    cost: Cost = analysis_of(request).cost(request, sizes)
    if isinstance(request, ModelRequest) and not isinstance(request, FitRequest):
        model = FitRequest(data=request.data, model=request.model)
        cost = cost + analysis_of(model).cost(model, sizes)
    return cost.values
