"""Where a condition on numbers >= 0 stops to hold, by doubling and bisection."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def last(holds: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    """The last number at which a condition holds, and the first at which it does not: neighbours in float64.

    >>> low, high = last(lambda x: x**2 < 2)
    >>> float(low), bool(low**2 < 2 <= high**2), bool(np.nextafter(low, 2) == high)
    (1.414213562373095, True, True)

    Args:
        holds: the condition on numbers >= 0 of that shape, for each of them true up to some number and false beyond.
        shape: of the numbers.

    Returns:
        Both numbers, of that shape; 0 and 0 where it holds nowhere, inf as the second where it holds everywhere.
    """
    low, high = np.zeros(shape), np.ones(shape)
    some = holds(low)
    while (on := some & holds(high) & np.isfinite(high)).any():
        with np.errstate(over="ignore"):  # inf where it always holds
            low, high = np.where(on, high, low), np.where(on, 2 * high, high)
    while ((low < (middle := low + (high - low) / 2)) & (middle < high) & some).any():
        below = holds(middle)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(some, low, 0.0), np.where(some, high, 0.0)
