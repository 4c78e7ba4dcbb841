"""What a screen or a file that is to be shared does not show: labels, attribute values, and what they follow from."""

from __future__ import annotations

import pandas as pd

from fil_core.specs.weights import Irfil, Weighting

MASK = "•••"
_LEAST = 100  # examples, a tenth of fewer of which says too much of each


def hidden(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every value that is there masked."""
    return frame.astype(object).mask(frame.notna(), MASK)


def deciles_tell(n: int) -> bool:
    """Whether means over deciles of so few examples would nearly be each one's own."""
    return n < _LEAST


def weights_tell_class(weighting: Weighting | None) -> bool:
    """Whether a change of eta under these weights would tell an example's class."""
    return weighting is not None and not (isinstance(weighting, Irfil) and weighting.method == "sample")
