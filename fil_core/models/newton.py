"""Newton's method with a backtracking line search, for smooth strictly convex objectives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.errors import NotConverged, SingularCurvature
from fil_core.progress import Progress

_CLOSE = 0.1  # of the gradient: the residual of a step by conjugate gradients, at first
_PRODUCTS = 500  # with the Hessian for one step
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


def minimise_by_products(
    loss: Callable[[Tensor], Tensor],
    gradient: Callable[[Tensor], Tensor],
    products: Callable[[Tensor], Callable[[Tensor], Tensor]],
    theta: Tensor,
    *,
    tolerance: float,
    steps: int = 100,
    progress: Progress | None = None,
) -> Optimum:
    """Newton's method from `theta` without a Hessian: each step by conjugate gradients, the closer the better.

    On a quadratic with two curvatures, (a^2 + 4 b^2) / 2 - a - 4 b, whose minimum is (1, 1):

    >>> h, start = torch.tensor([1.0, 4.0], dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    >>> loss = lambda theta: (h * (theta * theta / 2 - theta)).sum()
    >>> times = lambda theta: lambda v: h * v
    >>> found = minimise_by_products(loss, lambda theta: h * (theta - 1), times, start, tolerance=1e-9)
    >>> found.theta.round(decimals=9).tolist(), found.converged
    ([1.0, 1.0], True)

    Args:
        loss: the objective, of theta.
        gradient: its gradient, of theta and shaped like it.
        products: of theta, to the product of the Hessian there with a direction shaped like theta.
        theta: starting point, any shape.
        tolerance: largest gradient norm of an optimum, in the gradient's units.
        steps: maximum number of Newton steps, >= 1.
        progress: called with (step, None, what).

    Returns:
        The last point, which need not be an optimum; see `require`. Where it is one, steps went on for as long as each
        halved the gradient.

    Source: Nocedal and Wright, Numerical Optimization (2006), Sec. 7.1.
    """
    value, g = loss(theta), gradient(theta)
    first = float(g.norm())
    for k in range(steps):
        norm = float(g.norm())
        if progress:
            progress(k, None, f"training: Newton step {k + 1}, gradient norm {norm:.1e}")
        if norm == 0:
            break
        close = min(_CLOSE, (norm / first) ** 0.5)  # superlinear convergence
        step = _conjugate_gradients(products(theta), g, close * norm)
        if norm <= tolerance:
            trial = theta - step
            after = gradient(trial)
            if not float(after.norm()) < norm / 2:
                break
            theta, g = trial, after
            continue
        theta, value, moved = _backtrack(loss, theta, value, step, float((g * step).sum()))
        g = gradient(theta)
        if not moved:
            break
    return Optimum(theta, float(g.norm()), tolerance, k + 1)


def _conjugate_gradients(times: Callable[[Tensor], Tensor], g: Tensor, tolerance: float) -> Tensor:
    """x with |A x - g| <= tolerance for a positive definite A known by products, or the last of some steps."""
    x, r = torch.zeros_like(g), g.clone()
    p, square = r, float((r * r).sum())
    for _ in range(_PRODUCTS):
        image = times(p)
        size = square / float((p * image).sum())
        x, r = x + size * p, r - size * image
        before, square = square, float((r * r).sum())
        if square**0.5 <= tolerance:
            break
        p = r + square / before * p
    return x


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
