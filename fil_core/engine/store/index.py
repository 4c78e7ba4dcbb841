"""What is in the folder of a store: each manifest is read once, and again only after its file has changed."""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from fil_core.engine.store.encoding import MANIFEST
from fil_core.engine.store.entry import Entry, entry_of

_SHARD, _KEY = re.compile("[0-9a-f]{2}"), re.compile("[0-9a-f]{64}")
_FRESH_SECONDS = 1.0  # a page that lists results asks for the damaged ones right after
Stamp = tuple[int, int, int]


class Index:
    """The entries of a store's folder, for the threads of one process; other processes may change the folder.

    Args:
        root: the folder of the store.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._lock = root, threading.Lock()
        self._looked = -math.inf
        self._known: dict[str, tuple[Stamp, Entry | None]] = {}  # None: a manifest that cannot be read

    def entries(self) -> dict[str, Entry]:
        """All readable entries by key."""
        # One at a time: of two threads that find thousands of new manifests, the second waits and reads none.
        with self._lock:
            self._known = dict(self._seen())
            self._looked = time.monotonic()
            return {key: entry for key, (_, entry) in self._known.items() if entry is not None}

    def unreadable(self) -> list[Path]:
        """The folders of results whose manifest is damaged or missing, as of a second ago at most."""
        if time.monotonic() - self._looked > _FRESH_SECONDS:
            self.entries()
        with self._lock:
            return [self._root / key[:2] / key for key, (_, entry) in self._known.items() if entry is None]

    def matching(self, prefix: str) -> dict[str, Entry]:
        """The readable entries whose key begins with at least two hex characters, by key; reads no others."""
        read = ((key, _read(path)) for key, path in self.manifests(prefix[:2]) if key.startswith(prefix))
        return {key: entry for key, entry in read if entry is not None}

    def manifests(self, shard: str = "") -> Iterator[tuple[str, str]]:
        """Key and path of the manifest of all results, readable or not; of those in one subfolder where it is named."""
        for name in [shard] if shard else filter(_SHARD.fullmatch, _names(f"{self._root}")):
            for key in filter(_KEY.fullmatch, _names(f"{self._root}/{name}")):
                yield key, f"{self._root}/{name}/{key}/{MANIFEST}"  # a Path takes longer than reading the file's state

    def _seen(self) -> Iterator[tuple[str, tuple[Stamp, Entry | None]]]:
        for key, path in self.manifests():
            try:
                stat = os.stat(path)
            except OSError:
                if os.path.isdir(os.path.dirname(path)):  # without a manifest, rather than removed meanwhile
                    yield key, ((0, 0, 0), None)
                continue
            stamp = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            known = self._known.get(key)
            yield key, known if known and known[0] == stamp else (stamp, _read(path))


def _read(path: str) -> Entry | None:
    """The entry of a manifest; None for one that is damaged or just removed, which `Store.get` reports."""
    manifest = Path(path)
    try:
        return entry_of(manifest.parent.name, manifest.read_bytes(), manifest.stat().st_mtime)
    except Exception:  # a parser of foreign bytes may raise anything
        return None


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # a folder that cannot be listed counts as empty
        return []
