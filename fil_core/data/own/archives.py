"""Files in zip archives and folders; sizes and names are checked before anything is unpacked."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

from fil_core.data.own import limits
from fil_core.data.own.content import files_below, first_bytes
from fil_core.errors import BadData, FilError

# Errors of zipfile and its decompressors for files that are no archive, damaged, encrypted or of an unknown method.
ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, NotImplementedError, RuntimeError,
    ValueError,
)  # fmt: skip
_MAGIC = b"PK"
_MAX_ENTRY_BYTES = 512  # of an entry in the central directory, its name included
_END_RECORD = b"PK\x05\x06"  # signature of the end of central directory record
_END_RECORD_BYTES = 22  # without the comment of up to 2^16 bytes after it
_ZIP64_END_RECORD = b"PK\x06\x06"
_IN_ZIP64 = 2**32 - 1  # means that the size is in the ZIP64 record


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip archive, opened after checking that its central directory fits in memory.

    Raises:
        BadData: too many entries.
        ERRORS: the file is not a zip archive.
    """
    if (size := _central_directory_bytes(path)) > limits.ENTRIES * _MAX_ENTRY_BYTES:
        raise BadData(
            f"{path.name}: expected at most {limits.ENTRIES:,} files; its central directory takes {size:,} bytes. "
            "Use a smaller archive."
        )
    with zipfile.ZipFile(path) as archive:
        yield archive


@contextmanager
def open_files(path: Path) -> Iterator[list[tuple[str, Callable[[], bytes]]]]:
    """The file names in a folder or zip, sorted, each with a function that returns its bytes.

    Raises:
        BadData: a damaged archive, names that lead out of it, encrypted entries, or too many files.
    """
    if path.is_dir():
        files = {file.relative_to(path).as_posix(): file.read_bytes for file in files_below(path)}
        for name in files:
            _check_printable(path, name)
        yield list(files.items())
        return
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(open_archive(path))
        except ERRORS as error:
            if isinstance(error, FilError):
                raise
            raise BadData(f"{path.name}: expected a zip archive; {describe(path, error)}.") from error
        entries = [info for info in archive.infolist() if not info.filename.endswith("/")]
        _check_entries(path, entries)
        yield sorted((info.filename, _reader(archive, info)) for info in entries)


def _check_printable(path: Path, name: str) -> None:
    if not name or not name.isprintable() or len(name) > limits.TEXT * 4:
        raise BadData(f"{path.name}: expected printable file names; got {name[:80]!r}.")


def _check_entries(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > limits.ENTRIES:
        raise BadData(f"{path.name}: expected at most {limits.ENTRIES:,} files; got {len(entries):,}.")
    limits.check_expansion(path.name, path.stat().st_size, sum(info.file_size for info in entries))
    names: set[str] = set()
    for info in entries:
        name, parts = info.filename, PurePosixPath(info.filename).parts
        if name.startswith("/") or "\\" in name or ":" in name or ".." in parts:
            raise BadData(f"{path.name}: expected names inside the archive; {name[:80]!r} leads out of it.")
        _check_printable(path, name)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise BadData(f"{path.name}: expected files; {name[:80]!r} is a link. Store the file itself.")
        if info.flag_bits & 1:
            raise BadData(f"{path.name}: expected unencrypted files; {name[:80]!r} is encrypted. Remove the password.")
        if name in names:
            raise BadData(f"{path.name}: expected unique names; {name[:80]!r} occurs twice. Zip the folder again.")
        names.add(name)
        limits.check_expansion(f"{path.name}: {name[:80]}", info.compress_size, info.file_size)


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(info) as file:
                return file.read(info.file_size + 1)
        except ERRORS as error:
            cause = error_text(error)
            raise BadData(
                f"{info.filename[:80]}: expected a file that unpacks; {cause}. Zip the folder again."
            ) from error

    return read


def describe(path: Path, error: Exception) -> str:
    """Why a file cannot be opened as an archive, as a clause."""
    start = first_bytes(path, len(_MAGIC))
    if start[:1] == b"\x80":
        return "got a Python pickle, which is not opened"
    if start == _MAGIC:
        return f"got a damaged one ({error_text(error)}). It may be cut off"
    return "got other content" if start else error_text(error)


def error_text(error: Exception) -> str:
    """The message of an error in `ERRORS`, as a clause."""
    return str(error).rstrip(".").lower() or "damaged"


def _central_directory_bytes(path: Path) -> int:
    """Size of the central directory according to the end of the archive; 0 if there is no end record."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_RECORD_BYTES - 2**16 - 128))
        tail = file.read()
    at = tail.rfind(_END_RECORD)
    if at < 0 or at + _END_RECORD_BYTES > len(tail):
        return 0
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    zip64 = tail.rfind(_ZIP64_END_RECORD, 0, at)
    return int.from_bytes(tail[zip64 + 40 : zip64 + 48], "little") if size == _IN_ZIP64 and zip64 >= 0 else size
