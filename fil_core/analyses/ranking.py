"""Examples ranked by how exposed they are."""

from __future__ import annotations

import numpy as np
import pandas as pd

_SAME = 1e-4  # of eta


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """The table with `rank` (1 = leakiest) and `percentile` of eta."""
    rank = table["eta"].rank(ascending=False, method="first").astype(int)
    return table.assign(rank=rank, percentile=100 * (1 - (rank - 1) / len(table)))


def even(table: pd.DataFrame) -> bool:
    """Whether all of them leak the same: what reweighting leaves of the spread ranks nobody."""
    return bool(np.ptp(table["eta"]) <= _SAME * table["eta"].max())
