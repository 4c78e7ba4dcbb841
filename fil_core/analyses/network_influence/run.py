"""Influence of the training examples of a network: at the end of training, or through the whole run of it."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.influence.outcome import Truth, compared, predicted
from fil_core.analyses.influence.request import without_truth
from fil_core.analyses.influence.run import check_names
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import check_network, order_of, problem_of, weights_of
from fil_core.analyses.network_influence.parts import removals, runs_without_sections
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest
from fil_core.analyses.retraining.plan import left_out, run_without_group, runs_on_subsets, runs_without_each
from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.influence import curvatures, sample_space
from fil_core.influence.asked import Asked
from fil_core.influence.influences import Influences
from fil_core.influence.kernels import free_memory, kernels
from fil_core.influence.metagradient import Training, metagradient
from fil_core.influence.point import Own, Point
from fil_core.influence.targets import Target, rows_meant, target_of
from fil_core.influence.tracin import Checkpoint, tracin
from fil_core.models.networks.losses import of_tokens
from fil_core.models.networks.problem import Problem
from fil_core.models.networks.training import Weights
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import NetworkSpec

_GRADIENTS = 2e9  # numbers in the gradients of all examples at all checkpoints, beyond which none is formed by itself
_SHARE = 4  # of the free memory that gradients and matrices of weights may take
_MATRICES = 4  # of p x p that factorising one takes
_OUTPUTS = 8_000  # of all training examples, up to which sample space is factorised


def check(request: NetworkInfluenceRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a network, target or examples that the data do not have, or a wrong solver."""
    check_network(request, dataset)
    _check_solver(request, squared=not dataset.vocabulary)
    if dataset.n < 3:
        raise BadData(f"training rows: expected at least three, of which one is left out; got {dataset.n}.")
    target_of(request.target, dataset, rows_meant(request.target, dataset, request.validation_size))
    check_names(request, dataset)
    if request.sections and dataset.sections is None:
        raise BadRequest(
            "sections: expected text in groups of lines, separated by blank lines or told by --group-lines; "
            f"{dataset.title} has none."
        )
    if request.sections and request.truth and dataset.sections is not None and np.ptp(dataset.sections) == 0:
        raise BadRequest(
            f"sections: expected training rows of at least two groups of lines, so that one can be left out; those of "
            f"{dataset.title} are one. Without --truth its influence is told."
        )


def _check_solver(request: NetworkInfluenceRequest, *, squared: bool) -> None:
    if request.solver != "sample-space" or request.curvature not in ("hessian", "ggn"):
        return
    if request.curvature == "hessian" or not squared:
        raise BadRequest(
            f"solver: expected auto, direct or krylov for the curvature {request.curvature} of {request.network.kind}; "
            "got sample-space, which is for the Gauss-Newton matrix of a squared error and the empirical Fisher matrix."
        )


def run(request: NetworkInfluenceRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Influence of every example on the target; with the truth, what training without them really changes.

    Args:
        request: curvature, damping, target and truth.
        inputs: the data, the run of training, and what the truth needs.
        progress: called with (done, total, what).
    """
    data, full = inputs.dataset, inputs.part(training_run(request))
    target = target_of(request.target, data, rows_meant(request.target, data, request.validation_size))
    if request.truth:
        alone = inputs.part(without_truth(request))
        return compared(request, alone, _truth(request, inputs, full, target, alone))
    at = problem_of(request, inputs)
    weights = weights_of(full, at.X.device)
    found = _found(request, at, weights, target, progress)
    if at.text and found.tokens is None and found.direction is not None:
        point = Point(at.module, weights, at.X, at.Y, at.losses)
        found = dataclasses.replace(found, tokens=point.token_products(found.direction.to(at.X.dtype)).double())
    summary = {name: full.summary[name] for name in _OF_TRAINING if name in full.summary}
    result = predicted(request, data, found, full.arrays["train_losses"], summary)
    result.provenance["dtype"] = request.network.precision
    return result


_OF_TRAINING = (
    "score", "train_score", "test_score", "parameters", "steps", "batch", "monotone", "rises", "step_eigenvalue",
    "loss_start", "loss_end",
)  # fmt: skip


def _found(
    request: NetworkInfluenceRequest, at: Problem, weights: Weights, target: Target | None, progress: Progress | None
) -> Influences:
    point = Point(at.module, weights, at.X, at.Y, at.losses)
    rows = None if target is None else _rows(at, target)
    if request.curvature == "metagradient":
        return _unrolled(request, at, rows, progress)
    aimed = None if rows is None else point.mean_gradient(*rows)
    asked = Asked(point, aimed, request.network.l2, request.damping, progress)
    methods: dict[str, Callable[[], Influences]] = {
        "hessian": lambda: _of_curvature(request, at, asked, rows, "hessian"),
        "ggn": lambda: _of_curvature(request, at, asked, rows, "ggn"),
        "empirical-fisher": lambda: sample_space.of_empirical_fisher(asked, [slice(0, point.p)], most=_room(at)),
        "empirical-fisher-block": lambda: sample_space.of_empirical_fisher(asked, point.layers(), most=_room(at)),
        "diagonal": lambda: curvatures.of_diagonal(asked),
        "identity": lambda: curvatures.of_identity(asked),
        "tracin": lambda: _traced(request, at, rows, progress),
    }
    return methods[request.curvature]()


def _rows(at: Problem, target: Target) -> tuple[Tensor, Tensor]:
    """Inputs and targets of the examples whose mean loss is meant."""
    positions = torch.from_numpy(np.asarray(target.rows)).to(at.X.device)
    X, Y = (at.X, at.Y) if target.split == "train" else (at.X_test, at.Y_test)
    return X[positions], Y[positions]


def _room(at: Problem) -> int:
    return int(free_memory(at.X.device) / _SHARE)


def _of_curvature(
    request: NetworkInfluenceRequest, at: Problem, asked: Asked, rows: tuple[Tensor, Tensor] | None, kind: Own
) -> Influences:
    """By the Hessian or the Gauss-Newton matrix, solved as asked or as size lets it.

    Raises:
        BadRequest: the solver that is asked for does not fit.
    """
    p, outputs = asked.point.p, at.Y.numel()
    squared = not at.text and kind == "ggn"
    solver = request.solver
    if solver == "auto":
        small = p <= curvatures.DENSE
        solver = "sample-space" if squared and outputs <= _OUTPUTS and (not small or outputs < p) else ""
        solver = solver or ("direct" if small else "krylov")
    if solver == "sample-space":
        return _by_outputs(at, asked, rows)
    if solver == "krylov":
        return curvatures.of_products(asked, kind)
    needed = 8.0 * _MATRICES * p * p
    if needed > (room := _SHARE * _room(at)):
        raise BadRequest(
            f"solver: a matrix of all {p:,} weights takes {needed / 2**30:.0f} GiB to factorise, and there is room for "
            f"{room / 2**30:.0f}. Take --solver krylov{', or sample-space' if squared else ''}."
        )
    return curvatures.of_matrix(asked, kind)


def _by_outputs(at: Problem, asked: Asked, rows: tuple[Tensor, Tensor] | None) -> Influences:
    """By the Gauss-Newton matrix in sample space, from inner products of the derivatives of outputs."""
    module = trained(at.module, asked.point.weights)
    X, Y = (at.X[:0], at.Y[:0]) if rows is None else rows
    found = kernels(module, at.X, X, progress=asked.progress)
    with torch.no_grad():
        residuals = (module(at.X) - at.Y).double()
        towards = None
        if rows is not None:
            towards = found.cross.T @ (module(X) - Y).double().flatten() / len(X)
    return sample_space.of_outputs(asked, found.train, towards, residuals)


def trained(module: nn.Module, weights: Weights) -> nn.Module:
    """A copy of a network with other weights."""
    copied = copy.deepcopy(module)
    with torch.no_grad():
        for name, parameter in copied.named_parameters():
            parameter.copy_(weights[name])
    return copied


def training_of(spec: NetworkSpec, at: Problem) -> Training:
    """The run of training of a network, to be made again step by step.

    Args:
        spec: with a finite number of steps.
        at: its network at the start, and its examples.
    """
    assert spec.steps is not None
    order = order_of(spec, len(at.X))
    return Training(at.module, at.X, at.Y, at.losses, at.step, spec.l2, spec.steps, order)


def _unrolled(
    request: NetworkInfluenceRequest, at: Problem, rows: tuple[Tensor, Tensor] | None, progress: Progress | None
) -> Influences:
    """Metagradients of the target's loss, or of the loss of each example itself."""

    def adjoints(weights: Weights) -> Weights:
        point = Point(at.module, weights, at.X, at.Y, at.losses)
        each = [point.mean_gradient(*rows)[None]] if rows is not None else list(point.gradients(at.X, at.Y))
        return point.named(torch.cat(each))

    terms = of_tokens if at.text and rows is not None else None
    found = metagradient(training_of(request.network, at), adjoints, terms=terms, progress=progress)
    tokens = None if terms is None else torch.where(at.Y >= 0, found[..., 0], torch.nan)
    alone = found[..., 0] if tokens is None else found[..., 0].sum(1)
    influence = found.diagonal() if rows is None else alone
    own = influence if rows is None else None
    return Influences(influence, influence, own, [request.damping], influence[None], "unrolled", tokens=tokens)


def _traced(
    request: NetworkInfluenceRequest, at: Problem, rows: tuple[Tensor, Tensor] | None, progress: Progress | None
) -> Influences:
    """TracIn over checkpoints of the run."""
    training = training_of(request.network, at)
    marks = np.linspace(0, training.steps, request.checkpoints + 1).round().astype(int)[1:]
    passed = training.passed(sorted(set(marks.tolist())), progress=progress)
    numbers = len(at.X) * sum(parameter.numel() for parameter in at.module.parameters()) * len(marks)
    found = tracin(
        at.module, at.losses, (Checkpoint(weights, training.lr) for weights in passed), at.X, at.Y, rows,
        alone=numbers <= _GRADIENTS, by_token=at.text and rows is not None,
    )  # fmt: skip
    told = (found.influence, found.influence, found.self_influence)
    return Influences(*told, [request.damping], found.influence[None], "none", tokens=found.tokens)


def _truth(
    request: NetworkInfluenceRequest, inputs: Inputs, full: Result, target: Target | None, alone: Result
) -> Truth:
    """What training without examples changes of the target's loss."""
    data, rows = inputs.dataset, [inputs.dataset.row(id) for id in left_out(request, inputs.dataset)]

    def changes(part: Result) -> np.ndarray:
        """Of each run of a part; for `self` of each run's own example."""
        split = "train" if target is None else target.split
        moved = (
            part.arrays[f"{split}_losses"] - full.arrays[f"{split}_losses"][: part.arrays[f"{split}_losses"].shape[1]]
        )
        if target is None:
            return moved[np.arange(len(moved)), [data.row(int(id)) for id in part.table.index]]
        return moved[:, target.rows].mean(1)

    rounding = _rounding(request, full, target)
    each = np.full(data.n, np.nan)
    runs = [changes(inputs.part(part)) for part in runs_without_each(request, data, mean="all")]
    each[rows] = np.concatenate(runs)
    lengths = data.y if data.vocabulary else None
    if target is None:
        return Truth(each, lengths=lengths, rounding=rounding)
    group = [float(changes(inputs.part(part))[0]) for part in run_without_group(request, mean="all")]
    removed = {
        name: float(value)
        for part, names in removals(request, data, alone).items()
        for name, value in zip(names, changes(inputs.part(part)), strict=True)
    }
    sections = [float(changes(inputs.part(part))[0]) for part in runs_without_sections(request, data)]
    subsets = [inputs.part(part) for part in runs_on_subsets(request, data)]
    return Truth(
        each,
        group[0] if group else None,
        np.concatenate([changes(part) for part in subsets]) if subsets else None,
        np.concatenate([part.arrays["kept"] for part in subsets]) if subsets else None,
        removed,
        lengths,
        np.array(sections) if sections else None,
        rounding,
    )


def _rounding(request: NetworkInfluenceRequest, full: Result, target: Target | None) -> float:
    """What the target's mean loss may be off by: an example that no mini-batch had changes it by no more."""
    losses = full.arrays["train_losses" if target is None else f"{target.split}_losses"]
    scale = np.abs(losses if target is None else losses[target.rows]).max()
    return float(4 * np.finfo(request.network.precision).eps * scale)
