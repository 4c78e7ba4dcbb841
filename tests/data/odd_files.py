"""Unusual but valid files, which must be read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
from file_parts import (
    CODES,
    ILL,
    NUMBERS,
    ROWS,
    File,
    array,
    changed,
    csv,
    npz_of,
    parquet,
    pictures,
    table,
    written,
    zipped,
)


def _crlf() -> bytes:
    return csv(table()).replace(b"\n", b"\r\n")


def _quoted() -> bytes:
    frame = table().assign(city=np.array(["Bonn,\nRhine", 'the "big" Oslo'])[np.arange(ROWS) % 2])
    return csv(frame.assign(city=frame["city"].str.replace("\n", " ")), quoting=1)


def _newlines() -> bytes:
    """Text with line breaks, in a column that is left out."""
    return csv(table().assign(note=[f'line one\nline "two" {i}' for i in range(ROWS)]))


def _odd_classes(*names: str) -> Callable[[], bytes]:
    return lambda: zipped(pictures(classes=names))


GOOD: tuple[File, ...] = (
    File("a byte order mark", written("bom.csv", lambda: b"\xef\xbb\xbf" + csv(table())), (), ILL),
    File("CRLF", written("crlf.csv", _crlf), (), ILL),
    File("carriage returns alone", written("cr.csv", lambda: csv(table()).replace(b"\n", b"\r")), (), ILL),
    File("no newline at the end", written("open.csv", lambda: csv(table()).rstrip()), (), ILL),
    File("semicolons", written("semicolons.csv", lambda: csv(table(), sep=";")), (), ILL),
    File("tabs", written("tabs.tsv", lambda: csv(table(), sep="\t")), (), ILL),
    File(
        "commas in quoted names",
        written("names.csv", lambda: csv(table().rename(columns={"dose": "dose, in mg, daily"}), sep=";")),
        (),
        ILL,
    ),
    File("quotes in text", written("quotes.csv", _quoted), (), ILL),
    File("newlines in text", written("lines.csv", _newlines), (), ILL | {"left_out": ("note",)}),
    File(
        "Unicode line separators in text",
        written("lines2.csv", lambda: csv(table().assign(note="a\x85b\u2028c d"))),
        (),
        ILL | {"left_out": ("note",)},
    ),
    File(
        "names in all scripts",
        written(
            "scripts.csv", lambda: csv(table().assign(city=np.array(["Köln", "東京", "Αθήνα"])[np.arange(ROWS) % 3]))
        ),
        (),
        ILL,
    ),
    File("true and false", written("truth.csv", changed(ill=np.arange(ROWS) % 3 == 0)), (), ILL),
    File("one test row", written("single.csv", lambda: csv(table())), (), ILL | {"test_fraction": 1 / ROWS}),
    File("constant columns", written("constant.csv", changed(constant=3.5, same="x")), (), ILL),
    File("ids of text", written("people.csv", changed(who=[f"P{i}" for i in range(ROWS)])), (), ILL | {"id": "who"}),
    File(
        "formulas as classes",
        written("formulas.csv", changed(ill=["=HYPERLINK(A1)", "@SUM(1)"] * (ROWS // 2))),
        (),
        ILL,
    ),
    File("a suffix in capitals", written("LOUD.CSV", lambda: csv(table())), (), ILL),
    File(
        "4,990 columns of long numbers",
        written(
            "broad.csv",
            lambda: csv(pd.DataFrame(np.random.default_rng(1).normal(size=(12, 4_989))).assign(ill=[0, 1] * 6)),
        ),
        (),
        ILL,
    ),
    File(
        "names that differ in case only",
        written("case.csv", lambda: csv(table().assign(AGE=1.5 + np.arange(ROWS)))),
        (),
        ILL,
    ),
    File(
        "decimals and dates in Parquet",
        written(
            "kinds.parquet",
            lambda: parquet(
                **table(), price=pa.array(range(ROWS), pa.decimal128(9, 2)), day=pa.array([18_000] * ROWS, pa.date32())
            ),
        ),
        (),
        ILL | {"left_out": ("day",)},
    ),
    File(
        "records of numbers and text",
        written(
            "records.npy", lambda: array(table().to_records(index=False, column_dtypes={"city": "U4", "ill": "U3"}))
        ),
        (),
        ILL,
    ),
    File(
        "another byte order",
        written("big.npy", lambda: array(np.column_stack([NUMBERS, CODES]).astype(">f8"))),
        (),
        {"target": "3"},
    ),
    File(
        "class names as text",
        written("named.npz", npz_of(X=NUMBERS, y=CODES, class_names=np.array(["no", "yes"]))),
        (),
        {},
    ),
    File("markup as a class", written("markup.zip", _odd_classes("<img src=x onerror=alert(1)>", "=HYPERLINK(..)"))),
    File(
        "suffixes in capitals", written("LOUD.ZIP", lambda: zipped({name.upper(): c for name, c in pictures().items()}))
    ),
    File("classes in all scripts", written("scripts.zip", _odd_classes("Katzen", "犬", "σκύλοι"))),
    File(
        "files of operating systems",
        written(
            "clutter.zip",
            lambda: zipped(pictures() | {"__MACOSX/cats/._0.png": b"x", "cats/.DS_Store": b"y", "read me.txt": b"z"}),
        ),
    ),
    File(
        "backslashes between folders",
        written("windows.zip", lambda: zipped({n.replace("/", "\\"): c for n, c in pictures().items()})),
    ),
    File("a test split as arrays", written("split.npz", npz_of(X=NUMBERS, y=CODES, X_test=NUMBERS + 1, y_test=CODES))),
    File(
        "a folder around all folders",
        written("wrapped.zip", lambda: zipped({f"my images/{n}": c for n, c in pictures().items()})),
    ),
)
