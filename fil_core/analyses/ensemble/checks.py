"""What data an ensemble needs."""

from __future__ import annotations

from fil_core.dataset import Dataset
from fil_core.errors import BadData

_FEWEST = 4  # examples: two in each half


def check_halves(dataset: Dataset) -> None:
    """Raises BadData for too few examples to be halved."""
    if dataset.n < _FEWEST:
        raise BadData(f"training rows: expected at least {_FEWEST}, two for each half; got {dataset.n}.")
