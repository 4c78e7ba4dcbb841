"""What Gaussian noise of a given size promises: exact (epsilon, delta) of N(0, 1) against N(s, 1).

An output perturbation adds noise of standard deviation sigma to every parameter. Two optima that are a distance D apart
are then told apart as N(0, 1) and N(s, 1) are, with s = D / sigma; delta grows with s, so the largest distance counts.

Source: Balle, Wang (ICML 2018), Theorem 8; docs/maths.md, section 12.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfcx, log_ndtr, ndtr

from fil_core.errors import BadRequest
from fil_core.membership.bisection import last
from fil_core.membership.checks import at_least_zero

_FAR = 1e100  # standard deviations: beyond them every density is 0, and squares still are numbers
_PANELS = (0.0, 1.0, 3.0, 7.0, 15.0, 40.0)  # in units of the integrand's decay: e^-40 of it is left out


def delta_at(epsilon: ArrayLike, s: ArrayLike) -> np.ndarray:
    """The smallest delta for which N(0, 1) and N(s, 1) are (epsilon, delta)-indistinguishable.

    delta = Phi(s/2 - epsilon/s) - e^epsilon Phi(-s/2 - epsilon/s)
          = phi(t) int_0^inf e^(-t x - x^2/2) (1 - e^(-s x)) dx,   t = epsilon/s - s/2

    The first form where its terms are far apart, else the second, in which nothing cancels.

    >>> float(delta_at(0.0, 2.0).round(12))  # 2 Phi(1) - 1
    0.682689492137
    >>> delta_at([0.0, 1.0], 0.0).tolist(), float(delta_at(1.0, np.inf))
    ([0.0, 0.0], 1.0)

    Args:
        epsilon: >= 0, finite, any shape.
        s: distance of the means in standard deviations (sensitivity / sigma), >= 0, of a shape that broadcasts.

    Returns:
        In [0, 1], to a relative 1e-11 where it is above 1e-300.

    Raises:
        BadRequest: an argument is negative or not a number.
    """
    eps, s = np.broadcast_arrays(at_least_zero("epsilon", epsilon), at_least_zero("sensitivity / sigma", s))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(eps > 0, eps / s, 0.0).clip(max=_FAR)
        t, apart = ratio - s / 2, ratio + s / 2
        close = (t > -1) & (s < np.maximum(t, 1))
        plain = ndtr(-t) - np.exp(eps + log_ndtr(-apart))
        difference = _difference(np.where(close, t, 1.0), np.where(close, s, 0.0))
        near = np.exp(-np.square(t) / 2) / np.sqrt(2 * np.pi) * difference
        beyond = (t > 0) & ~close
        # Both terms divided by phi(t), so that the second has no exponential of epsilon to be rounded.
        tail = np.exp(-np.square(t.clip(0)) / 2) / 2 * (_mills(t.clip(0)) - _mills(apart))
    found = np.where(close, near, np.where(beyond, tail, plain))
    return np.where(np.isinf(s), 1.0, found).clip(0, 1)


def epsilon_at(delta: ArrayLike, s: ArrayLike) -> np.ndarray:
    """The smallest epsilon >= 0 for which N(0, 1) and N(s, 1) are (epsilon, delta)-indistinguishable.

    >>> epsilon_at(0.7, [2.0, np.inf]).tolist()  # 2 Phi(1) - 1 < 0.7
    [0.0, inf]

    Args:
        delta: in [0, 1], any shape.
        s: distance of the means in standard deviations (sensitivity / sigma), >= 0, of a shape that broadcasts.

    Returns:
        By doubling and bisection; 0 where delta_at(0, s) <= delta; inf where s is infinite, or delta is 0 and s is not.

    Raises:
        BadRequest: delta is not in [0, 1], or s is negative or not a number.
    """
    goal, s = np.broadcast_arrays(at_least_zero("delta", delta), at_least_zero("sensitivity / sigma", s))
    if (goal > 1).any():
        raise BadRequest(f"delta: expected probabilities from 0 to 1; got {float(goal.max())!r}.")
    endless = ((goal == 0) & (s > 0)) | (np.isinf(s) & (goal < 1))
    _, found = last(lambda at: ~endless & (delta_at(at, s) > goal), goal.shape)
    return np.where(endless, np.inf, found)


def _mills(t: np.ndarray) -> np.ndarray:
    """erfcx(t / sqrt 2) = 2 Phi(-t) / (sqrt(2 pi) phi(t)), t >= 0."""
    found: np.ndarray = erfcx(t / np.sqrt(2))
    return found


def _difference(t: np.ndarray, s: np.ndarray) -> np.ndarray:
    """int_0^inf e^(-t x - x^2/2) (1 - e^(-s x)) dx for t > -1 and s < max(t, 1), over x = u / max(t, 1)."""
    u, weight = _nodes()
    c = np.maximum(t, 1)[..., None]
    x = u / c
    return (np.exp(-(t[..., None] / c) * u - np.square(x) / 2) * -np.expm1(-s[..., None] * x) / c) @ weight


@functools.cache
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on each panel."""
    x, w = np.polynomial.legendre.leggauss(24)
    ends = np.array(_PANELS)
    half = np.diff(ends)[:, None] / 2
    return (ends[:-1, None] + half * (1 + x)).ravel(), (half * w).ravel()
