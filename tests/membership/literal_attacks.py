"""Membership attacks by their definitions, one record and one model after another: slow and plain."""

from __future__ import annotations

import math
from functools import cache

import mpmath
import numpy as np
from scipy.stats import norm

_SLACK = 1e-12  # some thousand roundings of a ratio


def kept(signals, target):
    """The models that may be used, from who is in which: all others, but for one with the complementary half."""
    inclusion, models = signals.inclusion, signals.inclusion.shape[1]
    pairs = [(2 * p, 2 * p + 1) for p in range(models // 2)]
    paired = all(
        not any(row[a] and row[b] for row in inclusion) and sum(not row[a] and not row[b] for row in inclusion) <= 1
        for a, b in pairs
    )
    return [j for j in range(models) if j != target and not (paired and {j, target} in [set(pair) for pair in pairs])]


def groups(signals, record, models):
    row, had = signals.scores[record], signals.inclusion[record]
    return [row[j] for j in models if had[j]], [row[j] for j in models if not had[j]]


def pooled_std(signals, models, kind):
    squares = freedom = 0.0
    for record in range(len(signals.scores)):
        some = groups(signals, record, models)[kind]
        if len(some) > 1:
            squares += sum((s - np.mean(some)) ** 2 for s in some)
            freedom += len(some) - 1
    return math.sqrt(squares / freedom)


def lira(signals, target, *, online, pooled, models=None):
    models = kept(signals, target) if models is None else models
    found = []
    for record in range(len(signals.scores)):
        inside, outside = groups(signals, record, models)
        s = signals.scores[record, target]
        if len(outside) < 2 or (online and len(inside) < 2):
            found.append(math.nan)
            continue
        std = [
            pooled_std(signals, models, kind) if pooled else np.std(some, ddof=1) if len(some) > 1 else math.nan
            for kind, some in enumerate((inside, outside))
        ]
        if online:
            logs = norm.logpdf(s, np.mean(inside), std[0]) - norm.logpdf(s, np.mean(outside), std[1])
            found.append(logs)
        else:
            found.append(-norm.logsf(s, np.mean(outside), std[1]))
    return np.array(found)


def digits(*scores):
    """So many that neither p nor 1 - p is rounded away: a score of 1e4 leaves 1 - p of about 1e-4343."""
    return mpmath.workdps(50 + int(max(np.abs(each).max() for each in scores) / math.log(10)))


def confidence(s):
    return _confidence(float(s), mpmath.mp.dps)


@cache
def _confidence(s, _):
    return 1 / (1 + mpmath.exp(-mpmath.mpf(s)))


def mean(values):
    return sum(map(confidence, values)) / len(values) if len(values) else mpmath.nan


def usual(inside, outside, *, online, a):
    out = mean(outside)
    return (mean(inside) + out) / 2 if online else ((1 + mpmath.mpf(a)) * out + 1 - mpmath.mpf(a)) / 2


def rmia(signals, target, *, online, gamma, a, population):
    """Least and largest share, with comparisons that rounding may decide counted as lost and as won.

    With ratios in place of their logarithms, by comparing each record with each of the population.
    """
    with digits(signals.scores, signals.population):
        models = kept(signals, target)
        ratios = [
            confidence(signals.scores[i, target]) / usual(*groups(signals, i, models), online=online, a=a)
            for i in range(len(signals.scores))
        ]
        if population == "test":
            tests = [
                confidence(row[target]) / usual([], [row[j] for j in models], online=False, a=a)
                for row in signals.population
            ]
        found = []
        for i, ratio in enumerate(ratios):
            others = tests if population == "test" else ratios[:i] + ratios[i + 1 :]
            others = [other for other in others if not mpmath.isnan(other)]
            lost = math.nan if mpmath.isnan(ratio) or not others else 0.0
            won = [[ratio * slack >= gamma * other for other in others] for slack in (1 - _SLACK, 1 + _SLACK)]
            found.append([lost + sum(each) / max(1, len(others)) for each in won])
        return np.array(found).T


def area_and_error(inside, outside):
    """AUC and DeLong's standard error, pair by pair."""

    def wins(a, b):
        return 1.0 if a > b else 0.5 if a == b else 0.0

    of_in = [np.mean([wins(a, b) for b in outside]) for a in inside]
    of_out = [np.mean([wins(a, b) for a in inside]) for b in outside]
    return np.mean(of_in), math.sqrt(np.var(of_in, ddof=1) / len(of_in) + np.var(of_out, ddof=1) / len(of_out))
