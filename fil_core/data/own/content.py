"""Files and folders by the sha-256 of their content, so that a copy under another name is the same data."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath

from fil_core.data.own import limits
from fil_core.errors import BadData, DataUnavailable

_SYSTEM_NAMES = ("__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin")  # created by operating systems


def digest_of(path: Path) -> str:
    """sha-256 of a file's bytes, or of the names and bytes of all files below a folder, as hex digits.

    Raises:
        DataUnavailable: the file or folder does not exist or cannot be read.
        BadData: an empty file, or one that is too large.
    """
    check_readable(path)
    try:
        return _digest_of_folder(path) if path.is_dir() else digest_of_file(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def check_readable(path: Path, title: str = "") -> None:
    """Raise DataUnavailable for a path that does not exist, BadData for an empty or too large file.

    Args:
        path: a file or folder.
        title: its name in error messages; empty for its name on disk.
    """
    title = title or path.name
    try:
        size = None if path.is_dir() else path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    if size is not None and not path.is_file():
        raise BadData(f"{path.name}: expected a file or folder; it is a device, pipe or socket.")
    if size == 0:
        raise BadData(f"{title}: expected a file with content; it is empty (0 bytes).")
    if size is not None and size > limits.FILE_BYTES:
        raise BadData(
            f"{title}: expected at most {limits.FILE_BYTES / 2**30:.0f} GiB; got {size / 2**30:.1f} GiB. "
            "A .npy matrix of any size can be measured on the command line with --in-blocks."
        )


def first_bytes(path: Path, count: int) -> bytes:
    """The first bytes of a file; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError:
        return b""


def _unreadable(path: Path, error: OSError) -> DataUnavailable:
    return DataUnavailable(f"{path}: expected a file or folder that can be read; {error.strerror or error}.")


def digest_of_file(path: Path) -> str:
    """sha-256 of the bytes of a file, as hex digits.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of_folder(path: Path) -> str:
    digest = hashlib.sha256()
    for file in files_below(path):
        line = f"{file.relative_to(path).as_posix()}\0{digest_of_file(file)}\n"
        digest.update(line.encode(errors="surrogateescape"))  # file names need not be valid UTF-8
    return digest.hexdigest()


def files_below(path: Path) -> list[Path]:
    """All regular files below a folder, sorted by relative path.

    Raises:
        BadData: more files than `limits.ENTRIES`, or a link, which is not followed, unless it is hidden.
        DataUnavailable: a folder that cannot be read.
    """
    files: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=_refuse):
        for entry in (Path(folder, name) for name in (*folders, *names)):
            relative = entry.relative_to(path).as_posix()
            if entry.is_symlink() and not passed_over(relative):
                raise BadData(f"{path.name}: expected files; {relative[:80]!r} is a link. Store the file itself.")
        files += [file for name in names if (file := Path(folder, name)).is_file() and not file.is_symlink()]
        if len(files) > limits.ENTRIES:
            raise BadData(f"{path}: expected a folder of at most {limits.ENTRIES:,} files; it has more.")
    return sorted(files, key=lambda file: file.relative_to(path).as_posix())


def _refuse(error: OSError) -> None:
    raise _unreadable(Path(error.filename), error) from error


def passed_over(name: str) -> bool:
    """Whether a file is hidden or of an operating system, or in such a folder, by its relative path."""
    return any(part.startswith(".") or part.lower() in _SYSTEM_NAMES for part in PurePosixPath(name).parts)
