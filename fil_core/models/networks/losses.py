"""What networks are trained on: the loss of every example from what the network puts out."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Losses = Callable[[Tensor, Tensor], Tensor]  # (outputs, targets) to the loss of each example, (n,)


def squared(outputs: Tensor, Y: Tensor) -> Tensor:
    """Half the squared error, summed over outputs, (n,).

    >>> squared(torch.tensor([[1.0, 3.0]]), torch.tensor([[1.0, 1.0]])).tolist()
    [2.0]

    Args:
        outputs: (n, k).
        Y: (n, k) targets.
    """
    return (outputs - Y).square().sum(-1) / 2


def cross_entropy(outputs: Tensor, Y: Tensor) -> Tensor:
    """-log p(true class) in nats, (n,); one output is the logit of the second of two classes.

    >>> cross_entropy(torch.zeros(1, 1), torch.ones(1, 1)).exp().item()
    2.0

    Args:
        outputs: (n, k) logits.
        Y: (n, k) targets, 0 or 1, or one-hot.
    """
    if outputs.shape[-1] == 1:
        return functional.softplus((1 - 2 * Y) * outputs)[..., 0]
    return outputs.logsumexp(-1) - (outputs * Y).sum(-1)


def of_tokens(outputs: Tensor, Y: Tensor) -> Tensor:
    """Cross-entropy of each token in nats, (n, T); 0 where there is none.

    >>> of_tokens(torch.zeros(1, 2, 4), torch.tensor([[3.0, -1.0]])).exp().round(decimals=4).tolist()
    [[4.0, 1.0]]

    Args:
        outputs: (n, T, V) logits of the token at each position.
        Y: (n, T) codes of these tokens; negative where the sequence has ended.
    """
    code = Y.long().clamp_min(0)
    own = outputs.gather(-1, code[..., None])[..., 0]
    return torch.where(Y >= 0, outputs.logsumexp(-1) - own, torch.zeros_like(own))


def tokens(outputs: Tensor, Y: Tensor) -> Tensor:
    """Cross-entropy of each sequence in nats, the sum over its tokens, (n,); arguments as for `of_tokens`."""
    return of_tokens(outputs, Y).sum(-1)
