"""Results kept in memory while the disk cannot be written: the same bytes that the files would have."""

from __future__ import annotations

import threading
import time

from fil_core.engine.store.encoding import MANIFEST, Files
from fil_core.engine.store.entry import Entry, entry_of

MEMORY_BYTES = 512 * 2**20  # what the results in memory may take together


class MemoryResults:
    """The files of results by key, shared by threads; the least recently used go first.

    Args:
        max_bytes: what they may take together; the newest is kept even where it takes more.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._results: dict[str, tuple[Files, float]] = {}  # least recently used first, with the time of use

    def __contains__(self, key: str) -> bool:
        with self._lock:
            return key in self._results

    def get(self, key: str) -> Files | None:
        """The files of a result, which counts as used now; None if it is not here."""
        with self._lock:
            if key not in self._results:
                return None
            files, _ = self._results.pop(key)
            self._results[key] = (files, time.time())
            return files

    def put(self, key: str, files: Files) -> Files:
        """Keep a result unless its key has one; returns the files that are kept."""
        with self._lock:
            first, _ = self._results.pop(key, (files, 0.0))
            self._results[key] = (first, time.time())
            while len(self._results) > 1 and sum(_size(kept) for kept, _ in self._results.values()) > self._max_bytes:
                del self._results[next(iter(self._results))]
        return first

    def remove(self, key: str) -> None:
        """Drop a result, if it is here."""
        with self._lock:
            self._results.pop(key, None)

    def entries(self) -> dict[str, Entry]:
        """All results without their content, by key."""
        with self._lock:
            return {key: entry_of(key, files[MANIFEST], used) for key, (files, used) in self._results.items()}


def _size(files: Files) -> int:
    return sum(map(len, files.values()))
