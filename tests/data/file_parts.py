"""Building blocks of the bad and odd files."""

from __future__ import annotations

import io
import stat
import struct
import warnings
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

from fil_core.data.own import Choices
from fil_core.data.own.reading import read
from fil_core.data.raw import Raw

ROWS = 40
SEED = 8


@dataclass(frozen=True)
class File:
    """A file of own data as a test case.

    Attributes:
        name: name of the case.
        make: writes the file to a folder and returns its path.
        says: parts of the expected error message; empty for a file that is read.
        choices: arguments of `Choices`.
    """

    name: str
    make: Callable[[Path], Path]
    says: tuple[str, ...] = ()
    choices: dict[str, Any] = field(default_factory=dict)


# --- small tools ----------------------------------------------------------------------------------------------------


def patients_in(folder: Path) -> Path:
    """The table as a CSV file in a folder."""
    path = folder / "patients.csv"
    path.write_bytes(csv(table()))
    return path


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


def csv(frame: pd.DataFrame, **options: Any) -> bytes:
    return frame.to_csv(index=False, **options).encode()


def pixels(i: int = 0, size: tuple[int, ...] = (4, 4)) -> np.ndarray:
    return np.random.default_rng(i).integers(0, 256, size, np.uint8)


def image(array: np.ndarray, kind: str = "png") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind)
    return buffer.getvalue()


def pictures(per_class: int = 6, classes: tuple[str, ...] = ("cats", "dogs")) -> dict[str, bytes]:
    """Names and content of grey images in class folders."""
    return {f"{c}/{i}.png": image(pixels(10 * j + i)) for j, c in enumerate(classes) for i in range(per_class)}


def under(folder: str, entries: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": content for name, content in entries.items()}


def from_zip(entries: dict[str, bytes], folder: Path, **choices: Any) -> Raw:
    """The images of a zip with these entries."""
    (folder / "images.zip").write_bytes(zipped(entries))
    raw, form = read(folder / "images.zip", Choices(**choices))
    assert form == "image"
    return raw


def zipped(entries: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def arrays(**values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **values)
    return buffer.getvalue()


def array(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def npy_header(text: str) -> bytes:
    """A .npy file that is a header only, with this text in it."""
    line = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(line)) + line


def parquet(**columns: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def png(*parts: tuple[bytes, bytes]) -> bytes:
    """A PNG of chunks, each with its kind and content; the end is added."""
    chunks = [
        struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in (*parts, (b"IEND", b""))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def png_header(width: int, height: int) -> bytes:
    """A PNG whose header claims a size; its pixels are a few zeros."""
    return png((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(64))))


def png_parts(array: np.ndarray) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    """Header and pixels of a PNG, from (H, W) or (H, W, channels) of 8 or 16 bits."""
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[1 if array.ndim == 2 else array.shape[2]]
    header = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 8 * array.itemsize, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(f">u{array.itemsize}").tobytes() for row in array)
    return (b"IHDR", header), (b"IDAT", zlib.compress(rows))


def exif(orientation: int) -> bytes:
    """EXIF data, as a TIFF header in big-endian order and one entry: tag 0x0112, of type SHORT."""
    entry = struct.pack(">HHLHH", 0x0112, 3, 1, orientation, 0)
    return b"MM\0*" + struct.pack(">LH", 8, 1) + entry + struct.pack(">L", 0)


def written(name: str, content: Callable[[], bytes]) -> Callable[[Path], Path]:
    """A function that writes this content under this name."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content())
        return path

    return make


def changed(**columns: Any) -> Callable[[], bytes]:
    """`table()` as CSV with some columns replaced or added."""
    return lambda: csv(table().assign(**columns))


def with_cell(column: str, row: int, value: object) -> Callable[[], bytes]:
    """`table()` as CSV with one entry replaced."""

    def content() -> bytes:
        frame = table().astype(object)
        frame.loc[row, column] = value
        return csv(frame)

    return content


# --- damaged and hostile archives -----------------------------------------------------------------------------------


def many_entries(count: int) -> bytes:
    """The central directory of an archive of empty files, and nothing else."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0)
    few = b"".join(entry + b"a/%04x.png" % i for i in range(1000))
    listed = few * (count // 1000) + few[: count % 1000 * (len(few) // 1000)]
    return listed + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, len(listed), 0, 0)


def lying_entry() -> bytes:
    """An entry whose size in the header is 100 bytes and that unpacks to 4 MiB."""
    good = pictures() | {"cats/9.png": bytes(2**22)}
    return zipped(good).replace(struct.pack("<L", 2**22), struct.pack("<L", 100))


def encrypted() -> bytes:
    """An archive whose entries have the encryption bit set in both headers."""
    content = bytearray(zipped(pictures()))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 4)
    return bytes(content)


def linked() -> bytes:
    buffer = io.BytesIO(zipped(pictures()))
    with zipfile.ZipFile(buffer, "a") as archive:
        link = zipfile.ZipInfo("cats/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def named_in_zip(name: str) -> Callable[[], bytes]:
    return lambda: zipped(pictures() | {name: image(pixels(3))})


def broken_lzma() -> bytes:
    """An entry compressed by LZMA with some bytes overwritten."""
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
    """A file of two equal columns of 1,234,567 rows, whose footer is changed to 10^9 rows."""
    few, many = 1_234_567, 10**9
    content = parquet(x=np.zeros(few, np.int8), y=np.zeros(few, np.int8))
    length = struct.unpack("<L", content[-8:-4])[0]
    footer = content[-8 - length : -8].replace(_varint(few), _varint(many))
    return content[: -8 - length] + footer + struct.pack("<L", len(footer)) + b"PAR1"


def repeated_text(rows: int = 20_000, letters: int = 2**20) -> bytes:
    """A text of a megabyte, stored once in the file and repeated in every row."""
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["a" * letters]))
    buffer = io.BytesIO()
    columns = pa.table({"text": text, "x": np.arange(rows) % 7, "ill": np.arange(rows) % 2})
    pq.write_table(columns, buffer, compression="none", write_statistics=False)
    return buffer.getvalue()


def damaged_text() -> bytes:
    """A file with invalid UTF-8 in a text column."""
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(table())), buffer, compression="none", write_statistics=False)
    return buffer.getvalue().replace(b"Bonn", b"B\xffnn")


# --- CSV ------------------------------------------------------------------------------------------------------------


def late_latin1() -> bytes:
    """A letter in Latin-1 half a megabyte into the file."""
    lines = csv(table(40_000)).splitlines(keepends=True)
    return b"".join([*lines[:30_000], "44,5.1,Köln,yes\n".encode("latin-1"), *lines[30_000:]])


def late_zero() -> bytes:
    lines = csv(table(40_000)).splitlines(keepends=True)
    return b"".join([*lines[:30_000], b"4\x004,5.1,Oslo,yes\n", *lines[30_000:]])


def wide(columns: int) -> bytes:
    head = ",".join(f"c{j}" for j in range(columns))
    return "\n".join([head, *(",".join(["1"] * columns) for _ in range(3))]).encode()


class Opened:
    """An object whose pickle creates a file when it is opened."""

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


def npz_of(**values: np.ndarray) -> Callable[[], bytes]:
    return lambda: arrays(**values)


def zip_with(**entries: Any) -> Callable[[], bytes]:
    return lambda: zipped(pictures() | {name.replace("__", "/") + ".png": make() for name, make in entries.items()})


def hollow(name: str, **also: np.ndarray) -> Callable[[], bytes]:
    """An archive of arrays, one of which has only a header, for 10^12 numbers."""

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


# --- signals --------------------------------------------------------------------------------------------------------

HALVES = np.random.default_rng(SEED + 1).random((ROWS, 3)) < 0.5


def signals_of(**others: np.ndarray) -> Callable[[], bytes]:
    """An archive of signals of three models, some arrays of which are others."""
    return npz_of(**{"ids": np.arange(ROWS), "scores": NUMBERS, "inclusion": HALVES} | others)


def signals_table() -> pd.DataFrame:
    """The same signals as a table."""
    scores = {f"score_{model}": NUMBERS[:, model] for model in range(3)}
    return pd.DataFrame({"id": range(ROWS)} | scores | {f"inclusion_{model}": HALVES[:, model] for model in range(3)})


def with_entry(archive: bytes, name: str, content: bytes) -> bytes:
    """An archive with one more entry."""
    buffer = io.BytesIO(archive)
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "a") as file:
        file.writestr(name, content)
    return buffer.getvalue()
