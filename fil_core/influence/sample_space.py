"""Influence in sample space: matrices of as many rows as there are examples or outputs, for any number of weights.

With G the gradients of the n examples and C = G^T G / n, the product of G with (n C + s I)^-1 g_t is
(G G^T + s I)^-1 G g_t; for the Gauss-Newton matrix of half the squared error, G is the Jacobian of all outputs.

Source: docs/maths.md, section 9.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

from fil_core.influence.asked import Asked
from fil_core.influence.influences import RANK, Influences, divided, inverse, sweep, without_own
from fil_core.influence.point import Point


def of_outputs(asked: Asked, K: Tensor, towards: Tensor | None, residuals: Tensor) -> Influences:
    """By the Gauss-Newton matrix of half the squared error, in sample space: exact for any number of weights.

    Args:
        asked: what is asked.
        K: (n k, n k) inner products of the derivatives of the outputs at the trained weights.
        towards: (n k,) inner products of these derivatives with the target's gradient; None for each example itself.
        residuals: (n, k) f - y.
    """
    n, k = residuals.shape
    values, V = torch.linalg.eigh(K)
    values = values.clamp_min(0)
    dampings = asked.swept(float(values[-1]) / n)
    chosen = dampings.index(float(asked.damping))
    blocks = V.view(n, k, -1)
    # r_i as a vector of sample space in the eigenbasis, (n, N): its products with K and its inverses are sums.
    own = torch.einsum("nkN,nk->nN", blocks, residuals)
    inverses = torch.stack([inverse(values, n * (asked.l2 + d), rank=asked.rank) for d in dampings])
    beside = own * values if towards is None else V.T @ towards
    by_damping = ((own * beside) @ inverses.T).T
    scaled = blocks * (inverses[chosen] * values)
    L = scaled @ blocks.mT  # (n, k, k)
    self_influence = torch.einsum("na,nab,nb->n", residuals, L, residuals)
    if towards is None:
        moved = torch.einsum("nab,nb->na", L, residuals)
    else:
        moved = (V @ (inverses[chosen] * (V.T @ towards))).view(n, k)
    corrected = without_own(moved, L, residuals)
    return Influences(
        by_damping[chosen], corrected, self_influence, dampings, by_damping, "sample space",
        float(values[-asked.point.p]) / n + asked.l2 if len(values) >= asked.point.p else asked.l2,
        float(values[-1]) / n + asked.l2, 0,
    )  # fmt: skip


def of_empirical_fisher(asked: Asked, columns: list[slice], *, most: int) -> Influences:
    """By the empirical Fisher matrix, or by its blocks of some columns, in sample space.

    Args:
        asked: what is asked.
        columns: one block of all weights, or blocks such as those of the layers.
        most: bytes for the gradients.
    """
    P, n = asked.point, asked.point.n
    asked.tell(0, None, "inner products of gradients")
    grams = P.gram(columns, most=most)
    towards = None if asked.target is None else _towards(P, asked.target, columns)
    found, solved = _by_block(grams, towards, n, asked.l2, asked.damping, weights=P.p, rank=asked.rank)
    shift = n * (asked.l2 + asked.damping)
    if asked.target is None or not shift:
        return found
    # (G^T G + s I)^-1 t = (t - G^T (G G^T + s I)^-1 G t) / s, block by block.
    rest = asked.target.double().clone()
    for one, c in zip(solved, columns, strict=True):
        rest[c] -= P.combined(one.to(P.X.dtype)).double()[c]
    return dataclasses.replace(found, direction=rest / shift)


def in_sample_space(
    grams: Tensor, towards: Tensor | None, n: int, l2: float, damping: float, *, weights: int,
    rank: float = RANK[torch.float64],
) -> Influences:  # fmt: skip
    """By the empirical Fisher matrix, or the blocks of it, whose inner products of gradients are known.

    Args:
        grams: (L, n, n) inner products of the examples' gradients in each block.
        towards: (L, n) of these with the target's gradient; None for each example itself.
        n: by which the mean loss divides.
        l2: on the diagonal.
        damping: on the diagonal, too.
        weights: their number.
        rank: of the largest eigenvalue, below which a direction has rounding alone.
    """
    return _by_block(grams, towards, n, l2, damping, weights=weights, rank=rank)[0]


def _by_block(
    grams: Tensor, towards: Tensor | None, n: int, l2: float, damping: float, *, weights: int, rank: float
) -> tuple[Influences, Tensor]:
    """The same, and what each block adds to the influence, (L, n)."""
    factored = [torch.linalg.eigh(K) for K in grams]
    largest = max(float(values[-1]) for values, _ in factored) / n
    dampings = sweep(largest, damping)
    chosen = dampings.index(float(damping))
    by_damping = torch.zeros(len(dampings), grams.shape[1], dtype=torch.float64, device=grams.device)
    corrected, self_influence = by_damping[0].clone(), by_damping[0].clone()
    solved = torch.zeros(len(grams), grams.shape[1], dtype=torch.float64, device=grams.device)
    for block, (values, V) in enumerate(factored):
        values = values.clamp_min(0)
        inverses = torch.stack([inverse(values, n * (l2 + d), rank=rank) for d in dampings])
        h = V.square() @ (inverses * values).T  # (n, D)
        found = h if towards is None else V @ (inverses * (V.T @ towards[block])[None]).T
        by_damping += found.T
        solved[block] = found[:, chosen]
        self_influence += h[:, chosen]
        corrected += divided(found[:, chosen], 1 - h[:, chosen])
    least = l2 if grams.shape[1] < weights else math.nan
    told = Influences(
        by_damping[chosen], corrected, self_influence, dampings, by_damping, "sample space", least, largest + l2, 0
    )
    return told, solved


def _towards(P: Point, target: Tensor, columns: list[slice]) -> Tensor:
    """Inner products of the examples' gradients with the target's, (L, n), for each block of columns."""
    parts = torch.zeros(len(columns), P.p, dtype=target.dtype, device=target.device)
    for part, c in zip(parts, columns, strict=True):
        part[c] = target[c]
    return P.products(parts, P.X, P.Y).double().T
