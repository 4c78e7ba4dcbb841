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

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.influence.krylov import lanczos
from fil_core.influence.point import Own, Point
from fil_core.progress import Progress

DENSE = 5_000  # weights up to which a matrix of weights is factorised
_DETERMINED = 1.5e-8  # of 1 - h: below it more than half of the digits of what is divided by it are rounding
# Of the largest eigenvalue: directions below it carry rounding of the products that the matrix is made of.
_RANK = {torch.float64: 1e-12, torch.float32: 1e-6}


@dataclass(frozen=True, slots=True)
class Influences:
    """Influence of every training example on a target.

    Attributes:
        influence: (n,), at the damping that was asked for.
        corrected: the same without the example's own part of the curvature, (n,); NaN where the others do not determine
            the weights; None where it takes a solution for each example that was not computed.
        self_influence: of every example on its own loss, (n,); None likewise.
        dampings: D of them, ascending.
        by_damping: (D, n) influence.
        method: how the equations were solved: `direct`, `sample space`, `Krylov`, or `none` where B has no equations.
        least, largest: eigenvalues of C + l2 I, as far as they are known; NaN otherwise.
        negative: how many of these are below zero; None where they are not known.
        direction: (n B)^-1 g_t, (p,), whose product with an example's gradient is its influence; None where it was not
            needed.
        tokens: of sequences, the parts of their tokens in the influence, (n, T), NaN beyond the end; None otherwise.
    """

    influence: Tensor
    corrected: Tensor | None
    self_influence: Tensor | None
    dampings: list[float]
    by_damping: Tensor
    method: str
    least: float = math.nan
    largest: float = math.nan
    negative: int | None = None
    direction: Tensor | None = None
    tokens: Tensor | None = None


@dataclass(frozen=True)
class Asked:
    """What is asked of a curvature.

    Attributes:
        point: the network and its training examples.
        target: gradient of the target's loss, (p,); None for the loss of each example itself.
        l2: decay.
        damping: >= 0.
        progress: called with (done, total, what).
    """

    point: Point
    target: Tensor | None
    l2: float
    damping: float
    progress: Progress | None = None

    def tell(self, done: int, total: int | None, what: str) -> None:
        """Report progress."""
        if self.progress:
            self.progress(done, total, what)

    @property
    def rank(self) -> float:
        """Of the largest eigenvalue: directions below it carry rounding alone."""
        return _RANK[self.point.X.dtype]

    def swept(self, largest: float) -> list[float]:
        """Dampings from the largest eigenvalue's order of size down to a millionth of it, and the one asked for."""
        return sweep(largest, self.damping)


def sweep(largest: float, damping: float) -> list[float]:
    """Powers of ten from the order of size of an eigenvalue down to a millionth of it, with one more damping.

    >>> sweep(3.0, 0.5)
    [1e-06, 1e-05, 0.0001, 0.001, 0.01, 0.1, 0.5, 1.0, 10.0]

    Args:
        largest: > 0; another number counts as 1.
        damping: >= 0.
    """
    top = math.floor(math.log10(largest)) if math.isfinite(largest) and largest > 0 else 0
    return sorted({float(f"1e{top + k}") for k in range(-6, 2)} | {float(damping)})


def divided(numerator: Tensor, left: Tensor) -> Tensor:
    """A quotient by 1 - h; NaN where that is rounding, or h is more than 1."""
    return torch.where(left > _DETERMINED, numerator / left.clamp_min(_DETERMINED), torch.nan)


def inverse(values: Tensor, shift: float, *, rank: float = _RANK[torch.float64]) -> Tensor:
    """1 / (values + shift), and 0 for directions that rounding alone has: without damping a pseudo-inverse.

    Args:
        values: eigenvalues.
        shift: added to them.
        rank: of the largest eigenvalue, below which a direction has rounding alone.
    """
    shifted = values + shift
    limit = rank * float(values.abs().max()) if values.numel() else 0.0
    return torch.where(shifted.abs() > limit, 1 / shifted, torch.zeros_like(shifted))


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


def without_own(moved: Tensor, L: Tensor, residuals: Tensor, S: Tensor | None = None) -> Tensor:
    """a_i^T (I - S_i L_i)^-1 r_i, the influence without the example's own part of the curvature, (n,).

    Args:
        moved: a_i, change of the outputs of example i along (n B)^-1 g_t, (n, k).
        L: J_i (n B)^-1 J_i^T, (n, k, k).
        residuals: r_i, the loss's derivative in the outputs, (n, k).
        S: the loss's second derivative in the outputs, (n, k, k); None for the identity.
    """
    left = torch.eye(L.shape[1], dtype=L.dtype, device=L.device) - (L if S is None else S @ L)
    # I - S L has eigenvalues in (0, 1]; the least one says whether the others determine the weights.
    determined = torch.linalg.eigvals(left).real.amin(1) > _DETERMINED
    safe = torch.where(determined[:, None, None], left, torch.eye(L.shape[1], dtype=L.dtype, device=L.device))
    solved = torch.linalg.solve(safe, residuals)
    return torch.where(determined, (moved * solved).sum(1), torch.nan)


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
    found = in_sample_space(grams, towards, n, asked.l2, asked.damping, weights=P.p, rank=asked.rank)
    shift = n * (asked.l2 + asked.damping)
    if asked.target is None or len(columns) > 1 or not shift:
        return found
    # (G^T G + s I)^-1 t = (t - G^T (G G^T + s I)^-1 G t) / s, and the influence is what stands behind G^T.
    rest = asked.target.double() - P.combined(found.influence.to(P.X.dtype)).double()
    return dataclasses.replace(found, direction=rest / shift)


def in_sample_space(
    grams: Tensor, towards: Tensor | None, n: int, l2: float, damping: float, *, weights: int,
    rank: float = _RANK[torch.float64],
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
    factored = [torch.linalg.eigh(K) for K in grams]
    largest = max(float(values[-1]) for values, _ in factored) / n
    dampings = sweep(largest, damping)
    chosen = dampings.index(float(damping))
    by_damping = torch.zeros(len(dampings), grams.shape[1], dtype=torch.float64, device=grams.device)
    corrected, self_influence = by_damping[0].clone(), by_damping[0].clone()
    for block, (values, V) in enumerate(factored):
        values = values.clamp_min(0)
        inverses = torch.stack([inverse(values, n * (l2 + d), rank=rank) for d in dampings])
        h = V.square() @ (inverses * values).T  # (n, D)
        found = h if towards is None else V @ (inverses * (V.T @ towards[block])[None]).T
        by_damping += found.T
        self_influence += h[:, chosen]
        corrected += divided(found[:, chosen], 1 - h[:, chosen])
    least = l2 if grams.shape[1] < weights else math.nan
    return Influences(
        by_damping[chosen], corrected, self_influence, dampings, by_damping, "sample space", least, largest + l2, 0
    )


def _towards(P: Point, target: Tensor, columns: list[slice]) -> Tensor:
    """Inner products of the examples' gradients with the target's, (L, n), for each block of columns."""
    parts = torch.zeros(len(columns), P.p, dtype=target.dtype, device=target.device)
    for part, c in zip(parts, columns, strict=True):
        part[c] = target[c]
    return P.products(parts, P.X, P.Y).double().T


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
