"""How precisely each feature of an example could be estimated, in the source's own units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.dataset import Dataset
from fil_core.result import Result


def estimates(result: Result, dataset: Dataset, sigma: float) -> pd.DataFrame:
    """The Cramér–Rao bound on each feature, beside the feature's own spread.

    An unbiased attacker who knows all other examples and all other features of this one cannot estimate feature j with
    a standard deviation below sigma / eta_j. One wider than the spread of the feature says nothing: the mean of the
    others is as good.

    Args:
        result: of an `ExampleRequest`.
        dataset: its examples.
        sigma: standard deviation of the output noise, > 0.

    Returns:
        Index the source's features; `bound` in preprocessed units, `bound_source` and `spread` (standard deviation
        over the training rows) in the source's units, and `tells`: whether the bound is below the spread. Infinite
        bounds where eta_j is 0.
    """
    with np.errstate(divide="ignore"):
        bound = sigma / result.arrays["feature_eta"]
    source = bound / np.broadcast_to(dataset.preprocessing.scale, bound.shape)
    spread = dataset.source.std(axis=0, dtype=np.float64)
    columns = {"bound": bound, "bound_source": source, "spread": spread, "tells": source < spread}
    return pd.DataFrame(columns, index=pd.Index(dataset.source_names, name="column"))


def noise_of_half(result: Result, dataset: Dataset) -> float:
    """The noise at which the bound on the feature that it tells most of is half of that feature's spread.

    Args:
        result: as for `estimates`.
        dataset: as for `estimates`.

    Returns:
        sigma, > 0; 1 for an example that leaks nothing.
    """
    found = estimates(result, dataset, 1.0)
    share = float((found["spread"] / found["bound_source"]).max())
    return share / 2 if share > 0 else 1.0
