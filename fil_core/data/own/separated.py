"""Tables as text (CSV): the header and the end of a file are checked before its entries are read."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Collection, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.naming import key
from fil_core.data.own.numerals import LEADING_ZERO, without_huge
from fil_core.dataset import spelled
from fil_core.errors import BadData

_HEAD = 2**18  # bytes in which the header line must end
_TAIL = 2**20  # bytes at the end of a file that contain its last line
_CHUNK = 2**22
_LISTED = 4  # entries in an error message
_SEPARATORS = ",;\t|"
_LINE_END = re.compile(r"\r\n|\n|\r")  # str.splitlines() would also split at separators inside text
_QUOTED = re.compile('"[^"]*"')
_OPEN_QUOTE = re.compile(rf'(?:^|[{_SEPARATORS}]) *"')  # of an entry, where complete quoted parts are taken out
_HEADER_LINES = 100  # over which the quoted names of a header may spread
_SAMPLED = 10_000  # rows in which codes are looked for
_LONGEST_ENTRY = 2**31 - 1  # characters that Python's reader takes; pandas has read the file already
_TWO = 2  # entries of a row that is not blank, or a single one that is not empty
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


def read_csv(path: Path, texts: Collection[str] | None = (), *, literal: bool = False) -> pd.DataFrame:
    """A CSV file in UTF-8 with a header line; the separator (comma, semicolon, tab or bar) is detected.

    Spaces around a column's name are no part of it, and spaces after a separator no part of an entry where the header
    has them after each separator or before a quote.

    Args:
        path: the file.
        texts: names of columns that keep their text, such as 00012, 1E3 or NA; upper and lower case need not match.
            None stands for all columns.
        literal: whether an empty entry alone is missing, and a text such as NA stays a text.

    Raises:
        BadData: anything else; the message names the line or column where possible.
    """
    head = _head(path)
    first = _first_line(path.name, head)
    header, separator = _header(first)
    _check_header(path.name, header)
    _check_end(path, len(header), separator)
    limits.check_cells(path.name, _lines(path), len(header))
    kept = header if texts is None else _named(header, texts)
    options: dict[str, Any] = {"converters": dict.fromkeys(kept, _MARK.__add__)}
    if literal:
        dtype = str if texts is None else dict.fromkeys(kept, str)
        options = {"keep_default_na": False, "na_values": [""], "dtype": dtype}
    options |= {"sep": separator, "skipinitialspace": _is_spaced(first, separator)}
    frame = _entries(path, header, options)
    if literal:
        _keep_zeros(path, frame, options)
    else:
        for column in kept:
            frame[column] = frame[column].str.removeprefix(_MARK)
    _check_short_rows(path, frame, separator, spaced=options["skipinitialspace"])
    _check_not_data(path.name, header, frame)
    return limits.check_shape(path.name, frame.set_axis([str(name).strip(" ") for name in frame.columns], axis=1))


def _is_spaced(first: str, separator: str) -> bool:
    """Whether the header has a space after each separator, or before a quote, which would be no quote otherwise."""
    after = _QUOTED.sub("", first).split(separator)[1:]
    return bool(re.search(re.escape(separator) + ' +"', first)) or all(name.startswith(" ") for name in after)


def _entries(path: Path, header: list[str], options: dict[str, Any]) -> pd.DataFrame:
    """The rows below the header; `options` are those of pandas."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas warns when it ignores entries of a row
            frame = pd.read_csv(path, encoding="utf-8-sig", low_memory=False, index_col=False, **options)
            return without_huge(frame)
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


def _keep_zeros(path: Path, frame: pd.DataFrame, options: dict[str, Any]) -> None:
    """Give the columns of whole numbers of which some begin with a zero (01007) their texts back, in place."""
    whole = [column for column in frame.columns if pd.api.types.is_integer_dtype(frame[column].dtype)]
    shared = {"encoding": "utf-8-sig", "low_memory": False, "index_col": False} | options

    def texts(columns: list[str], rows: int | None) -> pd.DataFrame:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.ParserWarning)  # the rows have been read before
            return pd.read_csv(path, **shared | {"usecols": columns, "dtype": str, "nrows": rows})

    first = texts(whole, _SAMPLED) if whole else pd.DataFrame()
    padded = [c for c in first.columns if first[c].str.strip().str.match(LEADING_ZERO.pattern, na=False).any()]
    if padded:
        frame[padded] = texts(padded, None)[padded].astype(object)


def _check_short_rows(path: Path, frame: pd.DataFrame, separator: str, *, spaced: bool) -> None:
    """Raise BadData for a row with fewer entries than the header, which pandas fills up with missing values.

    Such a row lacks the last entry, so that only files in which one is missing are read again.
    """
    last = frame.iloc[:, -1]
    if not (last.isna() | (last.astype(object) == "")).any():
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = _rows(file, separator, spaced=spaced)
        try:
            short = next(((len(row), reader.line_num) for row in reader if _is_short(row, frame.shape[1])), None)
        except csv.Error as error:
            raise BadData(f"{path.name}: expected separated values; {error} at line {reader.line_num:,}.") from error
    if short is not None:
        raise BadData(
            f"{path.name}: expected {frame.shape[1]} entries in every row, as in the header; got {short[0]} in line "
            f"{short[1]:,}."
        )


def _rows(lines: Iterable[str], separator: str, *, spaced: bool) -> Any:
    """Python's reader, for entries of any length; its limit is that of the process."""
    csv.field_size_limit(_LONGEST_ENTRY)
    return csv.reader(lines, delimiter=separator, skipinitialspace=spaced)


def _is_short(row: list[str], columns: int) -> bool:
    """Whether a row has too few entries; a blank line is none."""
    return len(row) < columns and not (len(row) < _TWO and not "".join(row).strip())


def _check_not_data(name: str, header: list[str], frame: pd.DataFrame) -> None:
    """Raise BadData for a first line that is a row of data, whose example would vanish as a header.

    Numbers may be names (0, 1, 2, ...; 2019, 2020, ...); a fraction, a number such as those below it, or a text that
    its own column repeats are entries.
    """
    columns = [frame.iloc[:, j] for j in range(len(header))]
    numbers = {j: float(cell) for j, cell in enumerate(header) if _is_number(cell)}
    texts = [j for j, cell in enumerate(header) if cell.strip() and j not in numbers]
    repeated = [j for j in texts if (columns[j].astype(object) == header[j]).any()]
    if (numbers and repeated) or (len(texts) > 1 and repeated == texts) or _are_entries(numbers, columns):
        raise BadData(
            f"{name}: expected a header line with column names; the first line looks like a row of data "
            f"({', '.join(header[:_LISTED])[:60]}). Add a line with names above it."
        )


def _are_entries(numbers: dict[int, float], columns: list[pd.Series]) -> bool:
    """Whether the numbers in a header, by their column, are entries rather than names."""
    values = list(numbers.values())
    if any(not value.is_integer() or value < 0 for value in values) or len(set(values)) < len(values):
        return True
    if len({after - before for before, after in pairwise(values)}) == 1 and values[0] < values[-1]:
        return False
    below = [(value, pd.to_numeric(columns[j], errors="coerce")) for j, value in numbers.items()]
    return bool(values) and all(bool(rows.min() <= value <= rows.max()) for value, rows in below)


def _named(header: list[str], texts: Collection[str]) -> list[str]:
    """The columns of a header that are named in `texts`."""
    # Which of several is meant, or whether that is an error, is for those to say who asked for texts.
    names = [column.strip(" ") for column in header]
    wanted = {one for text in texts if key(text) for one in spelled(text, names, key)}
    return [column for column, name in zip(header, names, strict=True) if name in wanted]


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


def _first_line(name: str, head: bytes) -> str:
    """The first line that is not blank, with the column names."""
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
    lines = _LINE_END.split(text)
    start = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    first = "".join(lines[start : start + 1])
    for more in lines[start + 1 : start + _HEADER_LINES]:
        if not _OPEN_QUOTE.search(_QUOTED.sub("", first)):
            break
        first += f"\n{more}"  # a quoted name may span lines
    if not first:
        raise BadData(f"{name}: expected a header line; the file has no text.")
    return first


def _header(first: str) -> tuple[list[str], str]:
    """The column names in the first line, and the separator: the one that is most frequent in it."""
    separator = max(_SEPARATORS, key=_QUOTED.sub("", first).count)
    reader = _rows(io.StringIO(first), separator, spaced=_is_spaced(first, separator))
    try:
        return next(reader), separator
    except csv.Error as error:
        raise BadData(f"header: expected names of columns; {error}.") from error


def _check_header(name: str, header: list[str]) -> None:
    limits.check_columns(name, len(header))
    if len(header) < 2:
        raise BadData(
            f"{name}: expected at least two columns separated by commas, semicolons, tabs or bars; got one, "
            f"{header[0][:60]!r}."
        )
    if all(_is_number(cell) for cell in header):
        raise BadData(f"{name}: expected a header line with column names; the first line has numbers only.")
    limits.check_names(name, [cell.strip(" ") for cell in header if cell.strip()])  # pandas names the others


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
