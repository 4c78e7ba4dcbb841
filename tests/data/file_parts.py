"""What the bad and the odd files of one's own are made of."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

ROWS = 40
SEED = 8


@dataclass(frozen=True)
class File:
    """A file and how it is asked for.

    Attributes:
        name: of the case.
        make: writes the file in a folder and returns its path.
        says: what the message must hold beside `expected`; empty for a file that is accepted.
        choices: of `Choices`.
    """

    name: str
    make: Callable[[Path], Path]
    says: tuple[str, ...] = ()
    choices: dict[str, Any] = field(default_factory=dict)


# --- small tools ----------------------------------------------------------------------------------------------------


def table(n: int = ROWS) -> pd.DataFrame:
    """Two numbers, a category and a target of two classes."""
    rng = np.random.default_rng(SEED)
    return pd.DataFrame(
        {
            "age": rng.integers(20, 90, n),
            "dose": rng.normal(5, 1, n).round(3),
            "city": np.array(["Bonn", "Lyon", "Oslo"])[np.arange(n) % 3],
            "ill": np.array(["no", "yes"])[rng.permutation(np.arange(n) % 2)],
        }
    )


def csv(frame: pd.DataFrame, **how: Any) -> bytes:
    return frame.to_csv(index=False, **how).encode()


def pixels(i: int = 0, size: tuple[int, ...] = (4, 4)) -> np.ndarray:
    return np.random.default_rng(i).integers(0, 256, size, np.uint8)


def image(array: np.ndarray, kind: str = "png") -> bytes:
    held = io.BytesIO()
    Image.fromarray(array).save(held, kind)
    return held.getvalue()


def pictures(per_class: int = 6, classes: tuple[str, ...] = ("cats", "dogs")) -> dict[str, bytes]:
    """Names and content of grey images in class folders."""
    return {f"{c}/{i}.png": image(pixels(10 * j + i)) for j, c in enumerate(classes) for i in range(per_class)}


def zipped(entries: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", kind) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return held.getvalue()


def arrays(**given: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.savez(held, **given)
    return held.getvalue()


def array(values: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.save(held, values)
    return held.getvalue()


def npy_header(text: str) -> bytes:
    """A .npy file that is a header only, with this text in it."""
    line = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(line)) + line


def parquet(**columns: Any) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held)
    return held.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG whose header claims a size; its pixels are a few zeros."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(64))),
        (b"IEND", b""),
    ]
    chunks = [struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def written(name: str, content: Callable[[], bytes]) -> Callable[[Path], Path]:
    """A function that writes this content under this name."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content())
        return path

    return make


def changed(**columns: Any) -> Callable[[], bytes]:
    """The good table as CSV with some columns replaced or added."""
    return lambda: csv(table().assign(**columns))


def with_cell(column: str, row: int, value: object) -> Callable[[], bytes]:
    """The good table as CSV with one other entry."""

    def content() -> bytes:
        frame = table().astype(object)
        frame.loc[row, column] = value
        return csv(frame)

    return content


# --- archives that are made by hand ---------------------------------------------------------------------------------


def many_entries(count: int) -> bytes:
    """An archive's list of content with empty files, and nothing else."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0)
    few = b"".join(entry + b"a/%04x.png" % i for i in range(1000))
    listed = few * (count // 1000) + few[: count % 1000 * (len(few) // 1000)]
    return listed + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, len(listed), 0, 0)


def lying_entry() -> bytes:
    """An entry that says it unpacks to 100 bytes and unpacks to 4 MiB."""
    good = pictures() | {"cats/9.png": bytes(2**22)}
    return zipped(good).replace(struct.pack("<L", 2**22), struct.pack("<L", 100))


def encrypted() -> bytes:
    """The bit that says so, set in both headers of every entry."""
    content = bytearray(zipped(pictures()))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 4)
    return bytes(content)


def linked() -> bytes:
    held = io.BytesIO(zipped(pictures()))
    with zipfile.ZipFile(held, "a") as archive:
        link = zipfile.ZipInfo("cats/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return held.getvalue()


def named_in_zip(name: str) -> Callable[[], bytes]:
    return lambda: zipped(pictures() | {name: image(pixels(3))})


def broken_lzma() -> bytes:
    """An entry packed by LZMA whose packed bytes are spoiled."""
    content = bytearray(zipped(pictures(classes=("cats", "dogs")), zipfile.ZIP_LZMA))
    start = content.find(b"cats/0.png") + len("cats/0.png")
    content[start + 9 : start + 40] = bytes(31)
    return bytes(content)


def broken_deflate() -> bytes:
    content = bytearray(zipped(pictures() | {"cats/0.png": image(pixels(5, (60, 60)))}))
    start = content.find(b"cats/0.png") + 200
    content[start : start + 40] = b"\xaa" * 40
    return bytes(content)


# --- Parquet --------------------------------------------------------------------------------------------------------


def _varint(value: int) -> bytes:
    """Thrift's compact form of a whole number."""
    value, out = 2 * value, bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def billion_rows() -> bytes:
    """A file of two equal columns whose footer says 10^9 rows wherever it said 1,234,567."""
    few, many = 1_234_567, 10**9
    content = parquet(x=np.zeros(few, np.int8), y=np.zeros(few, np.int8))
    length = struct.unpack("<L", content[-8:-4])[0]
    footer = content[-8 - length : -8].replace(_varint(few), _varint(many))
    return content[: -8 - length] + footer + struct.pack("<L", len(footer)) + b"PAR1"


def repeated_text(rows: int = 20_000, letters: int = 2**20) -> bytes:
    """One text of a megabyte, once in the file and standing in every row."""
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["a" * letters]))
    held = io.BytesIO()
    columns = pa.table({"text": text, "x": np.arange(rows) % 7, "ill": np.arange(rows) % 2})
    pq.write_table(columns, held, compression="none", write_statistics=False)
    return held.getvalue()


def damaged_text() -> bytes:
    """A file of texts one of which has a byte that no UTF-8 has."""
    held = io.BytesIO()
    pq.write_table(pa.table(dict(table())), held, compression="none", write_statistics=False)
    return held.getvalue().replace(b"Bonn", b"B\xffnn")


# --- CSV ------------------------------------------------------------------------------------------------------------


def late_latin1() -> bytes:
    """A letter of another encoding half a megabyte into the file."""
    lines = csv(table(40_000)).splitlines(keepends=True)
    return b"".join([*lines[:30_000], "44,5.1,Köln,yes\n".encode("latin-1"), *lines[30_000:]])


def late_zero() -> bytes:
    lines = csv(table(40_000)).splitlines(keepends=True)
    return b"".join([*lines[:30_000], b"4\x004,5.1,Oslo,yes\n", *lines[30_000:]])


def wide(columns: int) -> bytes:
    head = ",".join(f"c{j}" for j in range(columns))
    return "\n".join([head, *(",".join(["1"] * columns) for _ in range(3))]).encode()


class Opened:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path("/tmp/a-pickle-was-opened").touch, ())


def folder_of(entries: Callable[[], dict[str, bytes]]) -> Callable[[Path], Path]:
    """A folder of images instead of a zip."""

    def make(folder: Path) -> Path:
        for name, content in entries().items():
            (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "images" / name).write_bytes(content)
        return folder / "images"

    return make


def npz_of(**given: np.ndarray) -> Callable[[], bytes]:
    return lambda: arrays(**given)


def zip_with(**entries: Any) -> Callable[[], bytes]:
    return lambda: zipped(pictures() | {name.replace("__", "/") + ".png": make() for name, make in entries.items()})


def hollow(name: str, **also: np.ndarray) -> Callable[[], bytes]:
    """An archive of arrays one of which is a header that claims 10^12 numbers."""

    def content() -> bytes:
        entries = {f"{k}.npy": array(v) for k, v in also.items()}
        header = npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000)}")
        return zipped(entries | {f"{name}.npy": header})

    return content


ILL = {"target": "ill"}
CODES = np.arange(ROWS) % 2
NUMBERS = np.random.default_rng(SEED).normal(size=(ROWS, 3))


def holed(values: np.ndarray, value: float, at: int = 7) -> np.ndarray:
    holed = values.astype(type(value))
    holed.flat[at] = value
    return holed
