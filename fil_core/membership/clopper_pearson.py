"""Confidence limits of a share.

Source: Clopper, Pearson (Biometrika 1934).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainccinv, betaincinv


def lower_limit(k: ArrayLike, n: ArrayLike, alpha: float) -> np.ndarray:
    """The probability at which k or more of n have probability alpha; 0 for k = 0.

    >>> round(float(lower_limit(10, 10, 0.05)), 12) == round(0.05**0.1, 12)
    True

    Args:
        k: successes, any shape.
        n: trials, >= k, of a shape that broadcasts.
        alpha: share of the cases in which the limit may exceed the probability, in (0, 1).
    """
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    return np.where(k > 0, betaincinv(np.maximum(k, 1), n - k + 1, alpha), 0.0)


def upper_limit(k: ArrayLike, n: ArrayLike, alpha: float) -> np.ndarray:
    """The probability at which k or fewer of n have probability alpha; 1 for k = n.

    >>> float(upper_limit(3, 3, 0.05)), float(upper_limit(0, 0, 0.05))
    (1.0, 1.0)

    Args:
        k: successes, any shape.
        n: trials, >= k, of a shape that broadcasts.
        alpha: share of the cases in which the limit may be below the probability, in (0, 1).
    """
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    return np.where(k < n, betainccinv(k + 1, np.maximum(n - k, 1), alpha), 1.0)


def interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share; from 0 to 1 of no trials.

    >>> [round(end, 4) for end in interval(0, 10)]
    [0.0, 0.3085]

    Args:
        successes: how many.
        trials: of how many.
        level: at least this probability that the interval covers the share.
    """
    tail = (1 - level) / 2
    return float(lower_limit(successes, trials, tail)), float(upper_limit(successes, trials, tail))
