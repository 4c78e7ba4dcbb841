"""Limits on the size of files and their content, checked from headers before anything is unpacked, and on names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fil_core.errors import BadData

if TYPE_CHECKING:
    import pandas as pd

FILE_BYTES = 4 * 2**30  # size of a file on disk
COLUMNS = 5_000  # of a table
CELLS = 2**28  # entries of a table: 2 GiB of float64
ENTRIES = 200_000  # files in an archive or folder
UNPACKED_BYTES = 4 * 2**30  # content of an archive
EXPANSION = 200  # ratio of unpacked to packed bytes, for content above `_SMALL`; below 50 for real tables and images
IMAGE_PIXELS = 2**24  # pixels of an image before resizing
IMAGE_VALUES = 16_384  # features of an image; the curvature of a model then takes 2 GiB
TEXT_BYTES = 2**30  # text in a table, repeated values counted each time
NAME_CHARACTERS = 2**26  # of all ids that are texts, each as long as the longest: 256 MiB
TEXT = 200  # characters of the name of a column or class
TABLE_BYTES = 2**30  # of scores or weights beside data, as they come back from the sandbox
_SMALL = 2**20  # bytes


def check_columns(name: str, columns: int) -> None:
    """Raise BadData for more than `COLUMNS` columns; `name` is the file in the error message."""
    if columns > COLUMNS:
        raise BadData(
            f"{name}: expected at most {COLUMNS:,} columns; got {columns:,}. Leave columns out, or reduce them to "
            "principal components first."
        )


def check_cells(name: str, rows: int, columns: int) -> None:
    """Raise BadData for a table that would not fit in memory.

    Args:
        name: name of the file or array in the error message.
        rows: number of rows.
        columns: number of columns.
    """
    check_columns(name, columns)
    if rows * columns > CELLS:
        raise BadData(
            f"{name}: expected at most {CELLS:,} entries; got {rows:,} rows of {columns:,} columns. Use fewer rows, "
            "or measure a .npy matrix on the command line with --in-blocks, which reads it in blocks of rows."
        )


def check_expansion(name: str, packed: int, unpacked: int) -> None:
    """Raise BadData for content that expands too much when it is unpacked.

    Args:
        name: name of the file or archive entry in the error message.
        packed: bytes in the file.
        unpacked: bytes after unpacking, as its header says.
    """
    if unpacked > UNPACKED_BYTES or (unpacked > _SMALL and unpacked > EXPANSION * max(packed, 1)):
        raise BadData(
            f"{name}: expected content of at most {UNPACKED_BYTES / 2**30:.0f} GiB and {EXPANSION} times its "
            f"packed size; {packed:,} bytes unpack to {unpacked:,}. Use a smaller file."
        )


def check_name(role: str, name: str) -> str:
    """The name if it can be displayed: printable, of 1 to `TEXT` characters; `role` says in the error what it names.

    Raises:
        BadData: it is empty, too long, or has control characters.
    """
    if not name.strip() or len(name) > TEXT or not name.isprintable():
        raise BadData(f"{role}: expected a printable name of 1 to {TEXT} characters; got {name[:60]!r}.")
    return name


def check_names(name: str, columns: list[str]) -> None:
    """Raise BadData for column names that cannot be displayed or are not unique; `name` is the file in the message."""
    seen: set[str] = set()
    for column in columns:
        check_name(f"{name}: column name", column)
        if column in seen:
            raise BadData(f"{name}: expected different column names; got {column!r} twice. Rename one of them.")
        seen.add(column)


def check_shape(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The table if it has rows and at least two columns; `name` is the file in the error message.

    Raises:
        BadData: it has not.
    """
    if not len(frame):
        raise BadData(f"{name}: expected rows of data; got a header and 0 rows.")
    if frame.shape[1] < 2:
        raise BadData(f"{name}: expected at least two columns, a target and a feature; got {frame.shape[1]}.")
    return frame
