"""What releases are compared by: a noise to begin with, the examples to look at, and who takes the leakiest's place."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.leakage.comparison import top
from fil_core.specs.checks import positive

_READABLE = 0.03


def successors(before: pd.Series, after: pd.Series, k: int) -> pd.DataFrame:
    """Who takes the place of the leakiest once they are gone.

    Args:
        before: eta by id, with all examples.
        after: eta by id, with the k leakiest of `before` left out, 0 for those.
        k: >= 1.

    Returns:
        The k leakiest afterwards, or as many as are left, index `id`: `rank_before`, `eta_before`, `eta_after`,
        `rank_after`.
    """
    rank = before.rank(ascending=False, method="first").astype(int)
    leakiest = after.index[top(after.to_numpy(), min(k, int((after > 0).sum())))]
    return pd.DataFrame(
        {
            "rank_before": rank[leakiest],
            "eta_before": before[leakiest],
            "eta_after": after[leakiest],
            "rank_after": np.arange(1, len(leakiest) + 1),
        },
        index=pd.Index(leakiest, name="id"),
    )


def default_sigma(eta_mean: float, prior_std: float | None = None) -> float:
    """A noise at which attacks are neither sure nor lost, to one digit: where to begin a comparison.

    Attributes are lost at about eta = 1 a step. A whole example has one direction as leaky as eta and many less leaky
    ones: at eta times the spread of the features hardly anything is read, at a thirtieth of it about half.

    Args:
        eta_mean: of the examples, or of an attribute, at sigma = 1.
        prior_std: spread of the features, where whole examples are reconstructed; None for an attribute of unit steps.
    """
    positive("eta", eta_mean)
    return float(f"{eta_mean * (1.0 if prior_std is None else _READABLE * prior_std):.0e}")


def evenly_ranked(eta: pd.Series, m: int) -> tuple[int, ...]:
    """Ids of at most m examples, evenly spaced in rank of eta, the leakiest first."""
    order = eta.index[top(eta.to_numpy(), len(eta))]
    places = np.unique(np.linspace(0, len(order) - 1, min(m, len(order))).round().astype(int))
    return tuple(int(order[place]) for place in places)
