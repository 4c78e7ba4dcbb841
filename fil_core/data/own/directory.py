"""The folder of own data, and temporary folders in it, which hold private rows only while a process writes them.

    <root>/tmp/<name>/       what is being written
    <root>/tmp/<name>.lock   locked by the process that writes it
    <root>/incoming.lock     locked by every server whose visitors may have uploads there

The system takes the lock from a process that ends in whichever way, so that what it left can be told from what another
process, perhaps of another server with the same folder, is still writing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fil_core.data import private
from fil_core.errors import DataUnavailable

try:
    import fcntl
except ImportError:  # Windows, which deletes no file that a process has opened: the lock needs nothing more
    fcntl = None  # type: ignore[assignment]

_TEMPORARY, _LOCK = "tmp", ".lock"


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


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new private folder in the file system of own data; removed at the end unless it was renamed.

    Raises:
        OSError: it cannot be created.
    """
    parent = own_directory() / _TEMPORARY
    make_private(parent)
    lock, handle = _new_lock(parent)
    folder = lock.with_suffix("")
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if fcntl is None:
            os.close(handle)
        with suppress(OSError):
            lock.unlink()
        if fcntl is not None:
            os.close(handle)  # last: until then nobody else takes the folder for one that was left


def _new_lock(parent: Path) -> tuple[Path, int]:
    """A lock file, and the handle that holds it."""
    while True:
        path = parent / f"{uuid.uuid4().hex}{_LOCK}"
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        if _locked(handle) and path.exists():
            return path, handle
        os.close(handle)  # another process has taken the new file for one that was left, and removed it


def _locked(handle: int) -> bool:
    """Lock an open file; False where another process has locked it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def shared(folder: Path) -> Iterator[bool]:
    """Say that this process uses a folder inside the folder of own data, until the end of the context.

    Yields:
        Whether no other process had said so when the context began; False also where the system cannot tell.

    Raises:
        OSError: the folder cannot be made.
    """
    make_private(folder)
    handle = os.open(folder.with_suffix(_LOCK), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        alone = fcntl is not None and _locked(handle)
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_SH)  # waits for a moment where another process has just begun
        yield alone
    finally:
        os.close(handle)


def clear_leftovers() -> None:
    """Remove temporary folders that a process left which was killed; those of living processes stay."""
    with suppress(OSError, DataUnavailable):
        parent = own_directory() / _TEMPORARY
        for name in sorted({path.name.removesuffix(_LOCK) for path in parent.iterdir()}):
            _remove_unless_held(parent / name)


def _remove_unless_held(folder: Path) -> None:
    lock = folder.with_name(folder.name + _LOCK)
    with contextlib.ExitStack() as stack, suppress(OSError):
        # The lock is made before its folder and outlives it: without one, nobody writes the folder.
        if lock.exists():
            if fcntl is not None:
                handle = os.open(lock, os.O_RDWR)
                stack.callback(os.close, handle)
                if not _locked(handle):
                    return
            lock.unlink()
        if folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            folder.unlink(missing_ok=True)
