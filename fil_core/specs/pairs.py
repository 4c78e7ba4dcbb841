"""What it takes to leave out each of n examples, without torch, so that a page can tell before anything is computed."""

from __future__ import annotations

MOST_WORK = 4e11  # multiply-adds of one pass over all pairs, beyond which a single Newton step is taken
ROUNDS = 3  # passes until convergence, usually


def work(n: int, d: int, scores: int) -> float:
    """Multiply-adds of one pass over all pairs of n examples with d columns; an exponential counts as thirty.

    >>> work(10, 20, 2)
    20000.0
    """
    return float(n) * n * scores * (2 * d + 60)
