"""Leave-one-out distinguishability from trained models: how far apart a record's scores with it and without it are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from fil_core.linalg import row_blocks
from fil_core.linalg.correlation import spearman
from fil_core.membership.auc import of_half_a_failure, row_auc
from fil_core.membership.gaussian_fits import gaussians, positive
from fil_core.membership.lira import log_ratio
from fil_core.membership.signals import Signals

_CPU = torch.device("cpu")
_COMPARED = 3  # records, for a correlation
_FEWEST = 4  # models with a record, and without it: two to fit a normal distribution to, and two to test it on


@dataclass(frozen=True, slots=True)
class EmpiricalLood:
    """What an ensemble shows of each of n records.

    Attributes:
        auc: (n,) of telling models with the record from models without it; NaN for fewer than four of either.
        auc_error: (n,) its standard error, or more.
        difference: (n,) mean score with the record less mean score without it.
        difference_error: (n,) its standard error, `sqrt(v_in / n_in + v_out / n_out)`.
        inside: (n,) models with it.
        outside: (n,) models without it.
    """

    auc: np.ndarray
    auc_error: np.ndarray
    difference: np.ndarray
    difference_error: np.ndarray
    inside: np.ndarray
    outside: np.ndarray


def empirical_lood(signals: Signals) -> EmpiricalLood:
    """Fit on half of the models, test on the other half, exchange them, and take the mean.

    Normal distributions are fitted to a record's scores under half of the models with it and half of those without it;
    the log-likelihood ratio of its scores under the others has an area under the ROC curve. No model is in both, so
    that where nothing leaks its mean is one half. The rule is fitted to few models: of a record that leaks the area is
    a little below the best possible one.

    The error is `(e_1 + e_2) / 2` of DeLong's errors of the two areas, which bounds that of their mean whatever their
    correlation. They count different models, but which way each rule points is decided by the models that the other one
    is tested on: where nothing leaks their correlation is 2 / pi, and an error as if they were independent would be a
    fifth too small. Where the rules are sure of the direction they are independent, and the bound is sqrt(2) too large.
    DeLong's error is 0 where a test tells all models apart, as it may by chance where there are few: there it is taken
    to be that of a share with half a failure among the m tested models of the rarer kind, sqrt(p (1 - p) / m) with
    p = 1 / (2 m + 1).

    Args:
        signals: of the ensemble.

    Source: Ye, Borovykh, Hayou, Shokri (ICLR 2024), Sec. 2; the split is ours.
    """
    inside, outside = (gaussians(signals.scores, which) for which in (signals.inclusion, ~signals.inclusion))
    first = halves(signals)
    areas, errors = zip(*(_tested(signals, fit) for fit in (first, ~first)), strict=True)
    enough = (inside.number >= _FEWEST) & (outside.number >= _FEWEST)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(inside.variance / inside.number + outside.variance / outside.number)
    return EmpiricalLood(
        auc=np.where(enough, (areas[0] + areas[1]) / 2, np.nan),
        auc_error=np.where(enough, (errors[0] + errors[1]) / 2, np.nan),
        difference=inside.mean - outside.mean,
        difference_error=spread,
        inside=inside.number,
        outside=outside.number,
    )


def stability(signals: Signals) -> float:
    """Rank correlation of the records' exposure by every second pair of models, and by the others.

    Exposure is the difference of mean scores with a record and without it, in units of their spread; what stays the
    same under other seeds. NaN where fewer than three records have it in both.

    Args:
        signals: of the ensemble.
    """
    first = np.arange(signals.models) // 2 % 2 == 0
    found = [_separation(signals, which) for which in (first, ~first)]
    known = np.isfinite(found).all(0)
    return spearman(found[0][known], found[1][known]) if known.sum() >= _COMPARED else float("nan")


def _separation(signals: Signals, which: np.ndarray) -> np.ndarray:
    """(mu_in - mu_out) / sqrt((v_in + v_out) / 2) over some of the models, (n,); NaN where it is not known."""
    inside, outside = (gaussians(signals.scores, who & which) for who in (signals.inclusion, ~signals.inclusion))
    with np.errstate(invalid="ignore", divide="ignore"):
        separation: np.ndarray = (inside.mean - outside.mean) / np.sqrt((inside.variance + outside.variance) / 2)
    return separation


def halves(signals: Signals) -> np.ndarray:
    """Which models each record's distributions are fitted to first, (n, M) bool: every second one with it and without.

    Of complementary halves both models go to the same side: their scores are not independent, those of different pairs
    are. Counted over the pairs that have the record, so that one which neither has does not upset the balance.

    Args:
        signals: of the ensemble.
    """
    had = signals.inclusion
    if not signals.paired:
        return np.where(had, np.cumsum(had, 1), np.cumsum(~had, 1)) % 2 == 1
    padded = np.pad(had, ((0, 0), (0, signals.models % 2)))
    pairs = padded[:, ::2] | padded[:, 1::2]
    before = np.cumsum(pairs, 1) - pairs
    return np.repeat(before % 2 == 0, 2, axis=1)[:, : signals.models]


def _tested(signals: Signals, fit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area and error on the models that are not fitted to, (n,) each; NaN where there are fewer than two of a kind."""
    scores, had = signals.scores, signals.inclusion
    inside, outside = positive(gaussians(scores, had & fit), gaussians(scores, ~had & fit))
    auc, error = np.full(len(scores), np.nan), np.full(len(scores), np.nan)
    for rows in row_blocks(len(scores), scores.shape[1], _CPU):
        ratio = log_ratio(scores[rows], inside.of(rows), outside.of(rows))
        found = row_auc(ratio, had[rows] & ~fit[rows], ~had[rows] & ~fit[rows])
        known = ~np.isnan(ratio[:, 0])
        auc[rows], error[rows] = np.where(known, found.auc, np.nan), np.where(known, found.error, np.nan)
    rarer = np.minimum((had & ~fit).sum(1), (~had & ~fit).sum(1))
    return auc, np.where((auc == 0) | (auc == 1), of_half_a_failure(rarer), error)
