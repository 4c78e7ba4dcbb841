"""How much a file may hold, checked from its headers before its content is unpacked."""

from __future__ import annotations

from fil_core.errors import BadData

FILE_BYTES = 4 * 2**30  # of a file as it is
COLUMNS = 5_000
CELLS = 2**28  # of a table: 2 GiB of float64
ENTRIES = 200_000  # of an archive or a folder
UNPACKED_BYTES = 4 * 2**30  # of an archive's content
EXPANSION = 200  # unpacked over packed, for content above `_SMALL`; real tables and pictures stay below 50
IMAGE_PIXELS = 2**24  # of one picture, before it is resized
IMAGE_VALUES = 16_384  # of one picture as features; a curvature of that side is 2 GiB
TEXT_BYTES = 2**30  # of a table's texts, equal ones counted each time
TEXT = 200  # characters of a column's or class's name
_SMALL = 2**20


def check_columns(what: str, count: int) -> None:
    """Raise BadData for more columns than the curvature of a model can have."""
    if count > COLUMNS:
        raise BadData(
            f"{what}: expected at most {COLUMNS:,} columns; got {count:,}. Leave columns out, or reduce them to "
            "principal components first."
        )


def check_cells(what: str, rows: int, columns: int) -> None:
    """Raise BadData for a table that would not fit in memory."""
    check_columns(what, columns)
    if rows * columns > CELLS:
        raise BadData(
            f"{what}: expected at most {CELLS:,} entries; got {rows:,} rows of {columns:,} columns. Take fewer "
            "rows, or "
            "measure a .npy matrix on the command line with --in-blocks, which never holds it all."
        )


def check_expansion(what: str, packed: int, unpacked: int) -> None:
    """Raise BadData for content that unpacks to far more than it is."""
    if unpacked > UNPACKED_BYTES or (unpacked > _SMALL and unpacked > EXPANSION * max(packed, 1)):
        raise BadData(
            f"{what}: expected content of at most {UNPACKED_BYTES / 2**30:.0f} GiB and {EXPANSION} times its "
            "packed size; "
            f"{packed:,} bytes unpack to {unpacked:,}."
        )


def check_name(what: str, name: str) -> str:
    """A name out of a file, as it can be shown: printable and not endless.

    Raises:
        BadData: it is empty, too long, or holds control characters.
    """
    if not name.strip() or len(name) > TEXT or not name.isprintable():
        raise BadData(f"{what}: expected a printable name of 1 to {TEXT} characters; got {name[:60]!r}.")
    return name
