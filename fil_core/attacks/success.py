"""The white-box attack's chance of success in closed form, for attributes of two or three values.

The released parameters are theta + sigma e, e standard normal, and the attacker guesses the value v whose candidate
theta + Delta_v is nearest (less 2 sigma^2 log prior_v). The true value c beats v where e falls on one side of a plane:

    (Delta_v - Delta_c)^T e / s_v < h_v,   s_v = |Delta_v - Delta_c|,
    h_v = (|Delta_v|^2 - |Delta_c|^2 + 2 sigma^2 log(prior_c / prior_v)) / (2 sigma s_v).

One plane gives Phi(h), two give a bivariate normal probability, in closed form by Owen's T function. With the true
candidate at Delta_c = 0 and two values this is Phi(|Delta|/(2 sigma) + sigma log(prior_c/prior_v)/|Delta|).

NumPy only, so that a page can move sigma without loading torch.

Source: docs/maths.md, section 6; for the bivariate probability Owen, Annals of Mathematical Statistics 27 (1956).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, owens_t

from fil_core.errors import BadRequest
from fil_core.specs.checks import positive

_NO_NOISE, _ONLY_NOISE, _GRID = 1e-6, 1e6, 73  # of the largest shift; six per decade
_CLOSE = 1e-6  # relative, of sigma
CLOSED_FORM = 3  # values; with more, the region has more than two planes


def success_probability(
    gram: np.ndarray, codes: np.ndarray, sigma: float, prior: np.ndarray | None = None
) -> np.ndarray:
    """Probability over the release's noise that the white-box attack guesses each example's value.

    For k = 2: Phi(|Delta| / (2 sigma) + sigma log(prior_c / prior_v) / |Delta|)

    >>> gram = np.array([[[0.0, 0.0], [0.0, 4.0]]])  # |Delta| = 2
    >>> success_probability(gram, np.array([0]), 1.0).round(6).tolist()  # Phi(1)
    [0.841345]

    Args:
        gram: inner products of the candidates' shifts, (n, k, k), k = 2 or 3.
        codes: the true values, (n,), 0 to k - 1.
        sigma: standard deviation of the output noise, >= 0; at 0 the nearest candidate wins, a tie is a miss. Where all
            candidates coincide, as for an example of weight 0, see `unseen_success`.
        prior: share of each value, (k,), all > 0; None for an attacker who does not use it.

    Returns:
        (n,), in [0, 1].

    Raises:
        BadRequest: more than three values, or sigma < 0.
    """
    n, k = gram.shape[:2]
    if not 2 <= k <= CLOSED_FORM:
        raise BadRequest(f"success_probability: expected an attribute of 2 or 3 values; got {k}. Use trials.")
    positive("sigma", sigma, zero=True)
    others = (codes[:, None] + np.arange(1, k)) % k  # (n, k - 1)
    row = np.arange(n)
    norm = np.diagonal(gram, axis1=1, axis2=2)
    margin = np.take_along_axis(norm, others, 1) - norm[row, codes][:, None]
    unseen = ~gram.any((1, 2))
    if sigma == 0:
        return np.where(unseen, unseen_success(codes, k, prior), (margin > 0).all(1))
    if prior is not None:
        log_prior = np.log(prior)
        margin = margin + 2 * sigma**2 * (log_prior[codes][:, None] - log_prior[others])
    # Covariance of the k - 1 inner products (Delta_v - Delta_c)^T e.
    cross = gram[row[:, None], codes[:, None], others]
    cov = gram[row[:, None, None], others[:, :, None], others[:, None, :]]
    cov = cov - cross[:, :, None] - cross[:, None, :] + norm[row, codes][:, None, None]
    s = np.sqrt(np.diagonal(cov, axis1=1, axis2=2).clip(0))
    h = _over(margin, 2 * sigma * s)
    if k == 2:
        return np.where(unseen, unseen_success(codes, k, prior), ndtr(h[:, 0]))
    rho = _over(cov[:, 0, 1], s.prod(1)).clip(-1, 1)
    success = both_below(h[:, 0], h[:, 1], np.where(s.all(1), rho, 0.0))
    return np.where(unseen, unseen_success(codes, k, prior), success)


def unseen_success(codes: np.ndarray, k: int, prior: np.ndarray | None) -> np.ndarray:
    """Probability of a right guess where the parameters do not depend on the value.

    1 / k, or, with a prior, 1 for the most frequent value and 0 for the others

    >>> unseen_success(np.array([0, 1]), 2, None).tolist()
    [0.5, 0.5]
    >>> unseen_success(np.array([0, 1]), 2, np.array([0.3, 0.7])).tolist()
    [0.0, 1.0]

    Args:
        codes: the true values, (n,), 0 to k - 1.
        k: number of values, >= 2.
        prior: share of each value, (k,), all > 0; None for an attacker who does not use it.

    Returns:
        (n,), in [0, 1].
    """
    return np.full(len(codes), 1 / k) if prior is None else (codes == prior.argmax()).astype(float)


def guessed_shares(gram: np.ndarray, sigma: float, prior: np.ndarray | None = None) -> np.ndarray:
    """Share of the white-box attacker's guesses that name each value, over the examples and the release's noise.

    Of one example, |Delta| = 2, sigma = 1: the true value with probability Phi(1), the other with the rest.

    >>> gram = np.array([[[0.0, 0.0], [0.0, 4.0]]])
    >>> guessed_shares(gram, 1.0).round(6).tolist()
    [0.841345, 0.158655]

    Args:
        gram: as for `success_probability`.
        sigma: as for `success_probability`.
        prior: as for `success_probability`.

    Returns:
        (k,), which sum to 1 but for ties without noise.
    """
    n, k = gram.shape[:2]
    return np.array([success_probability(gram, np.full(n, v), sigma, prior).mean() for v in range(k)])


@dataclass(frozen=True, slots=True)
class ByValue:
    """How an attacker does on each value, whatever its share.

    Attributes:
        recall: (k,), the share of the examples with each value for which it is guessed.
        precision: (k,), the share of the guesses of each value that are right; NaN where it is never guessed.
    """

    recall: np.ndarray
    precision: np.ndarray

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall: 1 / k for a guess that depends on nothing."""
        return float(self.recall.mean())


def by_value(success: np.ndarray, codes: np.ndarray, guessed: np.ndarray) -> ByValue:
    """Recall and precision of each value.

    Two of three have value 0, and everyone is guessed to have it:

    >>> found = by_value(np.array([1.0, 1.0, 0.0]), np.array([0, 0, 1]), np.array([1.0, 0.0]))
    >>> found.recall.tolist(), found.precision.round(3).tolist(), found.balanced_accuracy
    ([1.0, 0.0], [0.667, nan], 0.5)

    Args:
        success: (n,), probability of a right guess for each example.
        codes: (n,), the true values, each of 0 to k - 1 at least once.
        guessed: (k,), share of all guesses that name each value.
    """
    right = np.bincount(codes, weights=success, minlength=len(guessed))
    holders = np.bincount(codes, minlength=len(guessed))
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(guessed > 0, right / (len(codes) * guessed), np.nan)
    return ByValue(recall=right / holders, precision=precision.clip(max=1))  # two sums of the same shares, rounded


def success_range(gram: np.ndarray, codes: np.ndarray, prior: np.ndarray | None = None) -> tuple[float, float]:
    """Mean success of the white-box attack under endless noise, and its largest under any.

    >>> least, most = success_range(np.array([[[0.0, 0.0], [0.0, 4.0]]]), np.array([0]))  # Phi(1 / sigma)
    >>> round(least, 5), most
    (0.5, 1.0)

    Args:
        gram: as for `sigma_for_success`.
        codes: as for `sigma_for_success`.
        prior: as for `sigma_for_success`.
    """
    _, means = _means(gram, codes, prior)
    return float(means[-1]), float(means.max())


def _means(gram: np.ndarray, codes: np.ndarray, prior: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Noises from nearly none to nearly only noise, and the mean success under each."""
    size = float(np.sqrt(np.diagonal(gram, axis1=1, axis2=2).max())) or 1.0
    sigmas = size * np.geomspace(_NO_NOISE, _ONLY_NOISE, _GRID)
    return sigmas, np.array([success_probability(gram, codes, float(sigma), prior).mean() for sigma in sigmas])


def sigma_for_success(gram: np.ndarray, codes: np.ndarray, target: float, prior: np.ndarray | None = None) -> float:
    """Least output noise from which on the white-box attack's mean success is at most `target`.

    The mean is not monotone in sigma: with the prior it can dip below its limit, and where values are binned it may
    rise at first. So the last crossing on a grid of sigma is taken, and refined by bisection.

    >>> gram = np.array([[[0.0, 0.0], [0.0, 4.0]]])  # success is Phi(1 / sigma)
    >>> round(sigma_for_success(gram, np.array([0]), 0.8413447460685429), 5)
    1.0

    Args:
        gram: inner products of the candidates' shifts, (n, k, k), k = 2 or 3.
        codes: the true values, (n,), 0 to k - 1.
        target: mean success to reach, strictly between its limit for unlimited noise and its largest value.
        prior: share of each value, (k,), all > 0; None for an attacker who does not use it.

    Returns:
        sigma, > 0, in units of theta.

    Raises:
        BadRequest: a target outside that range, which is named.
    """
    sigmas, means = _means(gram, codes, prior)
    if not means[-1] < target < means.max():
        raise BadRequest(
            f"target success: expected a share between {means[-1]:.4f} and {means.max():.4f}; got {target!r}."
        )
    last = int(np.flatnonzero(means > target)[-1])
    low, high = float(sigmas[last]), float(sigmas[last + 1])
    while high / low > 1 + _CLOSE:
        middle = float(np.sqrt(low * high))
        above = success_probability(gram, codes, middle, prior).mean() > target
        low, high = (middle, high) if above else (low, middle)
    return high


def success_column(attacker: str, sigma: float) -> str:
    """Name of the table's column with an attacker's success under one sigma, for each example."""
    short = f"{sigma:g}"
    return f"success_{attacker}_{short if float(short) == sigma else repr(float(sigma))}"


def _over(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b for b >= 0, with +-inf by the sign of a where b = 0 and 0 where both are.

    >>> _over(np.array([1.0, -1.0, 0.0]), np.array([2.0, 0.0, 0.0])).tolist()
    [0.5, -inf, 0.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(a / b, nan=0.0, posinf=np.inf, neginf=-np.inf)


def both_below(h: np.ndarray, k: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """P(X < h and Y < k) for standard normal X, Y of correlation rho, elementwise, by Owen's T function.

    >>> both_below(np.zeros(3), np.zeros(3), np.array([0.0, 0.5, 1.0])).round(9).tolist()  # 1/4 + asin(rho) / (2 pi)
    [0.25, 0.333333333, 0.5]

    Args:
        h: (n,), infinite values allowed.
        k: (n,), infinite values allowed.
        rho: (n,), in [-1, 1].

    Returns:
        (n,), in [0, 1].

    Source: Owen, Annals of Mathematical Statistics 27 (1956).
    """
    h, k, rho = np.broadcast_arrays(np.asarray(h, float), np.asarray(k, float), np.asarray(rho, float))
    far = 40.0  # Phi(-40) = 0 and Phi(40) = 1 in float64
    h, k = h.clip(-far, far), k.clip(-far, far)
    width = np.sqrt((1 - rho) * (1 + rho))
    opposite = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    p = (ndtr(h) + ndtr(k)) / 2 - owens_t(h, _slope(k, h, rho, width)) - owens_t(k, _slope(h, k, rho, width))
    return np.clip(p - opposite / 2, 0, 1)


def _slope(a: np.ndarray, b: np.ndarray, rho: np.ndarray, width: np.ndarray) -> np.ndarray:
    """(a / b - rho) / sqrt(1 - rho^2); where b = 0 its limit from b > 0, and from a = b > 0 where both are 0."""
    a, b = np.where((a == 0) & (b == 0), 1.0, a), np.where((a == 0) & (b == 0), 1.0, b)
    top, bottom = a - rho * b, b * width
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = np.sign(top) * np.where(b < 0, -np.inf, np.inf)
        return np.where(top == 0, 0.0, np.where(bottom == 0, limit, top / bottom))
