"""A network at its start with the numbers that it is trained and compared on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from fil_core.dataset import Dataset
from fil_core.models.networks.build import network
from fil_core.models.networks.inputs import shape_of, targets_of
from fil_core.specs import NetworkSpec


@dataclass(frozen=True, slots=True)
class Problem:
    """What training needs, on one device and in the precision of the network.

    Attributes:
        module: the network at its start.
        X, X_test: (n, d) and (n_test, d) inputs.
        Y, Y_test: (n, k) and (n_test, k) targets.
        classes: number of classes, 0 for a regression.
    """

    module: nn.Module
    X: Tensor
    Y: Tensor
    X_test: Tensor
    Y_test: Tensor
    classes: int


def problem(
    spec: NetworkSpec, dataset: Dataset, device: torch.device, *, initial: Mapping[str, np.ndarray] | None = None
) -> Problem:
    """Build the network of a spec for a data set.

    Args:
        spec: the network.
        dataset: the examples.
        device: where to compute.
        initial: uploaded weights to start from, by name; None draws them.

    Raises:
        BadData: the network needs images and there are none, or the weights are not those of the network.
    """
    module = network(spec, shape_of(spec, dataset), initial=initial, device=device)
    dtype = getattr(torch, spec.precision)

    def tensor(values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=dtype).to(device)

    return Problem(
        module,
        tensor(dataset.X),
        tensor(targets_of(dataset, dataset.y)),
        tensor(dataset.X_test),
        tensor(targets_of(dataset, dataset.y_test)),
        len(dataset.class_names),
    )


def score(outputs: Tensor, Y: Tensor, classes: int) -> float:
    """Share of the examples whose class is predicted, or the mean squared error of a regression; NaN of no examples.

    Args:
        outputs: (m, k).
        Y: (m, k) targets.
        classes: their number, 0 for a regression.

    >>> one = torch.tensor([[0.2], [0.7], [0.6]])
    >>> round(score(one, torch.tensor([[0.0], [1.0], [0.0]]), 2), 4)
    0.6667
    """
    if not len(outputs):
        return float("nan")
    if not classes:
        return float((outputs - Y).square().mean())
    predicted, own = (_codes(each) for each in (outputs, Y))
    return float((predicted == own).double().mean())


def _codes(outputs: Tensor) -> Tensor:
    return (outputs[:, 0] > 0.5).long() if outputs.shape[1] == 1 else outputs.argmax(1)
