"""How two columns, or two models, agree on which examples are at risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fil_core.errors import BadRequest
from fil_core.linalg.correlation import pearson, spearman


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two columns over the same examples.

    Attributes:
        pearson, spearman: correlations, NaN where a column is constant.
        overlap: how many of the k largest of one are among the k largest of the other.
        k: that k.
        n: examples compared (those finite in both).
    """

    pearson: float
    spearman: float
    overlap: int
    k: int
    n: int


def top(values: np.ndarray, k: int) -> np.ndarray:
    """Positions of the k largest values, (k,), largest first; ties go to the earlier example.

    >>> top(np.array([0.5, 2.0, 2.0, 1.0]), 3).tolist()
    [1, 2, 3]
    """
    return np.argsort(-np.asarray(values, dtype=np.float64), kind="stable")[:k]


def deciles(values: np.ndarray) -> list[np.ndarray]:
    """Positions of the examples in ten groups of nearly equal size, smallest first; ties go to the earlier example."""
    return np.array_split(np.argsort(np.asarray(values, dtype=np.float64), kind="stable"), 10)


def agreement(a: np.ndarray, b: np.ndarray, *, k: int = 500) -> Agreement:
    """Pearson, Spearman and top-k overlap of two columns.

    >>> both = agreement(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 4.0, 2.0, 3.0]), k=2)
    >>> round(both.spearman, 9), both.overlap  # 1 - 6 sum d^2 / (n^3 - n) of the ranks
    (0.4, 1)

    Args:
        a: (n,), one value per example.
        b: (n,), over the same examples in the same order.
        k: examples at the top that are compared, >= 1; more than n counts as n.

    Raises:
        BadRequest: different lengths, or fewer than two examples that are finite in both.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.shape != b.shape:
        raise BadRequest(f"comparison: expected two columns over the same examples; got {a.size:,} and {b.size:,}.")
    finite = np.isfinite(a) & np.isfinite(b)
    a, b = a[finite], b[finite]
    if a.size < 2:
        raise BadRequest("comparison: expected at least two examples with finite values in both columns.")
    k = min(k, a.size)
    return Agreement(pearson(a, b), spearman(a, b), len(set(top(a, k)) & set(top(b, k))), k, a.size)
