"""What of a study is stored, what is to be computed, and whose data are missing; no data are read for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from fil_core.analyses.study.request import StudyRequest
from fil_core.analyses.study.study import Entry
from fil_core.analyses.table import analysis_of, key
from fil_core.data import resolve
from fil_core.data.absent import absent
from fil_core.engine.run import Engine
from fil_core.engine.store import Entry as Stored
from fil_core.errors import DataUnavailable, FilError
from fil_core.specs import Request, canonical


@dataclass(frozen=True, slots=True)
class State:
    """An entry of a study as it stands.

    Attributes:
        entry: the entry.
        stored: whether its result is in the store.
        missing: why its data are not here, and what to do; empty where they are.
    """

    entry: Entry
    stored: bool
    missing: str

    @property
    def to_compute(self) -> bool:
        """Whether its result can be computed here and is not stored."""
        return not (self.stored or self.missing)


def states(request: StudyRequest, engine: Engine) -> list[State]:
    """How the entries of a study stand, in their order.

    Args:
        request: the study.
        engine: whose store is looked into.
    """
    kept = engine.store.entries()
    return [State(entry, _is_stored(entry.request, kept), absent(entry.request.data)) for entry in request.entries]


def _is_stored(request: Request, kept: Sequence[Stored]) -> bool:
    """Whether some stored result answers a request, of data as they were when it was computed."""
    try:
        resolved = dataclasses.replace(request, data=resolve(request.data))
    except FilError:  # own data that were deleted
        return False
    name, identity = analysis_of(request).name, canonical(resolved)
    same = (one for one in kept if one.analysis == name and one.request == identity)
    return any(key(resolved, one.fingerprint) == one.key for one in same)


def seconds(found: Sequence[State]) -> float:
    """About how long what is to be computed takes on two cores.

    Args:
        found: states of entries.
    """
    return sum(state.entry.seconds for state in found if state.to_compute)


def at_hand(request: StudyRequest, found: Sequence[State]) -> StudyRequest:
    """The study of those entries whose data are here.

    Args:
        request: the study.
        found: the states of its entries.

    Raises:
        DataUnavailable: no entry's data are here.
    """
    here = tuple(state.entry.name for state in found if not state.missing)
    if not here:
        raise DataUnavailable(f"study: expected the data of one entry at least. {found[0].missing}")
    return dataclasses.replace(request, of=here)
