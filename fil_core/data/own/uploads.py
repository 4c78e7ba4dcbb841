"""The folder of one's own data, and the files that were handed in, before anything is made of them."""

from __future__ import annotations

import hashlib
import os
import re
import time
import uuid
from contextlib import suppress
from pathlib import Path

from fil_core.data.own import limits
from fil_core.data.own.reading import SUFFIXES
from fil_core.errors import BadData, DataUnavailable

_INCOMING = re.compile(r"[0-9a-f]{64}\.[a-z]{3,11}")
_TAKEN = (*SUFFIXES, ".safetensors")
_KEPT_SECONDS = 24 * 3600  # of a file that was handed in and of which nothing was made


def own_directory() -> Path:
    """Where data of one's own is kept: beside the results.

    Raises:
        DataUnavailable: the user has no home folder and no variable names another place.
    """
    chosen, cache = os.environ.get("FIL_STORE_DIR"), os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(f"{chosen}/own" if chosen else f"{cache or '~/.cache'}/fil-explorer/own").expanduser().absolute()
    except RuntimeError as error:
        raise DataUnavailable(
            "own data: expected a home folder; this user has none. Set FIL_STORE_DIR to a folder."
        ) from error


def make_private(place: Path) -> None:
    """Make a folder of one's own data, for its owner alone, as what it stands in; `mkdir` has the mode for the last."""
    for folder in (own_directory().parent, own_directory(), place):
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def keep_upload(content: bytes, suffix: str) -> Path:
    """Put a file that was handed in where it can be read; its name plays no part.

    Raises:
        BadData: a suffix that no reader knows.
        DataUnavailable: the disk has no room.
    """
    if suffix.lower() not in _TAKEN:
        raise BadData(f"file: expected a name ending in {', '.join(_TAKEN)}; got {suffix[:20]!r}.")
    if not content:
        raise BadData("file: expected content; it is empty (0 bytes).")
    if len(content) > limits.FILE_BYTES:
        raise BadData(f"file: expected at most {limits.FILE_BYTES:,} bytes; got {len(content):,}.")
    place = own_directory() / "incoming"
    path = place / f"{hashlib.sha256(content).hexdigest()}{suffix.lower()}"
    try:
        make_private(place)
        _forget_old(place)
        if not path.exists():
            _write(path, content)
        path.touch()
    except OSError as error:
        raise DataUnavailable(f"own data: expected room for the file in {place}; {error.strerror or error}.") from error
    return path


def incoming(name: str) -> Path | None:
    """A file that was handed in and is still there, by the name that `keep_upload` gave it."""
    path = own_directory() / "incoming" / name
    return path if _INCOMING.fullmatch(name) and path.is_file() else None


def handed_in(path: Path) -> str:
    """The name of a file that was handed in; empty for one of a person's own folders."""
    return path.name if path.parent == own_directory() / "incoming" else ""


def forget_old() -> None:
    """Remove what was handed in and not used for a day."""
    with suppress(OSError):
        _forget_old(own_directory() / "incoming")


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _forget_old(place: Path) -> None:
    for file in place.iterdir():
        with suppress(FileNotFoundError):  # somebody else has just forgotten it
            if time.time() - file.stat().st_mtime > _KEPT_SECONDS:
                file.unlink()
