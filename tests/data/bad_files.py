"""Files that cannot be used, each with parts of the error message that reading it must raise."""

from __future__ import annotations

import gzip
import pickle

import numpy as np
import pandas as pd
from file_parts import (
    CODES,
    HALVES,
    ILL,
    NUMBERS,
    ROWS,
    File,
    Opened,
    array,
    arrays,
    billion_rows,
    broken_deflate,
    broken_lzma,
    changed,
    csv,
    damaged_text,
    encrypted,
    folder_of,
    holed,
    hollow,
    image,
    late_latin1,
    late_zero,
    linked,
    lying_entry,
    many_entries,
    named_in_zip,
    npy_header,
    npz_of,
    parquet,
    pictures,
    pixels,
    png,
    png_header,
    png_parts,
    repeated_text,
    signals_of,
    signals_table,
    table,
    wide,
    with_cell,
    with_entry,
    written,
    zip_with,
    zipped,
)

BAD: tuple[File, ...] = (
    # tables as text
    File("cut off in a row", written("cut.csv", lambda: csv(table())[:-9]), ("cut.csv", "last row", "cut off"), ILL),
    File(
        "cut off between quotes",
        written("quote.csv", lambda: csv(table()) + b'50,4.4,"Os'),
        ("quote.csv", "eof inside string"),
        ILL,
    ),
    File("0 bytes", written("empty.csv", lambda: b""), ("empty.csv", "0 bytes"), ILL),
    File("header only", written("header.csv", lambda: b"age,dose,ill\n"), ("header.csv", "0 rows"), ILL),
    File("blank lines only", written("blank.csv", lambda: b"\n\n  \n"), ("blank.csv", "no text"), ILL),
    File(
        "no header",
        written("numbers.csv", lambda: b"1,2,0\n3,4,1\n" * 9),
        ("numbers.csv", "header", "numbers only"),
        ILL,
    ),
    File(
        "one column",
        written("one.csv", lambda: b"age\n" + b"4\n" * 30),
        ("one.csv", "two columns", "'age'"),
        {"target": "age"},
    ),
    File(
        "too many entries in a row",
        written("ragged.csv", lambda: csv(table()) + b"1,2,Oslo,no,7,8\n5,6,Bonn,no\n"),
        ("ragged.csv", "line 42", "saw 6"),
        ILL,
    ),
    File(
        "too many entries in all rows",
        written("unnamed.csv", lambda: csv(table()).replace(b"yes\n", b"yes,3\n").replace(b"no\n", b"no,3\n")),
        ("unnamed.csv", "the rows have more"),
        ILL,
    ),
    File(
        "the same name twice",
        written("twice.csv", lambda: csv(table()).replace(b"dose", b"age", 1)),
        ("'age' twice",),
        ILL,
    ),
    File(
        "a name that is not printable",
        written("bell.csv", lambda: csv(table()).replace(b"dose", b"do\x07se", 1)),
        (r"'do\x07se'", "printable"),
        ILL,
    ),
    File(
        "a zero byte in the header",
        written("zero.csv", lambda: b"a\0b,ill\n1,2\n"),
        ("zero.csv", "byte 1 is zero"),
        ILL,
    ),
    File(
        "a zero byte far from the start", written("late-zero.csv", late_zero), ("late-zero.csv", "byte", "is zero"), ILL
    ),
    File(
        "Latin-1",
        written("latin.csv", lambda: csv(table()) + "44,5.1,Köln,yes\n".encode("latin-1")),
        ("latin.csv", "UTF-8", "line 42"),
        ILL,
    ),
    File(
        "Latin-1 far from the start",
        written("late-latin.csv", late_latin1),
        ("late-latin.csv", "UTF-8", "other bytes"),
        ILL,
    ),
    File(
        "UTF-16", written("wide.csv", lambda: table().to_csv(index=False).encode("utf-16")), ("wide.csv", "UTF-16"), ILL
    ),
    File(
        "a workbook as CSV",
        written("book.csv", lambda: zipped({"xl/workbook.xml": b"<x/>"})),
        ("book.csv", "zip archive (a spreadsheet"),
        ILL,
    ),
    File("a picture as CSV", written("photo.csv", lambda: image(pixels())), ("photo.csv", "PNG image"), ILL),
    File(
        "a document as CSV",
        written("letter.csv", lambda: b"%PDF-1.7\n%\xe2\xe3\n1 0 obj"),
        ("letter.csv", "PDF document"),
        ILL,
    ),
    File("gzip as CSV", written("packed.csv", lambda: gzip.compress(csv(table()))), ("packed.csv", "gzip"), ILL),
    File(
        "a pickle as CSV", written("pickle.csv", lambda: pickle.dumps(Opened())), ("pickle.csv", "Python pickle"), ILL
    ),
    File(
        "10,000 columns",
        written("columns.csv", lambda: wide(10_000)),
        ("columns.csv", "5,000 columns", "10,000"),
        {"target": "c0"},
    ),
    File(
        "a formula with =",
        written("formula.csv", with_cell("dose", 5, "=cmd|'/C calc'!A0")),
        ("'dose'", "=cmd|", "row 5"),
        ILL,
    ),
    File(
        "a formula with +", written("plus.csv", with_cell("dose", 6, "+SUM(A1:A9)")), ("'dose'", "+SUM", "row 6"), ILL
    ),
    File(
        "a formula with -", written("minus.csv", with_cell("age", 7, "-2+3+cmd")), ("'age'", "-2+3+cmd", "row 7"), ILL
    ),
    File("a formula with @", written("at.csv", with_cell("age", 8, "@SUM(A1)")), ("'age'", "@SUM", "row 8"), ILL),
    File(
        "decimal commas",
        written("comma.csv", lambda: csv(table(), sep=";", decimal=",")),
        ("'dose'", "expected numbers", "' at row 0 and '", "--decimal ,", "--leave-out dose"),
        ILL,
    ),
    File("an empty column", written("nothing.csv", changed(dose=np.nan)), ("'dose'", "no entries at all"), ILL),
    File(
        "missing values without a choice",
        written("gaps.csv", with_cell("age", 3, None)),
        ("missing values", "'age' (1)", "1 of 40 rows"),
        ILL,
    ),
    File(
        "missing values in every row",
        written("holes.csv", lambda: csv(table().where(np.add.outer(np.arange(ROWS), np.arange(4)) % 2 == 0))),
        ("missing values", "every row", "--missing fill (leaves 20 of 40 rows)"),
        ILL | {"missing": "drop"},
    ),
    File(
        "too many different texts",
        written("letters.csv", changed(city=[f"letter {i}" for i in range(ROWS)])),
        ("'city'", "40 different texts", "--leave-out city"),
        ILL,
    ),
    File("one class", written("same.csv", changed(ill="yes")), ("target 'ill'", "only 'yes'"), ILL),
    File(
        "too many classes",
        written("classes.csv", lambda: csv(pd.DataFrame({"x": range(1500), "c": [f"k{i}" for i in range(1500)]}))),
        ("target 'c'", "1,500 different"),
        {"target": "c"},
    ),
    File(
        "a class that is not printable",
        written("bells.csv", changed(ill=["no\x07", "yes"] * (ROWS // 2))),
        ("target 'ill'", r"no\x07"),
        ILL,
    ),
    File("an infinity", written("inf.csv", with_cell("dose", 9, np.inf)), ("'dose'", "inf at row 9"), ILL),
    File(
        "a number that is too large",
        written("huge.csv", with_cell("dose", 9, 1e300)),
        ("'dose'", "1e+300 at row 9"),
        ILL,
    ),
    File(
        "all features constant",
        written("constant.csv", lambda: csv(pd.DataFrame({"a": ["x"] * 30, "ill": [0, 1] * 15}))),
        ("features", "constant"),
        ILL,
    ),
    File(
        "no feature left",
        written("bare.csv", lambda: csv(table())),
        ("bare.csv", "at least one feature"),
        ILL | {"left_out": ("age", "dose", "city")},
    ),
    File(
        "an unknown target",
        written("other.csv", lambda: csv(table())),
        ("other.csv", "'sick'", "--target", "age,dose,city,ill"),
        {"target": "sick"},
    ),
    File("no target", written("aimless.csv", lambda: csv(table())), ("aimless.csv", "--target"), {}),
    File(
        "regression on texts",
        written("texts.csv", lambda: csv(table())),
        ("target 'city'", "regression", "'Bonn'"),
        {"target": "city", "task": "regression"},
    ),
    File(
        "classes of fractions",
        written("fractions.csv", lambda: csv(table())),
        ("target 'dose'", "fractions"),
        {"target": "dose", "task": "classification"},
    ),
    File(
        "the same id twice",
        written("double.csv", changed(who=[*range(39), 5])),
        ("id 'who'", "'5' twice"),
        ILL | {"id": "who"},
    ),
    File(
        "a missing id",
        written("nobody.csv", changed(who=[*(f"P{i}" for i in range(39)), None])),
        ("id 'who'", "row 39"),
        ILL | {"id": "who"},
    ),
    File(
        "a test fraction above 1",
        written("fraction.csv", lambda: csv(table())),
        ("--test-fraction", "1.5"),
        ILL | {"test_fraction": 1.5},
    ),
    File(
        "a test fraction of NaN",
        written("nan.csv", lambda: csv(table())),
        ("--test-fraction", "nan"),
        ILL | {"test_fraction": float("nan")},
    ),
    File(
        "an image size for a table",
        written("sized.csv", lambda: csv(table())),
        ("sized.csv", "--image-size", "table"),
        ILL | {"image_size": (8, 8)},
    ),
    File(
        "an unsupported suffix",
        written("table.xlsx", lambda: zipped({"xl/workbook.xml": b""})),
        ("table.xlsx", ".parquet"),
        ILL,
    ),
    # Parquet
    File(
        "Parquet cut off",
        written("cut.parquet", lambda: parquet(**table())[:-40]),
        ("cut.parquet", "Parquet", "cut off"),
        ILL,
    ),
    File("invalid UTF-8 in Parquet", written("text8.parquet", damaged_text), ("text8.parquet", "UTF8"), ILL),
    File(
        "CSV as Parquet",
        written("text.parquet", lambda: csv(table())),
        ("text.parquet", "Parquet", "other content"),
        ILL,
    ),
    File(
        "Parquet of 10^9 rows",
        written("billion.parquet", billion_rows),
        ("billion.parquet", "1,000,000,000 rows"),
        {"target": "y"},
    ),
    File(
        "Parquet of equal rows",
        written("equal.parquet", lambda: parquet(x=np.zeros(5_000_000, np.int8), y=np.zeros(5_000_000, np.int8))),
        ("equal.parquet", "200 times", "unpack to 10,000,000"),
        {"target": "y"},
    ),
    File(
        "a long text repeated in all rows",
        written("long.parquet", repeated_text),
        ("long.parquet", "bytes of text", "'text'", "20,971,520,000"),
        ILL,
    ),
    File(
        "lists in Parquet",
        written("nested.parquet", lambda: parquet(x=[[1, 2]] * ROWS, ill=CODES)),
        ("nested.parquet", "'x' holds lists"),
        ILL,
    ),
    File(
        "bytes in Parquet",
        written("bytes.parquet", lambda: parquet(x=[b"a", b"b"] * (ROWS // 2), ill=CODES)),
        ("bytes.parquet", "'x' holds bytes"),
        ILL,
    ),
    File(
        "dates",
        written("dates.parquet", lambda: parquet(day=pd.date_range("2026-01-01", periods=ROWS), x=CODES, ill=CODES)),
        ("'day' has dates", "--leave-out day"),
        ILL,
    ),
    File(
        "0 rows of Parquet",
        written("none.parquet", lambda: parquet(x=np.empty(0), ill=np.empty(0))),
        ("none.parquet", "0 rows"),
        ILL,
    ),
    # arrays
    File(
        "npy cut off",
        written("cut.npy", lambda: array(NUMBERS)[:-8]),
        ("cut.npy", "960 bytes", "cut off"),
        {"target": "0"},
    ),
    File(
        "an invalid header",
        written("header.npy", lambda: npy_header("__import__('os').system('true')")),
        ("header.npy", "header cannot be read"),
        {"target": "0"},
    ),
    File(
        "a header of 10^12 numbers",
        written(
            "promise.npy", lambda: npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000)}")
        ),
        ("promise.npy", "8,000,000,000,000 bytes"),
        {"target": "0"},
    ),
    File(
        "Python objects in npy",
        written("objects.npy", lambda: array(np.array([[1, "a"]] * 9, dtype=object))),
        ("objects.npy", "Python objects"),
        {"target": "0"},
    ),
    File(
        "a pickle as npy",
        written("pickle.npy", lambda: pickle.dumps(Opened())),
        ("pickle.npy", "pickle, which is not opened"),
        {"target": "0"},
    ),
    File(
        "complex numbers",
        written("complex.npy", lambda: array(NUMBERS + 1j)),
        ("complex.npy", "complex128"),
        {"target": "0"},
    ),
    File(
        "three dimensions",
        written("cube.npy", lambda: array(np.zeros((3, 4, 5)))),
        ("cube.npy", "(3, 4, 5)", ".npz"),
        {"target": "0"},
    ),
    File(
        "0 rows of npy", written("none.npy", lambda: array(np.empty((0, 3)))), ("none.npy", "0 rows"), {"target": "0"}
    ),
    File("npz cut off", written("cut.npz", lambda: arrays(X=NUMBERS, y=CODES)[:-30]), ("cut.npz", ".npz", "cut off")),
    File(
        "a pickle as npz",
        written("pickle.npz", lambda: pickle.dumps(Opened())),
        ("pickle.npz", "pickle, which is not opened"),
    ),
    File(
        "Python objects in npz",
        written("objects.npz", npz_of(X=NUMBERS.astype(object), y=CODES)),
        ("objects.npz, array 'X'", "Python objects"),
    ),
    File(
        "an array of 10^12 numbers",
        written("promise.npz", hollow("X", y=CODES)),
        ("promise.npz, array 'X'", "8,000,000,000,000"),
    ),
    File(
        "zeros that compress too well",
        written("zeros.npz", lambda: zipped({"X.npy": array(np.zeros((2**21, 4))), "y.npy": array(CODES)})),
        ("zeros.npz, array 'X'", "unpack to 67,108,992"),
    ),
    File("no X and y", written("other.npz", npz_of(data=NUMBERS, target=CODES)), ("other.npz", "X and y not found")),
    File("no y", written("no-y.npz", npz_of(X=NUMBERS)), ("no-y.npz", "; y not found")),
    File(
        "y of another length", written("short.npz", npz_of(X=NUMBERS, y=CODES[:-1])), ("short.npz", "(40, 3) and (39,)")
    ),
    File("a target of NaN", written("nan.npz", npz_of(X=NUMBERS, y=holed(CODES, np.nan))), ("'y' (1)", "1 of 40 rows")),
    File("complex X", written("complex.npz", npz_of(X=NUMBERS + 1j, y=CODES)), ("complex.npz", "complex128")),
    File(
        "images of floats",
        written("grey.npz", npz_of(X=np.zeros((ROWS, 4, 4)), y=CODES)),
        ("grey.npz", "uint8", "float64"),
    ),
    File(
        "names that are not a list",
        written("names.npz", npz_of(X=NUMBERS, y=CODES, feature_names=np.array("abc"))),
        ("names.npz", "feature_names"),
    ),
    File(
        "X_test without y_test",
        written("half.npz", npz_of(X=NUMBERS, y=CODES, X_test=NUMBERS)),
        ("half.npz", "y_test not found"),
    ),
    File(
        "a class in y_test only",
        written("more.npz", npz_of(X=NUMBERS, y=CODES, X_test=NUMBERS, y_test=CODES + 1)),
        ("more.npz", "'2' is in y_test only"),
    ),
    File(
        "codes beyond the class names",
        written("codes.npz", npz_of(X=NUMBERS, y=CODES + 1, class_names=np.array(["a", "b"]))),
        ("codes.npz", "2 class_names"),
    ),
    # images
    File("zip cut off", written("cut.zip", lambda: zipped(pictures())[:-30]), ("cut.zip", "zip archive", "cut off")),
    File("text as zip", written("text.zip", lambda: b"hello"), ("text.zip", "other content")),
    File(
        "a zip bomb",
        written("bomb.zip", zip_with(cats__bomb=lambda: bytes(2**26))),
        ("bomb.zip", "200 times", "unpack to 67,"),
    ),
    File("an entry with a false size", written("liar.zip", lying_entry), ("cats/9.png", "unpacks", "crc")),
    File(
        "200,001 entries",
        written("entries.zip", lambda: many_entries(200_001)),
        ("entries.zip", "200,000 files", "200,001"),
    ),
    File(
        "two million entries",
        written("millions.zip", lambda: many_entries(2_000_000)),
        ("millions.zip", "200,000 files", "central directory"),
    ),
    File("damaged LZMA", written("lzma.zip", broken_lzma), ("cats/0.png", "unpacks")),
    File("damaged content", written("spoiled.zip", broken_deflate), ("cats/0.png", "expected a file that unpacks")),
    File(
        "a name with ..",
        written("up.zip", named_in_zip("../../cats/1.png")),
        ("up.zip", "'../../cats/1.png' leads out"),
    ),
    File(
        "an absolute name",
        written("root.zip", named_in_zip("/etc/cats/1.png")),
        ("root.zip", "'/etc/cats/1.png' leads out"),
    ),
    File(
        "a name with backslashes", written("back.zip", named_in_zip("cats\\..\\..\\1.png")), ("back.zip", "leads out")
    ),
    File(
        "a name on a drive",
        written("drive.zip", named_in_zip("C:/cats/1.png")),
        ("drive.zip", "'C:/cats/1.png' leads out"),
    ),
    File("a link", written("link.zip", linked), ("link.zip", "'cats/link.png' is a link")),
    File("an encrypted entry", written("locked.zip", encrypted), ("locked.zip", "'cats/0.png' is encrypted")),
    File(
        "a class folder that is not printable",
        written("bell.zip", lambda: zipped(pictures(classes=("cats", "do\x07gs")))),
        ("bell.zip", r"'do\x07gs/0.png'"),
    ),
    File("no entries", written("none.zip", lambda: zipped({})), ("none.zip", "no files at all")),
    File(
        "no images",
        written("texts.zip", lambda: zipped({"a/b.txt": b"b"})),
        ("texts.zip", "1 other file", "'a/b.txt'"),
    ),
    File(
        "one class of images",
        written("one.zip", lambda: zipped(pictures(classes=("cats",)))),
        ("one.zip", "two class folders", "'cats'"),
    ),
    File(
        "images at the top",
        written("flat.zip", lambda: zipped({f"{i}.png": image(pixels(i)) for i in range(4)})),
        ("flat.zip", "class folders", "'0.png'"),
    ),
    File(
        "a class in test/ only",
        written(
            "test.zip",
            lambda: zipped({f"train/{n}": c for n, c in pictures().items()} | {"test/cows/1.png": image(pixels())}),
        ),
        ("test.zip", "'cows' is in the test split only", "'test/cows/1.png'"),
    ),
    File(
        "an image beside train/",
        written(
            "stray.zip",
            lambda: zipped({f"train/{n}": c for n, c in pictures().items()} | {"birds/1.png": image(pixels())}),
        ),
        ("stray.zip", "'birds/1.png' is not"),
    ),
    File(
        "an image cut off",
        written("half.zip", zip_with(cats__half=lambda: image(pixels(1, (40, 40)))[:900])),
        ("cats/half.png", "complete image"),
        {"image_size": (4, 4)},
    ),
    File(
        "text as image",
        written("fake.zip", zip_with(cats__fake=lambda: b"hello")),
        ("cats/fake.png", "expected an image", "other or damaged"),
    ),
    File(
        "30,000 x 30,000 pixels",
        written("giant.zip", zip_with(cats__giant=lambda: png_header(30_000, 30_000))),
        ("cats/giant.png", "far too many pixels"),
    ),
    File(
        "6,000 x 6,000 pixels",
        written("large.zip", zip_with(cats__large=lambda: png_header(6_000, 6_000))),
        ("cats/large.png", "6,000 × 6,000"),
        {"image_size": (4, 4)},
    ),
    File(
        "images of 16 bits",
        written("deep.zip", zip_with(cats__deep=lambda: image(np.zeros((4, 4), np.uint16)))),
        ("cats/deep.png", "8 bits", "I;16"),
    ),
    File(
        "colours of 16 bits",
        written(
            "deeper.zip", lambda: zipped(pictures() | {"cats/rgb.png": png(*png_parts(np.ones((4, 4, 3), np.uint16)))})
        ),
        ("cats/rgb.png", "8 bits", "RGB;16B"),
    ),
    File(
        "a picture of a phone",
        written("phone.zip", lambda: zipped(pictures() | {"cows/1.heic": b"\0\0\0 ftypheic"})),
        ("phone.zip", ".heic", "'cows/1.heic'"),
    ),
    File(
        "a class without images",
        written("films.zip", lambda: zipped(pictures() | {"cows/1.mp4": b"x"})),
        ("films.zip", "'cows/'", "'1.mp4'"),
    ),
    File(
        "backslashes that lead out",
        written("back2.zip", named_in_zip("..\\cats\\1.png")),
        ("back2.zip", "'../cats/1.png' leads out"),
    ),
    File(
        "images of two sizes",
        written("sizes.zip", zip_with(dogs__wide=lambda: image(pixels(2, (4, 7))))),
        ("sizes.zip", "4 × 4", "4 × 7", "--image-size"),
    ),
    File(
        "images of too many values",
        written("fine.zip", lambda: zipped({f"{c}/1.png": image(pixels(2, (200, 200))) for c in "ab"})),
        ("fine.zip", "40,000", "--image-size 32x32"),
    ),
    File(
        "a target for images",
        written("aimed.zip", lambda: zipped(pictures())),
        ("aimed.zip", "no column as the target", "'cats'"),
        {"target": "cats"},
    ),
    File(
        "a fraction beside test/",
        written("split.zip", lambda: zipped({f"{s}/{n}": c for s in ("train", "test") for n, c in pictures().items()})),
        ("--test-fraction", "train/ and test/"),
        {"test_fraction": 0.0},
    ),
    File(
        "a folder with one class",
        folder_of(lambda: pictures(classes=("cats",))),
        ("images: expected at least two", "'cats'"),
    ),
    File("a file that does not exist", lambda folder: folder / "nowhere.csv", ("nowhere.csv", "No such file"), ILL),
)

# Signals of a person's own models, which `signals.read_signals` refuses.
BAD_SIGNALS: tuple[File, ...] = (
    File("a pickle of signals", written("s.pkl", lambda: pickle.dumps(Opened())), ("expected a .npz", "s.pkl")),
    File("a pickle as signals", written("s.npz", lambda: pickle.dumps(Opened())), ("s.npz", "pickle, which is not")),
    File("signals cut off", written("cut.npz", lambda: signals_of()()[:-30]), ("cut.npz", "cut off")),
    File("other arrays", written("other.npz", npz_of(X=NUMBERS, y=CODES)), ("ids, scores and inclusion", "got X, y")),
    File(
        "signals of no arrays",
        written("bare.npz", lambda: zipped({"ids": b"", "scores": b"", "inclusion": b""})),
        ("bare.npz", "got no arrays"),
    ),
    File(
        "ids as Python objects",
        written("names.npz", signals_of(ids=np.array([f"P{i}" for i in range(ROWS)], dtype=object))),
        ("names.npz, array 'ids'", "Python objects"),
    ),
    File(
        "scores as Python objects",
        written("list.npz", signals_of(scores=NUMBERS.astype(object))),
        ("list.npz, array 'scores'", "Python objects"),
    ),
    File(
        "scores of 10^12 numbers",
        written("promise.npz", hollow("scores", ids=np.arange(ROWS), inclusion=HALVES)),
        ("promise.npz, array 'scores'", "8,000,000,000,000"),
    ),
    File(
        "scores that compress too well",
        written(
            "zeros.npz",
            lambda: zipped(
                {
                    "ids.npy": array(np.arange(2**20)),
                    "scores.npy": array(np.zeros((2**20, 8))),
                    "inclusion.npy": array(np.zeros((2**20, 8), bool)),
                }
            ),
        ),
        ("zeros.npz, array 'scores'", "unpack to 67,108,992"),
    ),
    File(
        "ids of two million bytes",
        written("wide.npz", signals_of(ids=np.array([b"x" * 2_000_000] * ROWS))),
        ("wide.npz", "67,108,864 characters", "80,000,000"),
    ),
    File(
        "ids of broken UTF-8", written("latin.npz", signals_of(ids=np.array([b"\xe9"] * ROWS))), ("latin.npz", "UTF-8")
    ),
    File("ids that are booleans", written("bool.npz", signals_of(ids=CODES > 0)), ("bool.npz", "ids; got bool")),
    File(
        "ids in two columns", written("ids.npz", signals_of(ids=NUMBERS)), ("ids.npz", "(40, 3), (40, 3) and (40, 3)")
    ),
    File("one id less", written("less.npz", signals_of(ids=np.arange(39))), ("less.npz", "(39,), (40, 3) and (40, 3)")),
    File(
        "one model less in the inclusion",
        written("half.npz", signals_of(inclusion=HALVES[:, :2])),
        ("half.npz", "(40,), (40, 3) and (40, 2)"),
    ),
    File("scores of one model as a list", written("flat.npz", signals_of(scores=CODES)), ("flat.npz", "(40,), (40,)")),
    File(
        "an inclusion of counts",
        written("counts.npz", signals_of(inclusion=HALVES + 0 + (np.arange(ROWS) == 5)[:, None] * 2)),
        ("counts.npz", "for id 5, model 0"),
    ),
    File(
        "an inclusion of NaN",
        written("nan.npz", signals_of(inclusion=holed(HALVES, np.nan))),
        ("nan.npz", "got nan for id 2, model 1"),
    ),
    File(
        "an inclusion of texts", written("yes.npz", signals_of(inclusion=np.where(HALVES, "in", "out"))), ("got <U3",)
    ),
    File("complex scores", written("complex.npz", signals_of(scores=NUMBERS + 1j)), ("real numbers", "complex128")),
    File("scores that are booleans", written("either.npz", signals_of(scores=HALVES)), ("in scores; got bool",)),
    File(
        "losses of other models",
        written("losses.npz", signals_of(losses=NUMBERS[:, :2])),
        ("losses of shape (40, 3)", "(40, 2)"),
    ),
    File(
        "gradients of other records",
        written("norms.npz", signals_of(gradients=NUMBERS[:9])),
        ("gradients of shape (40, 3)", "(9, 3)"),
    ),
    File(
        "a population under other models",
        written("people.npz", signals_of(population=NUMBERS[:9, :2])),
        ("population of shape (rows, 3)", "(9, 2)"),
    ),
    File(
        "an array twice",
        written("twice.npz", lambda: with_entry(signals_of()(), "scores.npy", array(NUMBERS))),
        ("twice.npz", "'scores' twice"),
    ),
    File("text as Parquet", written("text.parquet", lambda: b"id,score_0\n"), ("text.parquet", "Parquet")),
    File(
        "signals without ids",
        written("nobody.csv", lambda: csv(signals_table().drop(columns="id"))),
        ("nobody.csv", "one column id; got 0"),
    ),
    File(
        "ids twice",
        written("both.csv", lambda: csv(signals_table().assign(ID=1))),
        ("both.csv", "one column id; got 2"),
    ),
    File(
        "no scores",
        written("bare.csv", lambda: csv(signals_table()[["id", "inclusion_0"]])),
        ("bare.csv", "from 0 to 0; score_0 not found"),
    ),
    File(
        "a model without an inclusion",
        written("gap.parquet", lambda: parquet(**signals_table().drop(columns="inclusion_1"))),
        ("gap.parquet", "from 0 to 2; inclusion_1 not found"),
    ),
    File(
        "models from 1",
        written("one.csv", lambda: csv(signals_table().drop(columns=["score_0", "inclusion_0"]))),
        ("one.csv", "score_0, inclusion_0 not found"),
    ),
    File(
        "a million models",
        written("many.csv", lambda: csv(signals_table().assign(score_999999=1.0))),
        ("many.csv", "from 0 to 999,999; score_3, score_4, score_5, score_6 not found"),
    ),
    File(
        "losses of some models",
        written("loss.csv", lambda: csv(signals_table().assign(loss_0=0.5))),
        ("loss.csv", "loss_1, loss_2 not found"),
    ),
    File(
        "one column in two spellings",
        written("spelled.csv", lambda: csv(signals_table().assign(Score_1=1.0))),
        ("spelled.csv", "score_1 twice"),
    ),
    File(
        "scores with decimal commas",
        written("comma.csv", lambda: csv(signals_table(), sep=";", decimal=",")),
        ("comma.csv", "column score_0; got '"),
    ),
    File(
        "a text among scores",
        written(
            "text.csv",
            lambda: csv(signals_table().astype({"score_2": object}).replace({"score_2": {NUMBERS[4, 2]: "?"}})),
        ),
        ("text.csv", "column score_2; got '?'"),
    ),
    File(
        "a missing inclusion",
        written(
            "hole.csv",
            lambda: csv(signals_table().astype({"inclusion_2": object}).assign(inclusion_2=[None, *HALVES[1:, 2]])),
        ),
        ("hole.csv", "got nan for id 0, model 2"),
    ),
    File(
        "an inclusion of words",
        written("words.csv", lambda: csv(signals_table().replace({"inclusion_0": {True: "in", False: "out"}}))),
        ("words.csv", "column inclusion_0; got '"),
    ),
    File(
        "scores that are dates",
        written("dates.parquet", lambda: parquet(**signals_table().assign(score_0=pd.Timestamp("2026-01-01")))),
        ("dates.parquet", "column score_0; got '2026-01-01"),
    ),
    File(
        "scores that are lists",
        written("lists.parquet", lambda: parquet(**signals_table().assign(score_0=[[1.0, 2.0]] * ROWS))),
        ("lists.parquet", "'score_0' holds lists"),
    ),
)

# New pictures and rows, which `records.read_records` refuses where the data has pictures of this shape.
NEW_SHAPE = (4, 4)
BAD_RECORDS: tuple[File, ...] = (
    File("a pickle of records", written("r.pkl", lambda: pickle.dumps(Opened())), ("expected a picture", "r.pkl")),
    File("a pickle as records", written("r.npz", lambda: pickle.dumps(Opened())), ("r.npz", "pickle, which is not")),
    File("an empty file of records", written("nothing.csv", lambda: b""), ("nothing.csv", "0 bytes")),
    File("a pickle as a picture", written("r.png", lambda: pickle.dumps(Opened())), ("r.png", "expected an image")),
    File("a picture cut off", written("cut.png", lambda: image(pixels(1, (60, 60)))[:-900]), ("cut.png", "complete")),
    File("a picture of a billion pixels", written("big.png", lambda: png_header(40_000, 40_000)), ("big.png",)),
    File(
        "a picture of 16 bits",
        written("deep.png", lambda: png(*png_parts(pixels().astype(np.uint16)))),
        ("deep.png", "8 bits per channel"),
    ),
    File("text as a zip", written("text.zip", lambda: b"a,b"), ("text.zip", "expected a zip archive")),
    File("a zip without pictures", written("none.zip", lambda: zipped({"a.txt": b"a"})), ("none.zip", "'a.txt'")),
    File("photos of a phone", written("heic.zip", lambda: zipped({"a.heic": b"a"})), ("heic.zip", ".heic")),
    File("an encrypted zip of records", written("locked.zip", encrypted), ("locked.zip", "encrypted")),
    File("a link among records", written("link.zip", linked), ("link.zip", "is a link")),
    File("a path out of a zip of records", written("up.zip", named_in_zip("../a.png")), ("up.zip", "leads out")),
    File(
        "a damaged picture in a zip",
        written("torn.zip", zip_with(a__b=lambda: image(pixels(1, (60, 60)))[:-900])),
        ("torn.zip", "a/b.png", "complete"),
    ),
    File("records without X", written("other.npz", npz_of(Y=NUMBERS)), ("other.npz", "an array X; got Y")),
    File("X of no array", written("bare.npz", lambda: zipped({"X": array(NUMBERS)})), ("bare.npz", "got no arrays")),
    File("X as Python objects", written("obj.npz", npz_of(X=NUMBERS.astype(object))), ("obj.npz", "Python objects")),
    File("X of one dimension", written("flat.npz", npz_of(X=NUMBERS[0])), ("flat.npz", "(m, k)", "(3,)")),
    File("X of texts", written("texts.npz", npz_of(X=np.array([["a"]]))), ("texts.npz", "<U1 (1, 1)")),
    File("X of complex numbers", written("i.npz", npz_of(X=NUMBERS + 1j)), ("i.npz", "complex128")),
    File("X without columns", written("thin.npz", npz_of(X=NUMBERS[:, :0])), ("thin.npz", "(40, 0)")),
    File("X without rows", written("short.npz", npz_of(X=NUMBERS[:0])), ("short.npz", "from 1 to 1,000", "got 0")),
    File("pictures of fractions", written("float.npz", npz_of(X=np.ones((2, 4, 4)))), ("float.npz", "float64 (2, 4")),
    File("four channels", written("rgba.npz", npz_of(X=pixels(1, (2, 4, 4, 4)))), ("rgba.npz", "(2, 4, 4, 4)")),
    File("X of 10^12 numbers", written("promise.npz", hollow("X")), ("promise.npz", "8,000,000,000,000")),
    File("one id less than rows", written("ids.npz", npz_of(X=NUMBERS, ids=np.arange(39))), ("each of 40", "(39,)")),
    File("ids of records that are bytes", written("b.npz", npz_of(X=NUMBERS, ids=np.array([b"a"] * 40))), ("got |S1",)),
    File(
        "ids of two million characters",
        written("wide.npz", npz_of(X=NUMBERS, ids=np.array(["x" * 500_000] * ROWS))),
        ("wide.npz", "200 characters"),
    ),
    File("records cut off in a row", written("cut.csv", lambda: csv(table())[:-9]), ("cut.csv", "last row")),
    File("text as Parquet of records", written("text.parquet", lambda: b"age,dose\n"), ("text.parquet", "Parquet")),
    File(
        "a thousand rows and one",
        written("many.csv", lambda: csv(table(1_001))),
        ("many.csv", "from 1 to 1,000 pictures or rows; got 1,001"),
    ),
)
