"""Helpers to compare releases: a default noise, the examples to attack, and the examples that then leak most."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.leakage.comparison import top
from fil_core.specs.checks import positive

_SHARP = 0.03  # noise, as a multiple of eta times the spread of the features, at which about half can be read


def successors(before: pd.Series, after: pd.Series, k: int) -> pd.DataFrame:
    """The leakiest examples once the leakiest of before are left out of the training.

    Args:
        before: eta by id, trained on all examples, >= 0.
        after: eta by id, trained without the k leakiest of `before`, where it is 0.
        k: how many, >= 1.

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
    """A default for sigma at which attacks succeed in part, to one digit: where a comparison starts.

    Attribute inference still succeeds in part at eta / sigma = 1 per unit step. An example as a whole has one direction
    that leaks as much as eta and many that leak less: at sigma = eta times the spread of the features a reconstruction
    shows hardly anything, at 3 % of it about half.

    >>> default_sigma(0.04), default_sigma(0.04, 0.1)
    (0.04, 0.0001)

    Args:
        eta_mean: mean eta of the examples, or of an attribute, at sigma = 1, > 0.
        prior_std: spread of the features, where whole examples are reconstructed; None for an attribute of unit steps.
    """
    positive("eta", eta_mean)
    return float(f"{eta_mean * (1.0 if prior_std is None else _SHARP * prior_std):.0e}")


def evenly_ranked(eta: pd.Series, m: int) -> tuple[int, ...]:
    """Ids of at most m examples, evenly spaced in the ranking by eta, the leakiest first.

    >>> evenly_ranked(pd.Series([0.1, 0.4, 0.3], index=[7, 8, 9]), 2)
    (8, 7)
    """
    order = eta.index[top(eta.to_numpy(), len(eta))]
    places = np.unique(np.linspace(0, len(order) - 1, min(m, len(order))).round().astype(int))
    return tuple(int(order[place]) for place in places)
