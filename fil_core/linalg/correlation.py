"""Correlations of two columns that say NaN where they are not defined."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import rankdata


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks with ties averaged, whose Pearson correlation is Spearman's.

    >>> ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    return pd.Series(values).rank().to_numpy()


def pearson(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's correlation of two columns of equal length; NaN where one of them is constant or empty.

    >>> pearson(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0]))
    nan
    """
    return float("nan") if not a.size or np.ptp(a) == 0 or np.ptp(b) == 0 else float(np.corrcoef(a, b)[0, 1])


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation of two columns of equal length; NaN where one of them is constant or empty.

    >>> round(spearman(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 4.0, 2.0, 3.0])), 9)  # 1 - 6 sum d^2 / (n^3 - n)
    0.4
    """
    return pearson(ranks(a), ranks(b))


def spearman_interval(a: np.ndarray, b: np.ndarray, *, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile interval of Spearman's correlation by the bootstrap: pairs drawn with replacement.

    >>> spearman_interval(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 9.0]), draws=50)
    (1.0, 1.0)

    Args:
        a: (n,).
        b: (n,), of the same examples in the same order.
        draws: >= 1; those in which either is constant have no correlation, and are left out.
        seed: of the draws.

    Returns:
        Its ends; NaN where no draw has a correlation, as of fewer than two pairs.
    """
    n = len(a)
    if n < 2:
        return float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(n, size=(draws, n))
    x, y = (rankdata(values[drawn], axis=1) - (n + 1) / 2 for values in (a, b))
    lengths = np.sqrt((x * x).sum(1) * (y * y).sum(1))
    found = (x * y).sum(1)[lengths > 0] / lengths[lengths > 0]
    if not found.size:
        return float("nan"), float("nan")
    low, high = np.percentile(found, [2.5, 97.5]).clip(-1, 1)
    return float(low), float(high)
