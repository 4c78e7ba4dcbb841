"""RMIA: is the record likelier under the target, against its usual likelihood, than others of the population?"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import expit, log_expit

from fil_core.errors import BadData
from fil_core.linalg import row_blocks
from fil_core.membership.signals import Signals

_CPU = torch.device("cpu")


_ROUNDING = 8 * np.finfo(np.float64).eps  # of a difference of logarithms, relative


def rmia(
    signals: Signals,
    target: int,
    *,
    online: bool = True,
    gamma: float = 2.0,
    a: float = 0.3,
    population: str = "auto",
) -> np.ndarray:
    """Share of the population that a record beats by a factor of gamma, (n,) from 0 to 1.

    With p the confidence in the true label under the target and P(x) that of an average model, as `usual` says: the
    share of records z other than x with `log p(x) / P(x) - log p(z) / P(z) >= log gamma`. By sorting.

    Args:
        signals: of the ensemble; scores are log p - log(1 - p).
        target: the model that is attacked, 0 to M - 1.
        online: whether shadow models with the record are used as well as those without it.
        gamma: ratio from which on a record counts as likelier, >= 1.
        a: offline, how confident models with a record are taken to be, 0 to 1.
        population: `records`: all others, whose P(z) is that of the attack; `test`: rows that no model had, whose P(z)
            is that of the offline attack over all shadow models; `auto`: records online, test rows offline where there
            are any.

    Returns:
        The share; NaN for a record that lacks the shadow models that P needs, which is in no population either, and
        where the population is empty.

    Raises:
        BadData: the population is test rows and there are none.

    Source: Zarifzadeh, Liu, Shokri (ICML 2024), Secs. 2-3.
    """
    shadows, factor = signals.shadows(target), None if online else a
    over = usual(signals.scores[:, shadows], signals.inclusion[:, shadows], a=factor)
    ratio = log_expit(signals.scores[:, target]) - over
    if population == "records" or (population == "auto" and (online or signals.population is None)):
        return beaten(ratio, ratio, gamma=gamma, among=True)
    rows = _test_rows(signals)
    never = np.zeros((len(rows), int(shadows.sum())), dtype=bool)
    others = log_expit(rows[:, target]) - usual(rows[:, shadows], never, a=a)
    return beaten(ratio, others, gamma=gamma)


def usual(scores: np.ndarray, inclusion: np.ndarray, *, a: float | None = None) -> np.ndarray:
    """log P(x), the logarithm of a record's mean confidence over models, (n,).

    Online the mean of two means, over the models with it and over those without it: `P = (P_in + P_out) / 2`. A plain
    mean over all shadow models is larger the more of them had the record: where every record is in a fixed number of
    models, one fewer of the others has it if the target does, and that alone would tell who is in the target.
    Offline P_in is taken to be `a P_out + 1 - a`, so that `P = ((1 + a) P_out + 1 - a) / 2`.

    Exact for confidences near 0, as a logarithm of sums of exponentials, and near 1, by what is missing to 1.

    >>> scores = np.log([[0.9 / 0.1, 0.5 / 0.5, 0.3 / 0.7]])
    >>> had = np.array([[True, False, False]])
    >>> round(float(np.exp(usual(scores, had)[0])), 12), round(float(np.exp(usual(scores, had, a=0.5)[0])), 12)
    (0.65, 0.55)

    Args:
        scores: (n, M) log p - log(1 - p).
        inclusion: (n, M) bool, which models had the record.
        a: from 0 to 1 for the offline formula; None for the online one.

    Returns:
        At most 0; NaN for a record that no model had, online, or that all had.
    """
    log_mean = np.full((2, len(scores)), np.nan)
    missing = log_mean.copy()
    for rows in row_blocks(len(scores), scores.shape[1], _CPU):
        logs, rest = log_expit(scores[rows]), expit(-scores[rows])
        for kind, which in enumerate((~inclusion[rows], inclusion[rows])):
            if kind == 0 or a is None:
                log_mean[kind, rows], missing[kind, rows] = _means(logs, rest, which)
    with np.errstate(divide="ignore", invalid="ignore"):
        if a is None:
            first, second, gap = *log_mean, missing.mean(0)
        else:
            first, second = log_mean[0] + math.log1p(a), np.log1p(-a)
            gap = (1 + a) / 2 * missing[0]
        return np.where(gap < 0.5, np.log1p(-gap), np.logaddexp(first, second) - math.log(2))


def beaten(ratio: np.ndarray, others: np.ndarray, *, gamma: float, among: bool = False) -> np.ndarray:
    """Share of others whose ratio is at least log gamma below each, (n,).

    >>> beaten(np.array([0.0, 1.0]), np.array([0.0, 0.2, 0.4, 0.6]), gamma=np.e**0.5).tolist()
    [0.0, 0.75]

    Args:
        ratio: (n,) log p(x) / P(x).
        others: (m,) of the population; NaN is left out.
        gamma: >= 1.
        among: whether the records are the population, where none is compared with itself.
    """
    order = np.sort(others[~np.isnan(others)])
    # Ratios that are equal but for their rounding count as equal: saturated scores differ by exactly gamma.
    reached = ratio - math.log(gamma) + _ROUNDING * (1 + np.abs(ratio))
    # Without a margin a record would count as one that it beats itself.
    itself = (reached >= ratio) & among
    size = len(order) - among
    counts = np.searchsorted(order, reached, side="right") - itself
    return np.where(np.isnan(ratio), np.nan, counts / size) if size > 0 else np.full(len(ratio), np.nan)


def _means(logs: np.ndarray, rest: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log of the mean of p, and the mean of 1 - p, over some of the models; NaN over none."""
    number = np.count_nonzero(which, axis=1)
    logs = np.where(which, logs, -np.inf)
    top = logs.max(1, initial=-np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = top + np.log(np.exp(logs - top[:, None]).sum(1) / number)
        return np.where(number > 0, mean, np.nan), (rest * which).sum(1) / number


def _test_rows(signals: Signals) -> np.ndarray:
    if signals.population is None:
        raise BadData(
            "rmia: expected test rows, in which no model was trained, as the population; got none. Take the other "
            "records: population records."
        )
    return signals.population
