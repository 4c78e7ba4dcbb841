"""Tables as files for other programs: CSV that a spreadsheet cannot take for formulas, and Parquet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import pandas as pd

from fil_core.engine.store import output
from fil_core.errors import BadRequest

Column = TypeVar("Column", pd.Series, pd.Index)

# What a spreadsheet may start a formula with: the ASCII signs, their full-width and small forms, the minus sign.
_SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫−"
# Leading characters that a spreadsheet skips before it looks for a sign: white space, controls, invisible marks.
_SKIPPED = "\\s\\x00-\\x1f\\u200b-\\u200f\\u2060\\ufeff"
_FORMULA = re.compile(f"[\\t\\r\\n]|[{_SKIPPED}]*[{_SIGNS}]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")  # which a spreadsheet reads, and does not compute
_QUOTE = "'"
_QUOTED = re.compile('[,;\t|"\r\n]')  # in a column's name: a reader that counts separators must not count these

# What pyarrow raises for a table that Parquet cannot hold; its own errors derive from these.
_UNSUITABLE = (ValueError, TypeError, NotImplementedError, OverflowError)


def to_csv_bytes(frame: pd.DataFrame) -> bytes:
    """A table as comma-separated UTF-8 text, safe to open in a spreadsheet.

    A text cell or column name that could start a formula gets a leading apostrophe, which `unguarded` takes off again;
    numbers stay as they are, also those that are texts (the classes -1 and 1).

    Args:
        frame: any table; its index becomes the first column, `id`.

    Returns:
        The text with CR LF at the ends of lines (RFC 4180); a missing value is an empty cell.

    Source: OWASP, "CSV Injection".
    """
    safe = harmless(frame)
    # The csv module of Python < 3.13 quotes only characters of the line end: with "\n" a lone CR inside a cell would
    # go out bare, and what follows it would be read as a new line.
    rows = safe.to_csv(header=False, lineterminator="\r\n") if len(safe) else ""
    header = ",".join(map(_heading, ["id", *frame.columns]))
    return f"{header}\r\n{rows}".encode(errors="backslashreplace")


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose cells, and whose index, a spreadsheet takes for no formula, as in `to_csv_bytes`."""
    columns = [_harmless_column(frame.iloc[:, j]) for j in range(frame.shape[1])]
    # Built by position: column names may repeat.
    safe = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=frame.index)
    safe.index = _harmless_column(frame.index)
    return safe


def unguarded(text: str) -> str:
    """A text of `to_csv_bytes` as it was before.

    >>> unguarded("'=1+1"), unguarded("'tis"), unguarded("-1")
    ('=1+1', "'tis", '-1')
    """
    return text[1:] if text.startswith(_QUOTE) and _guarded(text[1:]) else text


def to_parquet_bytes(frame: pd.DataFrame) -> bytes:
    """A table as a Parquet file, index and column types kept.

    Args:
        frame: a table whose column names are different texts and whose columns each hold one type.

    Returns:
        The file's content. A column of Python objects that are all texts comes back as text.

    Raises:
        BadRequest: a column name is not a text or occurs twice, or Parquet has no type for the values of a column.
    """
    wrong = [name for name in frame.columns if not isinstance(name, str)] or list(
        frame.columns[frame.columns.duplicated()]
    )
    if wrong:
        raise BadRequest(f"table: expected different texts as column names; got {wrong[0]!r}, no text or used twice.")
    if set(frame.index.names) & set(frame.columns):
        raise BadRequest(f"table: expected an index with a name that no column has; got {list(frame.index.names)!r}.")
    try:
        return _written(frame)
    except _UNSUITABLE as error:
        raise BadRequest(f"table: expected columns of one type each (numbers, texts, booleans); {error}.") from error


def _written(frame: pd.DataFrame) -> bytes:
    """A table as Parquet, written without threads and into memory of Arrow's own.

    `DataFrame.to_parquet` converts columns in a pool of threads and writes through a Python file, for which Arrow keeps
    Python objects; see `encoding` for what that can do to a process that ends soon after.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pandas(frame, nthreads=1), sink)
    return bytes(sink.getvalue())


def to_flat_parquet_bytes(frame: pd.DataFrame) -> bytes:
    """A table as a Parquet file whose index is an ordinary first column, as in the CSV, for programs without pandas."""
    return to_parquet_bytes(frame.reset_index(names="id"))


_WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {".csv": to_csv_bytes, ".parquet": to_flat_parquet_bytes}


def check_table_path(path: Path | str, others: Iterable[str] = ()) -> Path:
    """The path of a table that can be written, before any work is done for it.

    Args:
        path: of the file.
        others: further ends of its name that are allowed.

    Raises:
        BadRequest: a suffix other than `.csv`, `.parquet` and these, or see `output.check_path`.
    """
    return output.check_path(path, (".parquet", ".csv", *others))


def write_table(frame: pd.DataFrame, path: Path | str) -> None:
    """Write a table as the path's suffix says, whole or not at all.

    Args:
        frame: the table, see `to_csv_bytes` and `to_parquet_bytes`.
        path: a file name ending in `.csv` or `.parquet`; a file that is there is replaced.

    Raises:
        BadRequest: another suffix, a table the format cannot hold, or a path that cannot be written.
    """
    path = check_table_path(path)
    output.write(path, _WRITERS[path.suffix.lower()](frame))


def _guarded(text: str) -> bool:
    """Whether a text gets an apostrophe: also one that has it already, or reading could not tell the two apart."""
    bare = text.lstrip(_QUOTE)
    return bool(_FORMULA.match(bare)) and not _NUMBER.fullmatch(bare)


def _harmless(value: object) -> object:
    return f"{_QUOTE}{value}" if isinstance(value, str) and _guarded(value) else value


def _heading(name: object) -> str:
    text = str(_harmless(name))
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _harmless_column(column: Column) -> Column:
    # Numbers, booleans and dates cannot be formulas. Categories are, behind their codes, the texts themselves.
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column
    return column.astype(object).map(_harmless)
