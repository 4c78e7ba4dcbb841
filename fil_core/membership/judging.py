"""How well an attack tells members from outsiders: over all records and models, of each model, and of each record."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fil_core.membership.auc import RowAuc, row_auc
from fil_core.membership.roc import Rate, Roc, rate_at, roc


@dataclass(frozen=True, slots=True)
class Judgement:
    """An attack over all pairs of a record and a model that was attacked.

    Attributes:
        curve: exact ROC.
        rates: at each false-positive rate that was asked about.
        least_fpr: 1 / number of outsiders, the smallest that can be told from 0; NaN without outsiders.
        target_auc: (T,) of each model alone.
        target_tpr: (T, rates) of each model alone, with its own thresholds.
    """

    curve: Roc
    rates: tuple[Rate, ...]
    least_fpr: float
    target_auc: np.ndarray
    target_tpr: np.ndarray


@dataclass(frozen=True, slots=True)
class Success:
    """How often each record is found in the models that had it.

    Attributes:
        share: (n,) of those models under which its score is flagged; NaN where there is none.
        error: (n,) its standard error, sqrt(p (1 - p) / (number - 1)); NaN for fewer than two.
        number: (n,) models that had it, with a score.
    """

    share: np.ndarray
    error: np.ndarray
    number: np.ndarray


def judged(scores: np.ndarray, membership: np.ndarray, *, fpr: Sequence[float], prior: float = 0.5) -> Judgement:
    """Judge an attack by who was in.

    Pairs of one record, or of one model, are not independent: the spread over models says how much they vary.

    Args:
        scores: (n, T) of each record under each model that was attacked; pairs with NaN are left out.
        membership: (n, T) bool, who was in.
        fpr: false-positive rates at which true-positive rates are told.
        prior: probability that a record is in, for the precision.
    """
    curve = roc(scores, membership)
    alone = [roc(*each) for each in zip(scores.T, membership.T, strict=True)]
    return Judgement(
        curve=curve,
        rates=tuple(rate_at(curve, one, prior=prior) for one in fpr),
        least_fpr=1 / curve.outsiders if curve.outsiders else math.nan,
        target_auc=np.array([each.auc for each in alone]),
        target_tpr=np.array([[rate_at(each, one).tpr for one in fpr] for each in alone]),
    )


def success(scores: np.ndarray, membership: np.ndarray, threshold: float) -> Success:
    """Of each record the share of the models with it under which it is flagged.

    >>> found = success(np.array([[2.0, 0.0, 5.0]]), np.array([[True, True, False]]), threshold=1.0)
    >>> found.share.tolist(), found.error.tolist(), found.number.tolist()
    ([0.5], [0.5], [2])

    Args:
        scores: (n, T); NaN is left out.
        membership: (n, T) bool.
        threshold: from which on a score is flagged.
    """
    had = membership & ~np.isnan(scores)
    number, flagged = had.sum(1), (had & (scores >= threshold)).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = flagged / number
        error = np.sqrt(share * (1 - share) / np.where(number > 1, number - 1, np.nan))
    return Success(share, error, number)


def record_auc(scores: np.ndarray, membership: np.ndarray) -> RowAuc:
    """Area under the ROC curve of each record over the models that were attacked.

    Scores of shadow-model attacks on each model in turn are not independent over a record's row: where nothing leaks,
    leaving the target out pushes this area below one half. `empirical` does not share models between fit and test.

    Args:
        scores: (n, T); NaN is left out.
        membership: (n, T) bool.
    """
    known = ~np.isnan(scores)
    return row_auc(scores, membership & known, ~membership & known)
