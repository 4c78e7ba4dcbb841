"""Redaction: labels, attribute values and what reveals them are hidden on shared screens and files."""

from __future__ import annotations

import pandas as pd

from fil_core.specs.weights import Irfil, Weighting

MASK = "•••"
_LEAST = 100  # examples; a decile of fewer reveals too much about each


def hidden(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every value masked; missing ones stay missing."""
    return frame.astype(object).mask(frame.notna(), MASK)


def deciles_tell(n: int) -> bool:
    """Whether there are so few examples that the mean of a decile reveals single ones."""
    return n < _LEAST


def weights_tell_class(weighting: Weighting | None) -> bool:
    """Whether a change of eta under these weights reveals an example's class."""
    return weighting is not None and not (isinstance(weighting, Irfil) and weighting.method == "sample")
