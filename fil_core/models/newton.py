"""Newton's method with a backtracking line search, for smooth strictly convex objectives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.errors import NotConverged, SingularCurvature
from fil_core.progress import Progress

_SLOW = 0.1  # share of the gradient norm left after a step, above which the Hessian is computed anew


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
    """Newton's method from `theta`; a factorised Hessian is reused for as long as its steps shrink the gradient fast.

    On a quadratic, |theta - 1|^2 / 2, one step reaches the optimum:

    >>> ones, start = torch.ones(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    >>> loss = lambda theta: (theta - ones).square().sum() / 2
    >>> found = minimise(loss, lambda theta: theta - ones, lambda theta: torch.diag(ones), start, tolerance=1e-12)
    >>> found.theta.tolist(), found.iterations
    ([1.0, 1.0], 1)

    Args:
        loss: the objective, of theta.
        gradient: its gradient, of theta and shaped like it.
        hessian: its Hessian, of theta, (m, m) over theta flattened.
        theta: starting point, any shape.
        tolerance: largest gradient norm of an optimum, in the gradient's units.
        steps: maximum number of Newton steps, >= 1.
        progress: called with (step, None, what).

    Returns:
        The last point, which need not be an optimum; see `require`.

    Raises:
        SingularCurvature: a Hessian on the way has no Cholesky factor.

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
    """Further steps with the same factor, while each halves the gradient: from the tolerance down to rounding."""
    while True:
        trial = theta - _solve(factor, g)
        after = gradient(trial)
        if not float(after.norm()) < float(g.norm()) / 2:
            return theta, g
        theta, g = trial, after


def _backtrack(
    loss: Callable[[Tensor], Tensor], theta: Tensor, value: Tensor, step: Tensor, slope: float
) -> tuple[Tensor, Tensor, bool]:
    """Halve the step until the loss decreases by at least 0.1 times the slope's prediction (Armijo's rule)."""
    size = 1.0
    slack = 16 * torch.finfo(theta.dtype).eps * abs(float(value))  # near the optimum the decrease is below rounding
    while size > 1e-10:
        trial = theta - size * step
        after = loss(trial)
        if float(after) <= float(value) - 0.1 * size * slope + slack:
            return trial, after, True
        size /= 2
    return theta, value, False


def require(optimum: Optimum, what: str) -> None:
    """Refuse a point that is not an optimum.

    Args:
        optimum: where an iteration ended.
        what: name of the method, at the beginning of the message.

    Raises:
        NotConverged: its gradient norm is above the tolerance.
    """
    if not optimum.converged:
        raise NotConverged(
            f"{what} did not converge: after {optimum.iterations} Newton steps the gradient norm is "
            f"{optimum.grad_norm:.3g}; expected at most {optimum.tolerance:.3g}. "
            "Set a larger l2, or scale the features."
        )
