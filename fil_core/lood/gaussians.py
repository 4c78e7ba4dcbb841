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
import torch
from torch import Tensor

_SERIES = 0.05  # below it x - log(1 + x) is summed as a series
_NODES = 64
_TAIL = 9.5  # standard deviations of a radius that are integrated over; beyond them lies less than 1e-20
_HALVINGS = 60
_FAR = 40.0  # standard deviations between which a threshold is looked for


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
    return gap._over_directions(gap.outputs * _excess(gap.g) + gap.m) / 2


def kl_reverse(gap: Gap) -> Tensor:
    """KL(in || out), in nats, summed over outputs: 1/2 sum_k [ C (log(1 + g) - g / (1 + g)) + m / (1 + g) ]."""
    wider = 1 + gap.g
    return gap._over_directions(gap.outputs * _excess(-gap.g / wider) + gap.m / wider) / 2


def _excess(x: Tensor) -> Tensor:
    """x - log(1 + x) for x > -1, without cancellation near 0."""
    near = x.clamp(-_SERIES, _SERIES)
    series = torch.zeros_like(x)
    for power in range(14, 1, -1):  # sum_{p >= 2} (-x)^p / p
        series = (series + (1.0 if power % 2 == 0 else -1.0) / power) * near
    return torch.where(x.abs() < _SERIES, series * near, x - torch.log1p(x))


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


def within(length: Tensor, z: Tensor, outputs: int) -> Tensor:
    """P(|u| <= length + z) for a normal vector u of `outputs` entries, variance 1, mean of that length.

    The distribution function of the root of a non-central chi-square, for means of any length: for long ones it is that
    of the standard normal.

    >>> float(within(torch.tensor(1e12, dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64), 3))
    0.5

    Args:
        length: >= 0, any shape.
        z: at least -length, the same shape.
        outputs: number of entries, >= 1.
    """
    radius = length + z
    if outputs == 1:
        return (torch.special.ndtr(z) - torch.special.ndtr(-length - radius)).clamp_min(0)
    x, w = (torch.as_tensor(each, dtype=z.dtype, device=z.device) for each in np.polynomial.legendre.leggauss(_NODES))
    across = outputs - 1
    least, most = max(0.0, across**0.5 - _TAIL), across**0.5 + _TAIL
    span = [torch.asin((end / radius.clamp_min(1e-300)).clamp(max=1.0)) for end in (least, most)]
    theta = (span[0] + span[1])[..., None] / 2 + (span[1] - span[0])[..., None] / 2 * x
    along, r = radius[..., None] * theta.cos(), radius[..., None] * theta.sin()
    a, b = length[..., None], z[..., None]
    near = torch.where(a < 1, along - a, (2 * a * b + b * b - r * r) / (along + a).clamp_min(1e-300))
    inside = torch.special.ndtr(near) - torch.special.ndtr(-along - a)
    log_density = (across - 1) * r.clamp_min(1e-300).log() - r * r / 2
    constant = (1 - across / 2) * math.log(2) - math.lgamma(across / 2)
    found = (inside * (log_density + constant).exp() * along) @ w * (span[1] - span[0]) / 2
    return found.clamp(0, 1)


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
    """The whole exact ROC curve of one record, evenly in the threshold, ends included.

    Args:
        gap: of one record, ().
        points: how many.
    """
    z = torch.linspace(-9, 9 + 2 * gap.outputs**0.5, points, dtype=gap.g.dtype, device=gap.g.device)
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
    _, of_out = _reach(gap)
    low = torch.maximum(torch.full_like(gap.g, -_FAR), -of_out)
    high = torch.full_like(gap.g, _FAR + gap.outputs**0.5)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = within(of_out, middle, gap.outputs) < fpr
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    _, tpr = roc(gap, (low + high) / 2)
    return torch.where(gap.g > 0, tpr, fpr)


def advantage(gap: Gap) -> Tensor:
    """Largest true-positive less false-positive rate: the total variation distance of the two.

    Args:
        gap: of single records, (...,).
    """
    given, without = _beyond(gap, torch.zeros_like(gap.g))
    return torch.where(gap.g > 0, (given - without).clamp(0, 1), 0.0)


def _beyond(gap: Gap, eps: Tensor) -> tuple[Tensor, Tensor]:
    """P(T <= t) with and without the record, t where the density with it is e^eps times that without it."""
    g, m, C = gap.g, gap.m, gap.outputs
    of_in, of_out = _reach(gap)
    squared = (1 + g) * (m + g * (C * torch.log1p(g) - 2 * eps))  # (g sqrt(t))^2
    over = g * of_in  # sqrt(m) where g > 0
    z = (m + (1 + g) * (C * torch.log1p(g) - 2 * eps)) / (squared.clamp_min(0).sqrt() + over).clamp_min(1e-300)
    z = torch.where(squared > 0, z, -of_in)
    of_w = torch.where(squared > 0, (z - m.sqrt()) / (1 + g).sqrt(), -of_out)
    return within(of_in, torch.maximum(z, -of_in), C), within(of_out, torch.maximum(of_w, -of_out), C)


def delta_at(gap: Gap, eps: Tensor) -> Tensor:
    """The smallest delta for which one draw of the outputs is (eps, delta)-indistinguishable, in both directions.

    The largest P_in(S) - e^eps P_out(S) and P_out(S) - e^eps P_in(S) over sets S of outputs.

    Args:
        gap: of single records, (...,).
        eps: >= 0, (...,).
    """
    into = [given - eps.exp() * without for given, without in [_beyond(gap, eps)]]
    out_of = [(1 - without) - eps.exp() * (1 - given) for given, without in [_beyond(gap, -eps)]]
    found = torch.maximum(into[0], out_of[0]).clamp(0, 1)
    return torch.where(gap.g > 0, found, 0.0)


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
        return torch.special.ndtr(margin[others] / 2**0.5)
    z, w = (torch.as_tensor(each, dtype=mean.dtype, device=mean.device) for each in np.polynomial.hermite_e.hermegauss(_NODES))  # noqa: E501 # fmt: skip
    logs = torch.special.log_ndtr(margin[others].view(len(mean), -1, 1) + z).sum(1)
    return (logs.exp() @ w) / (2 * math.pi) ** 0.5
