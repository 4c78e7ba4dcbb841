"""Uploaded files: checked, and kept under the sha-256 of their content, or only while they are read."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from fil_core.data import private
from fil_core.data.own import folders, limits
from fil_core.data.own.directory import clear_leftovers, make_private, own_directory, shared, temporary_folder
from fil_core.data.own.reading import SUFFIXES
from fil_core.errors import BadData, DataUnavailable

_FOLDER = "incoming"  # its name on disk, unchanged so that uploads of earlier versions are deleted as well
_UPLOAD_NAME = re.compile(r"[0-9a-f]{64}\.[a-z]{3,11}")
_ACCEPTED = (*SUFFIXES, ".safetensors", *folders.SUFFIXES)  # those of pictures last
_MAX_AGE = 24 * 3600  # seconds after its last use at which an upload is deleted


def save_upload(content: bytes, suffix: str, title: str = "file") -> Path:
    """Save an uploaded file under the sha-256 of its content; its original name is not used.

    Args:
        content: its bytes.
        suffix: of its name.
        title: its name in error messages.

    Raises:
        BadData: an unsupported suffix, an empty file, or one that is too large.
        DataUnavailable: the file cannot be written.
    """
    _check(content, suffix, title)
    folder = own_directory() / _FOLDER
    path = folder / name_of(content, suffix)
    with _writing(title):
        make_private(folder)
        _delete_old(folder)
        if not path.exists():
            with temporary_folder() as temporary:
                (temporary / path.name).write_bytes(content)
                (temporary / path.name).chmod(private.FILE_MODE)
                os.replace(temporary / path.name, path)
        path.touch()
    return path


@contextmanager
def temporary_upload(content: bytes, suffix: str, title: str) -> Iterator[Path]:
    """An uploaded file that is there only while it is read; the arguments and errors are those of `save_upload`."""
    _check(content, suffix, title)
    with ExitStack() as stack:
        with _writing(title):
            path = stack.enter_context(temporary_folder()) / name_of(content, suffix)
            path.write_bytes(content)
        yield path


def _check(content: bytes, suffix: str, title: str) -> None:
    if suffix.lower() not in _ACCEPTED:
        raise BadData(f"{title}: expected a name ending in {', '.join(_ACCEPTED)}; got {suffix[:20]!r}.")
    if not content:
        raise BadData(f"{title}: expected content; it is empty (0 bytes).")
    if len(content) > limits.FILE_BYTES:
        raise BadData(f"{title}: expected at most {limits.FILE_BYTES:,} bytes; got {len(content):,}.")


@contextmanager
def _writing(title: str) -> Iterator[None]:
    """Says which file could not be written, and what to do."""
    try:
        yield
    except OSError as error:
        cause = error.strerror or str(error)
        raise DataUnavailable(
            f"{title}: expected enough space for the file in {own_directory()}; {cause}. Set FIL_STORE_DIR to another "
            "folder."
        ) from error


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


@contextmanager
def kept_for_visitors(used: Callable[[], Collection[str]]) -> Iterator[None]:
    """While a server runs. At its start what visitors of servers that have ended left goes.

    Args:
        used: names of the uploaded files that data sets were made from.
    """
    folder = own_directory() / _FOLDER
    with ExitStack() as stack:
        with suppress(OSError, DataUnavailable):
            if stack.enter_context(shared(folder)):  # the visitors of another server may still use theirs
                kept = used()
                for file in folder.iterdir():
                    if _UPLOAD_NAME.fullmatch(file.name) and file.name not in kept:
                        file.unlink(missing_ok=True)
        yield


def tidy() -> None:
    """Delete uploaded files that have not been used for a day, and what killed processes left; never an error."""
    with suppress(OSError, DataUnavailable):
        _delete_old(own_directory() / _FOLDER)
    clear_leftovers()


def _delete_old(folder: Path) -> None:
    for file in folder.iterdir():
        with suppress(FileNotFoundError):  # another process has just deleted it
            # Hidden files are those that an earlier version was writing when it was killed.
            if file.name.startswith(".") or time.time() - file.stat().st_mtime > _MAX_AGE:
                file.unlink()
