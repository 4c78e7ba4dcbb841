"""Measures that are stored already, of the model of a page and the network whose controls were set last."""

from __future__ import annotations

import pandas as pd

from fil_core import Dataset, FilError, FilRequest
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.measures.sources import SOURCES, Source
from fil_core.specs import NetworkSpec
from pages.common import compute
from pages.views.influence import controls


def tables(request: FilRequest, data: Dataset) -> list[tuple[Source, pd.DataFrame | None]]:
    """Every source that applies to the data, with the table of its result where that is stored.

    Args:
        request: data and model.
        data: the examples.
    """
    base = _base(request)
    return [(source, _stored(source, base, data)) for source in SOURCES if not source.why_not(data)]


def _base(request: FilRequest) -> MeasuresRequest:
    """Data and model of the page, and the network whose controls were set last."""
    try:
        network, validation = controls.last_network()
    except FilError:  # as its own page says
        network, validation = NetworkSpec(), None
    return MeasuresRequest(
        data=request.data, model=request.model, network=network, validation_size=validation, device=request.device
    )


def _stored(source: Source, base: MeasuresRequest, data: Dataset) -> pd.DataFrame | None:
    try:
        found = compute.stored(source.request(base, data))
    except FilError:  # settings that this source cannot have, as the page All measures says
        return None
    return None if found is None else found.table
