"""Files that are damaged at random and files that are odd by construction, and what the readers make of them.

    python tests/data/fuzzing.py SEED CASES [NAME]

prints one line of JSON for each fault: another error than a `FilError`, one that no reader foresaw, a warning,
or a file
that takes long. The last line has the number of cases, how many files were read, and the memory it took.
"""

from __future__ import annotations

import codecs
import dataclasses
import io
import json
import os
import resource
import shutil
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from file_parts import array, arrays, csv, folder_of, image, parquet, pictures, pixels, table
from read_bad_files import resident_mib
from safetensors.numpy import save as safetensors

from fil_core.data.idx import read_pair
from fil_core.data.images import pixel_names
from fil_core.data.own import Choices, add
from fil_core.data.own.faults import Unread
from fil_core.data.own.network import read_network
from fil_core.data.own.parameters import read_parameters
from fil_core.data.own.reading import preview
from fil_core.data.own.records import read_records
from fil_core.data.own.signals import read_signals
from fil_core.dataset import AttributeGroup, Dataset
from fil_core.engine.groups import keep_groups, read_groups
from fil_core.engine.records import keep_records
from fil_core.engine.signals import keep_signals
from fil_core.engine.store import Store
from fil_core.engine.uploads import keep_scores, read_scores
from fil_core.engine.weights import keep_weights, read_weights
from fil_core.errors import FilError
from tests.conftest import dataset_of

Random = np.random.Generator
SECONDS = 5.0  # that a small file may take
ADDRESSES = 8 * 2**30  # bytes of address space


def picked(rng: Random, values: Any) -> Any:
    return values[int(rng.integers(len(values)))]


# --- damage ---------------------------------------------------------------------------------------------------------


def flipped(rng: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 6))):
        changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def cut(rng: Random, content: bytes) -> bytes:
    return content[: int(rng.integers(len(content)))]


def inserted(rng: Random, content: bytes) -> bytes:
    at = int(rng.integers(len(content) + 1))
    what = picked(rng, [rng.bytes(int(rng.integers(1, 9))), b"\0", b'"', b"\n", b"\r", b"\xff\xff\xff\xff", b"9" * 400])
    return content[:at] + what + content[at:]


def spliced(rng: Random, content: bytes) -> bytes:
    a, b, to = (int(rng.integers(len(content) + 1)) for _ in range(3))
    part = content[min(a, b) : max(a, b)][:2000]
    return content[:to] + part + content[to + (len(part) if rng.random() < 0.5 else 0) :]


def overwritten(rng: Random, content: bytes) -> bytes:
    at = int(rng.integers(len(content)))
    number = picked(rng, [0, 1, 255, 2**15, 2**31 - 1, 2**32 - 1])
    return content[:at] + struct.pack(picked(rng, "<>") + "I", number) + content[at + 4 :]


DAMAGE = (flipped, cut, inserted, spliced, overwritten)


def damaged(rng: Random, content: bytes) -> bytes:
    for _ in range(int(rng.integers(1, 3))):
        content = picked(rng, DAMAGE)(rng, content) if content else content
    return content


# --- tables ---------------------------------------------------------------------------------------------------------

ENTRIES = (
    "", "NA", "1e-300", "5e-324", "-1e99", "1e100", "1e-160", "3e-160", "nan", "inf", "-inf", "Infinity", "1e400",
    "-1e308", "1e-400", "-0", "007", "1_000", "0x10", "9" * 400, "-" + "9" * 30,
    "18446744073709551615", "9223372036854775808", "1,5", "1.234,5", "1 234", "1'234", "\u22125", "٣", "१२", "½",
    "²", "TRUE", "true",
    "False", "yes", "2026-01-01", "0001-01-01", "9999-12-31", "31.12.2026", "12/31/26", "1 Jan 2026",
    "2026-01-01T00:00:00+14:00",
    "2026-02-30", "=1+1", "+1", "@x", "\ufeff", "ü", "\u202e", "\x0b", "\x1c", "a\u2028b", " ", "  x ", "'", '"',
    '""', 'a"b', "a,b",
    "a\nb", "a\rb", "1.5", "2", "3", "-4e5", "0.1", "x" * 3000, "(missing)", "(5)", "$5", "5%", "null", "None",
    "#N/A", "1.#IND",
)  # fmt: skip
NAMES = (
    "id", "ID", "Id", "weight", "ill", "Ill", "age", "y", "", " ", "Unnamed: 0", "index", "X", "0", "1", "2", "1.5",
    "a b",
    "a,b", 'a"b', "ü", "\u202e", "x" * 250, "__index_level_0__", "image", "label", "age=1", "nan", "inf", "(missing)",
)  # fmt: skip


def odd_columns(rng: Random, rows: int) -> dict[str, list[str]]:
    """Columns of few different entries each, so that whole columns are of one odd kind."""
    columns = {}
    for _ in range(int(rng.integers(1, 6))):
        some = [picked(rng, ENTRIES) for _ in range(int(rng.integers(1, 4)))]
        if rng.random() < 0.4:
            some = [str(i) for i in range(rows or 1)] if rng.random() < 0.5 else ["1.5", "2.5", *some]
        columns[picked(rng, NAMES)] = [picked(rng, some) for _ in range(rows)]
    if rng.random() < 0.7:
        columns["ill"] = [picked(rng, ["no", "yes"]) for _ in range(rows)]
    if rng.random() < 0.4:
        columns["id"] = [str(i) for i in range(rows)]
    return columns


def mild_frame(rng: Random) -> pd.DataFrame:
    """A table with one or two odd columns, or odd entries in them."""
    frame = table(int(picked(rng, [2, 12, 40]))).astype(object)
    for _ in range(int(rng.integers(1, 3))):
        column = picked(rng, [*frame.columns, *NAMES[:8]])
        some = [picked(rng, ENTRIES) for _ in range(int(rng.integers(1, 3)))]
        if column in frame and rng.random() < 0.5:
            frame.loc[int(rng.integers(len(frame))), column] = some[0]
        else:
            frame[column] = [picked(rng, some) for _ in range(len(frame))]
    return frame


def beside(rng: Random) -> dict[str, list[Any]]:
    """Columns of a file of scores, weights or groups, one of them odd."""
    columns = {name: list(values) for name, values in BESIDE.items()}
    name = picked(rng, [*columns, *NAMES[:10]])
    some = [picked(rng, ENTRIES) for _ in range(2)]
    if name in columns and rng.random() < 0.5:
        columns[name][int(rng.integers(40))] = some[0]
    else:
        columns[name] = [picked(rng, some) for _ in range(40)]
    return columns


def beside_csv(rng: Random) -> bytes:
    return csv(pd.DataFrame(beside(rng))) if rng.random() < 0.7 else odd_csv(rng)


def beside_parquet(rng: Random) -> bytes:
    if rng.random() < 0.3:
        return odd_parquet(rng)
    columns = {name: pa.array(list(values)) for name, values in BESIDE.items()} | {
        picked(rng, [*BESIDE, *NAMES[:10]]): odd_array(rng, 40)
    }
    return parquet(**columns)


def odd_csv(rng: Random) -> bytes:
    if rng.random() < 0.65:
        return csv(mild_frame(rng), sep=picked(rng, ",;"))
    rows = int(picked(rng, [0, 1, 2, 5, 12, 40]))
    columns = odd_columns(rng, rows)
    separator = picked(rng, [",", ",", ";", "\t", "|", ", "])
    quote = picked(rng, ["always", "needed", "never"])

    def entry(text: str) -> str:
        needs = any(c in text for c in f'{separator}"\n\r')
        return '"' + text.replace('"', '""') + '"' if quote == "always" or (quote == "needed" and needs) else text

    lines = [list(columns), *zip(*columns.values(), strict=True)]
    text = picked(rng, ["\n", "\n", "\r\n", "\r"]).join(separator.join(map(entry, line)) for line in lines)
    content = (text + picked(rng, ["\n", "", "\n\n", ",", '"'])).encode(
        picked(rng, ["utf-8"] * 6 + ["utf-8-sig", "utf-16"])
    )
    if rng.random() < 0.05:
        content = picked(rng, [b"", b"\0" * 50, b"\xef\xbb\xbf", b"\xed\xa0\x80,b\n1,2\n", b"a,b\n\xed\xa0\x80,2\n",
        b"a" * 140_000 + b",b\n1,2\n",
                               b"a,b\n" + b"1" * 140_000 + b",2\n", b'"' + b"a" * 140_000 + b'",b\n1,\n', b",\n,\n",
                               b"\n", b"a,b"])  # fmt: skip
    return content


def odd_array(rng: Random, rows: int) -> pa.Array:
    """A column of any type of Arrow."""
    far = [datetime(1, 1, 1), datetime(9999, 12, 31), datetime(2026, 1, 1)]
    kinds: list[tuple[pa.DataType, list[Any]]] = [
        (pa.int64(), [2**63 - 1, -(2**63), 0]), (pa.uint64(), [2**64 - 1, 0]), (pa.int8(), [1, 2]), (pa.float64(),
        [1.5, float("inf")]),
        (pa.float64(), [float("nan"), 1e308, -1e308]), (pa.float16(), [np.float16(1), np.float16("inf")]),
        (pa.bool_(), [True, False]),
        (pa.decimal128(38, 0), [Decimal("9" * 38), Decimal(1)]), (pa.decimal256(76, 0), [Decimal("9" * 76),
        Decimal(1)]),
        (pa.decimal128(38, 38), [Decimal("0." + "9" * 38)]), (pa.string(), ["a", "", "\u202e"]), (pa.string(),
        list(ENTRIES)),
        (pa.large_string(), ["a", "b"]), (pa.string_view(), ["a", "b"]), (pa.binary(), [b"a", b"\xff"]), (pa.null(),
        [None]),
        (pa.date32(), [d.date() for d in far]), (pa.date64(), [date(2026, 1, 1)]), (pa.timestamp("us"), far),
        (pa.timestamp("s", "Asia/Tokyo"), far),
        (pa.timestamp("ns"), [datetime(2026, 1, 1)]), (pa.duration("us"), [timedelta(days=3), timedelta(days=10**6)]),
        (pa.time64("us"), [datetime(2026, 1, 1, 5).time()]), (pa.list_(pa.int64()), [[1], []]), (pa.struct([("a",
        pa.int64())]), [{"a": 1}]),
        (pa.map_(pa.string(), pa.int64()), [[("a", 1)]]), (pa.dictionary(pa.int8(), pa.string()), ["a", "b", None]),
        (pa.dictionary(pa.int32(), pa.int64()), [1, 2, None]), (pa.binary(3), [b"abc"]), (pa.int64(), list(range(50))),
    ]  # fmt: skip
    kind, values = picked(rng, kinds)
    gap = rng.random() < 0.3
    entries = [None if gap and rng.random() < 0.3 else picked(rng, values) for _ in range(rows)]
    return pa.array(list(range(rows)) if len(values) == 50 else entries, type=kind)


def odd_parquet(rng: Random) -> bytes:
    rows = int(picked(rng, [0, 1, 2, 12, 40]))
    names = [picked(rng, NAMES) for _ in range(int(rng.integers(1, 3)))]
    columns = [odd_array(rng, rows) for _ in names]
    if rng.random() < 0.5:
        names, columns = [*names, "dose"], [*columns, pa.array(rng.normal(size=rows))]
    if rng.random() < 0.3:
        names, columns = [*names, "weight"], [*columns, pa.array(np.ones(rows))]
    if rng.random() < 0.7:
        names, columns = (
            [*names, "ill"],
            [*columns, pa.array([picked(rng, ["no", "yes"]) for _ in range(rows)], pa.string())],
        )
    if rng.random() < 0.4:
        names, columns = [*names, "id"], [*columns, pa.array(range(rows), pa.int64())]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=names), buffer)
    return buffer.getvalue()


# --- arrays ---------------------------------------------------------------------------------------------------------

SHAPES = ("()", "(3,)", "(40, 3)", "(2, True)", "(-1, 3)", "(40, -3)", "(1.5, 2)", "(10**9, 10**9)",
"(99999999999999999999, 2)", "(0, 3)", "(40, 0)",
          "[40, 3]", "'a'", "None", "(2, 2, 2)", "40", "(True,)", "(1,) * 99", "(" * 300 + ")" * 300)  # fmt: skip
TYPES = ("'<f8'", "'>f8'", "'|b1'", "'<i8'", "'<u8'", "'<f2'", "'<c16'", "'|O'", "'<U4'", "'|S4'", "'<M8[D]'",
"'<m8[s]'", "'|V8'", "'<f99'", "'x'", "3",
         "[('a', '<f8'), ('b', '<i8')]", "[('a', '<f8'), ('a', '<i8')]", "[('', '<f8')]", "('<f8', (3,))", "[]",
         "'<U0'", "{'a': 1}")  # fmt: skip


def odd_npy(rng: Random) -> bytes:
    """An array with an odd header, or of an odd type."""
    if rng.random() < 0.3:
        return array(odd_values(rng, int(picked(rng, [0, 1, 40]))))
    parts = ["'<f8'", "False", "(40, 3)"]
    which = int(rng.integers(3))
    parts[which] = picked(rng, (TYPES, ["True", "0", "x", "None", "[]"], SHAPES)[which])
    text = f"{{'descr': {parts[0]}, 'fortran_order': {parts[1]}, 'shape': {parts[2]}, }}"
    if rng.random() < 0.2:
        text = text.replace(picked(rng, list("{}:,'")), picked(rng, list("{}:,'\0")), 1)
    line = text.encode().ljust(118) + b"\n"
    version = picked(rng, [b"\1\0"] * 6 + [b"\2\0", b"\3\0", b"\xff\0"])
    size = struct.pack("<H" if version[0] == 1 else "<I", len(line))
    return b"\x93NUMPY" + version + size + line + rng.bytes(int(picked(rng, [0, 8, 960, 960, 2000, 2000])))


def odd_values(rng: Random, rows: int) -> np.ndarray:
    shape: tuple[int, ...] = picked(
        rng, [(rows,), (rows, 3), (rows, 1), (rows, 4, 4), (rows, 4, 4, 3), (rows, 0), (), (3, 2)]
    )
    kind = picked(
        rng, ["?", "i1", "u8", "f2", "f4", "f8", ">f8", "g", "c16", "U3", "S3", "M8[D]", "m8[s]", "O", "V4", "u1", "i8"]
    )
    values = rng.integers(0, 9, shape)
    if kind == "O":
        return values.astype(object)
    if kind == "V4":
        return np.zeros(shape, "V4")
    made = values.astype(kind)
    if made.dtype.kind == "f" and made.size and rng.random() < 0.3:
        made.flat[0] = picked(rng, [np.nan, np.inf, np.finfo(made.dtype).max])
    return made


def odd_npz(rng: Random) -> bytes:
    rows = int(picked(rng, [0, 1, 2, 40]))
    made: dict[str, bytes] = {"X": array(rng.normal(size=(rows, 3))), "y": array(rng.integers(0, 2, rows))}
    return with_odd_arrays(rng, made, rows)


def with_odd_arrays(rng: Random, made: dict[str, bytes], rows: int) -> bytes:
    """An archive of arrays, some of which are odd ones."""
    for _ in range(int(rng.integers(0, 3))):
        name = picked(
            rng,
            [
                "X",
                "y",
                "X_test",
                "y_test",
                "feature_names",
                "class_names",
                "theta",
                "bias",
                "intercept_",
                "a.weight",
                "../x",
                "",
                *made,
            ],
        )
        made[name] = picked(
            rng,
            [
                array(odd_values(rng, rows)),
                odd_npy(rng),
                array(np.array(list(NAMES[:3]))),
                array(np.array(["no", "yes"])),
            ],
        )
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "w", picked(rng, [0, 8])) as archive:
        for name, content in made.items():
            archive.writestr(f"{name}.npy", damaged(rng, content) if rng.random() < 0.15 else content)
            if rng.random() < 0.05:
                archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def odd_safetensors(rng: Random) -> bytes:
    shape = picked(rng, [[3], [2, 3], [-3], [10**9, 10**9], [2**63], [], [0], [1.5], [True, 3], "x", [[3]]])
    entry = {"dtype": picked(rng, ["F64", "F32", "BF16", "BOOL", "I64", "F8_E4M3", "X", 3]), "shape": shape,
    "data_offsets": picked(rng, [[0, 24], [0, 12], [-1, 3], [0, 2**40], [24, 0], "x"])}  # fmt: skip
    header = json.dumps(
        {
            picked(rng, ["theta", "weight", "a.weight", "bias", ""]): entry,
            "__metadata__": picked(rng, [{}, None, {"a": "b"}, 3]),
        }
    ).encode()
    return struct.pack("<Q", picked(rng, [len(header), len(header), len(header), 2**62, 0])) + header + rng.bytes(24)


# --- pictures -------------------------------------------------------------------------------------------------------

PICTURES = [
    image(pixels(i, size), kind)
    for i, kind in enumerate(("png", "jpeg", "gif", "bmp", "webp", "tiff", "ppm"))
    for size in ((4, 4), (4, 4, 3))
]
FOLDERS = (
    "a",
    "A",
    "a ",
    "..",
    "/abs",
    "C:\\x",
    "train/a",
    "test/b",
    "val/a",
    "__MACOSX",
    ".hidden",
    "b",
    "ü",
    "a\x00b",
    "",
    "train",
    "x" * 300,
)


def odd_pictures(rng: Random) -> dict[str, bytes]:
    entries = pictures(3) if rng.random() < 0.6 else {}
    for i in range(int(rng.integers(1, 8))):
        name = f"{picked(rng, FOLDERS)}/{i}.{picked(rng, ['png', 'jpg', 'txt', 'heic', 'tif'])}"
        entries[name] = damaged(rng, picked(rng, PICTURES)) if rng.random() < 0.5 else picked(rng, PICTURES)
    return entries


def odd_zip(rng: Random) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "w", picked(rng, [0, 8, 12, 14])) as archive:
        for name, content in odd_pictures(rng).items():
            archive.writestr(name, content)
            if rng.random() < 0.03:
                archive.writestr(name, content)
    return buffer.getvalue()


def picture_folder(rng: Random, folder: Path) -> Path:
    safe = {
        name: content
        for name, content in odd_pictures(rng).items()
        if "\0" not in name and ".." not in name and len(name) < 200
    }
    return folder_of(lambda: {name.lstrip("/").replace("\\", "_"): content for name, content in safe.items()})(folder)


# --- readers --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """What reads some files, whole ones, and how odd ones are made."""

    suffix: str
    valid: tuple[bytes, ...]
    odd: Callable[[Random], bytes]
    read: Callable[[Random, Path], Any]


def choices(rng: Random) -> Choices:
    """How to read a table, at random; the columns need not be there."""
    if rng.random() < 0.5:
        return Choices(
            target="ill",
            missing=picked(rng, ["refuse", "fill", "drop"]),
            dates=picked(rng, ["refuse", "days"]),
            test_fraction=picked(rng, [None, 0.0]),
        )
    columns = ("ill", "y", "age", "id", "X", "0", "city", "a b")
    several = tuple(picked(rng, columns) for _ in range(int(picked(rng, [0, 0, 0, 1, 2]))))
    values: dict[str, Any] = {
        "target": picked(rng, [*["ill"] * 7, "y", "age", "Ill", "dose", ""]), "id": picked(rng, [*[""] * 7, "id",
        "age", "who"]),
        "left_out": several, "categorical": tuple(picked(rng, columns) for _ in range(int(picked(rng, [0, 0, 0, 1])))),
        "missing": picked(rng, ["refuse", "fill", "drop"]), "dates": picked(rng, ["refuse", "days"]),
        "task": picked(rng, ["auto", "auto", "regression", "classification"]), "test_fraction": picked(rng, [None,
        0.0, 0.5, 0.9]),
        "missing_texts": picked(rng, [None, (), ("-999", "NA"), ("1.5",)]), "decimal": picked(rng, [".", ".", ","]),
    }  # fmt: skip
    return Choices(**values)


def as_data(rng: Random, path: Path) -> None:
    outcome(lambda: preview(path), path.name)
    if path.suffix == ".npy":
        add(
            path,
            Choices(
                target=picked(rng, ["0", "2", "a", "ill"]),
                missing=picked(rng, ["refuse", "fill"]),
                id=picked(rng, ["", "", "1"]),
            ),
        )
        return
    add(
        path,
        choices(rng)
        if path.suffix in (".csv", ".parquet")
        else Choices(target=picked(rng, ["", "y"]), task=picked(rng, ["auto", "regression"])),
    )


def as_pictures(rng: Random, path: Path) -> None:
    outcome(lambda: preview(path), path.name)
    add(path, Choices(image_size=picked(rng, [None, (4, 4)])))


def examples(*, named: bool) -> Dataset:
    rng = np.random.default_rng(3)
    data = dataset_of(rng.normal(size=(40, 2)), np.arange(40) % 2, classes=2)
    return dataclasses.replace(
        data, ids=np.arange(40), id_names=np.array([f"P{i}" for i in range(40)]) if named else None
    )


def new_to() -> tuple[Dataset, ...]:
    """Training data that new examples may be of: a table, and pictures in grey and colour."""
    rng = np.random.default_rng(4)
    made = [dataset_of(rng.random((9, d)), np.arange(9) % 2, classes=2) for d in (3, 16, 48)]
    shaped = [
        dataclasses.replace(data, source=data.X, image_shape=shape, source_names=pixel_names(shape), pixel_max=white)
        for data, shape, white in zip(made[1:], ((4, 4), (4, 4, 3)), (16.0, 255.0), strict=True)
    ]
    groups = {"city": AttributeGroup("city", (1, 2), ("Bonn", "Lyon"), "Oslo")}
    table = dataclasses.replace(
        made[0], source=made[0].X, source_names=("age", "city=Bonn", "city=Lyon"), groups=groups
    )
    return table, *shaped


def odd_text(rng: Random) -> bytes:
    """Lines of odd words, blanks, signs and bytes."""
    parts = [
        b"a",
        b"word",
        b"don't ",
        b" ",
        b"  ",
        b"\n",
        b"\n\n",
        b"\r\n",
        b"\r",
        b".",
        b" <unk> ",
        b"<eos>",
        b"\t",
        b"9",
    ]
    parts += ["é".encode(), "’".encode(), "\u0301".encode(), "𝔘".encode(), "\u2028".encode(), codecs.BOM_UTF8]
    parts += [b"\xff", b"\0", b"\xc3"] if rng.random() < 0.2 else []
    many = b"w " * int(picked(rng, [0, 0, 0, 0, 300, 10_001, 12_000]))
    pieces = [picked(rng, parts) for _ in range(int(rng.integers(0, 60)))]
    return b"".join(map(bytes, [*pieces, many, *pieces[: int(rng.integers(0, 3))]]))


def as_text(rng: Random, path: Path) -> None:
    outcome(lambda: preview(path), path.name)
    add(path, Choices(test_fraction=picked(rng, [None, 0.0, 0.5, 0.9])))


EXAMPLES = (examples(named=False), examples(named=True))
TRAINED = new_to()


def as_scores(rng: Random, path: Path) -> None:
    keep_scores(Store(path.parent / "store"), read_scores(path), picked(rng, EXAMPLES), title=path.name)


def as_weights(rng: Random, path: Path) -> None:
    keep_weights(Store(path.parent / "store"), read_weights(str(path)), picked(rng, EXAMPLES), title=path.name)


def as_groups(rng: Random, path: Path) -> None:
    keep_groups(Store(path.parent / "store"), read_groups(str(path)), picked(rng, EXAMPLES), title=path.name)


def as_signals(rng: Random, path: Path) -> None:
    found = read_signals(path)
    assert found["inclusion"].dtype == bool
    assert {found[name].dtype for name in found if name not in ("ids", "inclusion")} == {np.dtype(float)}
    keep_signals(Store(path.parent / "store"), found, picked(rng, EXAMPLES), title=path.name)


def odd_signals(rng: Random) -> bytes:
    made = SIGNALS | {"ids": picked(rng, EXAMPLES).called(np.arange(40))}
    for name in ("losses", "population"):
        if rng.random() < 0.5:
            made[name] = rng.normal(size=(int(picked(rng, [40, 40, 0, 7])), int(picked(rng, [3, 3, 3, 2]))))
    return with_odd_arrays(rng, {name: array(values) for name, values in made.items()}, 40)


def odd_signals_columns(rng: Random) -> dict[str, Any]:
    """Columns of a table of signals, of which one may be missing and one is odd."""
    columns = dict(SIGNALS_TABLE)
    if rng.random() < 0.5:
        columns["id"] = [f"P{i}" for i in range(40)]
    if rng.random() < 0.2:
        del columns[picked(rng, list(columns))]
    name = picked(rng, [*columns, "score_3", "Score_1", "loss_0", "gradient_999999", *NAMES[:8]])
    return columns | {name: odd_array(rng, 40)}


def signals_csv(rng: Random) -> bytes:
    columns = {name: pd.Series(list(values)) for name, values in SIGNALS_TABLE.items()}
    name = picked(rng, [*columns, "score_3", "SCORE_1", "loss_0", *NAMES[:8]])
    some = [picked(rng, ENTRIES) for _ in range(2)]
    columns[name] = pd.Series([picked(rng, some) for _ in range(40)])
    return csv(pd.DataFrame(columns), sep=picked(rng, ",;"))


def as_records(rng: Random, path: Path) -> None:
    data = picked(rng, TRAINED)
    found = read_records(path, data.image_shape)
    store = Store(path.parent / "store")
    kept = store.get(keep_records(store, found, data, title=path.name, resize=bool(rng.random() < 0.7)))
    assert kept is not None and kept.arrays["X"].shape[1:] == data.source.shape[1:]
    assert np.isfinite(kept.arrays["X"]).all() and len(kept.arrays["names"]) == len(kept.arrays["X"])


def odd_records(rng: Random) -> bytes:
    shape = picked(rng, [(12, 3), (12, 4), (12, 4, 4), (12, 4, 4), (12, 9, 7, 3), (12, 4, 4, 3), (0, 3), (1200, 2)])
    made: dict[str, np.ndarray] = {"X": rng.integers(0, 200, shape).astype(picked(rng, ["u1", "u1", "u1", "f4"]))}
    if rng.random() < 0.5:
        made["ids"] = (
            np.arange(12) + picked(rng, [0, 0.5]) if rng.random() < 0.5 else np.array([f"P{i}" for i in range(12)])
        )
    return with_odd_arrays(rng, {name: array(values) for name, values in made.items()}, 12)


def records_csv(rng: Random) -> bytes:
    columns: dict[str, Any] = dict(NEW)
    name = picked(rng, [*columns, "id", "AGE", "city=Oslo", *NAMES[:8]])
    some = [*map(str, NEW["age"]), *(picked(rng, ENTRIES) for _ in range(2))]
    columns[name] = pd.Series([picked(rng, some) for _ in range(12)])
    return csv(pd.DataFrame(columns), sep=picked(rng, ",;"))


def records_parquet(rng: Random) -> bytes:
    name = picked(rng, [*NEW, "id", "AGE", "city=Bonn", *NAMES[:8]])
    return parquet(**(NEW | {name: odd_array(rng, 12)}))


def as_parameters(rng: Random, path: Path) -> None:
    read_parameters(path)


def as_network(rng: Random, path: Path) -> None:
    assert all(np.isfinite(array).all() for array in read_network(path).values())


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.astype(np.uint8).tobytes()


def as_idx(rng: Random, path: Path) -> None:
    (path.parent / "labels").write_bytes(idx(np.arange(6)))
    X, y = read_pair(path, path.parent / "labels")
    assert len(X) == len(y) == 6


BESIDE = {"id": np.arange(40), "weight": np.ones(40), "eta": np.linspace(0, 1, 40), "group": list("ab" * 20)}
CSV = (csv(table()), csv(table(), sep=";"), csv(table(12), quoting=1))
MATRIX = {"X": np.random.default_rng(1).normal(size=(40, 3)), "y": np.arange(40) % 2}
STACK = {
    "X": np.zeros((12, 4, 4), np.uint8),
    "y": np.arange(12) % 2,
    "X_test": np.zeros((4, 4, 4), np.uint8),
    "y_test": np.arange(4) % 2,
}
SIGNALS = {
    "ids": np.arange(40), "scores": np.random.default_rng(2).normal(size=(40, 3)),
    "inclusion": np.random.default_rng(3).random((40, 3)) < 0.5,
}  # fmt: skip
SIGNALS_TABLE = {"id": np.arange(40)} | {
    f"{kind}_{model}": SIGNALS[name][:, model]
    for kind, name in (("score", "scores"), ("inclusion", "inclusion"))
    for model in range(3)
}
NEW = {"age": np.arange(12), "city": ["Bonn", "Lyon", "Oslo"] * 4, "dose": np.linspace(0, 1, 12)}
NETWORK = {"0.weight": np.ones((4, 3), np.float32), "0.bias": np.zeros(4), "2.seen": np.array(3)}
MODEL = {"coef_": np.ones((2, 3)), "intercept_": np.ones(2)}


def zip_of(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


READERS: dict[str, Reader] = {
    "csv": Reader(".csv", CSV, odd_csv, as_data),
    "parquet": Reader(".parquet", (parquet(**table()),
    parquet(**table(12).assign(ill=pd.Categorical(table(12)["ill"])))), odd_parquet, as_data),
    "npy": Reader(".npy", (array(MATRIX["X"]), array(np.zeros(9, [("a", "f8"), ("ill", "U3")]))), odd_npy, as_data),
    "npz": Reader(".npz", (arrays(**MATRIX), arrays(**STACK)), odd_npz, as_data),
    "zip": Reader(".zip", (zip_of(pictures(3)), zip_of({f"train/{n}": c for n, c in pictures(3).items()})), odd_zip,
    as_pictures),
    "folder": Reader("", (b"",), lambda rng: b"", as_pictures),
    "safetensors": Reader(".safetensors", (safetensors(MODEL), safetensors({"a.weight": np.ones(3, np.float32)})),
    odd_safetensors, as_parameters),
    "coefficients": Reader(".npz", (arrays(**MODEL), arrays(theta=np.ones(3))), odd_npz, as_parameters),
    "scores csv": Reader(".csv", (csv(pd.DataFrame(BESIDE)),), beside_csv, as_scores),
    "scores parquet": Reader(".parquet", (parquet(**BESIDE),), beside_parquet, as_scores),
    "weights csv": Reader(".csv", (csv(pd.DataFrame(BESIDE)),), beside_csv, as_weights),
    "weights parquet": Reader(".parquet", (parquet(**BESIDE),), beside_parquet, as_weights),
    "groups csv": Reader(".csv", (csv(pd.DataFrame(BESIDE)),), beside_csv, as_groups),
    "groups parquet": Reader(".parquet", (parquet(**BESIDE),), beside_parquet, as_groups),
    "idx": Reader(".idx", (idx(np.zeros((6, 4, 4))),), lambda rng: rng.bytes(int(rng.integers(0, 60))), as_idx),
    "network": Reader(".safetensors", (safetensors(NETWORK), safetensors({"a": np.ones(3, np.float16)})),
    odd_safetensors, as_network),
    "text": Reader(".txt", (b"one line\nanother line\n\nthird\n", b" a <unk> b\n c d\n"), odd_text, as_text),
    "signals npz": Reader(".npz", (arrays(**SIGNALS), arrays(**SIGNALS, population=np.ones((5, 3)))), odd_signals,
    as_signals),
    "signals csv": Reader(".csv", (csv(pd.DataFrame(SIGNALS_TABLE)),), signals_csv, as_signals),
    "signals parquet": Reader(".parquet", (parquet(**SIGNALS_TABLE),), lambda rng: parquet(**odd_signals_columns(rng)),
    as_signals),
    "records csv": Reader(".csv", (csv(pd.DataFrame(NEW)),), records_csv, as_records),
    "records parquet": Reader(".parquet", (parquet(**NEW),), records_parquet, as_records),
    "records npz": Reader(".npz", (arrays(X=np.ones((5, 16))), arrays(X=STACK["X"], ids=np.arange(12))),
    odd_records, as_records),
    "records zip": Reader(".zip", (zip_of(pictures(3)), zip_of({"a.png": PICTURES[0]})), odd_zip, as_records),
    "records picture": Reader(".png", tuple(PICTURES), lambda rng: damaged(rng, picked(rng, PICTURES)), as_records),
}  # fmt: skip


# --- outcomes -------------------------------------------------------------------------------------------------------


def outcome(call: Callable[[], Any], name: str) -> bool:
    """Whether it ended without an error; any but a foreseen one is raised.

    Raises:
        AssertionError: an error that is none of ours, that no reader foresaw, or that does not name the file.
    """
    try:
        call()
    except Unread:
        raise
    except FilError as error:
        if name not in str(error) and "--" not in str(error):  # what is said of an option needs no file
            raise AssertionError(f"the file is not named: {error}") from None
        return False
    return True


def one(kind: str, rng: Random, folder: Path) -> bool:
    reader = READERS[kind]
    if kind == "folder":
        path = picture_folder(rng, folder)
    else:
        path = folder / f"data{reader.suffix}"
        path.write_bytes(damaged(rng, picked(rng, reader.valid)) if rng.random() < 0.35 else reader.odd(rng))
    return outcome(lambda: reader.read(rng, path), path.name)


def case(kind: str, seed: int, number: int) -> tuple[bool, str]:
    """Whether the file was read, and the fault; empty for none."""
    rng = np.random.default_rng([seed, number, list(READERS).index(kind)])
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    os.environ["FIL_STORE_DIR"] = str(folder / "own-store")
    start, fault, read = time.process_time(), "", False
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            read = one(kind, rng, folder)
        except BaseException as error:
            cause = error.__cause__ or error
            where = traceback.extract_tb(cause.__traceback__)[-6:]
            fault = f"{cause!r:.300} {[f'{Path(f.filename).name}:{f.lineno}' for f in where]}"
    if not fault and caught:
        fault = f"warning: {caught[0].message!s:.200} {Path(caught[0].filename).name}:{caught[0].lineno}"
    if not fault and (seconds := time.process_time() - start) > SECONDS:
        fault = f"{seconds:.1f} seconds"
    shutil.rmtree(folder, ignore_errors=True)
    return read, fault


def main() -> None:
    seed, cases, only = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    reads: dict[str, int] = {}
    seconds: dict[str, float] = {}
    for kind in READERS:
        if only and kind not in only:
            continue
        start = time.process_time()
        for number in range(cases):
            print(f"{kind} {number}", file=sys.stderr, flush=True)  # the last one, should a parser crash the process
            read, fault = case(kind, seed, number)
            reads[kind] = reads.get(kind, 0) + read
            if fault:
                print(json.dumps({"kind": kind, "number": number, "fault": fault}), flush=True)
        seconds[kind] = round(time.process_time() - start, 1)
    peak = resident_mib("VmHWM")
    print(json.dumps({"cases": cases, "reads": reads, "seconds": seconds, "peak_mib": peak}))


if __name__ == "__main__":
    main()
