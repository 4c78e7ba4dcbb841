"""Files with a column `id` and another one about the training examples, such as weights or groups."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fil_core.data.own.content import check_readable
from fil_core.data.own.frames import read_frame
from fil_core.data.own.uploads import temporary_upload
from fil_core.engine.uploads import ReadTable
from fil_core.errors import BadData, FilError


def read_columns(
    kind: str,
    column: str,
    name: str,
    content: bytes | None = None,
    *,
    texts: tuple[str, ...] = ("id",),
    read: ReadTable = read_frame,
) -> pd.DataFrame:
    """The columns `id` and another one of a CSV or Parquet file.

    Args:
        kind: of upload, with which errors begin.
        column: the other column, in lower case.
        name: path of the file; beside `content` only the suffix counts.
        content: the bytes of an uploaded file; None reads the path.
        texts: columns whose entries are texts, also where all of them look like numbers.
        read: reads the file, in this process or in the sandbox.

    Raises:
        BadData: the file cannot be read, or lacks one of the columns.
    """
    shown = Path(name).name
    try:
        table = _table(Path(name), content, texts, read)
    except FilError as error:
        why = str(error).rstrip(".")
        raise BadData(f"{kind}: {shown} cannot be read as a table ({why}); expected CSV or Parquet.") from error
    return _named_columns(kind, column, table, shown)


def _table(path: Path, content: bytes | None, texts: tuple[str, ...], read: ReadTable) -> pd.DataFrame:
    """The table in a file, or in the content of one with such a name; errors name it so."""
    if content is None:
        check_readable(path)
        if path.suffix.lower() not in (".csv", ".tsv", ".parquet"):
            raise BadData(f"{path.name}: expected a .csv or .parquet file; got {path.suffix[:20]!r}.")
        return read(path, texts)
    suffix = ".parquet" if path.suffix.lower() == ".parquet" else ".csv"
    with temporary_upload(content, suffix, path.name) as file:
        try:
            return read(file, texts)
        except FilError as error:
            raise type(error)(str(error).replace(file.name, path.name)) from error


def _named_columns(kind: str, column: str, table: pd.DataFrame, shown: str) -> pd.DataFrame:
    """The columns id and the other one."""
    names = pd.Index([str(each).strip().casefold() for each in table.columns])
    twice = [str(c) for c, name in zip(table.columns, names, strict=True) if name in names[names.duplicated()]]
    if named := [c for c in twice if c.strip().casefold() in ("id", column)]:
        raise BadData(f"{kind}: expected one column id and one column {column} in {shown}; got {', '.join(named)}.")
    table = table.set_axis(names, axis=1)
    check_columns(kind, column, table, shown)
    return table[["id", column]]


def check_columns(kind: str, column: str, table: pd.DataFrame, title: str) -> None:
    """Refuse a table that lacks the column `id` or another one.

    Args:
        kind: of upload, with which errors begin.
        column: the other column.
        table: any.
        title: its name in the message.

    Raises:
        BadData: it lacks one.
    """
    missing = [name for name in ("id", column) if name not in table]
    if missing:
        present = ", ".join(map(str, table.columns[:6])) or "none"
        raise BadData(
            f"{kind}: expected the columns id and {column} in {title}; "
            f"{' and '.join(missing)} not found among {present}."
        )
