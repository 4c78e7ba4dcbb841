"""The posterior mean of an example, from noisy parameters and the others' moments: one integral over its score.

In the eigenbasis of the others' curvature, A = diag(alpha), the model that training gives is theta*(x) = c - w r A x,
r = r(z), z = x^T theta*(x). Given z this is linear in x, so with the prior N(mean, V), V = 1 / rho the variances of the
other examples along each eigenvector, and k = w^2 / sigma^2

    x | z ~ N(m, N^-1),   N = k r^2 A^2 + rho,   N m = k r A (c - theta~) / w + rho mean,

a diagonal Gaussian, conditioned on s(x) = z with s(x) = x^T (c - w r A x). s is nearly Gaussian itself, with the mean
and variance of a quadratic form, so that

    p(z | theta~)  is proportional to  exp(-|c - w r A m - theta~|^2 / (2 sigma^2) - (m - mean)^T rho (m - mean) / 2)
                                       det(N)^(-1/2)  (1 + w a x^T A x)  Normal(z; E s, Var s)

and E[x | z] is m moved along N^-1 grad s until s = z. With an intercept x is also conditioned on c^T x = 1, c the
direction of the constant: m and N^-1 become those of a Gaussian so conditioned, N^-1 - g g^T, and p gains the factor
Normal(1; c^T m, c^T N^-1 c). Everything is O(d), and the integral over z is a sum over its
peaks, one at each explanation while the noise is small. The mode of p(x | theta~) would be a poor guess: of the many
examples that explain the release almost equally well it takes the shortest, and ignores the volume of all others.

Source: derived here; docs/maths.md, section 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fil_core.attacks.informed import ROUNDING, ROUNDS, SETTLED, within

if TYPE_CHECKING:
    from fil_core.attacks.one_score import OneScore, Roots, Target

_VALUES = {"cpu": 2**21, "cuda": 2**26}  # (release, score, feature) triples held at a time
_NEAR = torch.logspace(-10, 1, 23, dtype=torch.float64)  # distances of the grid's points from an explanation's score
_PRIOR = torch.linspace(-4, 4, 17, dtype=torch.float64)  # in standard deviations of the score under the prior alone
_ZOOM, _ZOOMS = torch.linspace(0, 1, 9, dtype=torch.float64), 8
_WINDOW = torch.linspace(-5, 5, 21, dtype=torch.float64)  # points around each peak, in its standard deviations
_DRAWS = 1024  # pairs of draws from the prior, mirrored at its mean
_FLAT = 0.25  # share of them that counts, above which the release says little and draws are exact enough
_LOUD = 0.1  # of the root mean square distance between the drawn parameters and their mean
_SCORE_STEPS = 60
_WIDTH = 4 * len(_NEAR) + len(_PRIOR) + 3 * len(_WINDOW)  # scores of one grid


@dataclass(frozen=True, slots=True)
class Posterior:
    """The attack on R releases of one target.

    Attributes:
        adversary, target: the attacker, and the example under attack.
        released: theta~, (R, d), in the target's basis.
        sigma: standard deviation of its noise, (R,), > 0.
        centre: c, the optimum without the example, (R, d).
    """

    adversary: OneScore
    target: Target
    released: Tensor
    sigma: Tensor
    centre: Tensor

    def mean(self, roots: Roots) -> tuple[Tensor, Tensor]:
        """E[x | theta~], (R, d), and theta*(x) at the grid point of most mass, (R, d); the grids surround `roots`."""
        rows = max(1, _VALUES[self.released.device.type] // (_WIDTH * self.released.shape[1]))
        parts = [self._part(slice(i, i + rows))._mean(roots.z[i : i + rows]) for i in range(0, len(self.sigma), rows)]
        x, top, z = (torch.cat(column) for column in zip(*parts, strict=True))
        r = self.adversary.loss_terms(z, self.target.y)[0]
        return x, self.centre - (self.target.w * r)[:, None] * self.target.alpha * top

    def _part(self, rows: slice) -> Posterior:
        return Posterior(self.adversary, self.target, self.released[rows], self.sigma[rows], self.centre[rows])

    def _mean(self, roots: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean, and the x and z of most mass, by the trapezoidal rule over a grid with a window at each peak."""
        grids = self._grids(roots)
        windows = [top[:, None] + std[:, None] * _WINDOW.to(top) for top, std in map(self._peak, grids)]
        z = torch.cat([grids[0], *windows], 1).sort(1).values
        log_p, x = self._evaluate(z, guess=True)
        gap = z.diff(dim=1) / 2
        cell = torch.nn.functional.pad(gap, (1, 0)) + torch.nn.functional.pad(gap, (0, 1))
        share = torch.softmax(log_p + cell.clamp_min(1e-300).log(), 1)
        best, row = share.argmax(1), torch.arange(len(z), device=z.device)
        return (share[..., None] * x).sum(1), x[row, best], z[row, best]

    def _peak(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The peak of most mass on a grid: its top, and its standard deviation by a parabola, (R,) each."""
        log_p = self._evaluate(z)[0]
        # By mass, not by height: cells are narrow next to an explanation and wide far from it.
        cell = (z[:, 2:] - z[:, :-2]) / 2
        best = (log_p[:, 1:-1] + cell.clamp_min(1e-300).log()).argmax(1) + 1
        row = torch.arange(len(z), device=z.device)
        low, high = z[row, best - 1], z[row, best + 1]
        for _ in range(_ZOOMS):
            inside = low[:, None] + (high - low)[:, None] * _ZOOM.to(z)
            log_p = self._evaluate(inside)[0]
            best = log_p.argmax(1)
            low, high = inside[row, (best - 1).clamp_min(0)], inside[row, (best + 1).clamp_max(len(_ZOOM) - 1)]
            if bool((log_p.amax(1) - log_p.amin(1) < 1).all()):
                break  # the peak is flat at this scale
        return inside[row, best], self._std(inside, log_p, best)

    @staticmethod
    def _std(z: Tensor, log_p: Tensor, best: Tensor) -> Tensor:
        """Standard deviation of the peak from a parabola through its top, (R,)."""
        middle = best.clamp(1, z.shape[1] - 2)[:, None]
        h = (z[:, 1] - z[:, 0]).abs()
        bend = 2 * log_p.gather(1, middle) - log_p.gather(1, middle - 1) - log_p.gather(1, middle + 1)
        return h / bend[:, 0].clamp_min(1e-4).sqrt()

    def _grids(self, roots: Tensor) -> list[Tensor]:
        """Grids of scores, each (R, P) ascending: everywhere, and on either side of the middle of two explanations."""
        r, a = self.adversary.loss_terms(roots, self.target.y)
        scale = (r.abs() / a.clamp_min(1e-12)).clamp(1e-6, 1)[..., None]
        near = torch.cat([-_NEAR.flip(0), _NEAR]).to(roots)
        around = roots[..., None] + scale * near  # (R, 2, P)
        middle, width = self.centre @ self.target.mean, (self.centre**2 @ self.target.variance).sqrt()
        prior = middle[:, None] + width[:, None] * _PRIOR.to(roots)
        border = roots.mean(1, keepdim=True)
        below, border = (roots <= border)[..., None], border[..., None]
        sides = torch.where(below, torch.minimum(around, border), torch.maximum(around, border))
        return [torch.cat([around.flatten(1), prior], 1).sort(1).values, *sides.unbind(1)]

    def _evaluate(self, z: Tensor, *, guess: bool = False) -> tuple[Tensor, Tensor]:
        """log p(z | theta~) up to a constant, (R, P), and with `guess` E[x | z], (R, P, d)."""
        t, rho = self.target, 1 / self.target.variance
        r, a = self.adversary.loss_terms(z, t.y)
        pull = (t.w * r)[..., None] * t.alpha  # w r A, (R, P, d)
        c, offset = self.centre[:, None], (self.centre - self.released)[:, None]
        precision = self.sigma[:, None, None] ** -2
        N = precision * pull**2 + rho
        m = (precision * pull * offset + rho * t.mean) / N
        misfit = (precision * (offset - pull * m) ** 2 + rho * (m - t.mean) ** 2 + N.log()).sum(2)
        m, g, more = _with_constant(m, N, t.constant)
        curved = pull * m
        slope = c - 2 * curved
        expected = (m * (c - curved) - pull * (1 / N - g**2)).sum(2)
        moved = slope / N - g * (slope * g).sum(2, keepdim=True)  # Cov slope
        variance = (slope * moved).sum(2) + 2 * _trace_of_square(pull, N, g)
        q = (t.alpha * (m**2 + 1 / N - g**2)).sum(2)
        missing = z - expected
        log_p = -(misfit + more) / 2 + torch.log1p(t.w * a * q) - missing**2 / (2 * variance) - variance.log() / 2
        log_p = torch.nan_to_num(log_p, nan=-math.inf)
        return log_p, m + moved * (missing / variance)[..., None] if guess else m[:0]


def _with_constant(m: Tensor, N: Tensor, c: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """N(m, N^-1) conditioned on c^T x = 1: its mean, g of its covariance N^-1 - g g^T, and -2 log of the evidence."""
    if c is None:
        return m, m.new_zeros(1), m.new_zeros(1)
    along = c / N
    size = along @ c
    off = m @ c - 1
    kept = m - along * (off / size)[..., None]
    return kept, along / size.sqrt()[..., None], off**2 / size + size.log()


def _trace_of_square(pull: Tensor, N: Tensor, g: Tensor) -> Tensor:
    """Tr (D Cov)^2 for D = diag(pull) and Cov = N^-1 - g g^T."""
    lost = pull * g**2
    return (pull**2 / N * (1 / N - 2 * g**2)).sum(2) + lost.sum(2) ** 2


def nearly_prior(adversary: OneScore, target: Target, released: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """Posterior means by draws from the prior, and where these are to be used: where the noise drowns the example.

    Each drawn x gives the parameters c - w r A x, with z + w r(z) x^T A x = x^T c for its score, and counts by their
    likelihood. The draws come in pairs that mirror each other at the prior's mean, so that equal likelihoods, the limit
    of endless noise, give that mean exactly; the integral over the score is no more than close to it there.

    Args:
        adversary: the attacker.
        target: the example under attack.
        released: theta~, (R, d), in the target's basis.
        sigma: standard deviation of its noise, (R,), > 0.

    Returns:
        (R, d), and (R,) whether the effective number of draws is a quarter of them or more.
    """
    half = torch.randn(_DRAWS, target.mean.numel(), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    half = half.to(released) * target.variance.sqrt()
    if (c := target.constant) is not None:  # which no draw changes
        half = half - torch.outer(half @ c, target.variance * c / (target.variance @ c**2))
    x = torch.cat([target.mean + half, target.mean - half])
    q, s = (x * x) @ target.alpha, x @ target.centre
    r = _residual(adversary, target, q, s)
    theta = target.centre - (target.w * r)[:, None] * target.alpha * x
    mean, drowned = torch.zeros_like(released), torch.zeros_like(sigma, dtype=torch.bool)
    # With less noise than this the likelihoods of draws at either end differ too much for many of them to count.
    loud = (sigma > _LOUD * (theta - theta.mean(0)).square().sum(1).mean().sqrt()).nonzero()[:, 0]
    for rows in loud.split(max(1, _VALUES[released.device.type] // len(x))):
        distance = torch.cdist(released[rows], theta).square()
        weight = torch.softmax(-distance / (2 * sigma[rows, None] ** 2), 1)
        mean[rows], drowned[rows] = weight @ x, 1 / weight.square().sum(1) >= _FLAT * len(x)
    return mean, drowned


def _residual(adversary: OneScore, target: Target, q: Tensor, s: Tensor) -> Tensor:
    """r(z) where z + w r(z) q = s, each (M,), by bisection between s -+ w q |r(s)|: the left side rises with z."""
    width = target.w * q * adversary.loss_terms(s, target.y)[0].abs()
    low, high = s - width, s + width
    for _ in range(_SCORE_STEPS):
        z = (low + high) / 2
        above = z + target.w * q * adversary.loss_terms(z, target.y)[0] > s
        low, high = torch.where(above, low, z), torch.where(above, z, high)
    return adversary.loss_terms((low + high) / 2, target.y)[0]


def posterior_means(adversary: OneScore, target: Target, released: Tensor, sigma: Tensor, roots: Roots) -> Tensor:
    """The posterior mean of each release, (R, d); without noise the likelier explanation itself.

    Args:
        adversary: the attacker.
        target: the example under attack.
        released: theta~, (R, d), in the target's basis.
        sigma: standard deviation of its noise, (R,), >= 0.
        roots: the explanations of the releases.
    """
    x = within(roots.likelier, target.reach)
    noisy = (sigma > 0).nonzero()[:, 0]
    if not noisy.numel():
        return x
    drawn, drowned = nearly_prior(adversary, target, released[noisy], sigma[noisy])
    x[noisy[drowned]] = drawn[drowned]
    active = noisy[~drowned]
    centre = target.centre.expand_as(released).clone()
    rounding = ROUNDING * float(target.theta.norm())
    for _ in range(ROUNDS):
        if not active.numel():
            break
        posterior = Posterior(adversary, target, released[active], sigma[active].clamp_min(rounding), centre[active])
        x[active], theta = posterior.mean(roots.rows(active))
        if adversary.kind == "least-squares":
            break  # the others' loss is quadratic, so the centre does not depend on theta
        before, centre[active] = centre[active], adversary.centre_at(target, theta)
        active = active[(centre[active] - before).norm(dim=1) > SETTLED * sigma[active]]
    return within(x, target.reach)
