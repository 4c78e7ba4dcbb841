"""Which sources of a joint table are stored already."""

from __future__ import annotations

from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.measures.sources import SOURCES, Source
from fil_core.dataset import Dataset
from fil_core.engine.run import Engine
from fil_core.errors import FilError
from fil_core.progress import Progress
from fil_core.specs import JointRequest

_ALWAYS = ("fil", "network-influence")  # of features, and of a text, where fil does not apply


def at_hand(request: MeasuresRequest, engine: Engine, progress: Progress | None = None) -> tuple[str, ...]:
    """The sources whose results are stored for the data, model and network of a request, and one that always applies.

    Args:
        request: its own sources do not matter.
        engine: whose store is looked into.
        progress: called with (done, total, what) while the data are read.

    Raises:
        FilError: the data are not usable.
    """
    dataset = engine.dataset(request.source_data, progress)
    always = _ALWAYS[bool(dataset.vocabulary)]
    return tuple(one.name for one in SOURCES if one.name == always or is_stored(one, request, dataset, engine))


def is_stored(source: Source, request: JointRequest, dataset: Dataset, engine: Engine) -> bool:
    """Whether a source's result is stored; never one of settings that it cannot have.

    Args:
        source: the source.
        request: data, model and network.
        dataset: the examples.
        engine: whose store is looked into.
    """
    if source.why_not(dataset):
        return False
    try:
        return engine.key(source.request(request, dataset)) in engine.store
    except FilError:
        return False
