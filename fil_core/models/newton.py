"""Newton's method with a backtracking line search, for smooth strictly convex objectives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.errors import NotConverged, SingularCurvature
from fil_core.progress import Progress

_SLOW = 0.1  # a step that leaves more than this of the gradient asks for a new Hessian


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the iteration ended.

    Attributes:
        theta: the parameters, any shape.
        grad_norm: Euclidean norm of the gradient there.
        tolerance: the norm below which the point counts as an optimum.
        iterations: Newton steps taken.
    """

    theta: Tensor
    grad_norm: float
    tolerance: float
    iterations: int

    @property
    def converged(self) -> bool:
        """Whether the gradient is small enough."""
        return self.grad_norm <= self.tolerance


def minimise(
    loss: Callable[[Tensor], Tensor],
    gradient: Callable[[Tensor], Tensor],
    hessian: Callable[[Tensor], Tensor],
    theta: Tensor,
    *,
    tolerance: float,
    steps: int = 100,
    progress: Progress | None = None,
) -> Optimum:
    """Newton's method from `theta`, with a factorised Hessian kept for as long as it serves.

    Args:
        loss: the objective, of theta.
        gradient: its gradient, of theta and shaped like it.
        hessian: its Hessian, of theta, (m, m) over theta flattened.
        theta: start, any shape.
        tolerance: largest gradient norm of an optimum, in the gradient's units.
        steps: most Newton steps.
        progress: told (step, None, what).

    Raises:
        SingularCurvature: the Hessian has no Cholesky factor on the way.

    Source: for the kept factor, Shamanskii (1967); Kelley, Iterative Methods (SIAM 1995), Sec. 5.4.3.
    """
    value, g = loss(theta), gradient(theta)
    factor, before = None, float("inf")
    for k in range(steps):
        norm = float(g.norm())
        if factor is None or (norm > tolerance and norm > _SLOW * before):
            factor = _cholesky(hessian(theta))
        if norm <= tolerance:
            theta, g = _polish(gradient, theta, g, factor)
            return Optimum(theta, float(g.norm()), tolerance, k)
        if progress:
            progress(k, None, f"training: Newton step {k + 1}, gradient norm {norm:.1e}")
        step = _solve(factor, g)
        theta, value, moved = _backtrack(loss, theta, value, step, float((g * step).sum()))
        g, before = gradient(theta), norm
        if not moved:
            break
    return Optimum(theta, float(g.norm()), tolerance, k + 1)


def _cholesky(H: Tensor) -> Tensor:
    factor, failed = torch.linalg.cholesky_ex(H)
    if int(failed) or not bool(torch.isfinite(factor).all()):
        raise SingularCurvature("The curvature became singular while training; expected a strictly convex objective.")
    return factor


def _solve(factor: Tensor, g: Tensor) -> Tensor:
    return torch.cholesky_solve(g.reshape(-1, 1), factor).reshape(g.shape)


def _polish(gradient: Callable[[Tensor], Tensor], theta: Tensor, g: Tensor, factor: Tensor) -> tuple[Tensor, Tensor]:
    """Steps with the kept factor, for as long as they halve the gradient: from the tolerance on to rounding."""
    while True:
        trial = theta - _solve(factor, g)
        after = gradient(trial)
        if not float(after.norm()) < float(g.norm()) / 2:
            return theta, g
        theta, g = trial, after


def _backtrack(
    loss: Callable[[Tensor], Tensor], theta: Tensor, value: Tensor, step: Tensor, slope: float
) -> tuple[Tensor, Tensor, bool]:
    """Halve the step until the loss falls by a tenth of what the slope promises (Armijo)."""
    size = 1.0
    slack = 16 * torch.finfo(theta.dtype).eps * abs(float(value))  # near the optimum the fall is below rounding
    while size > 1e-10:
        trial = theta - size * step
        after = loss(trial)
        if float(after) <= float(value) - 0.1 * size * slope + slack:
            return trial, after, True
        size /= 2
    return theta, value, False


def require(optimum: Optimum, what: str) -> None:
    """Refuse a point that is not an optimum.

    Raises:
        NotConverged: with the norm seen, the tolerance, and what to change.
    """
    if not optimum.converged:
        raise NotConverged(
            f"{what} did not converge: after {optimum.iterations} Newton steps the gradient norm is "
            f"{optimum.grad_norm:.3g}; expected at most {optimum.tolerance:.3g}. "
            "Set a larger l2, or scale the features."
        )
