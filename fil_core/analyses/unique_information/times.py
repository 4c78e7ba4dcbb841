"""The times at which unique information is told."""

from __future__ import annotations

MOST_TIMES = 13
_BEFORE_THE_LIMIT = 2000  # the last finite time that is told beside the limit of infinitely many steps


def grid(steps: int | None) -> list[int | None]:
    """Some times up to the last one, evenly on a logarithmic scale.

    Args:
        steps: the last; None for the limit of infinitely many, which comes after 2,000 steps.

    >>> grid(100)
    [1, 2, 3, 5, 7, 10, 15, 22, 32, 46, 68, 100]
    >>> grid(2)
    [1, 2]
    >>> grid(None)[-3:]
    [1062, 2000, None]
    """
    last = _BEFORE_THE_LIMIT if steps is None else steps
    found = sorted({round(last ** (j / (MOST_TIMES - 1))) for j in range(MOST_TIMES)})
    return [*found, None] if steps is None else list(found)
