"""A result as the contents of three files, and back: checksums over every byte, strict JSON, no pickle.

A module of its own, so that results on disk and results in memory are the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from fil_core.engine.store.export import to_parquet_bytes
from fil_core.errors import BadRequest
from fil_core.result import Result

SCHEMA = 1  # of the manifest and of what lies beside it; raise it when either changes
TABLE, ARRAYS, MANIFEST = "table.parquet", "arrays.npz", "manifest.json"

Files = dict[str, bytes]


def encode(key: str, result: Result) -> Files:
    """A result as the contents of its files.

    Args:
        key: the name it will be stored under, written into the manifest.
        result: left as it is. Numpy scalars and tuples in its summary and provenance become JSON values, columns of
            Python objects become texts, categories of numbers become numbers.

    Returns:
        Bytes by file name.

    Raises:
        BadRequest: an array of objects, a table Parquet cannot hold, or a summary that is not JSON.
    """
    content = {TABLE: to_parquet_bytes(result.table), ARRAYS: _pack(result.arrays)}
    manifest = {
        "schema": SCHEMA,
        "key": key,
        "created": datetime.now(UTC).isoformat(),
        "files": {name: {"bytes": len(b), "sha256": hashlib.sha256(b).hexdigest()} for name, b in content.items()},
        "arrays": list(result.arrays),
        "summary": result.summary,
        "provenance": result.provenance,
    }
    try:
        manifest["sha256"] = _digest(manifest)
        return content | {MANIFEST: _dump(manifest)}
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequest(f"summary, provenance: expected JSON values with texts as keys; {error}.") from error


def decode(key: str, files: Files) -> Result:
    """The inverse of `encode`; every call returns new arrays and a new table.

    Raises:
        ValueError: a size, checksum, key or schema is not the expected one (parsers may raise other errors).
    """
    manifest = read_manifest(key, files[MANIFEST])
    for name in (TABLE, ARRAYS):
        expected, got = manifest["files"][name], files[name]
        if len(got) != expected["bytes"]:
            raise ValueError(f"{name}: expected {expected['bytes']:,} bytes, got {len(got):,}")
        if hashlib.sha256(got).hexdigest() != expected["sha256"]:
            raise ValueError(f"{name}: its content does not match its checksum")
    with np.load(io.BytesIO(files[ARRAYS]), allow_pickle=False) as archive:
        arrays = {name: archive[f"arr_{i}"] for i, name in enumerate(manifest["arrays"])}
    return Result(
        table=_table(files[TABLE]), arrays=arrays, summary=manifest["summary"], provenance=manifest["provenance"]
    )


def _table(content: bytes) -> pd.DataFrame:
    """A table from Parquet, read without threads of Arrow's and from memory of its own.

    They can abort or hang a process that ends soon after (apache/arrow issues 34314 and 50482): of 200 processes that
    read results and ended, three died of SIGABRT with their work done. `pandas.read_parquet` starts threads even where
    it is asked not to. A column may go on using what it was read from; were that a Python object, whichever thread lets
    go of it last would have to call an interpreter that may have ended.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    sink.write(content)
    with pq.ParquetFile(pa.BufferReader(sink.getvalue()), pre_buffer=False) as file:
        return file.read(use_threads=False, use_pandas_metadata=True).to_pandas(use_threads=False)


def _pack(arrays: dict[str, np.ndarray]) -> bytes:
    for name, array in arrays.items():
        if not isinstance(name, str) or not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
            raise BadRequest(f"arrays: expected plain numpy arrays named by texts; {name!r} is {type(array).__name__}.")
        if array.dtype.hasobject:
            raise BadRequest(f"arrays: expected numbers, booleans or fixed-width texts; {name!r} has {array.dtype}.")
    buffer = io.BytesIO()
    # By position, names in the manifest: as keywords, arrays called `file` or `allow_pickle` would be swallowed.
    np.savez(buffer, *arrays.values(), allow_pickle=False)
    return buffer.getvalue()


def read_manifest(key: str, content: bytes) -> dict[str, Any]:
    """A manifest after checking its key, its schema and its checksum.

    Raises:
        ValueError: one of them is not the expected one.
    """
    try:
        manifest = json.loads(content, object_hook=_from_json)
    except ValueError as error:
        raise ValueError(f"{MANIFEST}: not JSON") from error
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA or manifest.get("key") != key:
        raise ValueError(f"{MANIFEST}: expected schema {SCHEMA} and the folder's own key")
    if manifest.pop("sha256", None) != _digest(manifest):
        raise ValueError(f"{MANIFEST}: its content does not match its checksum")
    return manifest


def _dump(value: object) -> bytes:
    return json.dumps(_to_json(value), allow_nan=False, indent=1).encode()


def _digest(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(_dump(manifest)).hexdigest()


def _to_json(value: object) -> object:
    """Strict JSON for `value`: NaN and infinities become {"$float": …}, a dict with a "$" key {"$dict": [pairs]}."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, list | tuple):
        return [_to_json(item) for item in value]
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise TypeError(f"got {value!r:.80}")
    plain = {name: _to_json(item) for name, item in value.items()}
    return {"$dict": [[*pair] for pair in plain.items()]} if any(name.startswith("$") for name in plain) else plain


def _from_json(value: dict[str, Any]) -> object:
    if "$float" in value:
        return float(value["$float"])
    return dict(value["$dict"]) if "$dict" in value else value
