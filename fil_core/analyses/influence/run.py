"""Influence at the optimum of a linear model, and the exact truth beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.influence.outcome import RANDOM_REMOVALS, Truth, compared, extremes, predicted
from fil_core.analyses.influence.request import InfluenceRequest, without_truth
from fil_core.analyses.leave_one_out.request import leave_one_out_of
from fil_core.analyses.retraining.plan import Drawing, check_drawn
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest, NotConverged, SingularCurvature
from fil_core.influence import linear
from fil_core.influence.influences import Influences
from fil_core.influence.targets import Target, rows_meant, target_of
from fil_core.models import Fitted, fit
from fil_core.models.checks import check_task, emptied
from fil_core.models.networks.inputs import score_name
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import Request

_FEWEST = 2  # examples that a model is trained on


class Asking(Drawing, Protocol):
    """What both kinds of influence request have."""

    @property
    def target(self) -> str:
        """Whose loss."""

    @property
    def validation_size(self) -> int | None:
        """Test rows, from the first on, that count; None for all."""

    @property
    def group(self) -> tuple[int, ...]:
        """Examples that are also left out together."""

    @property
    def subsets(self) -> int:
        """Number of random subsets."""

    @property
    def share(self) -> float:
        """Of the examples that a subset has."""

    @property
    def remove(self) -> int | None:
        """How many at either end are left out together."""


Method = Callable[[Fitted, Dataset, linear.Examples, Tensor | None, float], Influences]
_METHODS: dict[str, Method] = {
    "hessian": lambda fitted, data, train, target, damping: linear.of_hessian(fitted, train, target, damping=damping),
    "empirical-fisher": lambda fitted, data, train, target, damping: linear.of_empirical_fisher(
        fitted, data, train, target, damping=damping
    ),
    "diagonal": lambda fitted, data, train, target, damping: linear.of_diagonal(
        fitted, data, train, target, damping=damping
    ),
    "identity": lambda fitted, data, train, target, damping: linear.of_identity(train, target, damping=damping),
}
_METHODS |= {"ggn": _METHODS["hessian"], "empirical-fisher-block": _METHODS["empirical-fisher"]}


def check(request: InfluenceRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a model or target that the data do not have."""
    check_task(request.model, dataset)
    target_of(request.target, dataset, rows_meant(request.target, dataset, request.validation_size))
    check_names(request, dataset)


def check_names(request: Asking, dataset: Dataset) -> None:
    """Refuse examples that are not there, or more to remove than would leave anybody to train on."""
    check_drawn(request, dataset)
    for id in request.group:
        dataset.row(id)
    if request.subsets and round(request.share * dataset.n) < _FEWEST:
        raise BadRequest(
            f"share: expected a share of the {dataset.n:,} training examples with which at least {_FEWEST} are left to "
            f"train on; got {request.share:g}."
        )
    if request.remove is not None and 2 * request.remove > dataset.n:
        raise BadRequest(
            f"remove: expected at most half of the {dataset.n:,} training examples; got {request.remove:,}."
        )
    if len(request.group) > dataset.n - 2:
        raise BadRequest(f"group: expected at most {dataset.n - 2:,} examples, so that two are left to train on.")


def parts(request: InfluenceRequest, dataset: Dataset, answers: object) -> tuple[Request, ...]:
    """The influence alone, and the truth about single examples, where the truth is asked for.

    Args:
        request: what is asked.
        dataset: not used.
        answers: not used.
    """
    return (without_truth(request), leave_one_out_of(request)) if request.truth else ()


def run(request: InfluenceRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Influence of every example on the target; with the truth, what leaving them out really changes.

    Args:
        request: curvature, damping, target and truth.
        inputs: the data, the model at its optimum, and the influence alone where the truth is asked for.
        progress: called with (done, total, what).
    """
    data, fitted = inputs.dataset, inputs.fitted
    target = target_of(request.target, data, rows_meant(request.target, data, request.validation_size))
    if request.truth:
        alone = inputs.part(without_truth(request))
        each = inputs.part(leave_one_out_of(request)).table["leave_one_out"].reindex(data.ids).to_numpy()
        return compared(request, alone, _truth(request, fitted, data, target, alone, each, progress))
    train = linear.examples_of(fitted, data.X, data.y, fitted.weights)
    aimed = None if target is None else linear.examples_of(fitted, *target.of(data)).mean_gradient
    found = _METHODS[request.curvature](fitted, data, train, aimed, request.damping)
    summary = {
        "score": score_name(data),
        "train_score": fitted.score(data.X, data.y),
        "test_score": fitted.score(data.X_test, data.y_test),
        "parameters": fitted.theta.numel(),
    }
    return predicted(request, data, found, train.loss.cpu().numpy(), summary)


def _truth(
    request: InfluenceRequest, fitted: Fitted, data: Dataset, target: Target | None, alone: Result,
    each: np.ndarray, progress: Progress | None,
) -> Truth:  # fmt: skip
    """Exact leave-one-out, and models fitted without several examples."""
    if target is None:
        return Truth(each)  # what is removed together has no loss of its own that is meant
    aimed = target.of(data)
    without = _Without(fitted, data, aimed, progress)
    group = without([data.row(id) for id in request.group]) if request.group else None
    removed = _removals(request, data, alone, without)
    kept = subsets = None
    if request.subsets:
        kept = np.stack([_subset(request, data.n, draw) for draw in range(request.subsets)])
        subsets = np.array([without(np.flatnonzero(~row), rescaled=True) for row in kept])
    undefined = tuple(_undefined(group, removed, subsets))
    return Truth(each, group, subsets, kept, removed, undefined=undefined)


def _undefined(group: float | None, removed: dict[str, float], subsets: np.ndarray | None) -> Iterator[str]:
    """What is asked for together and has no unique optimum."""
    if group is not None and math.isnan(group):
        yield "the group"
    if lost := sum(map(math.isnan, removed.values())):
        yield f"{lost} of {len(removed)} removals"
    if subsets is not None and (lost := int(np.isnan(subsets).sum())):
        yield f"{lost} of {len(subsets)} subsets"


def _subset(request: InfluenceRequest, n: int, draw: int) -> np.ndarray:
    """Which examples a random subset has, (n,)."""
    kept = np.zeros(n, dtype=bool)
    kept[np.random.default_rng([request.draw_seed, draw]).choice(n, round(request.share * n), replace=False)] = True
    return kept


def _removals(request: InfluenceRequest, data: Dataset, alone: Result, without: _Without) -> dict[str, float]:
    """Changes without the most helpful, the most harmful, and random examples."""
    if request.remove is None:
        return {}
    sets = {
        name: [data.row(id) for id in ids] for name, ids in extremes(alone.table, request.remove).items()
    }  # fmt: skip
    for draw in range(RANDOM_REMOVALS):
        generator = np.random.default_rng([request.draw_seed, draw])
        sets[f"random {draw}"] = list(generator.choice(data.n, request.remove, replace=False))
    return {name: without(rows) for name, rows in sets.items()}


class _Without:
    """Fits the model without some examples, and says what changes of the target's mean loss."""

    def __init__(
        self, fitted: Fitted, data: Dataset, aimed: tuple[np.ndarray, np.ndarray], progress: Progress | None
    ) -> None:
        self.fitted, self.data, self.aimed, self.progress = fitted, data, aimed, progress
        self.before = float(linear.examples_of(fitted, *aimed).loss.mean())

    def __call__(self, rows: Sequence[int] | np.ndarray, *, rescaled: bool = False) -> float:
        """The change without the examples at these positions; `rescaled` divides by the number that is left.

        NaN where what is left has an empty class or no unique optimum.
        """
        weights = self.fitted.weights.cpu().numpy().copy()
        weights[np.asarray(rows, dtype=np.int64)] = 0
        if rescaled:
            weights *= len(weights) / max(1, int((weights > 0).sum()))
        theta = self.fitted.theta
        spec, device = self.fitted.spec, theta.device
        if emptied(self.data, weights).size:
            return math.nan
        try:
            again = fit(spec, self.data, weights=weights, start=theta, device=device, progress=self.progress)
        except (SingularCurvature, NotConverged):
            return math.nan
        return float(linear.examples_of(again, *self.aimed).loss.mean()) - self.before
