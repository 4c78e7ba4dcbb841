"""Folders that appear and disappear whole: what `engine.store` needs of a file system.

A folder is written or removed under another name in the same file system and gets or loses its own by one rename, so
that no reader, in whichever process, sees half of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
import uuid
from pathlib import Path

from fil_core.data import private


def place(files: dict[str, bytes], folder: Path, temporary: Path) -> bool:
    """Write files to a new folder, durably.

    Args:
        files: content by name.
        folder: the final place; its grandparent must be the file system of `temporary`.
        temporary: a path that no other writer uses.

    Returns:
        True, or False if the final place was taken; its content then stays.

    Raises:
        OSError: the disk is full or cannot be written; nothing is left behind that can be removed.
    """
    try:
        private.make(temporary)
        for name, content in files.items():
            write_synced(temporary / name, content)
            (temporary / name).chmod(private.FILE_MODE)
            touch(temporary / name)
        _sync(temporary)
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        os.rename(temporary, folder)
        _sync(folder.parent)
        return True
    except OSError:
        # A rename onto a folder fails with one of several codes, by system; the folder itself is the better sign.
        if os.path.isdir(folder):
            return False
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove(folder: Path, temporary: Path) -> bool:
    """Rename a folder out of its place in one step, then free its space; False if it could not be renamed."""
    try:
        private.make(temporary.parent)
        os.rename(folder, temporary)
    except OSError:
        return not os.path.lexists(folder)
    shutil.rmtree(temporary, ignore_errors=True)
    return True


def remove_older(parent: Path, *, seconds: float) -> None:
    """Remove what killed processes left in a folder of temporary names, as far as it can be removed.

    Args:
        parent: the folder of temporary names.
        seconds: only entries that were changed longer ago than this are removed.
    """
    now = time.time()
    try:
        for path in parent.iterdir():
            if now - path.stat().st_mtime > seconds:
                shutil.rmtree(path, ignore_errors=True)
    except OSError:  # no such folder yet, or another process cleans it
        return


def read(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """The whole content of some files, each read once.

    Raises:
        ValueError: a file is missing.
        OSError: a file cannot be read.
    """
    try:
        return {name: (folder / name).read_bytes() for name in names}
    except FileNotFoundError as error:
        raise ValueError(f"{Path(error.filename).name}: missing") from error


def identity(folder: Path) -> tuple[int, int, int] | None:
    """What distinguishes a folder from one that later takes its place; None if there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    # The inode alone is not enough: file systems reuse a freed one.
    return found.st_dev, found.st_ino, found.st_mtime_ns


def measure(folder: Path, used: str) -> tuple[int, int] | None:
    """(mtime in ns of the file `used`, bytes of all files) of a folder; None if it was removed meanwhile."""
    try:
        stats = {path.name: path.stat() for path in folder.iterdir()}
        return stats.get(used, folder.stat()).st_mtime_ns, sum(file.st_size for file in stats.values())
    except OSError:
        return None


def touch(path: Path) -> None:
    """Set a file's mtime to now, where the disk allows it."""
    now = time.time_ns()  # explicit, since the kernel's own clock for files ticks only every few milliseconds
    with contextlib.suppress(OSError):  # a read-only disk or another user's file: only the order of eviction suffers
        os.utime(path, ns=(now, now))


def write_synced(path: Path, content: bytes, like: Path | None = None) -> None:
    """Write a new file and wait until the disk has it, so that a later rename never exposes an empty one.

    Args:
        path: the new file.
        content: what it will hold.
        like: a file whose mode it gets, before it has any content; None, or one that is not there, for the usual mode.
    """
    with open(path, "xb") as file:
        if like is not None and like.exists():
            os.chmod(path, stat.S_IMODE(like.stat().st_mode))
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, in the place of one that is there.

    The file that a link leads to is replaced, not the link. A new file has the usual mode, another keeps its own.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    path = Path(os.path.realpath(path))
    # Beside the target, since a rename is atomic only within one file system.
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        write_synced(temporary, content, path)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):  # the reason it cannot be removed is being reported already
            temporary.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    if os.name == "nt":  # Windows has no handle for a folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
