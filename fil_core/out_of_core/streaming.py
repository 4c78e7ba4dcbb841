"""Fisher information loss of more examples than fit in memory: two passes over blocks, of which only eta is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from fil_core.errors import BadRequest
from fil_core.leakage.glm import GlmJacobians
from fil_core.linalg import Curvature, weighted_gram
from fil_core.models import Glm
from fil_core.models.glm import least_squares_terms, penalised, solve_normal_equations
from fil_core.specs.checks import positive

Blocks = Iterable[tuple[Tensor, Tensor]]


def fil_of_blocks(blocks: Callable[[], Blocks], *, l2: float, sigma: float = 1.0) -> tuple[Tensor, Curvature, Tensor]:
    """Fisher information loss of least squares on examples that come in blocks.

    The first pass adds up X^T X and X^T y; after one factorisation the second computes eta block by block. n is bounded
    by the disk or the generator behind the blocks, not by memory, which holds a block, H and n numbers.

    >>> one = torch.ones(1, 1, dtype=torch.float64)  # two points at x = 1, targets 0 and 2, see `fil_core.leakage.fil`
    >>> theta, curvature, eta = fil_of_blocks(lambda: [(one, 0 * one[0]), (one, 2 * one[0])], l2=0.0)
    >>> theta.round(decimals=9).tolist(), eta.square().round(decimals=9).tolist()
    ([1.0], [1.25, 0.25])

    Args:
        blocks: starts a pass over the examples: X (m, d) and targets y (m,), classes coded -1/+1, float64 and all on
            one device. Called twice; both passes must yield the same blocks.
        l2: lambda of the objective `sum_i loss_i + n * l2 / 2 * |theta|^2`, >= 0.
        sigma: standard deviation of the Gaussian output perturbation, > 0, in units of theta.

    Returns:
        theta (d,), the curvature there, and eta (n,) in the order of the blocks, as `fit` and `fil` have them.

    Raises:
        BadRequest: no examples, blocks of other shapes or types, passes that differ, l2 < 0 or sigma <= 0.
        NotConverged, SingularCurvature: no optimum, with what to change.

    Source: the normal equations, and `fil` on each block; docs/maths.md, section 2.
    """
    positive("l2", l2, zero=True)
    positive("sigma", sigma)
    H, b, n = _normal_equations(blocks())
    optimum, curvature = solve_normal_equations(penalised(H, n * l2), b)
    theta = optimum.theta
    parts, gradient = [theta.new_empty(0)], n * l2 * theta
    for X, y in _checked(blocks(), theta.numel()):
        z = X @ theta
        terms = Glm(X, torch.ones_like(y), theta, z, *least_squares_terms(z, y), curvature)
        parts.append(GlmJacobians(terms, slice(None)).eta_squared().sqrt() / sigma)
        gradient += X.T @ terms.r
    _same_examples(n, sum(map(len, parts)), float(gradient.norm()), optimum.tolerance)
    return theta, curvature, torch.cat(parts)


def _normal_equations(blocks: Blocks) -> tuple[Tensor, Tensor, int]:
    """X^T X, X^T y and n, in one pass."""
    H, b, n = torch.empty(0), torch.empty(0), 0
    for X, y in _checked(blocks):
        if n == 0:
            H, b = X.new_zeros(X.shape[1], X.shape[1]), X.new_zeros(X.shape[1])
        H += weighted_gram(X, None)
        b += X.T @ y
        n += len(y)
    if n == 0:
        raise BadRequest("blocks: expected at least one example; got none.")
    return H, b, n


def _checked(blocks: Blocks, d: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """The blocks that hold examples, each with d features, or with as many as the first."""
    for X, y in blocks:
        d = X.shape[-1] if d is None else d
        if X.shape != (len(y), d) or y.ndim != 1:
            raise BadRequest(f"blocks: expected X (m, {d}) and y (m,); got {tuple(X.shape)} and {tuple(y.shape)}.")
        if not X.dtype == y.dtype == torch.float64:
            raise BadRequest(f"blocks: expected float64, for which eta is exact; got {X.dtype} and {y.dtype}.")
        if len(y):
            yield X, y


def _same_examples(first: int, second: int, grad_norm: float, tolerance: float) -> None:
    """Refuse passes that differ: the optimum of the first pass must be stationary for the rows of the second."""
    if first != second:
        raise BadRequest(f"blocks: expected the same examples in both passes; got {first:,}, then {second:,}.")
    if not grad_norm <= tolerance:
        raise BadRequest(
            "blocks: expected the same examples in both passes; at the optimum of the first the gradient over the "
            f"second is {grad_norm:.3g}, not below {tolerance:.3g}. Seed each block; keep rows and targets together."
        )
