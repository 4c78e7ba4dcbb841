"""Unique information of every example: the kernel, one factorisation, and what follows from it."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import problem_of
from fil_core.analyses.planted import detection
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.analyses.unique_information.times import grid
from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.influence.descent import Descent, descent
from fil_core.influence.kernels import DerivativesTooLarge, Kernels, Mode, free_memory, kernels
from fil_core.influence.unique import UniqueInformation, unique_information
from fil_core.models.fitted import device_of
from fil_core.models.networks.inputs import outputs_of, score_name, shape_of, validation_rows
from fil_core.models.networks.problem import Problem, score
from fil_core.models.networks.training import outputs_at, trainable
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import EffectRequest

MEASURES = ("si_weights", "f_si", "si_sgd", "training_change")
BY_TIME, OF_LOSS = ("si_weights", "f_si", "training_change"), ("loss", "grad_norm")
_MATRICES = 5  # of the kernel's size: itself, its eigenvectors, and what finding them takes
_LARGEST = 1e60  # of outputs and kernel: powers of them are finite in float64
_LARGEST_CHANGES = 2**26  # bytes of the changes of single predictions that are kept


def check_effect(request: EffectRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a network, examples or validation rows that the data do not have."""
    shape_of(request.network, dataset)
    validation_rows(dataset, request.validation_size)
    if dataset.n < 3:
        raise BadData(f"training rows: expected at least three, of which one is left out; got {dataset.n}.")


def check(request: UniqueInfoRequest, dataset: Dataset) -> None:
    """As `check_effect`; the examples that are named must be there too."""
    check_effect(request, dataset)
    if dataset.vocabulary:
        raise BadRequest(
            "network: expected one whose outputs for an example are a few numbers, since unique information compares "
            f"them; {request.network.kind} puts out {len(dataset.vocabulary):,} for every token. Take data of features."
        )
    if request.network.batch is not None:
        raise BadRequest(
            f"batch_size: expected steps that take all examples, which the linearised network is about; got steps of "
            f"{request.network.batch:,}. Leave it out."
        )
    _check_room(request, dataset)
    for id in (*request.group, *(() if request.pairs_with is None else (request.pairs_with,))):
        dataset.row(id)
    if len(request.group) >= dataset.n - 1:
        raise BadRequest(
            f"group: expected at most {dataset.n - 2:,} of the {dataset.n:,} training examples; "
            f"got {len(request.group):,}."
        )


def _check_room(request: UniqueInfoRequest, dataset: Dataset) -> None:
    """Refuse more outputs than can be factorised, before hours of training: the eigenvalue problem needs most."""
    k = outputs_of(dataset)
    m = validation_rows(dataset, request.validation_size)

    def needed(n: int) -> float:
        return 8.0 * n * k * (_MATRICES * n * k + m * k)

    room = free_memory(device_of(request.device))
    if needed(dataset.n) > room:
        fits = bisect.bisect_right([needed(n) for n in range(1, dataset.n + 1)], room)
        raise BadRequest(
            f"memory: factorising the kernel of {dataset.n:,} training examples with {k} output{'s' if k > 1 else ''} "
            f"takes {needed(dataset.n) / 2**30:.0f} GiB, and there is room for {room / 2**30:.0f}. Take at most "
            f"{fits:,} of them (--subset), or fewer classes."
        )


@dataclass(frozen=True, slots=True)
class Linearised:
    """The network linearised at its start, factorised for all that is asked.

    Attributes:
        problem: network and examples.
        kernels: of training and validation outputs.
        descent: its training.
        start: (n, k) and (m, k) outputs of training and validation examples at the start.
    """

    problem: Problem
    kernels: Kernels
    descent: Descent
    start: tuple[Tensor, Tensor]


def linearised(request: UniqueInfoRequest, inputs: Inputs, progress: Progress | None = None) -> Linearised:
    """Compute the kernel of a request and factorise it."""
    at, spec = problem_of(request, inputs), request.network
    X_val = at.X_test[: validation_rows(inputs.dataset, request.validation_size)]
    found = kernels_of(request, at, X_val, progress)
    weights = trainable(at.module)
    start = tuple(outputs_at(at.module, weights, X).double() for X in (at.X, X_val))
    _check_finite(found.train, found.cross, *start)
    if progress:
        progress(0, None, "factorising the kernel")
    factorised = descent(found.train, start[0] - at.Y.double(), lr=spec.lr, l2=spec.l2)
    return Linearised(at, found, factorised, (start[0], start[1]))


def _check_finite(*numbers: Tensor) -> None:
    """Refuse what has overflowed; squares of what is left must not overflow either."""
    largest = max(float(each.abs().max()) for each in numbers if each.numel())
    if not largest <= _LARGEST:  # not a number, either
        raise BadRequest(
            f"initial: expected a start whose outputs and kernel are at most {_LARGEST:g} in size; got {largest:g}. "
            "Scale the weights or the data down."
        )


def kernels_of(request: UniqueInfoRequest, at: Problem, X_val: Tensor, progress: Progress | None = None) -> Kernels:
    """The kernels in the mode that is asked; `auto` is exact where that fits in memory, else projected.

    Raises:
        BadRequest: they do not fit.
    """

    def computed(mode: Mode) -> Kernels:
        return kernels(at.module, at.X, X_val, mode=mode, seed=request.kernel_seed, progress=progress)

    if request.tangent_kernel != "auto":
        return computed(cast(Mode, request.tangent_kernel))
    try:
        return computed("exact")
    except DerivativesTooLarge:
        return computed("projected")  # the result says so


def run(request: UniqueInfoRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Unique information of every example, at the last step and at times before it.

    The arrays hold `times` (T,), -1 for infinitely many, and by time (T, n) `loss`, `grad_norm` and each measure but
    `si_sgd`; `prediction_changes` (n, m k), how leaving each example out changes every validation output at the last
    step, unless they are too many; and `validation_outputs` (m, k) of the linearised network.

    Args:
        request: network, training, kernel, and groups.
        inputs: the data, uploaded weights, and the real run of training where the time is finite.
        progress: called with (done, total, what).
    """
    at, data = linearised(request, inputs, progress), inputs.dataset
    times, D = grid(request.network.steps), at.descent
    if progress:
        progress(0, None, "leaving every example out")
    alone = torch.arange(data.n, device=D.values.device)[:, None]
    found = unique_information(D, at.kernels.cross, alone, times, batch=request.batch)
    by_time = {name: getattr(found, name).cpu().numpy() for name in BY_TIME} | _of_residuals(at, times)
    last = {name: values[-1] for name, values in by_time.items()} | {"si_sgd": found.si_sgd.cpu().numpy()}
    columns: dict[str, Any] = {"label": data.labels, **{name: last[name] for name in (*MEASURES, *OF_LOSS)}}
    columns |= {} if data.flipped is None else {"replaced": data.flipped}
    columns |= _pairs(request, at, data, times[-1], last)
    table = pd.DataFrame(columns, index=pd.Index(data.ids, name="id"))
    arrays = {"times": np.array([-1 if t is None else t for t in times])}
    arrays |= {f"{name}_by_time": values for name, values in by_time.items()}
    arrays |= _outputs(at, alone, times[-1])
    summary = _summary(at, data, found) | _detection(data, table) | _real(request, inputs, at, arrays)
    summary |= _together(request, at, data, times[-1], last)
    return Result(table, arrays, summary, {"warnings": _warnings(summary), "dtype": request.network.precision})


def _of_residuals(at: Linearised, times: list[int | None]) -> dict[str, np.ndarray]:
    """Loss and gradient norm of each example in the linearised network by time, (T, n)."""
    n, k = at.descent.n, at.descent.k
    rows = torch.arange(n * k, device=at.kernels.train.device).view(n, k)
    own = at.kernels.train[rows[:, :, None], rows[:, None, :]]  # (n, k, k)
    residuals = torch.stack([at.descent.residuals(t) for t in times])
    squared = torch.einsum("tia,iab,tib->ti", residuals, own, residuals).clamp_min(0)
    return {"loss": residuals.square().sum(-1).div(2).cpu().numpy(), "grad_norm": squared.sqrt().cpu().numpy()}


def _outputs(at: Linearised, alone: Tensor, last: int | None) -> dict[str, np.ndarray]:
    """Outputs of the linearised network on the validation set, and how they change without each example."""
    dual, to_validation = at.descent.dual(last), at.kernels.cross @ at.descent.vectors
    moved = (to_validation @ dual).view_as(at.start[1])
    found = {"validation_outputs": (at.start[1] + moved).cpu().numpy(), "validation_moved": moved.cpu().numpy()}
    if 8 * len(alone) * len(to_validation) <= _LARGEST_CHANGES:
        changes = at.descent.changes(alone, [last])[0] @ to_validation.mT
        found["prediction_changes"] = changes.cpu().numpy()
    return found


def _pairs(
    request: UniqueInfoRequest, at: Linearised, data: Dataset, last: int | None, alone: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Interaction of every example with one of them, SI(ij) - SI(i) - SI(j); NaN for itself."""
    if request.pairs_with is None:
        return {}
    row = data.row(request.pairs_with)
    others = np.delete(np.arange(data.n), row)
    groups = torch.from_numpy(np.stack([others, np.full(len(others), row)], 1)).to(at.descent.values.device)
    found = unique_information(at.descent, at.kernels.cross, groups, [last], batch=request.batch)
    columns = {}
    for name, of in (("interaction_weights", "si_weights"), ("interaction_predictions", "f_si")):
        together = getattr(found, of)[0].cpu().numpy()
        columns[name] = np.insert(together - alone[of][others] - alone[of][row], row, np.nan)
    return columns


def _together(
    request: UniqueInfoRequest, at: Linearised, data: Dataset, last: int | None, alone: dict[str, np.ndarray]
) -> dict[str, Any]:
    """Unique information of the group, beside the sum over its examples."""
    if not request.group:
        return {}
    rows = [data.row(id) for id in request.group]
    groups = torch.tensor([rows], device=at.descent.values.device)
    found = unique_information(at.descent, at.kernels.cross, groups, [last], batch=request.batch)
    measures = {name: float(getattr(found, name).flatten()[0]) for name in MEASURES}
    return {"group": measures | {f"{name}_sum": float(alone[name][rows].sum()) for name in MEASURES}}


def _summary(at: Linearised, data: Dataset, found: UniqueInformation) -> dict[str, Any]:
    D, kernel = at.descent, at.kernels
    return {
        "n": data.n,
        "d": data.d,
        "validation": len(at.start[1]),
        "classes": len(data.class_names),
        "score": score_name(data),
        "parameters": kernel.parameters,
        "outputs": D.k,
        "kernel": kernel.mode,
        "coordinates": kernel.coordinates,
        "kernel_condition": D.kernel_condition,
        "linear_step_eigenvalue": D.step_eigenvalue,
        "step_eigenvalue": D.step_eigenvalue,
        "monotone": None,
        "sgd_directions": found.sgd_directions,
        "directions": len(D.values),
    }


def _detection(data: Dataset, table: pd.DataFrame) -> dict[str, Any]:
    """How well each measure finds planted label noise, beside chance."""
    return detection(data, {name: table[name] for name in (*MEASURES, *OF_LOSS) if np.isfinite(table[name]).all()})


def _real(request: UniqueInfoRequest, inputs: Inputs, at: Linearised, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """What the real run of training was like, and how far from it the linearised network ends."""
    if request.network.steps is None:
        return {}
    result = inputs.part(training_run(request))
    real = result.arrays["end_test"][: len(arrays["validation_outputs"])]
    moved = np.linalg.norm(real - at.start[1].cpu().numpy())
    distance = np.linalg.norm(real - arrays["validation_outputs"]) / moved if moved > 0 else 0.0
    linear = torch.from_numpy(arrays["validation_outputs"])
    Y = at.problem.Y_test[: len(linear)].double().cpu()
    taken = ("monotone", "rises", "step_eigenvalue", "train_score", "test_score", "loss_start", "loss_end", "steps")
    return {name: result.summary[name] for name in taken} | {
        "linear_distance": float(distance),
        "linear_validation_score": score(linear, Y, at.problem.classes),
        "validation_score": score(torch.from_numpy(real), Y, at.problem.classes),
    }


def _warnings(summary: dict[str, Any]) -> list[str]:
    told = []
    if summary["kernel"] in ("subsampled", "projected"):
        told.append(
            f"The kernel is approximate: {summary['kernel']}, {summary['coordinates']:,} coordinates for "
            f"{summary['parameters']:,} weights."
        )
    if not summary["sgd_directions"]:
        told.append(
            "si_sgd is not defined: every example is fitted exactly, and stochastic descent has no noise there."
        )
    elif summary["sgd_directions"] < summary["directions"]:
        told.append(
            f"si_sgd counts the {summary['sgd_directions']:,} of {summary['directions']:,} directions in which "
            "stochastic descent has noise beyond rounding; it is a lower bound."
        )
    return told
