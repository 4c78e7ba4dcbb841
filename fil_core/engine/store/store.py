"""Results on disk, one folder each: whole or not there, checked when read, never a crash.

    <root>/<key[:2]>/<key>/   table.parquet, arrays.npz, manifest.json
    <root>/tmp/               folders being written or removed
    <root>/damaged/           folders that failed their checks, for a person to look at

Everything that other processes see happens by renaming a folder. Nothing is pickled.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fil_core.engine.store import folders
from fil_core.engine.store.encoding import ARRAYS, MANIFEST, TABLE, Files, decode, encode, read_manifest
from fil_core.errors import BadRequest
from fil_core.result import Result
from fil_core.specs.checks import positive

MEMORY_BYTES = 512 * 2**20  # what results may take in memory while the disk cannot be written

_NAMES = (MANIFEST, TABLE, ARRAYS)
_KEY = re.compile("[0-9a-f]{64}")
_PREFIX = re.compile("[0-9a-f]{8,64}")  # shorter ones, typed by a person, would soon name several
_LEFTOVER_SECONDS = 3600  # a folder in tmp this old belongs to a writer that was killed
# Reading failed, but the folder may be sound: no permission, no file handles or no memory left.
_NOT_DAMAGE = {errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM}


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored result without its content.

    Attributes:
        bytes: size of its files together.
        created, used: when it was written and last read, UTC.
        request: the request as its provenance has it; empty if it has none.
        analysis: what was asked, by its name in the registry; likewise.
        title: how a page names the data set; likewise.
        seconds: what it took to compute; None if its provenance does not say.
        fingerprint: sha-256 of the data's content; empty if its provenance does not say.
    """

    key: str
    bytes: int
    created: datetime
    used: datetime
    request: dict[str, Any]
    analysis: str = ""
    title: str = ""
    seconds: float | None = None
    fingerprint: str = ""


class Store:
    """Results by key, shared by the threads and processes that name the same folder.

    Args:
        root: the folder; None takes `$FIL_STORE_DIR`, else `fil-explorer/results` in the user's cache folder.
        max_bytes: after each `put` the least recently used results are removed until the rest fits, > 0.
    """

    def __init__(self, root: Path | str | None = None, *, max_bytes: int = 4 * 2**30) -> None:
        positive("max_bytes", max_bytes)
        self.root = (default_root() if root is None else Path(root)).absolute()
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._held: dict[str, tuple[Files, float]] = {}  # least recently used first, with the time of use
        self._unwritable: str | None = None
        self._unreadable: str | None = None
        folders.remove_older(self.root / "tmp", seconds=_LEFTOVER_SECONDS)

    @property
    def notice(self) -> str | None:
        """What a person should know about the disk, or None when all is well."""
        return " ".join(text for text in (self._unwritable, self._unreadable) if text) or None

    def __contains__(self, key: str) -> bool:
        manifest = self._folder(key) / MANIFEST
        with self._lock:
            held = key in self._held
        return held or os.path.isfile(manifest)

    def get(self, key: str) -> Result | None:
        """The result stored under a key, after checking every byte of it; marks it as used.

        Args:
            key: sha-256 of what identifies the result, 64 lower-case hex characters.

        Returns:
            A copy of its own, or None: not there, removed while being read, or damaged (then set aside, see `notice`).

        Raises:
            BadRequest: the key is not one.
        """
        folder = self._folder(key)
        if (files := self._recall(key)) is not None:
            return decode(key, files)
        before = folders.identity(folder)
        if before is None:
            return None
        try:
            result = decode(key, folders.read(folder, _NAMES))
        except Exception as error:  # a parser of foreign bytes may raise anything, and a page must survive it
            # Another folder in its place: evicted (and perhaps written anew) meanwhile, so nothing is wrong with it.
            if folders.identity(folder) == before:
                self._report_unreadable(key, error)
            return None
        folders.touch(folder / MANIFEST)
        return result

    def put(self, key: str, result: Result) -> Result:
        """Store a result unless its key has one; a disk that cannot be written is a notice, not an error.

        Args:
            key: see `get`.
            result: left as it is; numpy scalars and tuples in its summary and provenance become JSON values.

        Returns:
            What is stored: this result or, of two writers, the first one's, as `get` would return it.

        Raises:
            BadRequest: the key is not one, or the result holds what cannot be stored (an object array, say).
        """
        folder = self._folder(key)
        if (stored := self.get(key)) is not None:
            return stored
        files = encode(key, result)
        copy = _read_back(key, files)
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)  # a list of eta is as private as the data
            placed = folders.place(files, folder, self._temporary())
            self._unwritable = None
        except OSError as error:
            reason = error.strerror or error
            self._unwritable = (
                f"The result store {self.root} cannot be written ({reason}); "
                "results are kept in memory until the app stops."
            )
            return self._hold(key, files)
        self._evict(keep=key)
        if placed:
            return copy
        # None: the first writer's folder is already gone again, or is damaged and could not be moved.
        return self.get(key) or self._hold(key, files)

    def entries(self) -> list[Entry]:
        """All readable results, last used first; only manifests are read."""
        with self._lock:
            found = {key: _entry(key, files[MANIFEST], used) for key, (files, used) in self._held.items()}
        for folder in self._folders():
            # Damaged or just removed: `get` deals with it when somebody asks for it.
            with contextlib.suppress(Exception):
                manifest = folder / MANIFEST
                found[folder.name] = _entry(folder.name, manifest.read_bytes(), manifest.stat().st_mtime)
        return sorted(found.values(), key=lambda entry: entry.used, reverse=True)

    def entry(self, prefix: str) -> Entry:
        """The result whose key starts so.

        Args:
            prefix: at least 8 of the key's 64 lower-case hex characters.

        Raises:
            BadRequest: no such text, or none or several keys start with it.
        """
        if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
            raise BadRequest(f"key: expected 8 to 64 lower-case hex characters; got {prefix!r}.")
        found = [entry for entry in self.entries() if entry.key.startswith(prefix)]
        if len(found) != 1:
            what = "several do, so give more of it" if found else "none does; see the Runs page for those stored"
            raise BadRequest(f"key: expected the beginning of one stored result's key; got {prefix}: {what}.")
        return found[0]

    def delete(self, key: str) -> None:
        """Remove a result, if it is there; where the disk refuses, `notice` says so."""
        folder = self._folder(key)
        with self._lock:
            self._held.pop(key, None)
        # What is not there is not looked for: that would make the store's folder, open to others by its mode.
        if os.path.lexists(folder) and not folders.remove(folder, self._temporary()):
            self._unwritable = f"The result {folder} cannot be removed; its place on the disk stays taken."

    def _folder(self, key: str) -> Path:
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise BadRequest(f"key: expected 64 lower-case hex characters; got {key!r}.")
        return self.root / key[:2] / key

    def _folders(self) -> Iterator[Path]:
        try:
            yield from (path for path in self.root.glob("[0-9a-f][0-9a-f]/*") if _KEY.fullmatch(path.name))
        except OSError:  # a store that cannot be listed has, for its reader, no results
            return

    def _temporary(self) -> Path:
        return self.root / "tmp" / uuid.uuid4().hex

    def _evict(self, keep: str) -> None:
        sizes = {folder: measured for folder in self._folders() if (measured := folders.measure(folder, MANIFEST))}
        total = sum(size for _, size in sizes.values())
        for folder, (_, size) in sorted(sizes.items(), key=lambda item: item[1]):
            if total <= self.max_bytes:
                return
            if folder.name != keep and folders.remove(folder, self._temporary()):
                total -= size

    def _report_unreadable(self, key: str, error: Exception) -> None:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in _NOT_DAMAGE:
            cause = error if str(error) else "out of memory"
            self._unreadable = f"A stored result cannot be read ({cause}); it will be computed again."
            return
        place = self.root / "damaged"
        try:
            place.mkdir(exist_ok=True)
            aside = next(p for n in itertools.count() if not (p := place / f"{key}-{n}").exists())
            os.rename(self._folder(key), aside)
            fate = f"was set aside in {aside}"
        except OSError:  # a read-only disk, or another reader was quicker; either way it is not shown
            fate = "is ignored"
        self._unreadable = f"A stored result was damaged ({error}); it {fate} and will be computed again."

    def _hold(self, key: str, files: Files) -> Result:
        with self._lock:
            first, _ = self._held.pop(key, (files, 0.0))
            self._held[key] = (first, time.time())
            limit = min(self.max_bytes, MEMORY_BYTES)
            while len(self._held) > 1 and sum(_size(held) for held, _ in self._held.values()) > limit:
                del self._held[next(iter(self._held))]
        return decode(key, first)

    def _recall(self, key: str) -> Files | None:
        with self._lock:
            if key not in self._held:
                return None
            files, _ = self._held.pop(key)
            self._held[key] = (files, time.time())
            return files


def default_root() -> Path:
    """Where results live unless told otherwise.

    Raises:
        BadRequest: the user has no home folder and no variable names another place.
    """
    chosen, cache = os.environ.get("FIL_STORE_DIR"), os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(chosen or f"{cache or '~/.cache'}/fil-explorer/results").expanduser()
    except RuntimeError as error:
        raise BadRequest("store: expected a home folder; this user has none. Set FIL_STORE_DIR to a folder.") from error


def _entry(key: str, content: bytes, used: float) -> Entry:
    manifest = read_manifest(key, content)
    provenance = manifest["provenance"]
    data = provenance.get("data", {})
    return Entry(
        key=key,
        bytes=len(content) + sum(file["bytes"] for file in manifest["files"].values()),
        created=datetime.fromisoformat(manifest["created"]),
        used=datetime.fromtimestamp(used, UTC),
        request=provenance.get("request", {}),
        analysis=provenance.get("analysis", ""),
        title=data.get("title", ""),
        seconds=provenance.get("seconds"),
        fingerprint=data.get("fingerprint", ""),
    )


def _read_back(key: str, files: Files) -> Result:
    # The writer gets what every later reader gets, and what could not be read again is never written.
    try:
        return decode(key, files)
    except (ValueError, KeyError) as error:
        raise BadRequest(f"result: expected one that can be read back; {error}.") from error


def _size(files: Files) -> int:
    return sum(map(len, files.values()))
