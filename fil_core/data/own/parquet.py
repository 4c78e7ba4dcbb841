"""Parquet files: sizes in the metadata are checked before the columns are read."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.content import first_bytes
from fil_core.data.own.naming import key, option
from fil_core.dataset import spelled
from fil_core.errors import BadData

if TYPE_CHECKING:
    import pyarrow as pa

_MAX_ROW_GROUPS = 100_000  # of a Parquet file; each has a header of its own
_PARQUET = b"PAR1"


def read_parquet(path: Path, left_out: Collection[str] = (), id: str = "") -> pd.DataFrame:
    """A Parquet file with columns of numbers, text or dates.

    Args:
        path: the file.
        left_out: columns that may hold something else, such as lists; they are not read, and come back empty. Upper and
            lower case need not match.
        id: the column of ids, of which decimals and days become texts: as numbers they would lose digits.

    Raises:
        BadData: not a Parquet file, a damaged one, or more entries than the limits allow. The metadata is checked
            first, as a file of a few kilobytes can encode billions of equal entries.
    """
    import pyarrow as pa

    try:
        schema = _schema(path)
        unread = set(_other_content(schema))
        without = _named(schema.names, left_out)
        refused = {name: content for name, content in _other_content(schema).items() if name not in without}
        if refused:
            name, content = next(iter(refused.items()))
            way = f"Leave such columns out ({option('leave-out', *refused)})"
            raise BadData(
                f"{path.name}: expected columns of numbers, text or dates; {name!r} holds {content}. "
                f"{'Choose another --id' if name in _named(schema.names, [id]) else way}."
            )
        frame = _columns(path, [field for field in schema if field.name not in unread], id)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        if isinstance(error, BadData):
            raise
        raise BadData(f"{path.name}: expected a Parquet file; {_describe(path, error)}.") from error
    if unread:
        frame = frame.reindex(columns=schema.names)
    return limits.check_shape(path.name, frame.set_axis([name.strip(" ") for name in frame.columns], axis=1))


def other_content(path: Path) -> dict[str, str]:
    """What the columns hold that are neither numbers, text nor dates, by name; empty for a file that is damaged."""
    import pyarrow as pa

    try:
        return {name.strip(" "): content for name, content in _other_content(_schema(path)).items()}
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        return {}  # reading it says why


def _named(columns: Collection[str], names: Collection[str]) -> set[str]:
    """The columns that some names may stand for."""
    return {one for name in names if name for one in spelled(name, columns, key)}


def _schema(path: Path) -> pa.Schema:
    """Names and types of the columns, once sizes and names have been checked."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path, memory_map=False, pre_buffer=False)
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
    limits.check_names(path.name, [str(name).strip(" ") for name in file.schema_arrow.names])
    return file.schema_arrow


def _columns(path: Path, fields: list[pa.Field], id: str) -> pd.DataFrame:
    """Some columns of the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = [field.name for field in fields if _is_text(field)]
    file = pq.ParquetFile(path, memory_map=False, read_dictionary=text, pre_buffer=False)
    # See `encoding`: Arrow's threads can abort the process at its end.
    table = file.read(columns=[field.name for field in fields], use_threads=False)
    table.validate(full=True)  # text in a damaged file may be invalid UTF-8
    named = _named(table.schema.names, [id])
    for j, field in enumerate(table.schema):
        if field.name in named and (pa.types.is_decimal(field.type) or pa.types.is_date(field.type)):
            table = table.set_column(j, field.name, table.column(j).cast(pa.string()))
    return _decoded(path.name, table).to_pandas(ignore_metadata=True, date_as_object=False, use_threads=False)


def _describe(path: Path, error: Exception) -> str:
    """Why a file cannot be read as Parquet, as a clause."""
    start = first_bytes(path, len(_PARQUET))
    cause = (str(error) or "damaged").splitlines()[0].split(". ")[0].rstrip(".")
    if start == _PARQUET:
        return f"{cause}. It may be cut off or damaged"
    return "got other content" if start else cause


def _is_text(field: pa.Field) -> bool:
    import pyarrow as pa

    return pa.types.is_string(_type(field)) or pa.types.is_large_string(_type(field))


def _type(field: pa.Field) -> pa.DataType:
    """The type of the entries of a column, dictionary-encoded or not."""
    import pyarrow as pa

    return field.type.value_type if pa.types.is_dictionary(field.type) else field.type


def _other_content(schema: pa.Schema) -> dict[str, str]:
    """What the columns hold that are neither numbers, text nor dates, by name."""
    import pyarrow as pa

    tests = {"lists or records": pa.types.is_nested, "bytes": _is_bytes, "times": pa.types.is_time}
    return {field.name: content for field in schema for content, test in tests.items() if test(_type(field))}


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
