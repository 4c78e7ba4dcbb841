"""How much work and memory a request takes, told from sizes alone, before anything is computed."""

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
_PROCESS = 960 * 2**20  # an interpreter with torch and its libraries, and what is done by blocks of examples
_READING = 3  # copies of all features of the source as float64, before components are taken
_COPIES = 5  # of X: the features, and what a pass over blocks and a Newton step hold beside them


def sizes_of(data: Dataset) -> Sizes:
    """What the cost of a request follows from."""

    def levels(attribute: str, bins: int | None) -> int:
        from fil_core.attacks.attribute import attribute_of

        return attribute_of(data, attribute, bins=bins).k

    return Sizes(data.n, data.d, len(data.class_names), levels)


def work(request: Request, data: Dataset, engine: Engine) -> float:
    """Size of what is left to do in multiply-adds; `PER_SECOND` of them make a second.

    Args:
        request: the question, itself not stored.
        data: its examples.
        engine: whose store may hold the model and parts of the answer.
    """
    return sum(analysis_of(one).cost(one, sizes_of(data)).operations for one in _missing(request, data, engine, {}))


def _missing(request: Request, data: Dataset, engine: Engine, seen: dict[Request, bool]) -> list[Request]:
    """The request, and what it is made of that is not stored, as far as that can be told."""
    seen[request] = True
    analysis = analysis_of(request)
    stored: dict[Request, Answer] = {}
    wanted: list[Request] = []
    if analysis.needs == "optimum" and isinstance(request, ModelRequest):
        wanted.append(FitRequest(data=request.data, model=request.model, device=request.device))
    while True:
        try:
            named = [part for part in analysis.parts.of(request, data, stored) if part not in stored]
        except FilError:  # it will be refused with these words when it is asked
            named = []
        found = {part: answer for part in named if (answer := engine.find(part)) is not None}
        stored |= found
        if not found:
            wanted += named
            break
    missing = [one for one in dict.fromkeys(wanted) if one not in seen and engine.find(one) is None]
    return [request, *(each for one in missing if one not in seen for each in _missing(one, data, engine, seen))]


def memory(request: Request, data: Dataset) -> int:
    """Bytes that a process needs to answer a request at its peak, rather too many than too few."""
    return _peak(request, data, sizes_of(data))


def check_memory(request: Request, data: Dataset, limit: int) -> None:
    """Refuse what cannot fit, with what would.

    Args:
        request: the question.
        data: its examples.
        limit: bytes that a process may take.

    Raises:
        BadRequest: the estimate is above the limit.
    """
    needed, sizes = memory(request, data), sizes_of(data)
    if needed <= limit:
        return
    rows = most(lambda n: _peak(request, data, replace(sizes, n=n)), data.n, limit)
    # Principal components leave no attribute to be after.
    features = 0 if request.at_risk else most(lambda d: _peak(request, data, replace(sizes, d=d)), data.d, limit)
    fits = [f"{rows:,} rows"] if rows else []
    if features:
        fits.append(f"{features:,} features (for instance {min(features, 200)} principal components)")
    raise BadRequest(
        f"memory: this needs about {needed / 2**30:.1f} GiB, and a job may take {limit / 2**30:.1f} GiB. "
        + (f"Take at most {', or '.join(fits)}." if fits else "Neither fewer rows nor fewer features would do.")
    )


def check_time(request: Request, data: Dataset, engine: Engine, seconds: float) -> None:
    """Refuse what cannot end in time, with what would.

    Args:
        request: the question, itself not stored.
        data: its examples.
        engine: whose store may hold the model and parts of the answer.
        seconds: how long a job may run.

    Raises:
        BadRequest: the estimate is above the limit.
    """
    limit = seconds * PER_SECOND
    pieces, sizes = _missing(request, data, engine, {}), sizes_of(data)

    def total(found: Sizes) -> float:
        return sum(analysis_of(one).cost(one, found).operations for one in pieces)

    needed = total(sizes)
    if needed <= limit:
        return
    rows = most(lambda n: total(replace(sizes, n=n)), data.n, limit)
    features = 0 if request.at_risk else most(lambda d: total(replace(sizes, d=d)), data.d, limit)
    fits = [f"{rows:,} rows"] if rows else []
    if features:
        fits.append(f"{features:,} features (for instance {min(features, 200)} principal components)")
    raise BadRequest(
        f"time: this takes about {needed / PER_SECOND / 3600:.2g} hours on two cores, and a job may take "
        f"{seconds / 3600:.2g} (FIL_JOB_HOURS sets that when the server starts). "
        + (f"Take at most {', or '.join(fits)}." if fits else "Neither fewer rows nor fewer features would do.")
    )


def most(needed: Callable[[int], float], upper: int, limit: float) -> int:
    """The largest size, up to `upper`, that needs no more than the limit; 0 for none."""
    return bisect.bisect_right(range(1, upper + 1), limit, key=needed)


def _peak(request: Request, data: Dataset, sizes: Sizes) -> int:
    """`memory` if there were examples of these sizes."""
    n, d = sizes.n, sizes.d
    rows, d0 = n + len(data.X_test), data.source.shape[1]
    reading = 8 * _READING * rows * d0
    working = data.source.nbytes * n // data.n + 8 * _COPIES * rows * d + 8 * int(_values(request, sizes))
    return _PROCESS + max(reading, working)


def _values(request: Request, sizes: Sizes) -> float:
    """Numbers that the model and the analysis keep at their peak."""
    cost: Cost = analysis_of(request).cost(request, sizes)
    if isinstance(request, ModelRequest) and not isinstance(request, FitRequest):
        model = FitRequest(data=request.data, model=request.model)
        cost = cost + analysis_of(model).cost(model, sizes)
    return cost.values
