"""What reweighting changed, in one sentence."""

from __future__ import annotations

import math

import pandas as pd

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, number, score, verb
from fil_core.result import Result


def sentence(subject: Subject, quote: Quote) -> str:
    """After the last round."""
    result = subject.result
    change = result.table["eta_after"] / result.table["eta_before"]
    return reweighted(result, len(result.summary["eta_mean"]) - 1, change)


def reweighted(result: Result, shown: int, change: pd.Series) -> str:
    """What some rounds of reweighting changed.

    Args:
        result: of an `IrfilRequest`.
        shown: number of rounds, 0 for equal weights.
        change: eta after over eta before, per example.
    """
    s = result.summary
    if shown == 0:
        times = s["eta_max"][0] / s["eta_mean"][0]
        return f"With equal weights the largest η is **{number(s['eta_max'][0])}**, {times:.1f} × the mean."
    (max0, max1), (mean0, mean1), (std0, std1), (score0, score1) = (
        (s[name][0], s[name][shown]) for name in ("eta_max", "eta_mean", "eta_std", "test_score")
    )
    worse, most = int((change > 1).sum()), float(change.max())
    before, after = score(score0, s["score"]), score(score1, s["score"])
    tested = "" if math.isnan(score0) else f"Test {s['score']}: {before} → **{after}**."
    rounds = "one round" if shown == 1 else f"{shown} rounds"
    return (
        f"Reweighting for {rounds} changes the largest η from **{number(max0)}** to **{number(max1)}** and its "
        f"spread (standard deviation) from {number(std0)} to **{number(std1)}**; the mean {_moves(mean0, mean1)}. "
        f"**{count(worse)} of {count(len(change))} examples {verb(worse, 'leaks', 'leak')} more than before**"
        + (f", up to {most:.2f} ×. " if worse else ". ")
        + tested
    ).rstrip()


def _moves(before: float, after: float) -> str:
    """How a number changed, true of the digits shown."""
    if number(before) == number(after):
        return f"stays at {number(after)}"
    return f"{'rises' if after > before else 'falls'} from {number(before)} to {number(after)}"
