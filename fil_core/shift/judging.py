"""How well a score tells strangers from examples of the training distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from fil_core.membership.auc import of_half_a_failure, row_auc

KEPT = 0.95  # share of the examples of the distribution that are let pass
_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Judged:
    """What a score reaches.

    Attributes:
        auroc: chance that a stranger has the larger score, ties counting half.
        low, high: DeLong's 95 % interval, cut at 0 and 1.
        fpr95: share of strangers with at most the score under which 95 % of the distribution's examples lie.
        threshold: that score.
    """

    auroc: float
    low: float
    high: float
    fpr95: float
    threshold: float


def judge(inside: np.ndarray, outside: np.ndarray) -> Judged:
    """Judge a score that is larger for strangers.

    >>> found = judge(np.array([0.0, 1.0, 2.0, 3.0]), np.array([2.5, 4.0, 5.0]))
    >>> round(found.auroc, 4), round(found.fpr95, 4), round(found.threshold, 2)
    (0.9167, 0.3333, 2.85)

    Args:
        inside: (a,) scores of examples of the training distribution.
        outside: (b,) scores of strangers.

    Returns:
        The interval is NaN where one side has a single example. Where all strangers are above all others or below them,
        DeLong's error is zero; there it is that of a share with half a failure among the rarer kind.

    Source: DeLong, DeLong, Clarke-Pearson (Biometrics 1988).
    """
    scores = np.concatenate([inside, outside])[None]
    strange = np.arange(scores.shape[1])[None] >= len(inside)
    found = row_auc(scores, strange, ~strange)
    auroc, error = float(found.auc[0]), float(found.error[0])
    if auroc in (0.0, 1.0) and not np.isnan(error):
        error = float(of_half_a_failure(np.array(min(len(inside), len(outside)))))
    width = float(norm.ppf(0.5 + _LEVEL / 2)) * error
    threshold = float(np.quantile(inside, KEPT))
    low, high = (float(np.clip(auroc + sign * width, 0, 1)) for sign in (-1, 1))
    return Judged(auroc, low, high, float(np.mean(outside <= threshold)), threshold)
