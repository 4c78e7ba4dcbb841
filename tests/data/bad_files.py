"""Files that cannot be used, and odd ones that can: each is made in a folder by a function of its own."""

from __future__ import annotations

import gzip
import io
import pickle
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


def _npz(**given: np.ndarray) -> Callable[[], bytes]:
    return lambda: arrays(**given)


def _zip(**entries: Any) -> Callable[[], bytes]:
    return lambda: zipped(pictures() | {name.replace("__", "/") + ".png": make() for name, make in entries.items()})


def _hollow(name: str, **also: np.ndarray) -> Callable[[], bytes]:
    """An archive of arrays one of which is a header that claims 10^12 numbers."""

    def content() -> bytes:
        entries = {f"{k}.npy": array(v) for k, v in also.items()}
        header = npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000)}")
        return zipped(entries | {f"{name}.npy": header})

    return content


ILL = {"target": "ill"}
_CODES = np.arange(ROWS) % 2
_NUMBERS = np.random.default_rng(SEED).normal(size=(ROWS, 3))


def _hole(values: np.ndarray, value: float, at: int = 7) -> np.ndarray:
    holed = values.astype(type(value))
    holed.flat[at] = value
    return holed


BAD: tuple[File, ...] = (
    # tables as text
    File("cut off in a row", written("cut.csv", lambda: csv(table())[:-9]), ("cut.csv", "last row", "cut off"), ILL),
    File("cut off between quotes", written("quote.csv", lambda: csv(table()) + b'50,4.4,"Os'), ("quote.csv", "eof inside string"), ILL),
    File("0 bytes", written("empty.csv", lambda: b""), ("empty.csv", "0 bytes"), ILL),
    File("header only", written("header.csv", lambda: b"age,dose,ill\n"), ("header.csv", "0 rows"), ILL),
    File("blank lines only", written("blank.csv", lambda: b"\n\n  \n"), ("blank.csv", "no text"), ILL),
    File("no header", written("numbers.csv", lambda: b"1,2,0\n3,4,1\n" * 9), ("numbers.csv", "header", "numbers only"), ILL),
    File("one column", written("one.csv", lambda: b"age\n" + b"4\n" * 30), ("one.csv", "two columns", "'age'"), {"target": "age"}),
    File("too many entries in a row", written("ragged.csv", lambda: csv(table()) + b"1,2,Oslo,no,7,8\n5,6,Bonn,no\n"), ("ragged.csv", "line 42", "saw 6"), ILL),
    File("too many entries in all rows", written("unnamed.csv", lambda: csv(table()).replace(b"yes\n", b"yes,3\n").replace(b"no\n", b"no,3\n")), ("unnamed.csv", "the rows have more"), ILL),
    File("the same name twice", written("twice.csv", lambda: csv(table()).replace(b"dose", b"age", 1)), ("'age' twice",), ILL),
    File("a name that cannot be shown", written("bell.csv", lambda: csv(table()).replace(b"dose", b"do\x07se", 1)), (r"'do\x07se'", "printable"), ILL),
    File("a zero in a header", written("zero.csv", lambda: b"a\0b,ill\n1,2\n"), ("zero.csv", "byte 1 is zero"), ILL),
    File("a zero far behind", written("late-zero.csv", late_zero), ("late-zero.csv", "byte", "is zero"), ILL),
    File("Latin-1", written("latin.csv", lambda: csv(table()) + "44,5.1,Köln,yes\n".encode("latin-1")), ("latin.csv", "UTF-8", "line 42"), ILL),
    File("Latin-1 far behind", written("late-latin.csv", late_latin1), ("late-latin.csv", "UTF-8", "other bytes"), ILL),
    File("UTF-16", written("wide.csv", lambda: table().to_csv(index=False).encode("utf-16")), ("wide.csv", "UTF-16"), ILL),
    File("a workbook as CSV", written("book.csv", lambda: zipped({"xl/workbook.xml": b"<x/>"})), ("book.csv", "zip archive (a spreadsheet"), ILL),
    File("a picture as CSV", written("photo.csv", lambda: image(pixels())), ("photo.csv", "PNG image"), ILL),
    File("a document as CSV", written("letter.csv", lambda: b"%PDF-1.7\n%\xe2\xe3\n1 0 obj"), ("letter.csv", "PDF document"), ILL),
    File("gzip as CSV", written("packed.csv", lambda: gzip.compress(csv(table()))), ("packed.csv", "gzip"), ILL),
    File("a pickle as CSV", written("pickle.csv", lambda: pickle.dumps(Opened())), ("pickle.csv", "Python pickle"), ILL),
    File("10,000 columns", written("columns.csv", lambda: wide(10_000)), ("columns.csv", "5,000 columns", "10,000"), {"target": "c0"}),
    File("a formula with =", written("formula.csv", with_cell("dose", 5, "=cmd|'/C calc'!A0")), ("'dose'", "=cmd|", "row 5"), ILL),
    File("a formula with +", written("plus.csv", with_cell("dose", 6, "+SUM(A1:A9)")), ("'dose'", "+SUM", "row 6"), ILL),
    File("a formula with -", written("minus.csv", with_cell("age", 7, "-2+3+cmd")), ("'age'", "-2+3+cmd", "row 7"), ILL),
    File("a formula with @", written("at.csv", with_cell("age", 8, "@SUM(A1)")), ("'age'", "@SUM", "row 8"), ILL),
    File("decimal commas", written("comma.csv", lambda: csv(table(), sep=";", decimal=",")), ("'dose'", "different texts"), ILL),
    File("nothing in a column", written("nothing.csv", changed(dose=np.nan)), ("'dose'", "no entries at all"), ILL),
    File("missing entries without a choice", written("gaps.csv", with_cell("age", 3, None)), ("missing entries", "'age' 1", "1 of 40 rows"), ILL),
    File("something missing in every row", written("holes.csv", lambda: csv(table().where(np.add.outer(np.arange(ROWS), np.arange(4)) % 2 == 0))), ("missing entries", "every row"), ILL | {"missing": "drop"}),
    File("a missing target, filled", written("untold.csv", with_cell("ill", 3, None)), ("target 'ill'", "not filled in"), ILL | {"missing": "fill"}),
    File("texts without end", written("letters.csv", changed(city=[f"letter {i}" for i in range(ROWS)])), ("'city'", "40 different texts", "--leave-out city"), ILL),
    File("one class", written("same.csv", changed(ill="yes")), ("target 'ill'", "only 'yes'"), ILL),
    File("too many classes", written("classes.csv", lambda: csv(pd.DataFrame({"x": range(1500), "c": [f"k{i}" for i in range(1500)]}))), ("target 'c'", "1,500 different"), {"target": "c"}),
    File("a class that cannot be shown", written("bells.csv", changed(ill=["no\x07", "yes"] * (ROWS // 2))), ("target 'ill'", r"no\x07"), ILL),
    File("infinite", written("inf.csv", with_cell("dose", 9, np.inf)), ("'dose'", "inf at row 9"), ILL),
    File("beyond all measure", written("huge.csv", with_cell("dose", 9, 1e300)), ("'dose'", "1e+300 at row 9"), ILL),
    File("all features constant", written("constant.csv", lambda: csv(pd.DataFrame({"a": ["x"] * 30, "ill": [0, 1] * 15}))), ("features", "constant"), ILL),
    File("no feature left", written("bare.csv", lambda: csv(table())), ("bare.csv", "at least one feature"), ILL | {"left_out": ("age", "dose", "city")}),
    File("a target that is not there", written("other.csv", lambda: csv(table())), ("other.csv", "'sick'", "age, dose, city, ill"), {"target": "sick"}),
    File("no target", written("aimless.csv", lambda: csv(table())), ("aimless.csv", "--target"), {}),
    File("regression on texts", written("texts.csv", lambda: csv(table())), ("target 'city'", "regression", "'Bonn'"), {"target": "city", "task": "regression"}),
    File("classes of fractions", written("fractions.csv", lambda: csv(table())), ("target 'dose'", "fractions"), {"target": "dose", "task": "classification"}),
    File("the same id twice", written("double.csv", changed(who=[*range(39), 5])), ("id 'who'", "'5' twice"), ILL | {"id": "who"}),
    File("an id missing", written("nobody.csv", changed(who=[*(f"P{i}" for i in range(39)), None])), ("id 'who'", "row 39"), ILL | {"id": "who"}),
    File("a test fraction above 1", written("fraction.csv", lambda: csv(table())), ("test fraction", "1.5"), ILL | {"test_fraction": 1.5}),
    File("a test fraction that is none", written("nan.csv", lambda: csv(table())), ("test fraction", "nan"), ILL | {"test_fraction": float("nan")}),
    File("a picture's size for a table", written("sized.csv", lambda: csv(table())), ("sized.csv", "image size", "table"), ILL | {"image_size": (8, 8)}),
    File("another suffix", written("table.xlsx", lambda: zipped({"xl/workbook.xml": b""})), ("table.xlsx", ".parquet"), ILL),
    # Parquet
    File("Parquet cut off", written("cut.parquet", lambda: parquet(**table())[:-40]), ("cut.parquet", "Parquet"), ILL),
    File("CSV as Parquet", written("text.parquet", lambda: csv(table())), ("text.parquet", "Parquet"), ILL),
    File("Parquet of 10^9 rows", written("billion.parquet", billion_rows), ("billion.parquet", "1,000,000,000 rows"), {"target": "y"}),
    File("one long text in all rows", written("long.parquet", repeated_text), ("long.parquet", "bytes of texts", "'text'", "20,971,520,000"), ILL),
    File("lists in Parquet", written("nested.parquet", lambda: parquet(x=[[1, 2]] * ROWS, ill=_CODES)), ("nested.parquet", "'x' holds lists"), ILL),
    File("bytes in Parquet", written("bytes.parquet", lambda: parquet(x=[b"a", b"b"] * (ROWS // 2), ill=_CODES)), ("bytes.parquet", "'x' holds bytes"), ILL),
    File("dates", written("dates.parquet", lambda: parquet(day=pd.date_range("2026-01-01", periods=ROWS), x=_CODES, ill=_CODES)), ("'day' has dates", "--leave-out day"), ILL),
    File("0 rows of Parquet", written("none.parquet", lambda: parquet(x=np.empty(0), ill=np.empty(0))), ("none.parquet", "0 rows"), ILL),
    # arrays
    File("npy cut off", written("cut.npy", lambda: array(_NUMBERS)[:-8]), ("cut.npy", "960 bytes", "cut off"), {"target": "0"}),
    File("a header that is no header", written("header.npy", lambda: npy_header("__import__('os').system('true')")), ("header.npy", "header cannot be read"), {"target": "0"}),
    File("a header of 10^12 numbers", written("promise.npy", lambda: npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000)}")), ("promise.npy", "8,000,000,000,000 bytes"), {"target": "0"}),
    File("Python objects in npy", written("objects.npy", lambda: array(np.array([[1, "a"]] * 9, dtype=object))), ("objects.npy", "Python objects"), {"target": "0"}),
    File("a pickle as npy", written("pickle.npy", lambda: pickle.dumps(Opened())), ("pickle.npy", "pickle, which is not opened"), {"target": "0"}),
    File("complex numbers", written("complex.npy", lambda: array(_NUMBERS + 1j)), ("complex.npy", "complex128"), {"target": "0"}),
    File("three dimensions", written("cube.npy", lambda: array(np.zeros((3, 4, 5)))), ("cube.npy", "(3, 4, 5)", ".npz"), {"target": "0"}),
    File("0 rows of npy", written("none.npy", lambda: array(np.empty((0, 3)))), ("none.npy", "0 rows"), {"target": "0"}),
    File("npz cut off", written("cut.npz", lambda: arrays(X=_NUMBERS, y=_CODES)[:-30]), ("cut.npz", ".npz", "not a zip")),
    File("a pickle as npz", written("pickle.npz", lambda: pickle.dumps(Opened())), ("pickle.npz", "pickle, which is not opened")),
    File("Python objects in npz", written("objects.npz", _npz(X=_NUMBERS.astype(object), y=_CODES)), ("objects.npz, array 'X'", "Python objects")),
    File("an array of 10^12 numbers", written("promise.npz", _hollow("X", y=_CODES)), ("promise.npz, array 'X'", "8,000,000,000,000")),
    File("zeros without end", written("zeros.npz", lambda: zipped({"X.npy": array(np.zeros((2**21, 4))), "y.npy": array(_CODES)})), ("zeros.npz, array 'X'", "unpack to 67,108,992")),
    File("no X and y", written("other.npz", _npz(data=_NUMBERS, target=_CODES)), ("other.npz", "X and y not found")),
    File("no y", written("no-y.npz", _npz(X=_NUMBERS)), ("no-y.npz", "; y not found")),
    File("y of another length", written("short.npz", _npz(X=_NUMBERS, y=_CODES[:-1])), ("short.npz", "(40, 3) and (39,)")),
    File("a target of NaN", written("nan.npz", _npz(X=_NUMBERS, y=_hole(_CODES, np.nan))), ("'y' 1", "1 of 40 rows")),
    File("complex X", written("complex.npz", _npz(X=_NUMBERS + 1j, y=_CODES)), ("complex.npz", "complex128")),
    File("pictures of fractions", written("grey.npz", _npz(X=np.zeros((ROWS, 4, 4)), y=_CODES)), ("grey.npz", "uint8", "float64")),
    File("names that are no list", written("names.npz", _npz(X=_NUMBERS, y=_CODES, feature_names=np.array("abc"))), ("names.npz", "feature_names")),
    File("codes beyond the class names", written("codes.npz", _npz(X=_NUMBERS, y=_CODES + 1, class_names=np.array(["a", "b"]))), ("codes.npz", "2 class_names")),
    # images
    File("zip cut off", written("cut.zip", lambda: zipped(pictures())[:-30]), ("cut.zip", "zip archive", "cut off")),
    File("text as zip", written("text.zip", lambda: b"hello"), ("text.zip", "not a zip file")),
    File("an entry that is a bomb", written("bomb.zip", _zip(cats__bomb=lambda: bytes(2**26))), ("bomb.zip", "200 times", "unpack to 67,")),
    File("an entry that lies", written("liar.zip", lying_entry), ("cats/9.png", "unpacks", "crc")),
    File("200,001 entries", written("entries.zip", lambda: many_entries(200_001)), ("entries.zip", "200,000 files", "200,001")),
    File("two million entries", written("millions.zip", lambda: many_entries(2_000_000)), ("millions.zip", "200,000 files", "its list of them")),
    File("spoiled LZMA", written("lzma.zip", broken_lzma), ("cats/0.png", "unpacks")),
    File("spoiled content", written("spoiled.zip", broken_deflate), ("cats/0.png", "expected a file that unpacks")),
    File("a name with ..", written("up.zip", named_in_zip("../../cats/1.png")), ("up.zip", "'../../cats/1.png' leads out")),
    File("an absolute name", written("root.zip", named_in_zip("/etc/cats/1.png")), ("root.zip", "'/etc/cats/1.png' leads out")),
    File("a name with backslashes", written("back.zip", named_in_zip("cats\\..\\..\\1.png")), ("back.zip", "leads out")),
    File("a name on a drive", written("drive.zip", named_in_zip("C:/cats/1.png")), ("drive.zip", "'C:/cats/1.png' leads out")),
    File("a link", written("link.zip", linked), ("link.zip", "'cats/link.png' is a link")),
    File("locked", written("locked.zip", encrypted), ("locked.zip", "'cats/0.png' is encrypted")),
    File("a class that rings", written("bell.zip", lambda: zipped(pictures(classes=("cats", "do\x07gs")))), ("bell.zip", r"'do\x07gs/0.png'")),
    File("no entries", written("none.zip", lambda: zipped({})), ("none.zip", "no files at all")),
    File("no images", written("texts.zip", lambda: zipped({"a/b.txt": b"b"})), ("texts.zip", "1 other files", "'a/b.txt'")),
    File("one class of images", written("one.zip", lambda: zipped(pictures(classes=("cats",)))), ("one.zip", "two class folders", "'cats'")),
    File("images at the top", written("flat.zip", lambda: zipped({f"{i}.png": image(pixels(i)) for i in range(4)})), ("flat.zip", "class folders", "'0.png'")),
    File("a class in test/ only", written("test.zip", lambda: zipped({f"train/{n}": c for n, c in pictures().items()} | {"test/cows/1.png": image(pixels())})), ("test.zip", "'cows' is in test/ only")),
    File("an image beside train/", written("stray.zip", lambda: zipped({f"train/{n}": c for n, c in pictures().items()} | {"birds/1.png": image(pixels())})), ("stray.zip", "'birds/1.png' is not")),
    File("an image cut off", written("half.zip", _zip(cats__half=lambda: image(pixels(1, (40, 40)))[:900])), ("cats/half.png", "whole image"), {"image_size": (4, 4)}),
    File("text as image", written("fake.zip", _zip(cats__fake=lambda: b"hello")), ("cats/fake.png", "expected an image", "other or damaged")),
    File("30,000 x 30,000 pixels", written("giant.zip", _zip(cats__giant=lambda: png_header(30_000, 30_000))), ("cats/giant.png", "far too many pixels")),
    File("6,000 x 6,000 pixels", written("large.zip", _zip(cats__large=lambda: png_header(6_000, 6_000))), ("cats/large.png", "6,000 × 6,000"), {"image_size": (4, 4)}),
    File("images of 16 bits", written("deep.zip", _zip(cats__deep=lambda: image(np.zeros((4, 4), np.uint16)))), ("cats/deep.png", "8 bits", "I;16")),
    File("images of two sizes", written("sizes.zip", _zip(dogs__wide=lambda: image(pixels(2, (4, 7))))), ("sizes.zip", "4 × 4", "4 × 7", "--image-size")),
    File("images of too many values", written("fine.zip", lambda: zipped({f"{c}/1.png": image(pixels(2, (200, 200))) for c in "ab"})), ("fine.zip", "40,000", "--image-size 32x32")),
    File("a target for images", written("aimed.zip", lambda: zipped(pictures())), ("aimed.zip", "no target", "'cats'"), {"target": "cats"}),
    File("a fraction beside test/", written("split.zip", lambda: zipped({f"{s}/{n}": c for s in ("train", "test") for n, c in pictures().items()})), ("test fraction", "train/ and test/"), {"test_fraction": 0.0}),
    File("a folder with one class", folder_of(lambda: pictures(classes=("cats",))), ("images: expected at least two", "'cats'")),
    File("a file that is not there", lambda folder: folder / "nowhere.csv", ("nowhere.csv", "No such file"), ILL),
)  # fmt: skip


def _crlf() -> bytes:
    return csv(table()).replace(b"\n", b"\r\n")


def _quoted() -> bytes:
    frame = table().assign(city=np.array(["Bonn,\nRhine", 'the "big" Oslo'])[np.arange(ROWS) % 2])
    return csv(frame.assign(city=frame["city"].str.replace("\n", " ")), quoting=1)


def _newlines() -> bytes:
    """Texts with line breaks in a column that is left out."""
    return csv(table().assign(note=[f'line one\nline "two" {i}' for i in range(ROWS)]))


def _odd_classes(*names: str) -> Callable[[], bytes]:
    return lambda: zipped(pictures(classes=names))


# Odd, but good: they are read, and their texts stay texts.
GOOD: tuple[File, ...] = (
    File("a byte order mark", written("bom.csv", lambda: b"\xef\xbb\xbf" + csv(table())), (), ILL),
    File("CRLF", written("crlf.csv", _crlf), (), ILL),
    File("carriage returns alone", written("cr.csv", lambda: csv(table()).replace(b"\n", b"\r")), (), ILL),
    File("no newline at the end", written("open.csv", lambda: csv(table()).rstrip()), (), ILL),
    File("semicolons", written("semicolons.csv", lambda: csv(table(), sep=";")), (), ILL),
    File("tabs", written("tabs.tsv", lambda: csv(table(), sep="\t")), (), ILL),
    File("commas in quoted names", written("names.csv", lambda: csv(table().rename(columns={"dose": "dose, in mg, daily"}), sep=";")), (), ILL),
    File("quotes in texts", written("quotes.csv", _quoted), (), ILL),
    File("newlines in texts", written("lines.csv", _newlines), (), ILL | {"left_out": ("note",)}),
    File("separators of lines in texts", written("lines2.csv", lambda: csv(table().assign(note="a\x85b\u2028c d"))), (), ILL | {"left_out": ("note",)}),
    File("names in all scripts", written("scripts.csv", lambda: csv(table().assign(city=np.array(["Köln", "東京", "Αθήνα"])[np.arange(ROWS) % 3]))), (), ILL),
    File("true and false", written("truth.csv", changed(ill=np.arange(ROWS) % 3 == 0)), (), ILL),
    File("one test row", written("single.csv", lambda: csv(table())), (), ILL | {"test_fraction": 1 / ROWS}),
    File("a constant column", written("dull.csv", changed(dull=3.5, same="x")), (), ILL),
    File("ids of text", written("people.csv", changed(who=[f"P{i}" for i in range(ROWS)])), (), ILL | {"id": "who"}),
    File("formulas as classes", written("formulas.csv", changed(ill=["=HYPERLINK(A1)", "@SUM(1)"] * (ROWS // 2))), (), ILL),
    File("a suffix in capitals", written("LOUD.CSV", lambda: csv(table())), (), ILL),
    File("4,990 columns of long numbers", written("broad.csv", lambda: csv(pd.DataFrame(np.random.default_rng(1).normal(size=(12, 4_989))).assign(ill=[0, 1] * 6))), (), ILL),
    File("one name for two cases", written("case.csv", lambda: csv(table().assign(AGE=1.5 + np.arange(ROWS)))), (), ILL),
    File("decimals and dates in Parquet", written("kinds.parquet", lambda: parquet(**table(), price=pa.array(range(ROWS), pa.decimal128(9, 2)), day=pa.array([18_000] * ROWS, pa.date32()))), (), ILL | {"left_out": ("day",)}),
    File("records of numbers and texts", written("records.npy", lambda: array(table().to_records(index=False, column_dtypes={"city": "U4", "ill": "U3"}))), (), ILL),
    File("another byte order", written("big.npy", lambda: array(np.column_stack([_NUMBERS, _CODES]).astype(">f8"))), (), {"target": "3"}),
    File("class names of texts", written("named.npz", _npz(X=_NUMBERS, y=_CODES, class_names=np.array(["no", "yes"]))), (), {}),
    File("markup as a class", written("markup.zip", _odd_classes("<img src=x onerror=alert(1)>", "=HYPERLINK(..)"))),
    File("suffixes in capitals", written("LOUD.ZIP", lambda: zipped({name.upper(): c for name, c in pictures().items()}))),
    File("classes in all scripts", written("scripts.zip", _odd_classes("Katzen", "犬", "σκύλοι"))),
    File("what systems leave behind", written("clutter.zip", lambda: zipped(pictures() | {"__MACOSX/cats/._0.png": b"x", "cats/.DS_Store": b"y", "read me.txt": b"z"}))),
    File("a folder around everything", written("wrapped.zip", lambda: zipped({f"my images/{n}": c for n, c in pictures().items()}))),
)  # fmt: skip
