"""Influence functions of a network: the change of a target's loss when an example is left out, by the curvature.

    influence(i -> t) = g_t^T (n B)^-1 g_i,     B = C + (l2 + damping) I,

with g_i the gradient of the loss of example i, g_t that of the target, and C the curvature of the mean training loss:
the Hessian, the Gauss-Newton matrix, or the empirical Fisher matrix (1/n) sum_i g_i g_i^T, whole, its blocks of the
layers, or its diagonal; `identity` has B = I. Positive: removing the example raises the target's loss. Beside it stands
the same without the example's own part of the curvature, g_t^T (n B - C_i)^-1 g_i: one Newton step of leaving it out.
It is exact for the empirical Fisher matrix, and for the Gauss-Newton matrix in sample space; for a matrix of weights it
is the best multiple of (n B)^-1 g_i, influence / (1 - h_i) with h_i = u_i^T C_i u_i / u_i^T g_i, u_i = (n B)^-1 g_i.

Source: docs/maths.md, section 9.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from fil_core.influence.asked import Asked
from fil_core.influence.influences import Influences, divided, inverse
from fil_core.influence.point import Own
from fil_core.linalg.krylov import lanczos

DENSE = 5_000  # weights up to which a matrix of weights is factorised


def of_matrix(asked: Asked, kind: Own) -> Influences:
    """By the Hessian or the Gauss-Newton matrix, factorised as a matrix of weights (p, p)."""
    P, n = asked.point, asked.point.n
    asked.tell(0, None, "the curvature of all weights")
    C = P.dense(kind).double()
    c, Q = torch.linalg.eigh(C)
    dampings = asked.swept(float(c.abs().max()))
    weights = torch.stack([inverse(n * c, n * (asked.l2 + d), rank=asked.rank) for d in dampings], 1)  # (p, D)
    chosen = dampings.index(float(asked.damping))
    rotated = None if asked.target is None else Q.T @ asked.target.double()
    by_damping, own, share, first = [], [], [], 0
    for G in P.gradients(P.X, P.Y):
        rows = slice(first, first + len(G))
        R = G.double() @ Q
        by_damping.append(R.square() @ weights if rotated is None else (R * rotated) @ weights)
        own.append(R.square() @ weights[:, chosen])
        U = ((R * weights[:, chosen]) @ Q.T).to(G.dtype)
        share.append(P.quadratic(U, P.X[rows], P.Y[rows], kind).double())
        first = rows.stop
        asked.tell(first, n, "influence of each example")
    influence, self_influence = torch.cat(by_damping).T, torch.cat(own)
    h = torch.where(self_influence == 0, 0.0, torch.cat(share) / self_influence)
    return Influences(
        influence[chosen], divided(influence[chosen], 1 - h), self_influence, dampings, influence, "direct",
        float(c[0]) + asked.l2, float(c[-1]) + asked.l2, int((c + asked.l2 < -asked.rank * c.abs().max()).sum()),
        None if rotated is None else Q @ (weights[:, chosen] * rotated),
    )  # fmt: skip


def of_products(asked: Asked, kind: Own) -> Influences:
    """By the Hessian or the Gauss-Newton matrix through products with it, where it is too large to be formed.

    The solutions for all dampings come from one Krylov space for each right-hand side.
    """
    P, n = asked.point, asked.point.n

    def product(V: Tensor) -> Tensor:
        return P.curved(V, kind)

    if asked.target is None:
        return _each_by_products(asked, product)
    found = lanczos(product, asked.target[None], progress=asked.progress)
    dampings = asked.swept(found.largest)
    U = torch.cat([found.solve(asked.l2 + d) for d in dampings]) / n
    by_damping = P.products(U.to(P.X.dtype), P.X, P.Y).double().T
    chosen = by_damping[dampings.index(float(asked.damping))]
    return Influences(
        chosen, None, None, dampings, by_damping, "Krylov", found.least + asked.l2, found.largest + asked.l2,
        found.below(-asked.l2), U[dampings.index(float(asked.damping))],
    )  # fmt: skip


def _each_by_products(asked: Asked, product: Callable[[Tensor], Tensor]) -> Influences:
    """Self-influence of every example, from as many Krylov spaces."""
    P, n = asked.point, asked.point.n
    dampings: list[float] = []
    parts, least, largest = [], math.inf, -math.inf
    done = 0
    for G in P.gradients(P.X, P.Y):
        for part in G.split(32):
            found = lanczos(product, part)
            dampings = dampings or asked.swept(found.largest)
            solved = [(found.solve(asked.l2 + d) * part).sum(1).double() / n for d in dampings]
            parts.append(torch.stack(solved))
            least, largest = min(least, found.least), max(largest, found.largest)
            done += len(part)
            asked.tell(done, n, "influence of each example on itself")
    by_damping = torch.cat(parts, 1)
    chosen = by_damping[dampings.index(float(asked.damping))]
    return Influences(chosen, None, chosen, dampings, by_damping, "Krylov", least + asked.l2, largest + asked.l2, None)


def of_diagonal(asked: Asked) -> Influences:
    """By the diagonal of the empirical Fisher matrix."""
    P, n = asked.point, asked.point.n
    diagonal = torch.zeros(P.p, dtype=torch.float64, device=P.X.device)
    for G in P.gradients(P.X, P.Y):
        diagonal += G.double().square().sum(0)
    dampings = asked.swept(float(diagonal.max()) / n)
    chosen = dampings.index(float(asked.damping))
    inverses = torch.stack([inverse(diagonal, n * (asked.l2 + d)) for d in dampings])
    by_damping, corrected, own = [], [], []
    for G in P.gradients(P.X, P.Y):
        G = G.double()
        squares = G.square()
        product = squares if asked.target is None else G * asked.target.double()
        by_damping.append(inverses @ product.T)
        own.append(squares @ inverses[chosen])
        corrected.append(divided(product * inverses[chosen], 1 - squares * inverses[chosen]).sum(1))
    influence = torch.cat(by_damping, 1)
    return Influences(
        influence[chosen], torch.cat(corrected), torch.cat(own), dampings, influence, "direct",
        float(diagonal.min()) / n + asked.l2, float(diagonal.max()) / n + asked.l2, 0,
        None if asked.target is None else inverses[chosen] * asked.target.double(),
    )  # fmt: skip


def of_identity(asked: Asked) -> Influences:
    """By the identity: inner products of gradients over n. The examples have no part of it, and no damping."""
    P, n = asked.point, asked.point.n
    own, found = [], []
    for G in P.gradients(P.X, P.Y):
        own.append(torch.linalg.vector_norm(G, dim=1, dtype=torch.float64).square() / n)
        found.append(own[-1] if asked.target is None else (G @ asked.target).double() / n)
    influence = torch.cat(found)
    direction = None if asked.target is None else asked.target / n
    return Influences(
        influence, influence, torch.cat(own), [float(asked.damping)], influence[None], "none", direction=direction
    )
