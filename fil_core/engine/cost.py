"""How much work and memory a request takes, told from sizes alone, before anything is computed."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import TYPE_CHECKING

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.specs import AttributeRequest, IrfilRequest, ReconstructionRequest, ReleaseRequest
from fil_core.specs.weights import Irfil

if TYPE_CHECKING:
    from fil_core.engine.run import Engine, Question

PER_SECOND = 2e10  # multiply-adds of two cores
_DEFAULT_SIGMAS = 13  # of an attack's own grid
_PROCESS = 960 * 2**20  # an interpreter with torch and its libraries, and what is done by blocks of examples
_READING = 3  # copies of all features of the source as float64, before components are taken
_COPIES = 5  # of X: the features, and what a pass over blocks and a Newton step hold beside them
_CURVATURES = 5  # of the parameters' square: Hessian, eigenvectors, work space of the eigenproblem
_BLOCK = 2**23  # values in a block of examples under softmax (`leakage.fil`), of which some are held at once
_BLOCKS = 6
_COLUMNS = 24  # of the table and its copies, an example


def work(request: Question, data: Dataset, engine: Engine) -> float:
    """Size of the work in multiply-adds; `PER_SECOND` of them make a second."""
    return _fitting(request, data) * _rounds(request, engine) + _attacking(request, data)


def memory(request: Question, data: Dataset) -> int:
    """Bytes that a process needs to answer a request at its peak, rather too many than too few."""
    return _peak(request, data, n=data.n, d=data.d)


def check_memory(request: Question, data: Dataset, limit: int) -> None:
    """Refuse what cannot fit, with what would.

    Args:
        request: what is asked.
        data: its examples.
        limit: bytes that a process may take.

    Raises:
        BadRequest: the estimate is above the limit.
    """
    needed = memory(request, data)
    if needed <= limit:
        return
    rows = _most(lambda n: _peak(request, data, n=n, d=data.d), data.n, limit)
    # Principal components leave no attribute to be after.
    features = 0 if _attribute(request) else _most(lambda d: _peak(request, data, n=data.n, d=d), data.d, limit)
    fits = [f"{rows:,} rows"] if rows else []
    if features:
        fits.append(f"{features:,} features (for instance {min(features, 200)} principal components)")
    raise BadRequest(
        f"memory: this needs about {needed / 2**30:.1f} GiB, and a job may take {limit / 2**30:.1f} GiB. "
        + (f"Take at most {', or '.join(fits)}." if fits else "Neither fewer rows nor fewer features would do.")
    )


def _attribute(request: Question) -> object:
    """What of the examples an attacker is after, where that is not all."""
    return None if isinstance(request, ReconstructionRequest | IrfilRequest) else getattr(request, "attribute", None)


def _most(needed: Callable[[int], int], upper: int, limit: int) -> int:
    """The largest size, up to `upper`, that needs no more than the limit; 0 for none."""
    return bisect.bisect_right(range(1, upper + 1), limit, key=needed)


def _peak(request: Question, data: Dataset, *, n: int, d: int) -> int:
    """`memory` if there were n examples with d features."""
    C = max(1, len(data.class_names)) if request.model.kind == "softmax" else 1
    blocks = min(_BLOCK, n * ((d + C) ** 2 + C * C * d)) if C > 1 else 0
    rows, d0 = n + len(data.X_test), data.source.shape[1]
    reading = 8 * _READING * rows * d0
    working = data.source.nbytes * n // data.n + 8 * (_COPIES * rows * d + _COLUMNS * n)
    working += 8 * (_CURVATURES * (C * d) ** 2 + _BLOCKS * blocks) + 8 * int(_attack_values(request, data, n=n, d=d))
    return _PROCESS + max(reading, working)


def _rounds(request: Question, engine: Engine) -> int:
    """How many models are trained and measured on the way."""
    if isinstance(request, IrfilRequest):
        return 1 + request.weights.iterations
    how = request.model.weights
    if how is None:
        return 1
    if not isinstance(how, Irfil):
        return 2
    base = request.model.equally_weighted
    reweighting = IrfilRequest(data=request.data, model=base, weights=how, device=request.device)
    return 1 if engine.find(reweighting) else 2 + how.iterations


def _attacking(request: Question, data: Dataset) -> float:
    if isinstance(request, ReleaseRequest):
        attack = _attack_of(request)
        return _attacking(attack, data) if attack else 0.0
    if isinstance(request, AttributeRequest):
        return _inferring(request, data)
    return _reconstructing(request, data) if isinstance(request, ReconstructionRequest) else 0.0


def _attack_of(release: ReleaseRequest) -> AttributeRequest | ReconstructionRequest | None:
    """The attack that a release runs, as a request of its own."""
    common = {"data": release.data, "model": release.model, "sigmas": (release.sigma,), "trials": release.trials}
    if release.attribute:
        return AttributeRequest(attribute=release.attribute, attackers=("whitebox",), **common)  # type: ignore[arg-type]
    return ReconstructionRequest(ids=release.ids, **common) if release.ids else None  # type: ignore[arg-type]


def _levels(request: AttributeRequest, data: Dataset) -> int:
    from fil_core.attacks.attribute import attribute_of

    return attribute_of(data, request.attribute, bins=request.bins).k


def _inferring(request: AttributeRequest, data: Dataset) -> float:
    """Trials of every attacker, the ideal one's training, and for logistic models passes over the data by candidate."""
    n, d, k = data.n, data.d, _levels(request, data)
    trials = 15.0 * n * k * request.trials * (len(request.sigmas) or _DEFAULT_SIGMAS) * len(request.attackers)
    ideal = 10.0 * n * (d * k) ** 2 if "ideal" in request.attackers else 0.0
    return trials + ideal + (20.0 * n * n * d * (k - 1) if request.model.kind == "logistic" else 0.0)


def _reconstructing(request: ReconstructionRequest, data: Dataset) -> float:
    """Two eigenproblems an example, and an integral for each release."""
    releases = request.trials * (len(request.sigmas) or _DEFAULT_SIGMAS)
    rounds = 3 if request.model.kind == "logistic" else 1
    return len(request.ids) * (20.0 * data.d**3 + rounds * releases * data.d * (1e5 + data.n))


def _attack_values(request: Question, data: Dataset, *, n: int, d: int) -> float:
    """Numbers that an attack keeps beside the model."""
    attack = _attack_of(request) if isinstance(request, ReleaseRequest) else request
    if isinstance(attack, AttributeRequest):
        k, sigmas = _levels(attack, data), len(attack.sigmas) or _DEFAULT_SIGMAS
        ideal = (d * k) ** 2 if "ideal" in attack.attackers else 0.0
        return n * (k * k + 4 * len(attack.attackers) * sigmas) + ideal
    return 6.0 * d**2 if isinstance(attack, ReconstructionRequest) else 0.0


def _fitting(request: Question, data: Dataset) -> float:
    """Gram matrices, one factorisation, and the measures of everyone."""
    n, d, C = data.n, data.d, max(1, len(data.class_names))
    if request.model.kind == "softmax":
        return 6 * n * d * d * C * C + 10.0 * (C * d) ** 3 + 20.0 * n * (d + C) ** 3
    steps = {"least-squares": 1, "logistic": 8}[request.model.kind]
    return (1 + steps) * n * d * d + 10.0 * d**3 + 200.0 * n * d
