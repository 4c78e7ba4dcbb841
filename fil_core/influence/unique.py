"""Smooth unique information of training examples: what a network learns from one that no other could have taught it.

Source: Harutyunyan et al. (ICLR 2021); docs/maths.md, section 8.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.influence.descent import Descent

_ROUNDING = 1e4  # units of rounding, of the residuals at the start
_BYTES = 2**28  # of the changes of outputs that are held at the same time


@dataclass(frozen=True, slots=True)
class UniqueInformation:
    """What leaving each group of examples out changes; all >= 0.

    Attributes:
        si_weights: (T, G) half the squared distance of the weights.
        f_si: (T, G) half the squared distance of the outputs, summed over outputs, mean over the validation set.
        training_change: (T, G) the same, mean over the training examples that are not left out.
        si_sgd: (G,) at the last of the times, half the squared Mahalanobis distance of the weights under the noise of
            stochastic descent; an eigenvalue problem of its own, which is why it is not told at every time.
        sgd_directions: number of directions that have noise, of N; the others are left out of `si_sgd`.
    """

    si_weights: Tensor
    f_si: Tensor
    training_change: Tensor
    si_sgd: Tensor
    sgd_directions: int


def unique_information(
    descent: Descent, cross: Tensor, groups: Tensor, times: list[int | None], *, batch: int = 1
) -> UniqueInformation:
    """Unique information of groups of examples, all from one factorisation.

    Args:
        descent: the linearised network and its training.
        cross: (m k, n k) kernel of the validation outputs with the training outputs.
        groups: (G, g) positions of the examples that are left out together; `(n, 1)` for each example alone.
        times: numbers of steps; None for the limit of infinitely many.
        batch: examples per step of the stochastic descent whose noise `si_sgd` compares with; it is in proportion.

    Raises:
        BadRequest, SingularCurvature: see `Descent.changes`.
    """
    changes = descent.changes(groups, times)
    to_validation, to_training = cross @ descent.vectors, descent.vectors * descent.values
    found: list[list[Tensor]] = [[], [], []]
    for change in changes:
        measures = (
            (change.square() @ descent.values) / 2,
            _mean_square(change, to_validation, len(cross) // descent.k),
            _elsewhere(descent, change, to_training, groups),
        )
        for each, measure in zip(found, measures, strict=True):
            each.append(measure)
    weights, predictions, training = (torch.stack(each) for each in found)
    noise, directions = sgd_distance(descent, changes[-1], times[-1], batch=batch)
    return UniqueInformation(weights, predictions, training, noise, directions)


def _mean_square(change: Tensor, to_outputs: Tensor, examples: int) -> Tensor:
    """Half the squared change of outputs, summed over outputs, mean over examples, (G,)."""
    chunk = max(1, _BYTES // (8 * len(to_outputs)))
    parts = [(part @ to_outputs.mT).square().sum(-1) for part in change.split(chunk)]
    return torch.cat(parts) / (2 * examples)


def _elsewhere(descent: Descent, change: Tensor, to_training: Tensor, groups: Tensor) -> Tensor:
    """Half the squared change of the outputs of the training examples outside each group, mean over these, (G,)."""
    found, chunk = [], max(1, _BYTES // (8 * len(to_training)))
    for part, rows in zip(change.split(chunk), groups.split(chunk), strict=True):
        moved = (part @ to_training.mT).square().unflatten(1, (descent.n, descent.k)).sum(-1)
        found.append(moved.scatter(1, rows, 0.0).sum(1))
    return torch.cat(found) / (2 * (descent.n - groups.shape[1]))


def sgd_distance(descent: Descent, change: Tensor, steps: int | None, *, batch: int = 1) -> tuple[Tensor, int]:
    """Half the squared distance of changes of the weights under the stationary covariance of stochastic descent.

    The covariance S solves `H S + S H = lr / batch * L`, H the Hessian of the mean loss and L the covariance of the
    examples' gradients at the weights reached, both in the span of the Jacobian. It is measured in units of each
    direction's own noise; directions in which rounding leaves no noise are left out, so the value is then a lower
    bound.

    Args:
        descent: the training.
        change: (G, N) changes of the dual coefficients in the eigenbasis.
        steps: where the noise is measured; None for the limit.
        batch: examples per step.

    Returns:
        (G,) >= 0, NaN where nothing has noise; and the number of directions that have some.
    """
    r, roots = descent.residuals(steps), descent.values.sqrt()
    # Residuals that are rounding of those at the start are none: where all are, nothing has noise.
    r = torch.where(r.abs() > _ROUNDING * torch.finfo(r.dtype).eps * descent.start.norm(), r, 0.0)
    gradients = roots * torch.einsum("ia,iaj->ij", r, descent.vectors.unflatten(0, (descent.n, descent.k)))
    centred = gradients - gradients.mean(0)
    h = descent.values / descent.n + descent.l2
    S = descent.lr / batch / descent.n * (centred.mT @ centred)
    S = torch.where(h[:, None] + h > 0, S / (h[:, None] + h), 0.0)
    scale = S.diagonal().clamp_min(0).sqrt()
    noisy = scale > torch.finfo(S.dtype).eps * scale.amax()
    if not bool(noisy.any()):
        return torch.full_like(change[:, 0], torch.nan), 0
    scale = scale[noisy]
    values, vectors = torch.linalg.eigh(S[noisy][:, noisy] / (scale[:, None] * scale))
    kept = values > len(values) * torch.finfo(S.dtype).eps * values[-1]
    moved = (change * roots)[:, noisy] / scale
    return (moved @ vectors[:, kept]).square() @ (0.5 / values[kept]), int(kept.sum())
