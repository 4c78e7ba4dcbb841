"""Results on disk, one folder each: whole or not there, checked when read, never a crash.

    <root>/<key[:2]>/<key>/   table.parquet, arrays.npz, manifest.json
    <root>/tmp/               folders being written or removed
    <root>/damaged/           folders that failed their checks, kept for inspection

Every change that other processes can see is the renaming of a folder. Nothing is pickled.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import uuid
from pathlib import Path

from fil_core.data import private
from fil_core.engine.store import folders
from fil_core.engine.store.encoding import ARRAYS, MANIFEST, TABLE, Files, decode, encode
from fil_core.engine.store.entry import Entry
from fil_core.engine.store.index import Index
from fil_core.engine.store.memory import MEMORY_BYTES, MemoryResults
from fil_core.errors import BadRequest
from fil_core.result import Result
from fil_core.specs.checks import positive

_NAMES = (MANIFEST, TABLE, ARRAYS)
_KEY = re.compile("[0-9a-f]{64}")
_DAMAGED = "damaged"
_PREFIX = re.compile("[0-9a-f]{8,64}")  # a shorter one would soon fit several keys
_NOTICES = 3  # damaged results that a notice names
_LEFTOVER_SECONDS = 3600  # a folder in tmp that is older belongs to a writer that was killed
# Reading failed, but the folder may be sound: no permission, no file handles or no memory left.
_NOT_DAMAGE = {errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM}


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
        self._index = Index(self.root)
        self._memory = MemoryResults(min(max_bytes, MEMORY_BYTES))  # used while the disk cannot be written
        self._unwritable: str | None = None
        self._unreadable: dict[str, str] = {}  # by key, until a sound result is read, or it is deleted
        self._exposed = private.exposed(self.root)
        folders.remove_older(self.root / "tmp", seconds=_LEFTOVER_SECONDS)

    @property
    def notice(self) -> str | None:
        """What the user should know about the disk; None when nothing is wrong with it."""
        unreadable = list(dict.fromkeys(self._unreadable.values()))[-_NOTICES:]
        return " ".join(text for text in (self._unwritable, *unreadable) if text) or None

    @property
    def exposure(self) -> str | None:
        """Which folders of results others can read, and what to do; None when none."""
        if not self._exposed:
            return None
        places = ", ".join(map(str, self._exposed))
        return (
            f"Other users of this machine can read {places}, which belongs to somebody else or cannot be changed. What "
            "is there is as private as the data: set FIL_STORE_DIR to a folder of your own."
        )

    def __contains__(self, key: str) -> bool:
        manifest = self._folder(key) / MANIFEST
        return key in self._memory or os.path.isfile(manifest)

    def get(self, key: str) -> Result | None:
        """The result stored under a key, after checking every byte of it; marks it as used.

        Args:
            key: sha-256 of what identifies the result, 64 lower-case hex characters.

        Returns:
            A copy of its own, or None: not there, removed while being read, or damaged (then moved to
            `<root>/damaged`, see `notice`).

        Raises:
            BadRequest: the text is no key.
        """
        folder = self._folder(key)
        if (files := self._memory.get(key)) is not None:
            return decode(key, files)
        before = folders.identity(folder)
        if before is None:
            return None
        try:
            result = decode(key, folders.read(folder, _NAMES))
        except Exception as error:  # a parser of foreign bytes may raise anything, and a page must survive it
            # Another folder in its place: it was evicted meanwhile, and perhaps written anew, but was not damaged.
            if folders.identity(folder) == before:
                self._report_unreadable(key, error)
            return None
        folders.touch(folder / MANIFEST)
        self._unreadable.pop(key, None)
        return result

    def put(self, key: str, result: Result) -> Result:
        """Store a result unless its key has one; a disk that cannot be written is a notice, not an error.

        Args:
            key: see `get`.
            result: left as it is; numpy scalars and tuples in its summary and provenance become JSON values.

        Returns:
            What is stored: this result or, of two writers, the first one's, as `get` would return it.

        Raises:
            BadRequest: the text is no key, or the result holds what cannot be stored, such as an object array.
        """
        folder = self._folder(key)
        if (stored := self.get(key)) is not None:
            return stored
        files = encode(key, result)
        copy = _read_back(key, files)
        try:
            private.make(self.root)
            placed = folders.place(files, folder, self._temporary())
            self._unwritable = None
        except OSError as error:
            reason = error.strerror or error
            self._unwritable = (
                f"The result store {self.root} cannot be written ({reason}); "
                "results are kept in memory until this process ends."
            )
            return decode(key, self._memory.put(key, files))
        self._evict(keep=key)
        if placed:
            return copy
        # None: the first writer's folder has been removed since, or is damaged and could not be moved.
        return self.get(key) or decode(key, self._memory.put(key, files))

    def entries(self) -> list[Entry]:
        """All readable results, last used first; only manifests are read."""
        entries = self._memory.entries() | self._index.entries()
        return sorted(entries.values(), key=lambda entry: entry.used, reverse=True)

    def entry(self, prefix: str) -> Entry:
        """The one result whose key starts with a prefix.

        Args:
            prefix: at least 8 of the key's 64 lower-case hex characters.

        Raises:
            BadRequest: the text is no such prefix, or no key or several keys start with it.
        """
        if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
            raise BadRequest(f"key: expected 8 to 64 lower-case hex characters; got {prefix!r}.")
        kept = {key: entry for key, entry in self._memory.entries().items() if key.startswith(prefix)}
        matches = list((kept | self._index.matching(prefix)).values())
        if len(matches) != 1:
            reason = (
                "several keys start so; give more characters"
                if matches
                else "no stored key starts so; the Results page lists them all"
            )
            raise BadRequest(f"key: expected the beginning of one stored result's key; got {prefix}: {reason}.")
        return matches[0]

    def delete(self, key: str) -> None:
        """Remove a result, if it is there; where the disk refuses, `notice` says so."""
        folder = self._folder(key)
        self._memory.remove(key)
        self._unreadable.pop(key, None)
        # Only where the folder exists: removing creates the store's root first, and with a mode that others can read.
        if os.path.lexists(folder) and not folders.remove(folder, self._temporary()):
            self._unwritable = f"The result {folder} cannot be removed; it still takes up disk space."

    def damaged(self) -> list[Path]:
        """The folders of results that are known to be damaged; they may still hold what the data hold."""
        try:
            moved = sorted((self.root / _DAMAGED).iterdir())
        except OSError:  # there are none
            moved = []
        return [*moved, *self._index.unreadable()]

    def remove_damaged(self) -> None:
        """Delete the results that are known to be damaged; where the disk refuses, `notice` says so."""
        for folder in self.damaged():
            if folders.remove(folder, self._temporary()):
                self._unreadable.pop(folder.name[:64], None)
            else:
                self._unwritable = f"The damaged result {folder} cannot be removed; it still takes up disk space."

    def _folder(self, key: str) -> Path:
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise BadRequest(f"key: expected 64 lower-case hex characters; got {key!r}.")
        return self.root / key[:2] / key

    def _temporary(self) -> Path:
        return self.root / "tmp" / uuid.uuid4().hex

    def _evict(self, keep: str) -> None:
        found = (Path(manifest).parent for _, manifest in self._index.manifests())
        sizes = {folder: measured for folder in found if (measured := folders.measure(folder, MANIFEST))}
        total = sum(size for _, size in sizes.values())
        for folder, (_, size) in sorted(sizes.items(), key=lambda item: item[1]):
            if total <= self.max_bytes:
                return
            if folder.name != keep and folders.remove(folder, self._temporary()):
                total -= size

    def _report_unreadable(self, key: str, error: Exception) -> None:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in _NOT_DAMAGE:
            cause = error if str(error) else "out of memory"
            self._unreadable[key] = f"A stored result cannot be read ({cause}); it will be computed again."
            return
        place = self.root / _DAMAGED
        try:
            place.mkdir(mode=0o700, exist_ok=True)
            moved = next(p for n in itertools.count() if not (p := place / f"{key}-{n}").exists())
            os.rename(self._folder(key), moved)
            outcome = f"was moved to {moved}"
        except OSError:  # a read-only disk, or another reader has moved it already
            outcome = "is ignored"
        self._unreadable[key] = f"A stored result was damaged ({error}); it {outcome} and will be computed again."


def default_root() -> Path:
    """The folder of results where none is named.

    Raises:
        BadRequest: the user has no home folder and no variable names another place.
    """
    chosen, cache = os.environ.get("FIL_STORE_DIR"), os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(chosen or f"{cache or '~/.cache'}/fil-explorer/results").expanduser()
    except RuntimeError as error:
        raise BadRequest("store: expected a home folder; this user has none. Set FIL_STORE_DIR to a folder.") from error


def _read_back(key: str, files: Files) -> Result:
    # The writer gets what every later reader gets, and content that cannot be read back is never written.
    try:
        return decode(key, files)
    except (ValueError, KeyError) as error:
        raise BadRequest(f"result: expected one that can be read back; {error}.") from error
