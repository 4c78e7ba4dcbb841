"""Files in zip archives and folders; sizes and names are checked before anything is unpacked."""

from __future__ import annotations

import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

from fil_core.data.own import limits
from fil_core.data.own.content import files_below, first_bytes, passed_over
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
_IN_UTF8 = 0x800  # flag of an entry: its name is in UTF-8
_UNICODE_PATH = 0x7075  # extra field of Info-ZIP: version, crc-32 of the name as stored, the name in UTF-8
_DRIVE = re.compile("[A-Za-z]:")
_LISTED = 5  # folders in a note
_LEGACY = (
    "Names of files that are not plain ASCII are read in code page 437, as the archive does not say which is theirs. "
    "If they look wrong, zip the folder again with UTF-8 names."
)

Read = Callable[[], bytes]


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
def open_files(path: Path) -> Iterator[tuple[list[tuple[str, Read]], list[str]]]:
    """The file names in a folder or zip, sorted, each with a function that returns its bytes; and notes.

    Raises:
        BadData: a damaged archive, names that lead out of it, encrypted entries, or too many files.
    """
    if path.is_dir():
        files = {file.relative_to(path).as_posix(): file.read_bytes for file in files_below(path)}
        for name in files:
            _check_printable(path, name)
        folders = [folder.relative_to(path).as_posix() for folder in path.rglob("*") if folder.is_dir()]
        yield list(files.items()), _empty_folders(folders, files)
        return
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(open_archive(path))
        except ERRORS as error:
            if isinstance(error, FilError):
                raise
            raise BadData(f"{path.name}: expected a zip archive; {describe(path, error)}.") from error
        listed = archive.infolist()
        names, notes = _names(listed)
        entries = {info: name for info, name in zip(listed, names, strict=True) if not name.endswith("/")}
        _check_entries(path, entries)
        files = {_plain(name): _reader(archive, info, _plain(name)) for info, name in entries.items()}
        folders = [_plain(name.rstrip("/")) for name in names if name.strip("./") and name.endswith("/")]
        yield sorted(files.items()), [*notes, *_empty_folders(folders, files)]


def _empty_folders(folders: Iterable[str], files: Iterable[str]) -> list[str]:
    """A note on folders in which there is no file at all; hidden ones are passed over."""
    filled = {folder.as_posix() for file in files for folder in PurePosixPath(file).parents}
    empty = sorted(folder for folder in folders if folder not in filled and not passed_over(f"{folder}/file"))
    if not empty:
        return []
    more = f" and {len(empty) - _LISTED:,} more" if len(empty) > _LISTED else ""
    return [f"Folders without any file, which are no classes: {', '.join(empty[:_LISTED])}{more}."]


def _names(entries: list[zipfile.ZipInfo]) -> tuple[list[str], list[str]]:
    """Names of entries with slashes between their parts, and notes on their encoding.

    Python reads a name without the flag for UTF-8 in code page 437, which keeps its bytes. Most such names that are not
    ASCII are nevertheless UTF-8 (those of macOS), and text in another encoding is hardly ever valid UTF-8 by chance.
    """
    told = [_told_name(info) for info in entries]
    stored = [
        b"" if name is not None else info.orig_filename.encode("cp437")
        for info, name in zip(entries, told, strict=True)
    ]
    encoding, notes = "utf-8", []
    try:
        b"\n".join(stored).decode(encoding)
    except UnicodeDecodeError:
        encoding, notes = "cp437", [_LEGACY]
    names = [raw.decode(encoding) if name is None else name for raw, name in zip(stored, told, strict=True)]
    return [name.replace("\\", "/") for name in names], notes  # as some programs for Windows write it


def _told_name(info: zipfile.ZipInfo) -> str | None:
    """The name of an entry whose encoding it says; None where it does not."""
    if info.flag_bits & _IN_UTF8:
        return info.orig_filename
    stored, extra = info.orig_filename.encode("cp437"), info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and field[:1] == b"\1" and field[1:5] == struct.pack("<L", zlib.crc32(stored)):
            return field[5:].decode("utf-8", "replace")
    return None


def _plain(name: str) -> str:
    """A relative name without empty parts and single dots."""
    return PurePosixPath(name).as_posix()


def _check_printable(path: Path, name: str) -> None:
    if not name or not name.isprintable() or len(name) > limits.TEXT * 4:
        raise BadData(f"{path.name}: expected printable file names; got {name[:80]!r}.")


def _check_entries(path: Path, entries: dict[zipfile.ZipInfo, str]) -> None:
    """Raise BadData for entries that are no files inside the archive; `entries` has their names."""
    if len(entries) > limits.ENTRIES:
        raise BadData(f"{path.name}: expected at most {limits.ENTRIES:,} files; got {len(entries):,}.")
    limits.check_expansion(path.name, path.stat().st_size, sum(info.file_size for info in entries))
    names: set[str] = set()
    for info, stored in entries.items():
        name = _plain(stored)
        if name.startswith("/") or _DRIVE.match(name) or ".." in PurePosixPath(name).parts:
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


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Read:
    def read() -> bytes:
        try:
            with archive.open(info) as file:
                return file.read(info.file_size + 1)
        except ERRORS as error:
            cause = error_text(error)
            raise BadData(f"{name[:80]}: expected a file that unpacks; {cause}. Zip the folder again.") from error

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
