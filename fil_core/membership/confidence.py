"""What an attacker reads off a model for a record: a single score, larger the better the record fits the model."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

_PERFECT = 1e-12  # nats


def logit_confidence(outputs: Tensor, Y: Tensor) -> Tensor:
    """log p - log(1 - p) with p the probability of the true class, (..., n).

    Of two classes it is the logit itself, of more z_y - log sum_{j != y} exp z_j: no probability is formed, so that
    nothing saturates.

    >>> logit_confidence(torch.tensor([[3.0], [3.0]]), torch.tensor([[1.0], [0.0]])).tolist()
    [3.0, -3.0]

    Args:
        outputs: (..., n, k) logits; one output is the logit of the second of two classes.
        Y: (n, k) targets, 0 or 1, or one-hot.

    Source: Carlini et al. (S&P 2022), Sec. IV.
    """
    if outputs.shape[-1] == 1:
        return ((2 * Y - 1) * outputs)[..., 0]
    own = (outputs * Y).sum(-1)
    others = outputs.masked_fill(Y.bool(), -torch.inf)
    return own - others.logsumexp(-1)


def margin(outputs: Tensor, Y: Tensor) -> Tensor:
    """The output of the true class less the largest of the others, (..., n), of a classifier of least squares.

    Its outputs estimate probabilities but leave the range from 0 to 1, so that they have no logit. They are nearly
    normal over trainings, which is what the logit is taken for.

    >>> margin(torch.tensor([[0.75]]), torch.tensor([[1.0]])).tolist()
    [0.5]

    Args:
        outputs: (..., n, k); one output estimates the probability of the second of two classes.
        Y: (n, k) targets, 0 or 1, or one-hot.
    """
    if outputs.shape[-1] == 1:
        return ((2 * Y - 1) * (2 * outputs - 1))[..., 0]
    own = (outputs * Y).sum(-1)
    return own - outputs.masked_fill(Y.bool(), -torch.inf).amax(-1)


def likelihood(losses: np.ndarray, variance: float) -> np.ndarray:
    """The score with p = exp(-loss / variance): the likelihood of a squared loss, relative to that of a perfect fit.

    >>> bool(np.isclose(likelihood(np.array([np.log(2.0)]), 1.0)[0], 0.0))  # p = 1/2
    True

    Args:
        losses: half the squared error, summed over outputs, of any shape.
        variance: of an output's error, > 0.

    Returns:
        log p - log(1 - p); of a perfect fit that of p = 1 - 1e-12.
    """
    nats = np.maximum(losses / variance, _PERFECT)
    return -nats - np.log(-np.expm1(-nats))


def closeness(outputs: Tensor, Y: Tensor, scale: float) -> Tensor:
    """Minus the distance from the target, (..., n), of a regression.

    Args:
        outputs: (..., n, 1).
        Y: (n, 1) targets.
        scale: its unit, > 0, such as the standard deviation of the targets.
    """
    return -((outputs - Y).abs() / scale)[..., 0]
