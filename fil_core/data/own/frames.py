"""Tables as files: CSV, Parquet and NumPy matrices to a data frame, checked before they are believed."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.arrays import read_matrix
from fil_core.data.own.content import first_bytes
from fil_core.errors import BadData

if TYPE_CHECKING:
    import pyarrow as pa

_HEAD = 2**18  # bytes that must hold the header
_TAIL = 2**20  # bytes that hold the last line of any table that is not far too wide
_CHUNK = 2**22
_SEPARATORS = ",;\t|"
_LINE = re.compile(r"\r\n|\n|\r")  # texts may hold what str.splitlines() takes for the end of a line
_QUOTED = re.compile('"[^"]*"')
_MOST_GROUPS = 100_000  # row groups of a Parquet file; each has a header of its own
NAMELESS = ("Unnamed: ", "__index_level_")  # how columns begin that had no name, such as a data frame's index
_PARQUET = b"PAR1"
_FOREIGN = {
    b"PK\x03\x04": "a zip archive (a spreadsheet, perhaps)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF": "a PDF document",
    b"\x93NUMPY": "a NumPy array",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
}


def read_csv(path: Path) -> pd.DataFrame:
    """Separated values in UTF-8 with a header line; the separator is found among comma, semicolon, tab and bar.

    Raises:
        BadData: anything else, with the line or the column.
    """
    head = _head(path)
    header, separator = _header(path.name, head)
    _check_header(path.name, header)
    _check_end(path, len(header), separator)
    limits.check_cells(path.name, _lines(path), len(header))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # it says that entries were passed over
            frame = pd.read_csv(path, sep=separator, encoding="utf-8-sig", low_memory=False, index_col=False)
    except UnicodeDecodeError as error:
        raise BadData(
            f"{path.name}: expected text in UTF-8; got other bytes ({error.object[error.start : error.start + 4]!r}). "
            "Save the file again as UTF-8."
        ) from error
    except pd.errors.ParserWarning as error:
        raise BadData(
            f"{path.name}: expected {len(header)} entries in every row, as the header has; the rows have more. Name "
            "every column."
        ) from error
    except pd.errors.ParserError as error:
        raise BadData(f"{path.name}: expected {len(header)} entries in every row; {_plain(error)}.") from error
    except (ValueError, OverflowError) as error:
        raise BadData(f"{path.name}: expected separated values; {_plain(error)}.") from error
    return _checked(path.name, frame)


def _plain(error: Exception) -> str:
    return str(error).replace("Error tokenizing data. C error: ", "").strip().rstrip(".").lower() or "it cannot be read"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise BadData(f"{path.name}: expected separated values as text; got {what}.")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise BadData(f"{path.name}: expected text in UTF-8; got UTF-16. Save the file again as UTF-8.")
    if b"\0" in head:
        raise BadData(f"{path.name}: expected text; byte {head.index(0):,} is zero, as in a binary file.")
    return head


def _header(name: str, head: bytes) -> tuple[list[str], str]:
    """The column names, and the separator: the one that the header has most of."""
    if b"\n" not in head and b"\r" not in head and len(head) == _HEAD:
        raise BadData(f"{name}: expected a header line of less than {_HEAD // 1024} KiB; got none.")
    try:
        # The cut may fall within a character, after which only the end is not text.
        text = head.decode("utf-8-sig") if len(head) < _HEAD else head[: head.rfind(b"\n")].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = head[: error.start].count(b"\n") + 1
        raise BadData(
            f"{name}: expected text in UTF-8; line {line:,} has other bytes. Save the file again as UTF-8."
        ) from error
    first = next((line for line in _LINE.split(text) if line.strip()), "")
    if not first:
        raise BadData(f"{name}: expected a header line; the file holds no text.")
    separator = max(_SEPARATORS, key=_QUOTED.sub("", first).count)
    return next(csv.reader(io.StringIO(first), delimiter=separator)), separator


def _check_header(name: str, header: list[str]) -> None:
    limits.check_columns(name, len(header))
    if len(header) < 2:
        raise BadData(
            f"{name}: expected at least two columns between commas, semicolons, tabs or bars; got one, "
            f"{header[0][:60]!r}."
        )
    if all(_is_number(cell) for cell in header):
        raise BadData(f"{name}: expected a header line with column names; the first line holds numbers only.")
    check_names(name, [cell for cell in header if cell.strip()])  # pandas numbers those without a name


def check_names(name: str, columns: list[str]) -> None:
    """Raise BadData for names of columns that cannot be shown, or that are there twice."""
    seen: set[str] = set()
    for column in columns:
        limits.check_name(f"{name}: column name", column)
        if column in seen:
            raise BadData(f"{name}: expected different column names; got {column!r} twice. Rename one of them.")
        seen.add(column)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _check_end(path: Path, columns: int, separator: str) -> None:
    """Refuse a file that ends in the middle of a row: the parser would fill the rest with missing entries."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        tail = file.read().decode("utf-8", errors="replace").rstrip("\r\n")
    *before, last = _LINE.split(tail)
    # An entry between quotes may go over several lines; the parser will see to it.
    if '"' in last or not before:
        return
    found = last.count(separator) + 1
    if found < columns:
        raise BadData(f"{path.name}: expected {columns} entries in the last row; got {found}. The file may be cut off.")


def _lines(path: Path) -> int:
    """How many lines a file has; zeros, at which numbers would end, are refused on the way."""
    lines = {b"\n": 0, b"\r": 0}
    with path.open("rb") as file:
        for start, chunk in enumerate(iter(lambda: file.read(_CHUNK), b"")):
            if (at := chunk.find(0)) >= 0:
                raise BadData(f"{path.name}: expected text; byte {start * _CHUNK + at:,} is zero. Is it damaged?")
            for end in lines:
                lines[end] += chunk.count(end)
    return max(lines.values())


def read_parquet(path: Path) -> pd.DataFrame:
    """A Parquet file of plain columns.

    Raises:
        BadData: no Parquet, damaged, or more entries than fit (its header is asked first: a file of a few kilobytes can
            stand for billions of equal entries).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, memory_map=False)
        meta = file.metadata
        limits.check_cells(path.name, meta.num_rows, meta.num_columns)
        if meta.num_row_groups > _MOST_GROUPS:
            raise BadData(f"{path.name}: expected at most {_MOST_GROUPS:,} row groups; got {meta.num_row_groups:,}.")
        unpacked = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        # Equal entries are kept once: even the unpacked size says little about the rows, so each counts as a byte.
        entries = meta.num_rows * meta.num_columns
        limits.check_expansion(path.name, path.stat().st_size, max(unpacked, entries))
        check_names(path.name, [str(name) for name in file.schema_arrow.names])
        texts = [field.name for field in file.schema_arrow if _is_text(path.name, field)]
        table = pq.ParquetFile(path, memory_map=False, read_dictionary=texts).read()
        table.validate(full=True)  # a damaged file may hold texts that are none
        frame = _plain_columns(path.name, table).to_pandas(ignore_metadata=True, date_as_object=False)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        if isinstance(error, BadData):
            raise
        raise BadData(f"{path.name}: expected a Parquet file; {_fault(path, error)}.") from error
    return _checked(path.name, frame)


def _fault(path: Path, error: Exception) -> str:
    """What is wrong with a file that is no Parquet, as part of a sentence."""
    start = first_bytes(path, len(_PARQUET))
    said = (str(error) or "damaged").splitlines()[0].split(". ")[0].rstrip(".")
    if start == _PARQUET:
        return f"{said}. It may be cut off or damaged"
    return "got other content" if start else said


def _is_text(name: str, field: pa.Field) -> bool:
    """Whether a column holds texts.

    Raises:
        BadData: it holds neither numbers, texts nor dates.
    """
    import pyarrow as pa

    held = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    for what, test in {"lists or records": pa.types.is_nested, "bytes": _is_bytes, "times": pa.types.is_time}.items():
        if test(held):
            raise BadData(f"{name}: expected columns of numbers or texts; {field.name!r} holds {what}.")
    return pa.types.is_string(held) or pa.types.is_large_string(held)


def _is_bytes(held: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_binary(held) or pa.types.is_large_binary(held) or pa.types.is_fixed_size_binary(held)


def _plain_columns(name: str, table: pa.Table) -> pa.Table:
    """Texts row by row, unless they are far more than the file holds: one long text may stand in millions of rows."""
    import pyarrow as pa

    texts = 0
    for i, field in enumerate(table.schema):
        column = table.column(i)
        if pa.types.is_dictionary(field.type):
            texts += sum(_text_bytes(chunk) for chunk in column.chunks)
            if texts > limits.TEXT_BYTES:
                raise BadData(
                    f"{name}: expected at most {limits.TEXT_BYTES:,} bytes of texts; those up to column {field.name!r} "
                    f"take {texts:,}."
                )
            table = table.set_column(i, field.name, column.cast(field.type.value_type))
        elif pa.types.is_decimal(field.type):
            table = table.set_column(i, field.name, column.cast(pa.float64()))
    return table


def _text_bytes(chunk: pa.DictionaryArray) -> int:
    """How much the texts of a column take once they stand in every row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_string(chunk.dictionary.type) or pa.types.is_large_string(chunk.dictionary.type)):
        return 0
    return pc.sum(pc.binary_length(chunk.dictionary).cast(pa.int64()).take(chunk.indices)).as_py() or 0


def read_npy(path: Path) -> pd.DataFrame:
    """A NumPy matrix, or an array of records.

    Raises:
        BadData: anything else.
    """
    return _checked(path.name, read_matrix(path))


def _checked(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    if not len(frame):
        raise BadData(f"{name}: expected rows of data; got a header and 0 rows.")
    if frame.shape[1] < 2:
        raise BadData(f"{name}: expected at least two columns, a target and a feature; got {frame.shape[1]}.")
    return frame


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
    ".npy": read_npy,
}
