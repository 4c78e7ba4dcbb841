"""Zip archives, whose list of content is measured before it is believed."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fil_core.data.own import limits
from fil_core.data.own.content import first_bytes
from fil_core.errors import BadData

# What zipfile and the unpackers under it raise for an archive that is none, damaged, locked, or packed in unknown ways.
DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, NotImplementedError, RuntimeError,
    ValueError,
)  # fmt: skip
_START = b"PK"
_LISTED = 512  # bytes of the list of content that an entry may take, its name included
_END = b"PK\x05\x06"
_END_BYTES = 22  # of the record at the end, before a comment of up to 2^16
_WIDE_END = b"PK\x06\x06"
_WIDE = 2**32 - 1  # stands for a size that only the record of large archives has


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip archive, unless its list of content alone would fill the memory.

    Raises:
        BadData: more entries than can be meant.
        DAMAGED: no archive.
    """
    if (size := _list_bytes(path)) > limits.ENTRIES * _LISTED:
        raise BadData(f"{path.name}: expected at most {limits.ENTRIES:,} files; its list of them takes {size:,} bytes.")
    with zipfile.ZipFile(path) as archive:
        yield archive


def fault(path: Path, error: Exception) -> str:
    """What is wrong with a file that is no archive, as part of a sentence."""
    start = first_bytes(path, len(_START))
    if start[:1] == b"\x80":
        return "got a Python pickle, which is not opened"
    if start == _START:
        return f"{plain(error)}, but begins as one. It may be cut off"
    return "got other content" if start else plain(error)


def plain(error: Exception) -> str:
    """What an unpacker said, as part of a sentence."""
    return str(error).rstrip(".").lower() or "damaged"


def _list_bytes(path: Path) -> int:
    """Bytes of the list of content as the end of the archive says; 0 where there is no such end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_BYTES - 2**16 - 128))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or at + _END_BYTES > len(tail):
        return 0
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    wide = tail.rfind(_WIDE_END, 0, at)
    return int.from_bytes(tail[wide + 40 : wide + 48], "little") if size == _WIDE and wide >= 0 else size
