"""How well two Gaussians with the same shape are told apart: divergences, the exact ROC curve, (epsilon, delta).

Without a record, the C outputs of a Gaussian process at some queries are N(mu_out, S_out), independent of one another;
with it they are N(mu_in, S_in). In r directions (one for a record, as many as records for a group) S_out is 1 + g_k
times S_in, and in these the means are apart by m_k = |mu_out - mu_in|^2, in units of S_in, summed over outputs. All
that is measured here follows from g and m. The likelihood ratio between the two is a function of T, the squared
distance from a centre: T = |u|^2 with the record, (1 + g) |w|^2 without it, where u and w are normal vectors of C
entries with variance 1 and means of length sqrt(m) / g and sqrt(m (1 + g)) / g.

Source: docs/maths.md, section 11.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import scipy.special
import torch
from torch import Tensor

from fil_core.lood.balls import TAIL, legendre, normal, times, within

_SERIES = 0.05  # below it x - log(1 + x) is summed as a series
_STEPS = 60  # towards a threshold, at most: about ten do
_CLOSE = 1e-14  # of two thresholds one after the other
_BLOCK = 2**22  # values of a block of records


@dataclass(frozen=True, slots=True)
class Gap:
    """How far the outputs without a record, or a group, are from those with it.

    Attributes:
        g: (...,) or (..., r) >= 0, variance without it over variance with it, less 1.
        m: the same shape, squared distance of the means over the variance with it, summed over outputs.
        outputs: C.
        grouped: whether the last axis goes over the r directions of a group.
    """

    g: Tensor
    m: Tensor
    outputs: int
    grouped: bool = False

    def _over_directions(self, values: Tensor) -> Tensor:
        return values.sum(-1) if self.grouped else values


def kl(gap: Gap) -> Tensor:
    """KL(out || in), in nats, summed over outputs: 1/2 sum_k [ C (g - log(1 + g)) + m ].

    >>> one = torch.ones((), dtype=torch.float64)
    >>> round(float(kl(Gap(one, one, 2))), 12) == round((2 * (1 - math.log(2)) + 1) / 2, 12)
    True

    Args:
        gap: between the two.
    """
    return gap._over_directions(gap.outputs * _excess(gap.g, torch.log1p(gap.g)) + gap.m) / 2


def kl_reverse(gap: Gap) -> Tensor:
    """KL(in || out), in nats, summed over outputs: 1/2 sum_k [ C (log(1 + g) - g / (1 + g)) + m / (1 + g) ]."""
    wider = 1 + gap.g
    return gap._over_directions(gap.outputs * _excess(-gap.g / wider, -torch.log1p(gap.g)) + gap.m / wider) / 2


def _excess(x: Tensor, log: Tensor) -> Tensor:
    """x - log(1 + x) for x > -1 without cancellation near 0, given that logarithm, which cancels near -1."""
    near = x.clamp(-_SERIES, _SERIES)
    series = torch.zeros_like(x)
    for power in range(14, 1, -1):  # sum_{p >= 2} (-x)^p / p
        series = (series + (1.0 if power % 2 == 0 else -1.0) / power) * near
    return torch.where(x.abs() < _SERIES, series * near, x - log)


def auc(gap: Gap) -> Tensor:
    """Area under the ROC curve of the likelihood-ratio test that tells in from out by one draw of the outputs.

    1 - AUC = 1/pi int_0^(pi/2) prod_k (1 + q_k / sin^2 t)^(-C/2) exp( - m_k (2 + g_k) / (8 (1 + g_k) (sin^2 t + q_k)) )
    dt with q_k = g_k^2 / (4 (1 + g_k)): exact, and without cancellation at any g.

    >>> zero, one = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    >>> round(float(auc(Gap(one, zero, 2))), 12)  # two exponential variables, (1 + g) / (2 + g)
    0.666666666667

    Args:
        gap: between the two.
    """
    angle, weight = (torch.as_tensor(each, dtype=gap.g.dtype, device=gap.g.device) for each in _angles())
    squared = angle.sin().square()
    q = (gap.g.square() / (4 * (1 + gap.g)))[..., None]
    rate = (gap.m * (2 + gap.g) / (8 * (1 + gap.g)))[..., None]
    logs = -gap.outputs / 2 * torch.log1p(q / squared) - rate / (squared + q)
    if gap.grouped:
        logs = logs.sum(-2)
    return 1 - (logs.exp() @ weight) / math.pi


@functools.cache
def _angles() -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights over (0, pi/2), finer and finer towards 0, where small g and m have their say."""
    x, w = np.polynomial.legendre.leggauss(16)
    ends = np.arange(37.0)  # of log(pi / (2 t)): what is left out is below e^-36
    nodes = ((ends[:-1] + ends[1:]) / 2)[:, None] + x / 2
    angles = np.pi / 2 * np.exp(-nodes)
    return angles.ravel(), (w / 2 * angles).ravel()


def _reach(gap: Gap) -> tuple[Tensor, Tensor]:
    """Lengths of the means of u and w; 0 where the two Gaussians are the same."""
    length = torch.where(gap.g > 0, gap.m.sqrt() / gap.g, 0.0)
    return length, length * (1 + gap.g).sqrt()


def roc(gap: Gap, z: Tensor) -> tuple[Tensor, Tensor]:
    """Points of the exact ROC curve: says "in" where T is below a threshold, which z runs through.

    Args:
        gap: of single records, (...,).
        z: (...,) of the threshold sqrt(T) without the record, in standard deviations from its mean.

    Returns:
        False-positive and true-positive rate, (...,).
    """
    of_in, of_out = _reach(gap)
    z = torch.maximum(z, -of_out)
    apart = gap.m.sqrt() + (1 + gap.g).sqrt() * z
    return within(of_out, z, gap.outputs), within(of_in, apart, gap.outputs)


def curve(gap: Gap, *, points: int = 200) -> tuple[Tensor, Tensor]:
    """The whole exact ROC curve of one record, ends included.

    Its thresholds are even along the outputs without the record and, where these are far wider, along those with it.

    Args:
        gap: of one record, ().
        points: how many.
    """
    even = torch.linspace(-9, 9 + 2 * gap.outputs**0.5, points // 2, dtype=gap.g.dtype, device=gap.g.device)
    z = torch.cat([even, (even - gap.m.sqrt()) / (1 + gap.g).sqrt()]).sort().values
    points = len(z)
    whole = Gap(gap.g.expand(points), gap.m.expand(points), gap.outputs)
    fpr, tpr = roc(whole, z)
    ends = z.new_tensor([0.0, 1.0])
    return torch.cat([ends[:1], fpr, ends[1:]]), torch.cat([ends[:1], tpr, ends[1:]])


def tpr_at(gap: Gap, fpr: float) -> Tensor:
    """True-positive rate of the likelihood-ratio test at a false-positive rate; that rate where g is 0.

    Args:
        gap: of single records, (...,).
        fpr: in (0, 1).
    """
    _, tpr = roc(gap, threshold_at(gap, fpr))
    return torch.where(gap.g > 0, tpr, fpr)


def threshold_at(gap: Gap, fpr: float) -> Tensor:
    """The threshold, as `roc` takes it, at which the test has a false-positive rate, (...,).

    Args:
        gap: of single records, (...,).
        fpr: in (0, 1).
    """
    _, of_out = _reach(gap)
    return _threshold(of_out, gap.outputs, fpr)


def _threshold(length: Tensor, outputs: int, fpr: float) -> Tensor:
    """The z at which `within` is that rate, between those for means of infinite length and of none.

    By regula falsi (Anderson and Bjorck) on the normal quantile of `within`, which is nearly straight in z.
    """
    goal = torch.special.ndtri(torch.full_like(length, fpr))
    low = goal.maximum(-length)
    high = torch.full_like(length, float(scipy.special.chdtri(outputs, 1 - fpr)) ** 0.5)

    def above(z: Tensor) -> Tensor:
        return torch.special.ndtri(within(length, z, outputs)) - goal

    of_low, of_high, z = above(low), above(high), low
    side = torch.zeros_like(length)
    for _ in range(_STEPS):
        before, z = z, low - of_low * (high - low) / (of_high - of_low)
        z = torch.where(z.isfinite() & of_high.isfinite(), z, (low + high) / 2).clamp(low, high)
        if bool(((z - before).abs() <= _CLOSE * (1 + z.abs())).all()):
            break
        found = above(z)
        below = found < 0
        # An end that stays a second time is drawn towards the axis, so that it moves too.
        kept = 1 - found / torch.where(below, of_low, of_high)
        kept = torch.where((kept > 0) & kept.isfinite(), kept, 0.5)
        kept = torch.where(side == found.sign(), kept, 1.0)
        side = found.sign()
        of_low, of_high = torch.where(below, found, of_low * kept), torch.where(below, of_high * kept, found)
        low, high = torch.where(below, z, low), torch.where(below, high, z)
    return z


def advantage(gap: Gap) -> Tensor:
    """Largest true-positive less false-positive rate: the total variation distance of the two.

    Args:
        gap: of single records, (...,).
    """
    of_in, of_out = _reach(gap)
    z_in, z_out = _crossing(gap, torch.zeros_like(gap.g))
    found = within(of_in, z_in, gap.outputs) - within(of_out, z_out, gap.outputs)
    return torch.where(gap.g > 0, found.clamp(0, 1), 0.0)


def delta_at(gap: Gap, eps: Tensor) -> Tensor:
    """The smallest delta for which one draw of the outputs is (eps, delta)-indistinguishable, in both directions.

    The largest P_in(S) - e^eps P_out(S) and P_out(S) - e^eps P_in(S) over sets S of outputs.

    Args:
        gap: of single records, (...,).
        eps: from 0 to 500, (...,).
    """
    z_in, z_out = _crossing(gap, eps)
    of_in, of_out = _reach(gap)
    into = within(of_in, z_in, gap.outputs) - times(eps, of_out, z_out, gap.outputs)
    z_in, z_out = _crossing(gap, -eps)
    without = 1 - within(of_out, z_out, gap.outputs)
    out_of = without - times(eps, of_in, z_in, gap.outputs, beyond=True)
    return torch.where(gap.g > 0, torch.maximum(into, out_of).clamp(0, 1), 0.0)


def _crossing(gap: Gap, eps: Tensor) -> tuple[Tensor, Tensor]:
    """Where the density with the record is e^eps times that without it: sqrt(T) from the length of each mean."""
    g, m = gap.g, gap.m
    of_in, of_out = _reach(gap)
    squared = (1 + g) * (m + g * (gap.outputs * torch.log1p(g) - 2 * eps))  # (g sqrt(T))^2
    over = g * of_in  # sqrt(m) where g > 0
    z = (m + (1 + g) * (gap.outputs * torch.log1p(g) - 2 * eps)) / (squared.clamp_min(0).sqrt() + over).clamp_min(
        1e-300
    )
    z_in = torch.where(squared > 0, z, -of_in).maximum(-of_in)
    z_out = torch.where(squared > 0, (z - m.sqrt()) / (1 + g).sqrt(), -of_out).maximum(-of_out)
    return z_in, z_out


def correct(mean: Tensor, variance: Tensor, label: Tensor) -> Tensor:
    """Probability that the largest of C independent normal outputs is that of the label.

    Two classes: Phi((mu_y - mu_other) / sqrt(2 v)); more: the integral over the label's output of the product of the
    others' distribution functions.

    Args:
        mean: (n, C).
        variance: (n,) > 0, of each output.
        label: (n,) codes.
    """
    own = mean.gather(1, label[:, None])
    margin = (own - mean) / variance.sqrt()[:, None]
    others = torch.ones_like(mean, dtype=torch.bool).scatter_(1, label[:, None], False)
    if mean.shape[1] == 2:
        return normal(margin[others] / 2**0.5)
    x, w = (torch.as_tensor(each, dtype=mean.dtype, device=mean.device) for each in legendre(128))
    z, density = TAIL * x, TAIL * w * (-(TAIL * x).square() / 2).exp() / (2 * math.pi) ** 0.5
    rest = margin[others].view(len(mean), -1, 1)
    rows = max(1, _BLOCK // (rest.shape[1] * len(z)))
    return torch.cat([torch.special.log_ndtr(part + z).sum(1).exp() @ density for part in rest.split(rows)])
