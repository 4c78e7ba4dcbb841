"""What is refused before any model is trained: no held-out rows, points that are all alike, parameters without end."""

from __future__ import annotations

import numpy as np

from fil_core.analyses.network.run import check_network
from fil_core.analyses.overfit.request import DEGREE, USUAL, WIDTH, OverfitRequest, axis, runs_of
from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.influence.kernels import free_memory
from fil_core.models.checks import check_task
from fil_core.models.fitted import device_of
from fil_core.models.networks.inputs import outputs_of, validation_rows
from fil_core.shift.polynomials import highest_powers
from fil_core.shift.widths import bytes_needed

HeldOut = tuple[np.ndarray, np.ndarray]


def kept_out(request: OverfitRequest, dataset: Dataset) -> HeldOut:
    """Features and labels of the test rows whose eta is measured."""
    rows = validation_rows(dataset, request.validation_size)
    return dataset.X_test[:rows], dataset.y_test[:rows]


def check(request: OverfitRequest, dataset: Dataset) -> None:
    """Refuse data without a gap or without points that differ, and models that these do not determine.

    Raises:
        BadData: there are no held-out rows, or all training points are alike.
        BadRequest: a degree, a width or a penalty that the data do not determine or that takes too much memory.
    """
    if not len(dataset.X_test):
        raise BadData(
            f"test rows: expected some, since the gap is between training and held-out rows; {dataset.title} has none. "
            "Hold out a part with --test-fraction, write points after |, or choose data with a test split."
        )
    if not np.ptp(dataset.X, axis=0).any():
        raise BadData(f"training rows: expected at least two that differ; got {dataset.n:,}, all the same.")
    validation_rows(dataset, request.validation_size)
    if request.over == WIDTH:
        _check_networks(request, dataset)
        return
    check_task(request.model, dataset)
    if request.over == DEGREE and (beyond := [f"{value:g}" for value in request.values if value > dataset.n]):
        usual = " by default" if request.values == USUAL[DEGREE] else ""
        raise BadRequest(
            f"values: expected degrees of at most the number of points, {dataset.n:,}; got {', '.join(beyond)}{usual}. "
            "Name lower ones with --values."
        )
    _check_determined(request, dataset)


def _check_determined(request: OverfitRequest, dataset: Dataset) -> None:
    """Without a penalty there must be no more parameters than points."""
    free = [value for value, l2 in axis(request) if l2 == 0]
    if not free:
        return
    powers = request.over == DEGREE
    most = highest_powers(dataset.X, int(max(free))) if powers else np.ones(dataset.d, dtype=np.int64)
    for value in free:
        inputs = int(np.minimum(most, int(value) if powers else 1).sum())
        if (parameters := inputs + request.model.has_intercept(dataset)) > dataset.n:
            at = f" at degree {value:g}" if powers else ""
            raise BadRequest(
                f"l2: expected > 0 for {parameters:,} parameters{at} and {dataset.n:,} points, which have no unique "
                "optimum without a penalty, so that η is not defined; got 0. Take l2 > 0 (for instance 1e-3)"
                f"{', or lower degrees' if powers else ''}."
            )


def _check_networks(request: OverfitRequest, dataset: Dataset) -> None:
    """The network must have a width and take the data, and its derivatives must fit in memory."""
    family = request.network.family
    if "width" not in family.options or family.needs_text:
        raise BadRequest(f"network: expected one whose hidden layers have a width, such as mlp; got {family.name}.")
    d, k = dataset.d, outputs_of(dataset)
    room = free_memory(device_of(request.device))
    for trained, _ in runs_of(request):
        check_network(trained, dataset)
        p = family.parameters(trained.network, d, k)
        if (needed := bytes_needed(dataset.n, d, k, p)) > room:
            raise BadRequest(
                f"memory: the derivatives of {dataset.n * k:,} outputs in {p:,.0f} weights at width "
                f"{trained.network.width} take {needed / 2**30:.1f} GiB, and there is room for {room / 2**30:.1f}. "
                "Take narrower networks, fewer examples (--subset) or principal components (--pca)."
            )
