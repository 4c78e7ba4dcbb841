"""TracIn: inner products of gradients, added up over checkpoints of training, without an n x p matrix.

    tracin(i -> t) = sum_c lr_c g_t(w_c) . g_i(w_c)

Positive where removing the training example would raise the target's loss: descent on the one lowered the other. It is
a sum over checkpoints, not divided by n nor multiplied by the steps that a checkpoint stands for, so that only its
order means something.

Source: docs/maths.md, section 9; Pruthi et al. (NeurIPS 2020), TracInCP.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fil_core.errors import BadRequest
from fil_core.influence.point import Point
from fil_core.models.networks.losses import Losses
from fil_core.models.networks.training import Weights


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights that training passed, and the step of descent there.

    Attributes:
        weights: by name, of the parameters that were trained.
        lr: step.
    """

    weights: Weights
    lr: float


@dataclass(frozen=True, slots=True)
class Traced:
    """TracIn of every training example.

    Attributes:
        influence: on the target, or on itself, (n,).
        self_influence: sum_c lr_c |g_i|^2, (n,); None where it was not asked for.
        tokens: of sequences, the parts of their tokens, (n, T), NaN beyond the end; None where they were not asked for.
    """

    influence: Tensor
    self_influence: Tensor | None
    tokens: Tensor | None


def tracin(
    module: nn.Module, losses: Losses, checkpoints: Iterable[Checkpoint], X: Tensor, Y: Tensor,
    target: tuple[Tensor, Tensor] | None, *, alone: bool = True, by_token: bool = False,
) -> Traced:  # fmt: skip
    """TracIn of every training example on the mean loss of some examples, or on its own loss.

    The products of the target's gradient with those of all examples are the derivative of their losses along it: one
    forward pass in dual numbers, and no gradient of a training example is formed.

    Args:
        module: the network, in evaluation mode; its own weights are not used.
        losses: of every example, from outputs and targets.
        checkpoints: at least one.
        X: (n, ...) training inputs.
        Y: (n, ...) their targets.
        target: inputs and targets of the examples whose mean loss is meant; None for each training example itself.
        alone: whether to compute self-influence, which takes the gradient of every example at every checkpoint.
        by_token: whether to tell the parts of tokens.

    Raises:
        BadRequest: there is no checkpoint.
    """
    influence = torch.zeros(len(X), dtype=torch.float64, device=X.device)
    own, tokens = influence.clone(), torch.zeros_like(Y, dtype=torch.float64) if by_token else None
    seen = 0
    for checkpoint in checkpoints:
        seen, point = seen + 1, Point(module, checkpoint.weights, X, Y, losses)
        if alone or target is None:
            norms = [torch.linalg.vector_norm(G, dim=1, dtype=torch.float64) for G in point.gradients(X, Y)]
            own += checkpoint.lr * torch.cat(norms).square()
        if target is None:
            continue
        aimed = point.mean_gradient(*target)
        if tokens is not None:
            tokens += checkpoint.lr * point.token_products(aimed).double()
        else:
            influence += checkpoint.lr * point.products(aimed[None], X, Y)[:, 0].double()
    if not seen:
        raise BadRequest("checkpoints: expected at least one; got none. Keep some weights while training.")
    if target is None:
        return Traced(own, own, None)
    return Traced(influence if tokens is None else tokens.nansum(1), own if alone else None, tokens)
