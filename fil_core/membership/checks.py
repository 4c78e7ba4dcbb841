"""Checks of the probabilities that audits are asked with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fil_core.errors import BadRequest


def at_least_zero(name: str, values: ArrayLike) -> np.ndarray:
    """Numbers >= 0 as float64; infinity is one.

    Args:
        name: of the numbers, in the message.
        values: any shape.

    Raises:
        BadRequest: one is negative or not a number.
    """
    found = np.asarray(values, dtype=np.float64)
    if not (found >= 0).all():
        raise BadRequest(f"{name}: expected numbers >= 0; got {float(found[~(found >= 0)].flat[0])!r}.")
    return found


def check_delta(delta: float) -> None:
    """Refuse a delta that is no probability.

    Raises:
        BadRequest: it is not in [0, 1].
    """
    if not 0 <= delta <= 1:
        raise BadRequest(f"delta: expected a probability, from 0 to 1; got {delta!r}.")


def check_confidence(confidence: float) -> None:
    """Refuse what is no confidence.

    Raises:
        BadRequest: it is not in (0, 1).
    """
    if not 0 < confidence < 1:
        raise BadRequest(f"confidence: expected a number above 0 and below 1, such as 0.95; got {confidence!r}.")
