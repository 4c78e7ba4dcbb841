"""The posterior mean of an example of a softmax model: one integral over its C - 1 scores, by importance sampling.

Given the scores z, so g(z), training gives T*(x) = c - w B x with B_c = sum_e (H_o^-1)_ce g_e, linear in x. With the
prior N(mean, P^-1), x | z is Gaussian,

    x | z ~ N(m, N^-1),   N = w^2 / sigma^2 B^T B + P,   N m = w / sigma^2 B^T (c - T~) + P mean,

conditioned on s(x) = z with s(x) = T*(x) x, which is nearly Gaussian, of the mean and the variance of a quadratic form:

    p(z | T~)  is proportional to  exp(-|c - w B m - T~|^2 / (2 sigma^2) - (m - mean)^T P (m - mean) / 2) det(N)^(-1/2)
                                   det(I + w E[Q] S) Normal(z; E s, Cov s),     Q_ce = x^T (H_o^-1)_ce x,

and E[x | z] = m + N^-1 J^T Cov(s)^-1 (z - E s), J = ds/dx at m. Scores are drawn from a t distribution around the modes
that `best_example` finds from the unbiased answer and from the prior's mean, in pairs that mirror each other, by a
Sobol sequence, and count by p(z | T~) over that density. With an intercept the last entry of x is 1 throughout. Where x
has few entries, or no more than scores, the points are drawn for x itself, and count by its posterior density.

Source: derived here; docs/maths.md, section 6.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fil_core.attacks.best_example import Aim, padded
from fil_core.attacks.informed import within
from fil_core.attacks.points import FEW, POINTS, POINTS_OF_X, POINTS_WIDE, WIDE
from fil_core.attacks.retrained import Retrained

_Evaluate = Callable[[Aim, Tensor, Tensor], tuple[Tensor, Tensor]]

if TYPE_CHECKING:
    from fil_core.attacks.several_scores import SeveralScores, SoftmaxTarget

_DRAWS, _DRAWS_WIDE = 1024, 128  # pairs of draws from the prior, mirrored at its mean
_VALUES = {"cpu": 2**22, "cuda": 2**29}  # float64 values of the points held at a time
_TAILS = 8.0  # degrees of freedom of the t distribution
_WIDER = 1.2  # its scale, in standard deviations of the mode
_LOST = 30.0  # of the objective: a mode that is higher by more has no mass
_ROUNDS, _RENEWABLE = 3, 2**12  # of training at each point, and examples times parameters up to which that is done
_FLAT = 0.25  # share of the draws that counts, above which the release says little and draws are exact enough


def posterior_means(adversary: SeveralScores, target: SoftmaxTarget, aim: Aim, x: Tensor, either: Tensor) -> Tensor:
    """The posterior mean of each release, (B, d).

    Args:
        adversary: the attacker.
        target: the example under attack.
        aim: the B releases, without a prior, around the optimum without the example.
        x: (B, d), the unbiased answers, from which a mode is sought, as from the prior's mean.
        either: (B, 2, d), the two explanations; of few entries modes are sought from these too, and from the likeliest
            draw of the prior.
    """
    found = x.clone()
    mean, drowned, likeliest = nearly_prior(target, aim)
    found[drowned] = mean[drowned]
    rows = (~drowned).nonzero()[:, 0]
    if not rows.numel():
        return found
    sought = dataclasses.replace(aim.rows(rows), prior=target.prior)
    starts = [x[rows], target.prior.mean.expand(len(rows), -1)]
    if target.example.free <= FEW:
        starts += [within(one, target.reach) for one in (*either[rows].unbind(1), likeliest[rows])]
    modes, values, centres = zip(*(adversary.settled(target, sought, start) for start in starts), strict=True)
    value, each = torch.stack(values, 1), torch.arange(len(rows), device=rows.device)
    centre = torch.stack(centres, 1)[each, value.argmin(1)]
    renewed = _renewed(adversary, target) if len(adversary.terms.X) * target.T.numel() <= _RENEWABLE else None
    found[rows] = _integral(sought.around(centre), list(modes), value, renewed)
    return within(found, target.reach)


def nearly_prior(target: SoftmaxTarget, aim: Aim) -> tuple[Tensor, Tensor, Tensor]:
    """Posterior means by draws from the prior, and where these are to be used: where the noise drowns the example.

    The draws come in pairs that mirror each other at the prior's mean, so that equal likelihoods, the limit of endless
    noise, give that mean exactly.

    Args:
        target: the example under attack.
        aim: the B releases.

    Returns:
        (B, d); (B,) whether the effective number of draws is a quarter of them or more; and (B, d), the likeliest draw.
    """
    mean, f, d = target.prior.mean, target.example.free, len(target.prior.mean)
    pairs = _DRAWS if d < WIDE else _DRAWS_WIDE
    half = torch.randn(pairs, d, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(mean)
    half = (half * target.variance.sqrt()) @ target.vectors.T
    if f < d:  # a constant, which no draw changes
        along = (target.vectors * target.variance) @ target.vectors[-1]
        half = half - torch.outer(half[:, -1], along / along[-1])
    x = torch.cat([mean + half, mean - half])
    T = target.example.retrained(x, target.centre.expand(len(x), -1, -1)).T.flatten(1)
    distance = torch.cdist(aim.released.flatten(1), T).square()
    weight = torch.softmax(-distance / (2 * aim.sigma[:, None] ** 2), 1)
    return weight @ x, 1 / weight.square().sum(1) >= _FLAT * len(x), x[weight.argmax(1)]


def _renewed(adversary: SeveralScores, target: SoftmaxTarget) -> Callable[[Retrained], Retrained]:
    """Training with the others' own loss at each point, not with its quadratic around the best one."""

    def renewed(at: Retrained) -> Retrained:
        for _ in range(_ROUNDS):
            at = target.example.retrained(at.x, adversary.centre_at(target, at.T))
        return at

    return renewed


def _integral(
    aim: Aim, modes: list[Retrained], values: Tensor, renewed: Callable[[Retrained], Retrained] | None
) -> Tensor:
    """E[x | T~], (B, d), from the modes and the objective there, (B, modes); points of x itself are `renewed`."""
    lost = values > values.amin(1, keepdim=True) + _LOST
    d, f, k = aim.released.shape[2], aim.example.free, aim.released.shape[1]
    scores = k < f and f > FEW  # else the integral is over the entries of x
    peaks = [_peak(aim, mode, scores=scores) for mode in modes]
    best, each = values.argmin(1), torch.arange(len(values), device=values.device)
    for parts in zip(*peaks, strict=True):  # a mode without mass hands its points over to the best one
        instead = torch.stack(parts, 1)[each, best]
        for j, own in enumerate(parts):
            own[lost[:, j]] = instead[lost[:, j]]
    points = (POINTS if d < WIDE else POINTS_WIDE) if scores else POINTS_OF_X
    z, log_q = _proposals(peaks, points // len(modes))
    size = max(1, _VALUES[z.device.type] // (z.shape[1] * (2 * k * k * d + 6 * d * d)))
    evaluate = _evaluate if scores else partial(_evaluate_example, renewed)
    means = [
        _mean(aim.rows(rows), z[rows], log_q[rows], evaluate)
        for rows in torch.arange(len(z), device=z.device).split(size)
    ]
    x = torch.cat(means)
    x[:, f:] = 1
    return x


def _peak(aim: Aim, at: Retrained, *, scores: bool) -> tuple[Tensor, Tensor]:
    """A mode's scores (B, k), or the free entries of x, and a Cholesky factor of their covariance."""
    Z = at.slope()
    f = aim.example.free
    assert aim.prior is not None
    A = at.gram(Z) * (aim.sigma**-2)[:, None, None] + aim.prior.precision[:f, :f]
    factor = torch.linalg.cholesky_ex(A)[0]
    half = torch.linalg.solve_triangular(factor, Z.mT if scores else torch.eye(f).to(Z).expand_as(A), upper=False)
    cov = half.mT @ half
    cov.diagonal(dim1=1, dim2=2).mul_(1 + 1e-9)
    return at.s.clone() if scores else at.x[:, :f].clone(), torch.linalg.cholesky_ex(cov)[0] * _WIDER


def _proposals(peaks: list[tuple[Tensor, Tensor]], points: int) -> tuple[Tensor, Tensor]:
    """Points drawn around each mode, (B, modes * points, k), and the log density of them all, up to a constant."""
    k = peaks[0][0].shape[1]
    # The last coordinate is for the length of the t distribution's steps.
    u = torch.quasirandom.SobolEngine(k + 1, scramble=True, seed=0).draw(points // 2, dtype=torch.float64)
    normal = torch.special.ndtri(u.clamp(1e-9, 1 - 1e-9)).to(peaks[0][0])
    steps = normal[:, :k] * _t_lengths(normal[:, k])[:, None]
    steps = torch.cat([steps, -steps])
    z = torch.cat([middle[:, None] + steps @ factor.mT for middle, factor in peaks], 1)
    return z, torch.stack([_t_density(z, *peak) for peak in peaks]).logsumexp(0)


def _t_lengths(normal: Tensor) -> Tensor:
    """sqrt(nu / chi^2_nu), the quantiles of chi^2 from those of a normal by Wilson and Hilferty."""
    a = 2 / (9 * _TAILS)
    return (1 - a + normal * a**0.5).clamp_min(0.2) ** -1.5


def _t_density(z: Tensor, middle: Tensor, factor: Tensor) -> Tensor:
    k = z.shape[2]
    away = torch.linalg.solve_triangular(factor, (z - middle[:, None]).mT, upper=False)
    size = factor.diagonal(dim1=1, dim2=2).log().sum(1, keepdim=True)
    return -(_TAILS + k) / 2 * torch.log1p(away.square().sum(1) / _TAILS) - size


def _mean(aim: Aim, z: Tensor, log_q: Tensor, evaluate: _Evaluate) -> Tensor:
    """Self-normalised importance sampling of E[x | z] over the points (B, P, k), (B, d)."""
    B, P, _ = z.shape
    each = aim.rows(torch.arange(B, device=z.device).repeat_interleave(P))
    Y = aim.example.others.solve(aim.centre - aim.released)  # H_o^-1 (c - T~), the same for every point
    log_p, x = evaluate(each, z.flatten(0, 1), Y.repeat_interleave(P, 0))
    log_w = torch.nan_to_num(log_p.view(B, P) - log_q, nan=-math.inf)
    return (torch.softmax(log_w, 1)[..., None] * x.nan_to_num(0.0).view(B, P, -1)).sum(1)


def _evaluate_example(
    renewed: Callable[[Retrained], Retrained] | None, aim: Aim, free: Tensor, Y: Tensor
) -> tuple[Tensor, Tensor]:
    """log p(x | T~) up to a constant, (M,), and x itself, (M, d), of its free entries (M, f)."""
    assert aim.prior is not None
    x = torch.nn.functional.pad(free, (0, Y.shape[2] - free.shape[1]), value=1.0)
    off = x - aim.prior.mean
    at = aim.example.retrained(x, aim.centre)
    misfit = aim.misfit(at if renewed is None else renewed(at))
    return -misfit - ((off @ aim.prior.precision) * off).sum(1) / 2, x


def _evaluate(aim: Aim, z: Tensor, Y: Tensor) -> tuple[Tensor, Tensor]:
    """log p(z | T~) up to a constant, (M,), and E[x | z], (M, d)."""
    e, prior, f = aim.example, aim.prior, aim.example.free
    assert prior is not None
    g, S = e.derivatives(z)
    N = aim.precision(g)
    right = (e.w / aim.sigma**2)[:, None] * torch.einsum("me,mej->mj", g, Y) + prior.mean @ prior.precision
    factor = torch.linalg.cholesky_ex(N[:, :f, :f])[0]
    m = torch.ones_like(right)
    m[:, :f] = torch.cholesky_solve((right - N[..., f:].sum(2))[:, :f, None], factor)[..., 0]
    Km = e.others.inverse.times(m)
    Bm = torch.einsum("mcej,me->mcj", Km, g)
    off = m - prior.mean
    misfit = ((aim.centre - e.w * Bm - aim.released).flatten(1) / aim.sigma[:, None]).square().sum(1)
    log_p = -(misfit + ((off @ prior.precision) * off).sum(1)) / 2 - factor.diagonal(dim1=1, dim2=2).log().sum(1)
    spread = padded(torch.cholesky_inverse(factor), m.shape[1] - f)
    traces = e.others.inverse.traces(spread)
    Q = torch.einsum("mcej,mj->mce", Km, m) + traces
    expected = (aim.centre @ m[..., None])[..., 0] - e.w * (Q @ g[..., None])[..., 0]
    J = aim.centre - e.w * (Bm + torch.einsum("mecj,me->mcj", Km, g))
    moved = J @ spread  # (M, k, d)
    cov = moved @ J.mT + _second_order(aim, g, spread)
    missing = z - expected
    lower = torch.linalg.cholesky_ex(cov)[0]
    solved = torch.cholesky_solve(missing[..., None], lower)[..., 0]
    log_p = log_p - (missing * solved).sum(1) / 2 - lower.diagonal(dim1=1, dim2=2).log().sum(1)
    eye = torch.eye(g.shape[1]).to(g)
    return log_p + torch.linalg.slogdet(eye + e.w * Q @ S)[1], m + torch.einsum("mcj,mc->mj", moved, solved)


def _second_order(aim: Aim, g: Tensor, spread: Tensor) -> Tensor:
    """2 w^2 tr(A_a N^-1 A_b N^-1), A_a = sum_e g_e (H_o^-1)_ae made symmetric; 0 from WIDE columns on."""
    if spread.shape[1] >= WIDE:
        return g.new_zeros(1)
    product = aim.example.others.inverse.weighted(g) @ spread[:, None]
    return 2 * aim.example.w**2 * (product.flatten(2) @ product.mT.flatten(2).mT)
