"""The x that explains a noisy release of a softmax model best, with or without a prior, by Levenberg and Marquardt.

Without a prior the maximum of the likelihood, the least of  |T*(x) - T~|^2 / (2 sigma^2).  With one, N(mean, P^-1), the
least of

    |T*(x) - T~|^2 / (2 sigma^2) + (x - mean)^T P (x - mean) / 2 + log det N(g) / 2,     N(g) = w^2 / sigma^2 B^T B + P,

B_c = sum_e (H_o^-1)_ce g_e: the scores at which most mass of the posterior lies, not the point of greatest density.

Source: docs/maths.md, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.attacks.retrained import Example, Retrained

_STEPS = 20
_CLOSE = 1e-3  # of the objective, in units of the noise: half a squared error, whose expectation is that of f entries
_DAMPING, _LEAST, _MOST = 1e-3, 1e-9, 1e9
_MORE, _LESS = 8.0, 0.1
_FAR = 3.0  # times the reach


@dataclass(frozen=True, slots=True)
class Prior:
    """A Gaussian for x, with full vectors and matrices over its d entries, and draws from it.

    Attributes:
        mean: (d,).
        precision: P, (d, d).
    """

    mean: Tensor
    precision: Tensor


@dataclass(frozen=True, slots=True)
class Aim:
    """What is made small, for B releases.

    Attributes:
        example: the example under attack.
        released: T~, (B, k, d). sigma: (B,), > 0. centre: c, (B, k, d).
        reach: the largest norm of an answer; an x far beyond it is followed no further.
        prior: None for the likelihood alone.
    """

    example: Example
    released: Tensor
    sigma: Tensor
    centre: Tensor
    reach: Tensor
    prior: Prior | None = None

    def rows(self, rows: Tensor) -> Aim:
        """Of some of the releases."""
        return Aim(self.example, self.released[rows], self.sigma[rows], self.centre[rows], self.reach, self.prior)

    def around(self, centre: Tensor) -> Aim:
        """With other centres."""
        return Aim(self.example, self.released, self.sigma, centre, self.reach, self.prior)

    def precision(self, g: Tensor) -> Tensor:
        """N(g), (B, d, d)."""
        e, prior = self.example, self.prior
        assert prior is not None
        return e.others.square.form(g).mul_((e.w / self.sigma)[:, None, None] ** 2).add_(prior.precision)

    def misfit(self, at: Retrained) -> Tensor:
        """|T*(x) - T~|^2 / (2 sigma^2), (B,)."""
        return (at.T - self.released).flatten(1).square().sum(1) / (2 * self.sigma**2)

    def value(self, at: Retrained) -> tuple[Tensor, Tensor | None]:
        """The objective, (B,), infinite where it is not a number, and with a prior the Cholesky factor of N."""
        value, factor = self.misfit(at), None
        if self.prior is not None:
            off, f = at.x - self.prior.mean, self.example.free
            factor = torch.linalg.cholesky_ex(self.precision(at.g)[:, :f, :f])[0]
            value = value + ((off @ self.prior.precision) * off).sum(1) / 2
            value = value + factor.diagonal(dim1=1, dim2=2).log().sum(1)
        return torch.where(value.isfinite(), value, torch.inf), factor

    def system(self, at: Retrained, factor: Tensor | None) -> tuple[Tensor, Tensor]:
        """The Gauss-Newton matrix (B, f, f) and the gradient (B, f) of the objective."""
        Z, f, scale = at.slope(), self.example.free, self.sigma**-2
        A = at.gram(Z) * scale[:, None, None]
        gradient = at.pulled_back(Z, at.T - self.released) * scale[:, None]
        if self.prior is None or factor is None:
            return A, gradient
        A = A + self.prior.precision[:f, :f]
        gradient = gradient + ((at.x - self.prior.mean) @ self.prior.precision)[:, :f]
        spread = padded(torch.cholesky_inverse(factor), at.x.shape[1] - f)
        weight = (self.example.w**2 * scale)[:, None]
        pull = weight * torch.einsum("bc,bce->be", at.g, self.example.others.square.traces(spread))
        return A, gradient + torch.einsum("bcf,bc->bf", at.S @ Z, pull)


def best(aim: Aim, x: Tensor) -> tuple[Retrained, Tensor]:
    """The minimum reached from x (B, d), and the objective there, (B,)."""
    at = aim.example.retrained(x, aim.centre)
    value, factor = aim.value(at)
    damping = torch.full_like(value, _DAMPING)
    active = torch.arange(len(x), device=x.device)
    for _ in range(_STEPS):
        part, here = aim.rows(active), at.rows(active)
        A, gradient = part.system(here, None if factor is None else factor[active])
        step, decrease = _step(A, gradient, damping[active])
        trial = here.x.clone()
        trial[:, : aim.example.free] -= step
        there = aim.example.retrained(trial, part.centre)
        new, new_factor = part.value(there)
        better = new < value[active]
        rows = active[better]
        at.replaced(rows, there.rows(better.nonzero()[:, 0]))
        if factor is not None and new_factor is not None:
            factor[rows] = new_factor[better]
        # Neither a step that promises nothing nor one that gains next to nothing is followed by another.
        gained = torch.where(better, value[active] - new, torch.inf)
        value[rows] = new[better]
        damping[active] = (damping[active] * torch.where(better, _LESS, _MORE)).clamp_min(_LEAST)
        near = at.x[active].norm(dim=1) < _FAR * aim.reach
        active = active[near & (decrease > _CLOSE) & (gained > _CLOSE) & (damping[active] < _MOST)]
        if not active.numel():
            break
    return at, value


def _step(A: Tensor, gradient: Tensor, damping: Tensor) -> tuple[Tensor, Tensor]:
    """The damped step, (B, f), and what the objective is to lose by it, (B,)."""
    damped = A + torch.diag_embed(damping[:, None] * A.diagonal(dim1=1, dim2=2))
    factor = torch.linalg.cholesky_ex(damped)[0]
    step = torch.cholesky_solve(gradient[..., None], factor)[..., 0]
    decrease = (step * gradient).sum(1) / 2
    return torch.nan_to_num(step, nan=0.0, posinf=0.0, neginf=0.0), torch.nan_to_num(decrease, nan=torch.inf)


def padded(matrix: Tensor, more: int) -> Tensor:
    """(B, f, f) with `more` rows and columns of zeros, of entries that are known."""
    return torch.nn.functional.pad(matrix, (0, more, 0, more)) if more else matrix
