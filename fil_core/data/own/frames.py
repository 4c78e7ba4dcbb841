"""Readers of tables (CSV, Parquet, NumPy) to data frames; sizes in headers are checked before content is read."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.arrays import read_matrix
from fil_core.data.own.content import first_bytes
from fil_core.errors import BadData

if TYPE_CHECKING:
    import pyarrow as pa

_HEAD = 2**18  # bytes in which the header line must end
_TAIL = 2**20  # bytes at the end of a file that contain its last line
_CHUNK = 2**22
_SEPARATORS = ",;\t|"
_LINE_END = re.compile(r"\r\n|\n|\r")  # str.splitlines() would also split at separators inside text
_QUOTED = re.compile('"[^"]*"')
_MAX_ROW_GROUPS = 100_000  # of a Parquet file; each has a header of its own
NAMELESS = ("Unnamed: ", "__index_level_")  # prefixes that pandas gives to columns without a name, such as an index
_PARQUET = b"PAR1"
_MARK = "="  # before an entry that keeps its text, or pandas would still take NA and an empty one for missing
_OTHER_FORMATS = {
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


def read_csv(path: Path, texts: Collection[str] = ()) -> pd.DataFrame:
    """A CSV file in UTF-8 with a header line; the separator (comma, semicolon, tab or bar) is detected.

    Args:
        path: the file.
        texts: names of columns that keep their text, such as 00012, 1E3 or NA; upper and lower case need not match.

    Raises:
        BadData: anything else; the message names the line or column where possible.
    """
    head = _head(path)
    header, separator = _header(path.name, head)
    _check_header(path.name, header)
    _check_end(path, len(header), separator)
    limits.check_cells(path.name, _lines(path), len(header))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas warns when it ignores entries of a row
            frame = pd.read_csv(
                path, sep=separator, encoding="utf-8-sig", low_memory=False, index_col=False,
                converters=dict.fromkeys(kept := _named(header, texts), _MARK.__add__),
            )  # fmt: skip
    except UnicodeDecodeError as error:
        raise BadData(
            f"{path.name}: expected text in UTF-8; got other bytes ({error.object[error.start : error.start + 4]!r}). "
            "Save the file again as UTF-8."
        ) from error
    except pd.errors.ParserWarning as error:
        raise BadData(
            f"{path.name}: expected {len(header)} entries in every row, as in the header; the rows have more. Name "
            "every column in the header."
        ) from error
    except pd.errors.ParserError as error:
        raise BadData(f"{path.name}: expected {len(header)} entries in every row; {_error_text(error)}.") from error
    except (ValueError, OverflowError) as error:
        raise BadData(f"{path.name}: expected separated values; {_error_text(error)}.") from error
    for column in kept:
        frame[column] = frame[column].str.removeprefix(_MARK)
    return _checked(path.name, frame)


def _named(header: list[str], texts: Collection[str]) -> list[str]:
    """The columns of a header that are named in `texts`."""
    wanted = {text.strip().casefold() for text in texts}
    return [column for column in header if column.strip().casefold() in wanted - {""}]


def _error_text(error: Exception) -> str:
    """The message of a pandas error, as a clause."""
    return str(error).replace("Error tokenizing data. C error: ", "").strip().rstrip(".").lower() or "it cannot be read"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for magic, description in _OTHER_FORMATS.items():
        if head.startswith(magic):
            raise BadData(f"{path.name}: expected separated values as text; got {description}. Save it as CSV.")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise BadData(f"{path.name}: expected text in UTF-8; got UTF-16. Save the file again as UTF-8.")
    if b"\0" in head:
        at = head.index(0)
        raise BadData(f"{path.name}: expected text; byte {at:,} is zero, as in a binary file. Save it as CSV.")
    return head


def _header(name: str, head: bytes) -> tuple[list[str], str]:
    """The column names, and the separator: the one that is most frequent in the header."""
    if b"\n" not in head and b"\r" not in head and len(head) == _HEAD:
        raise BadData(f"{name}: expected a header line of less than {_HEAD // 1024} KiB; got none.")
    try:
        # A head of full length may end within a character, so only complete lines are decoded.
        text = head.decode("utf-8-sig") if len(head) < _HEAD else head[: head.rfind(b"\n")].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = head[: error.start].count(b"\n") + 1
        raise BadData(
            f"{name}: expected text in UTF-8; line {line:,} has other bytes. Save the file again as UTF-8."
        ) from error
    first = next((line for line in _LINE_END.split(text) if line.strip()), "")
    if not first:
        raise BadData(f"{name}: expected a header line; the file has no text.")
    separator = max(_SEPARATORS, key=_QUOTED.sub("", first).count)
    return next(csv.reader(io.StringIO(first), delimiter=separator)), separator


def _check_header(name: str, header: list[str]) -> None:
    limits.check_columns(name, len(header))
    if len(header) < 2:
        raise BadData(
            f"{name}: expected at least two columns separated by commas, semicolons, tabs or bars; got one, "
            f"{header[0][:60]!r}."
        )
    if all(_is_number(cell) for cell in header):
        raise BadData(f"{name}: expected a header line with column names; the first line has numbers only.")
    check_names(name, [cell for cell in header if cell.strip()])  # pandas names the others


def check_names(name: str, columns: list[str]) -> None:
    """Raise BadData for column names that cannot be displayed or are not unique; `name` is the file in the message."""
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
    """Raise BadData for a file that ends within a row, which pandas would fill up with missing values."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        tail = file.read().decode("utf-8", errors="replace").rstrip("\r\n")
    *before, last = _LINE_END.split(tail)
    # A quoted entry may span several lines; pandas checks those.
    if '"' in last or not before:
        return
    entries = last.count(separator) + 1
    if entries < columns:
        raise BadData(
            f"{path.name}: expected {columns} entries in the last row; got {entries}. The file may be cut off."
        )


def _lines(path: Path) -> int:
    """Number of lines in a file; BadData for zero bytes, at which pandas would end a number."""
    lines = {b"\n": 0, b"\r": 0}
    with path.open("rb") as file:
        for start, chunk in enumerate(iter(lambda: file.read(_CHUNK), b"")):
            if (at := chunk.find(0)) >= 0:
                raise BadData(
                    f"{path.name}: expected text; byte {start * _CHUNK + at:,} is zero. The file may be damaged."
                )
            for end in lines:
                lines[end] += chunk.count(end)
    return max(lines.values())


def read_parquet(path: Path) -> pd.DataFrame:
    """A Parquet file with columns of numbers, text or dates.

    Raises:
        BadData: not a Parquet file, a damaged one, or more entries than the limits allow. The metadata is checked
            first, as a file of a few kilobytes can encode billions of equal entries.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, memory_map=False)
        meta = file.metadata
        limits.check_cells(path.name, meta.num_rows, meta.num_columns)
        if meta.num_row_groups > _MAX_ROW_GROUPS:
            raise BadData(
                f"{path.name}: expected at most {_MAX_ROW_GROUPS:,} row groups; got {meta.num_row_groups:,}. Save the "
                "table again."
            )
        unpacked = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        # Repeated entries are stored once, so the unpacked size can be far too small; each entry counts as a byte.
        entries = meta.num_rows * meta.num_columns
        limits.check_expansion(path.name, path.stat().st_size, max(unpacked, entries))
        check_names(path.name, [str(name) for name in file.schema_arrow.names])
        text_columns = [field.name for field in file.schema_arrow if _is_text(path.name, field)]
        file = pq.ParquetFile(path, memory_map=False, read_dictionary=text_columns, pre_buffer=False)
        table = file.read(use_threads=False)  # see `encoding`: Arrow's threads can abort the process at its end
        table.validate(full=True)  # text in a damaged file may be invalid UTF-8
        frame = _decoded(path.name, table).to_pandas(ignore_metadata=True, date_as_object=False, use_threads=False)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        if isinstance(error, BadData):
            raise
        raise BadData(f"{path.name}: expected a Parquet file; {_describe(path, error)}.") from error
    return _checked(path.name, frame)


def _describe(path: Path, error: Exception) -> str:
    """Why a file cannot be read as Parquet, as a clause."""
    start = first_bytes(path, len(_PARQUET))
    cause = (str(error) or "damaged").splitlines()[0].split(". ")[0].rstrip(".")
    if start == _PARQUET:
        return f"{cause}. It may be cut off or damaged"
    return "got other content" if start else cause


def _is_text(name: str, field: pa.Field) -> bool:
    """Whether a column is text.

    Raises:
        BadData: it is neither numbers, text nor dates.
    """
    import pyarrow as pa

    type_ = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    unsupported = {"lists or records": pa.types.is_nested, "bytes": _is_bytes, "times": pa.types.is_time}
    for content, test in unsupported.items():
        if test(type_):
            raise BadData(
                f"{name}: expected columns of numbers or text; {field.name!r} holds {content}. Remove it from the file."
            )
    return pa.types.is_string(type_) or pa.types.is_large_string(type_)


def _is_bytes(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_binary(type_) or pa.types.is_large_binary(type_) or pa.types.is_fixed_size_binary(type_)


def _decoded(name: str, table: pa.Table) -> pa.Table:
    """The table without dictionary encoding, whose text can be far larger than the file, and without decimals."""
    import pyarrow as pa

    text_bytes = 0
    for i, field in enumerate(table.schema):
        column = table.column(i)
        if pa.types.is_dictionary(field.type):
            text_bytes += sum(_text_bytes(chunk) for chunk in column.chunks)
            if text_bytes > limits.TEXT_BYTES:
                raise BadData(
                    f"{name}: expected at most {limits.TEXT_BYTES:,} bytes of text; the columns up to {field.name!r} "
                    f"have {text_bytes:,}. Remove long text from the file."
                )
            table = table.set_column(i, field.name, column.cast(field.type.value_type))
        elif pa.types.is_decimal(field.type):
            table = table.set_column(i, field.name, column.cast(pa.float64()))
    return table


def _text_bytes(chunk: pa.DictionaryArray) -> int:
    """Bytes of the text in a column once dictionary encoding is removed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_string(chunk.dictionary.type) or pa.types.is_large_string(chunk.dictionary.type)):
        return 0
    return pc.sum(pc.binary_length(chunk.dictionary).cast(pa.int64()).take(chunk.indices)).as_py() or 0


def read_npy(path: Path) -> pd.DataFrame:
    """A NumPy matrix or structured array.

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


def read_frame(path: Path, texts: Collection[str] = ()) -> pd.DataFrame:
    """The table in a file, by its suffix.

    Args:
        path: a file with a suffix in `READERS`.
        texts: as for `read_csv`; the other formats say themselves what is a text.

    Raises:
        BadData: as the readers.
    """
    reader = READERS[path.suffix.lower()]
    return read_csv(path, texts) if reader is read_csv else reader(path)
