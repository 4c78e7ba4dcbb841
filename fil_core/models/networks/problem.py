"""A network at its start with the numbers that it is trained and compared on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.models.networks.build import network
from fil_core.models.networks.inputs import shape_of, targets_of
from fil_core.models.networks.losses import Losses
from fil_core.models.networks.training import Weights, losses_at, outputs_at
from fil_core.specs import NetworkSpec

_MOST_NATS = 700.0  # whose exponential is still a number


@dataclass(frozen=True, slots=True)
class Problem:
    """What training needs, on one device and in the precision of the network.

    Attributes:
        module: the network at its start.
        X, X_test: (n, d) and (n_test, d) inputs; of sequences as wide as the longest of the split.
        Y, Y_test: (n, k) and (n_test, k) targets; of sequences their codes, (n, T).
        classes: number of classes, 0 for a regression.
        step: what descent multiplies the gradient of the mean loss with: the spec's `lr`; of sequences over their mean
            number of tokens in training, since there `lr` is a step on the mean loss of a token.
        losses: what it is trained on: the loss of every example, from outputs and targets.
        text: whether examples are sequences of tokens, whose outputs are too many to be kept.
    """

    module: nn.Module
    X: Tensor
    Y: Tensor
    X_test: Tensor
    Y_test: Tensor
    classes: int
    step: float
    losses: Losses
    text: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a network with some weights does on some examples.

    Attributes:
        losses: of each example, (n,).
        score: accuracy, mean squared error, or perplexity; NaN of no examples.
        outputs: (n, k); None of sequences.
    """

    losses: Tensor
    score: float
    outputs: Tensor | None


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

    text = bool(dataset.vocabulary)
    X, X_test = (_used(each) if text else each for each in (dataset.X, dataset.X_test))
    return Problem(
        module,
        tensor(X),
        tensor(targets_of(dataset, X, dataset.y)),
        tensor(X_test),
        tensor(targets_of(dataset, X_test, dataset.y_test)),
        len(dataset.class_names),
        spec.lr / (float(dataset.y.mean()) if dataset.vocabulary else 1.0),
        spec.family.losses.load(),
        text,
    )


def _used(X: np.ndarray) -> np.ndarray:
    """Codes of sequences without the columns that lie beyond the end of all of them.

    >>> _used(np.array([[3.0, 1.0, -1.0], [2.0, -1.0, -1.0]])).tolist()
    [[3.0, 1.0], [2.0, -1.0]]
    """
    ends = np.flatnonzero((X >= 0).any(0))
    return X[:, : int(ends[-1]) + 1] if len(ends) else X[:, :1]


def evaluate(at: Problem, weights: Weights, X: Tensor, Y: Tensor) -> Evaluation:
    """Losses, score and outputs of a network with other weights.

    Args:
        at: the network.
        weights: by name.
        X: (n, d) inputs.
        Y: (n, ...) targets.
    """
    if not at.text:
        outputs = outputs_at(at.module, weights, X)
        return Evaluation(at.losses(outputs, Y), score(outputs, Y, at.classes), outputs)
    losses = losses_at(at.module, weights, X, Y, at.losses)
    tokens = int((Y >= 0).sum())
    return Evaluation(losses, _perplexity(float(losses.sum()) / tokens) if tokens else math.nan, None)


def _perplexity(mean: float) -> float:
    """Of the mean loss of a token, in nats."""
    if not mean < _MOST_NATS:
        raise BadRequest(
            f"lr: expected a step with which the loss stays finite; after training the mean loss of a token is "
            f"{mean:.3g} nats, more than any perplexity can say. Take a smaller one."
        )
    return math.exp(mean)


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
