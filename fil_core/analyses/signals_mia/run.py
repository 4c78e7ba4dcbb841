"""Membership attacks on uploaded signals."""

from __future__ import annotations

from fil_core.analyses.signals_mia.request import SignalsMiaRequest
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest


def check(request: SignalsMiaRequest, dataset: Dataset) -> None:
    """Raises BadRequest where there are no signals."""
    if request.signals is None:
        raise BadRequest("signals: expected a file with ids, scores and inclusion; got none.")
