"""The exact ROC curve of an attack, and what it reaches at a false-positive rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fil_core.membership.clopper_pearson import interval

_LOW = 100  # false positives up to which a curve that is drawn keeps all points
_POINTS = 200  # and above them


@dataclass(frozen=True, slots=True)
class Roc:
    """What is flagged at each threshold; a record is flagged where its score is at least that.

    Attributes:
        thresholds: (k,) infinity, and then the different scores in descending order.
        inside: (k,) members flagged, of all (record, model) pairs.
        outside: (k,) outsiders flagged.
    """

    thresholds: np.ndarray
    inside: np.ndarray
    outside: np.ndarray

    @property
    def members(self) -> int:
        """Pairs of a record and a model that had it."""
        return int(self.inside[-1])

    @property
    def outsiders(self) -> int:
        """Pairs of a record and a model that had it not."""
        return int(self.outside[-1])

    @property
    def tpr(self) -> np.ndarray:
        """(k,) true-positive rates; NaN without members."""
        return self.inside / (self.members or np.nan)

    @property
    def fpr(self) -> np.ndarray:
        """(k,) false-positive rates; NaN without outsiders."""
        return self.outside / (self.outsiders or np.nan)

    @property
    def auc(self) -> float:
        """Area under the curve: the chance that a member has the larger score, ties counting half; NaN without both."""
        twice = np.diff(self.outside) @ (self.inside[1:] + self.inside[:-1])
        return float(twice / (2 * self.members * self.outsiders or np.nan))


@dataclass(frozen=True, slots=True)
class Rate:
    """The largest true-positive rate within a false-positive rate.

    Attributes:
        allowed: the false-positive rate that may not be exceeded.
        threshold: from which on a score is flagged: of those with this true-positive rate the one with the fewest false
            positives; infinity where nobody is flagged.
        tpr: share of members flagged.
        interval: Clopper-Pearson, at 95 %, of `tpr`, as if pairs were independent.
        fpr: share of outsiders flagged, at most `allowed`.
        precision: share of members among those flagged, at a prior; NaN where nobody is flagged.
    """

    allowed: float
    threshold: float
    tpr: float
    interval: tuple[float, float]
    fpr: float
    precision: float


def roc(scores: np.ndarray, membership: np.ndarray) -> Roc:
    """The curve of all pairs; one threshold takes all equal scores together.

    >>> curve = roc(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False]))
    >>> curve.inside.tolist(), curve.outside.tolist(), curve.auc
    ([0, 1, 2, 2], [0, 0, 1, 2], 0.875)

    Args:
        scores: of any shape; NaN is left out.
        membership: of the same shape, bool.
    """
    known = ~np.isnan(scores)
    values, had = scores[known], membership[known]
    order = np.argsort(-values)
    values, had = values[order], had[order]
    last = np.flatnonzero(np.append(values[1:] != values[:-1], np.ones(min(1, len(values)), dtype=bool)))
    inside = np.cumsum(had)[last]
    return Roc(np.append(np.inf, values[last]), np.append(0, inside), np.append(0, last + 1 - inside))


def rate_at(curve: Roc, allowed: float, *, prior: float = 0.5) -> Rate:
    """The largest true-positive rate of a threshold whose false-positive rate is at most `allowed`.

    >>> rate_at(roc(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False])), 0.4).tpr
    0.5

    Args:
        curve: of an attack.
        allowed: false-positive rate, 0 to 1. Below 1 / outsiders it means none.
        prior: probability that a record is in, for the precision.

    Returns:
        The rate; NaN where there are no members or no outsiders.
    """
    within = int(np.searchsorted(curve.fpr, allowed, side="right")) - 1
    if not curve.members or not curve.outsiders:
        return Rate(allowed, math.nan, math.nan, (math.nan, math.nan), math.nan, math.nan)
    at = int(np.searchsorted(curve.inside, curve.inside[within]))  # the first that flags as many members
    tpr, fpr = float(curve.tpr[at]), float(curve.fpr[at])
    limits = interval(int(curve.inside[at]), curve.members)
    return Rate(allowed, float(curve.thresholds[at]), tpr, limits, fpr, precision(tpr, fpr, prior))


def precision(tpr: float, fpr: float, prior: float) -> float:
    """Share of members among those flagged, `prior tpr / (prior tpr + (1 - prior) fpr)`; NaN where nobody is.

    >>> precision(0.2, 0.1, 0.5), precision(0.0, 0.0, 0.5)
    (0.6666666666666666, nan)

    Args:
        tpr: true-positive rate.
        fpr: false-positive rate.
        prior: probability that a record is in.
    """
    flagged = prior * tpr + (1 - prior) * fpr
    return prior * tpr / flagged if flagged > 0 else math.nan


def thinned(curve: Roc, *, low: int = _LOW, points: int = _POINTS) -> Roc:
    """The curve with few enough points to draw: of each number of false positives the one with the most true ones.

    All up to 100 false positives, and above them some that lie evenly on a logarithmic axis; the last is kept.

    Args:
        curve: exact.
        low: false positives up to which all are kept.
        points: how many to keep above them.
    """
    corners = np.flatnonzero(np.append(np.diff(curve.outside) > 0, True))
    false = curve.outside[corners]
    wanted = np.geomspace(max(low, 1), max(curve.outsiders, low, 1), points)
    some = np.minimum(np.searchsorted(false, wanted), len(false) - 1)
    kept = corners[np.union1d(np.flatnonzero(false <= low), some)]
    return Roc(curve.thresholds[kept], curve.inside[kept], curve.outside[kept])
