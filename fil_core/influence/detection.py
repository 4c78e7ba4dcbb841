"""How well a measure finds examples whose label was replaced."""

from __future__ import annotations

import numpy as np
import pandas as pd


def auroc(values: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a positive example has the larger value, ties counting half.

    Args:
        values: (n,), one for each example.
        positive: (n,) bool, of both kinds.

    >>> auroc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    ranks = pd.Series(values).rank().to_numpy()
    m = int(positive.sum())
    return float((ranks[positive].sum() - m * (m + 1) / 2) / (m * (len(values) - m)))


def auroc_by_chance(n: int, positive: int) -> float:
    """Standard deviation of the area under the ROC curve of a random order, whose mean is one half.

    >>> round(auroc_by_chance(100, 10), 4)
    0.0967
    """
    return float(np.sqrt((n + 1) / (12 * positive * (n - positive))))
