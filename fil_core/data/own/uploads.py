"""The folder of own data, and the uploaded files in it."""

from __future__ import annotations

import hashlib
import os
import re
import time
import uuid
from contextlib import suppress
from pathlib import Path

from fil_core.data import private
from fil_core.data.own import limits
from fil_core.data.own.reading import SUFFIXES
from fil_core.errors import BadData, DataUnavailable

_FOLDER = "incoming"  # its name on disk, unchanged so that uploads of earlier versions are deleted as well
_UPLOAD_NAME = re.compile(r"[0-9a-f]{64}\.[a-z]{3,11}")
_ACCEPTED = (*SUFFIXES, ".safetensors")
_MAX_AGE = 24 * 3600  # seconds after its last use at which an upload is deleted


def own_directory() -> Path:
    """The folder of own data: below FIL_STORE_DIR, else in the user's cache, beside the results.

    Raises:
        DataUnavailable: the user has no home folder and neither FIL_STORE_DIR nor XDG_CACHE_HOME is set.
    """
    store, cache = os.environ.get("FIL_STORE_DIR"), os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(f"{store}/own" if store else f"{cache or '~/.cache'}/fil-explorer/own").expanduser().absolute()
    except RuntimeError as error:
        raise DataUnavailable(
            "own data: expected a home folder; this user has none. Set FIL_STORE_DIR to a folder."
        ) from error


def make_private(folder: Path) -> None:
    """Create a folder inside the folder of own data that only its owner can read, or make it so."""
    private.make(folder)
    private.tighten(own_directory())
    private.tighten(folder)


def save_upload(content: bytes, suffix: str) -> Path:
    """Save an uploaded file under the sha-256 of its content; its original name is not used.

    Raises:
        BadData: an unsupported suffix, an empty file, or one that is too large.
        DataUnavailable: the file cannot be written.
    """
    if suffix.lower() not in _ACCEPTED:
        raise BadData(f"file: expected a name ending in {', '.join(_ACCEPTED)}; got {suffix[:20]!r}.")
    if not content:
        raise BadData("file: expected content; it is empty (0 bytes).")
    if len(content) > limits.FILE_BYTES:
        raise BadData(f"file: expected at most {limits.FILE_BYTES:,} bytes; got {len(content):,}.")
    folder = own_directory() / _FOLDER
    path = folder / name_of(content, suffix)
    try:
        make_private(folder)
        _delete_old(folder)
        if not path.exists():
            _write(path, content)
        path.touch()
    except OSError as error:
        cause = error.strerror or str(error)
        raise DataUnavailable(
            f"own data: expected enough space for the file in {folder}; {cause}. Set FIL_STORE_DIR to another folder."
        ) from error
    return path


def name_of(content: bytes, suffix: str) -> str:
    """The name under which `save_upload` stores a file."""
    return f"{hashlib.sha256(content).hexdigest()}{suffix.lower()}"


def delete_upload(name: str) -> None:
    """Delete an uploaded file, if it is there."""
    if (path := find_upload(name)) is not None:
        with suppress(OSError):
            path.unlink()


def find_upload(name: str) -> Path | None:
    """The path of an uploaded file by the name that `save_upload` gave it; None if it has been deleted."""
    path = own_directory() / _FOLDER / name
    return path if _UPLOAD_NAME.fullmatch(name) and path.is_file() else None


def upload_name(path: Path) -> str:
    """The name of an uploaded file; empty for a path outside the folder of uploads."""
    return path.name if path.parent == own_directory() / _FOLDER else ""


def delete_old_uploads() -> None:
    """Delete uploaded files that have not been used for a day."""
    with suppress(OSError):
        _delete_old(own_directory() / _FOLDER)


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(content)
        temporary.chmod(private.FILE_MODE)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _delete_old(folder: Path) -> None:
    for file in folder.iterdir():
        with suppress(FileNotFoundError):  # another process has just deleted it
            if time.time() - file.stat().st_mtime > _MAX_AGE:
                file.unlink()
