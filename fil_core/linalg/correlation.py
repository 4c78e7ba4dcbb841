"""Correlations of two columns that say NaN where they are not defined."""

from __future__ import annotations

import numpy as np
import pandas as pd


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
