"""How much work and memory a request takes, told from sizes alone, before anything is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.specs import AttributeRequest, IrfilRequest, ReconstructionRequest, ReleaseRequest
from fil_core.weightings import Irfil

if TYPE_CHECKING:
    from fil_core.engine.run import Engine, Question

PER_SECOND = 2e10  # multiply-adds of two cores
_DEFAULT_SIGMAS = 13  # of an attack's own grid
_PROCESS = 900 * 2**20  # an interpreter with torch and its libraries, and the small things
_COPIES = 5  # of X: the source, the features, and what a pass over blocks and a Newton step hold beside them
_CURVATURES = 5  # of the parameters' square: Hessian, eigenvectors, work space of the eigenproblem
_COLUMNS = 24  # of the table and its copies, an example


def work(request: Question, data: Dataset, engine: Engine) -> float:
    """Size of the work in multiply-adds; `PER_SECOND` of them make a second."""
    return _fitting(request, data) * _rounds(request, engine) + _attacking(request, data)


def memory(request: Question, data: Dataset) -> int:
    """Bytes that a process needs to answer a request at its peak, rather too many than too few."""
    n, d = data.n, data.d
    size = d * max(1, len(data.class_names)) if request.model.kind == "softmax" else d
    rows = 8 * (_COPIES * (n + len(data.X_test)) * d + _COLUMNS * n)
    source = data.source.nbytes
    return int(_PROCESS + rows + source + 8 * _CURVATURES * size**2 + 8 * _attack_values(request, data))


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
    share = limit / needed
    fits = max(1, int(data.d * share**0.5 * 0.9))
    raise BadRequest(
        f"memory: this needs about {needed / 2**30:.1f} GiB, and a job may take {limit / 2**30:.1f} GiB. Take "
        "at most about "
        f"{fits:,} features (for instance {min(fits, 200)} principal components), or "
        f"{max(1, int(data.n * share * 0.9)):,} rows."
    )


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


def _attack_values(request: Question, data: Dataset) -> float:
    """Numbers that an attack keeps beside the model."""
    attack = _attack_of(request) if isinstance(request, ReleaseRequest) else request
    if isinstance(attack, AttributeRequest):
        k, sigmas = _levels(attack, data), len(attack.sigmas) or _DEFAULT_SIGMAS
        ideal = (data.d * k) ** 2 if "ideal" in attack.attackers else 0.0
        return data.n * (k * k + 4 * len(attack.attackers) * sigmas) + ideal
    return 6.0 * data.d**2 if isinstance(attack, ReconstructionRequest) else 0.0


def _fitting(request: Question, data: Dataset) -> float:
    """Gram matrices, one factorisation, and the measures of everyone."""
    n, d, C = data.n, data.d, max(1, len(data.class_names))
    if request.model.kind == "softmax":
        return 6 * n * d * d * C * C + 10.0 * (C * d) ** 3 + 20.0 * n * (d + C) ** 3
    steps = {"least-squares": 1, "logistic": 8}[request.model.kind]
    return (1 + steps) * n * d * d + 10.0 * d**3 + 200.0 * n * d
