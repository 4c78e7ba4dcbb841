"""How many measures of the same examples agree, and who is high in all of them or in one alone.

Measures are columns of a table, larger where an example is more exposed; values that are no finite numbers are no
values. A column without two different values orders nobody: it correlates with nothing and has nobody at its top.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

HIGH, TOP = 0.05, 0.01  # shares of the examples at the top of a measure: of `high_in`, and of `only_in`


def finite(table: pd.DataFrame) -> pd.DataFrame:
    """The columns as float64, NaN for what is no finite number."""
    values = table.to_numpy(np.float64, na_value=np.nan)
    return pd.DataFrame(np.where(np.isfinite(values), values, np.nan), table.index, table.columns)


def constant(table: pd.DataFrame) -> list[str]:
    """The columns without two different finite values."""
    return [str(name) for name, values in finite(table).items() if values.nunique() < 2]


def correlations(table: pd.DataFrame, kind: Literal["spearman", "pearson"]) -> np.ndarray:
    """Correlation of every two columns over the examples that have a value in both, ties with their mean rank.

    Args:
        table: (n, m), an example a row.
        kind: of ranks, or of values.

    Returns:
        (m, m), from -1 to 1; NaN where either has no two different values among those examples.
    """
    values = finite(table)
    scale = values.abs().max().replace(0.0, 1.0)  # squares of 1e200 are no numbers
    return (values / scale).corr(kind).to_numpy()


def top_share(n: int, share: float) -> int:
    """How many of n examples are a share of them, at least one.

    >>> top_share(353, 0.05), top_share(5, 0.05)
    (17, 1)
    """
    return max(1, int(share * n))


def tops(table: pd.DataFrame, k: int) -> np.ndarray:
    """Which examples are among the k highest of each column, (n, m).

    Where a tie crosses the k-th place nobody of the tie is among them: at most k are as high as any who is.

    >>> tops(pd.DataFrame({"a": [1.0, 3.0, 2.0], "tied": [1.0, 2.0, 2.0]}), 1).tolist()
    [[False, False], [True, False], [False, False]]

    Args:
        table: (n, m), larger where an example is more exposed.
        k: >= 1.
    """
    values = finite(table)
    found = values.rank(ascending=False, method="max").to_numpy() <= k  # NaN has no rank
    return found & ~np.isin(values.columns, constant(table))


def overlaps(top: np.ndarray) -> np.ndarray:
    """How many examples every two columns have at the top together, (m, m) int64; the diagonal counts one column's.

    Args:
        top: (n, m) as `tops` returns it.
    """
    counted = top.astype(np.int64)
    return counted.T @ counted


def high_in(table: pd.DataFrame) -> np.ndarray:
    """In how many columns each example is among the highest 5 %, (n,) int64."""
    return tops(table, top_share(len(table), HIGH)).sum(1).astype(np.int64)


def only_in(table: pd.DataFrame) -> np.ndarray:
    """The column in whose highest 1 % an example is while it is below the median in at least half of the others.

    Args:
        table: (n, m), larger where an example is more exposed.

    Returns:
        (n,) names, "" for none. Of several columns it is the one in which the example ranks highest, then the first.
    """
    values = finite(table).drop(columns=constant(table))
    found = np.full(len(table), "", dtype=object)
    if values.shape[1] < 2:
        return found
    top = tops(values, top_share(len(values), TOP))
    below = (values < values.median()).to_numpy()  # nobody without a value is
    others = below.sum(1)[:, None] - below
    alone = top & (others >= (values.shape[1] - 1) / 2)
    place = np.where(alone, values.rank(ascending=False, method="max").to_numpy(), np.inf)
    some = alone.any(1)
    found[some] = values.columns.to_numpy()[place.argmin(1)[some]]
    return found
