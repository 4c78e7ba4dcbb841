"""Files at which a parser or a computation once failed: each is read, or refused in words that name it."""

from __future__ import annotations

import io
import warnings
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from file_parts import CODES, ILL, NUMBERS, ROWS, array, arrays, csv, npy_header, parquet, table

from fil_core.data.own import Choices, add
from fil_core.data.own.arrays import read_archive
from fil_core.data.own.faults import Unread
from fil_core.data.own.health import health
from fil_core.data.own.reading import preview, read
from fil_core.engine.store import Store
from fil_core.engine.uploads import keep_scores, read_scores
from fil_core.errors import BadData
from tests.conftest import dataset_of

HUGE = "9" * 400
ROW = "1,2,Oslo,no\n"
HEAD = "age,dose,city,ill\n"


def refusal(path, **choices) -> str:
    """The error of reading a file, which names it, without a warning."""
    with warnings.catch_warnings(), pytest.raises(BadData) as refused:
        warnings.simplefilter("error")
        add(path, Choices(**{"target": "ill"} | choices))
    assert not isinstance(refused.value, Unread)
    assert path.name in str(refused.value)
    return str(refused.value)


def said_of(call) -> str:
    """The foreseen error of a call; empty for none."""
    try:
        call()
    except Unread:
        raise
    except BadData as error:
        return str(error)
    return ""


@pytest.fixture
def file(tmp_path):
    def make(name: str, content: bytes | str):
        path = tmp_path / name
        path.write_bytes(content.encode(errors="surrogatepass") if isinstance(content, str) else content)
        return path

    return make


# --- text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (HEAD + f"{HUGE},2,Oslo,no\n" + ROW * 9, "finite numbers"),
        (HEAD + f"-{HUGE},2,Oslo,no\n" + ROW * 9, "finite numbers"),
        ("a" * 140_000 + ",ill\n1,no\n2,yes\n", "characters"),
        ('"' + "a" * 140_000 + '",ill\n1,no\n2,yes\n', "characters"),
        (HEAD, "0 rows"),
        ("\ufeff", "no text"),
        ("\0" * 40, "zero"),
        ("a,ill\n\ud800,no\n", "UTF-8"),
        ("\ud800,ill\n1,no\n", "UTF-8"),
        (HEAD + "inf,2,Oslo,no\n" * 20, "finite numbers"),
        (HEAD + "-inf,2,Oslo,no\ninf,2,Bonn,yes\n" * 20, "finite numbers"),
    ],
)
def test_odd_text_is_refused_by_name(content, says, file):
    assert says in refusal(file("ward.csv", content))


def test_utf_16_and_an_empty_file_are_refused_by_name(file):
    assert "UTF-16" in refusal(file("ward.csv", "a,ill\n1,2\n".encode("utf-16")))
    assert "0 bytes" in refusal(file("none.csv", b""))


def test_a_byte_order_mark_is_no_part_of_a_name(file):
    raw, _ = read(file("ward.csv", b"\xef\xbb\xbf" + csv(table())), Choices(**ILL))
    assert "age" in raw.feature_names


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("values", [[True, False], ["no", "yes"], ["1", "2a"]], ids=str)
def test_a_regression_on_what_are_no_numbers_is_refused(values, suffix, file):
    columns = {"x": NUMBERS[:, 0], "ill": values * (ROWS // 2)}
    path = file(f"ward{suffix}", csv(pd.DataFrame(columns)) if suffix == ".csv" else parquet(**columns))
    assert "'ill'" in refusal(path, task="regression")


def test_numbers_written_as_text_are_a_regression(file):
    path = file("ward.parquet", parquet(x=NUMBERS[:, 0], ill=[f"{v:.3f}" for v in NUMBERS[:, 1]]))
    assert read(path, Choices(target="ill", task="regression"))[0].y.dtype == np.float64


@pytest.mark.parametrize("missing", ["fill", "drop", "refuse"])
def test_a_table_of_one_row_is_refused(missing, file):
    refusal(file("ward.csv", HEAD + ROW), missing=missing)
    refusal(file("ward.csv", "ill,dose,age\nyes,2,3\n"), missing=missing)
    refusal(file("ward.csv", "ill,dose,city\n1,2,Oslo\n"), missing=missing, task="regression")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "1600-02-29", "12026-01-01"])
def test_dates_of_a_distant_year_are_read_or_refused(day, file):
    path = file("ward.csv", "day,x,ill\n" + "".join(f"{day},{i},{i % 2}\n2026-01-01,{i},1\n" for i in range(20)))
    preview(path)
    if day == "12026-01-01":
        refusal(path, dates="days")
    else:
        raw, _ = read(path, Choices(target="ill", dates="days"))
        assert any(day in note or "2026-01-01" in note for note in raw.notes)


# --- Parquet --------------------------------------------------------------------------------------------------------


def column(values, kind=None, name="x") -> bytes:
    buffer = io.BytesIO()
    names = [name, "z", "ill"]
    pq.write_table(
        pa.Table.from_arrays([pa.array(values, kind), pa.array(NUMBERS[:, 0]), pa.array(CODES)], names), buffer
    )
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["a", None] * 20, pa.dictionary(pa.int8(), pa.string())), ([10**70, 1] * 20, pa.decimal256(76, 0)),
        ([10**37, 1] * 20, pa.decimal128(38, 0)), ([1, 3] * 20, pa.duration("s")), ([None] * 40, pa.null()),
        ([[("a", 1)]] * 40, pa.map_(pa.string(), pa.int64())), ([{"a": 1}] * 40, pa.struct([("a", pa.int64())])),
        ([0, 10**6] * 20, pa.date32()), ([float("inf")] * 40, pa.float64()), ([np.float16(2)] * 40, pa.float16()),
        ([2**64 - 1, 0] * 20, pa.uint64()), ([253402300799, -62135596800] * 20, pa.timestamp("s")),
    ],
    ids=lambda value: str(value) if isinstance(value, pa.DataType) else "",
)  # fmt: skip
@pytest.mark.parametrize("choices", [{}, {"missing": "fill", "dates": "days"}, {"categorical": ("x",)}], ids=str)
def test_columns_of_every_type_are_read_or_refused(values, kind, choices, file):
    path = file("ward.parquet", column(values, kind))
    preview(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = said_of(lambda: add(path, Choices(target="ill", **choices)))
    assert path.name in said or said.startswith("--") or not said


def test_a_name_that_occurs_twice_is_refused(file):
    assert "'z' twice" in refusal(file("ward.parquet", column([1] * 40, name="z")))


# --- arrays ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    ["(2, True)", "(-1, 3)", "(3, -1)", "(1.5, 2)", "(10**30, 2)", f"({HUGE}, 2)", "(1,) * 99", "'ab'", "2", "None"],
)
def test_headers_with_odd_shapes_are_refused(shape, file):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}"
    if len(header) > 110:
        header = header.replace(HUGE, "9" * 40)
    content = npy_header(header) + bytes(800)
    refusal(file("ward.npy", content), target="0")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("X.npy", content)
        archive.writestr("y.npy", array(CODES))
    refusal(file("ward.npz", buffer.getvalue()), target="y")


def test_an_array_that_occurs_twice_is_refused_by_its_name(file):
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "w") as archive:
        for values in (NUMBERS, NUMBERS + 1):
            archive.writestr("X.npy", array(values))
        archive.writestr("y.npy", array(CODES))
    assert "'X' twice" in refusal(file("ward.npz", buffer.getvalue()), target="y")
    with pytest.raises(BadData, match="twice"):
        read_archive(file("ward.npz", buffer.getvalue()), ("X", "y"))


# --- checks, and files beside data ----------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-200, 1e-300, 1e-305, 1e98])
def test_the_condition_number_of_tiny_and_huge_columns_is_computed(scale, tmp_path):
    """It is that of the standardised columns, which no unit changes."""
    path = tmp_path / "ward.npz"
    X = np.random.default_rng(2).integers(-50, 50, (40, 3)).astype(np.float64)
    conditions = []
    for factor in (1.0, scale):
        path.write_bytes(arrays(X=X * [1.0, factor, 1.0], y=CODES))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            conditions.append(health(read(path, Choices())[0], "table")["condition"])
    assert conditions[1] == pytest.approx(conditions[0], rel=1e-9)


def test_a_condition_number_that_fails_is_told_as_not_computed(file, monkeypatch):
    def fails(_):
        raise np.linalg.LinAlgError("Eigenvalues did not converge")

    monkeypatch.setattr(np.linalg, "eigvalsh", fails)
    assert add(file("ward.csv", csv(table())), Choices(**ILL)).health["condition"] is None


@pytest.mark.parametrize(
    "ids", [[HUGE] * 9, [10**30 + i for i in range(9)], [1e300] * 9, [-1] * 9], ids=["400 digits", "30", "float", "-1"]
)
def test_scores_of_impossible_ids_are_refused(ids, file, tmp_path):
    path = file("mine.csv", csv(pd.DataFrame({"id": ids, "eta": 1.5})))
    with pytest.raises(BadData, match=r"^scores: .*mine\.csv"):
        keep_scores(Store(tmp_path / "s"), read_scores(path), dataset_of(NUMBERS, CODES, classes=2), title="mine.csv")


@pytest.mark.parametrize(
    "values", [pd.date_range("2026", periods=40), [True, False] * 20, [None] * 40], ids=["dates", "bool", "none"]
)
def test_scores_that_are_no_numbers_are_refused_or_read(values, file, tmp_path):
    data = dataset_of(NUMBERS, CODES, classes=2)
    path = file("mine.parquet", parquet(id=data.ids, mine=values, eta=np.ones(40)))
    said = said_of(lambda: keep_scores(Store(tmp_path / "s"), read_scores(path), data, title="mine.parquet"))
    assert "mine.parquet" in said or not said
