"""Tables for other programs: nothing a spreadsheet runs, nothing half written."""

from __future__ import annotations

import csv
import errno
import io
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fil_core.engine.store.export import (
    to_csv_bytes,
    to_flat_parquet_bytes,
    to_parquet_bytes,
    unguarded,
    write_table,
)
from fil_core.errors import BadRequest

FORMULAS = [
    "=1+1", "+1+1", "-a", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tplain", "\rplain", "\nplain", "  =1", "\u3000=1",
    "\xa0@x", "\u200b=1", "\ufeff=1", "\x00=1", "＝1", "＋1", "－1", "＠x", " ＝1", "﹦1", "−1", "=cmd|' /C calc'!A0",
]  # fmt: skip


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_neutralised_wherever_text_can_stand(text: str) -> None:
    frame = pd.DataFrame({text: [text], "kind": pd.Categorical([text])}, index=pd.Index([text], name="id"))
    assert cells(to_csv_bytes(frame)) == [["id", f"'{text}", "kind"], [f"'{text}"] * 3]


def test_numbers_and_harmless_text_are_untouched() -> None:
    frame = pd.DataFrame(
        {"eta": [-1.5, np.nan, -np.inf], "n": [-1, 0, 1], "ok": [True, False, True], "t": ["a=b", "3-2", "it's"]},
        index=pd.Index([-7, 0, 7], name="row"),
    )
    assert cells(to_csv_bytes(frame)) == [
        ["id", "eta", "n", "ok", "t"],
        ["-7", "-1.5", "-1", "True", "a=b"],
        ["0", "", "0", "False", "3-2"],
        ["7", "-inf", "1", "True", "it's"],
    ]


def test_numbers_among_objects_stay_numbers_and_missing_text_stays_empty() -> None:
    frame = pd.DataFrame({"mixed": pd.Series([-1, "-1", None], dtype=object)})
    assert cells(to_csv_bytes(frame)) == [["id", "mixed"], ["0", "-1"], ["1", "-1"], ["2", ""]]


def test_a_lone_carriage_return_does_not_start_a_new_line() -> None:
    content = to_csv_bytes(pd.DataFrame({"t": ["x\r=1"]}))
    assert b'"x\r=1"' in content


def test_repeated_column_names_keep_their_columns() -> None:
    frame = pd.DataFrame([["=a", "b"]], columns=["t", "t"])
    assert cells(to_csv_bytes(frame)) == [["id", "t", "t"], ["0", "'=a", "b"]]


def test_csv_does_not_change_the_frame() -> None:
    frame = pd.DataFrame({"=a": ["=1"]})
    before = frame.copy(deep=True)
    to_csv_bytes(frame)
    pd.testing.assert_frame_equal(frame, before)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), min_size=1))
def test_no_cell_starts_a_formula_and_text_survives(texts: list[str]) -> None:
    rows = cells(to_csv_bytes(pd.DataFrame({"t": texts})))[1:]
    assert len(rows) == len(texts)
    for (_, got), text in zip(rows, texts, strict=True):
        assert got in (text, f"'{text}") and unguarded(got) == text
        assert is_number(got) or (
            not got.strip().startswith(tuple("=+-@＝＋－＠")) and not got.startswith(("\t", "\r", "\n"))
        )


def is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and text.isascii()
    except ValueError:
        return False


@pytest.mark.parametrize("number", ["-1", "+1", "+4915112345678", "-1.5", "-1e-3", "+1E3"])
def test_a_number_that_is_a_text_is_no_formula(number: str) -> None:
    assert cells(to_csv_bytes(pd.DataFrame({"t": [number]})))[1][1] == number == unguarded(number)


@given(st.text("'=-1 a", max_size=8))
def test_no_two_texts_are_written_alike(text: str) -> None:
    """An apostrophe of its own is kept apart from the one that guards."""
    got = cells(to_csv_bytes(pd.DataFrame({"t": [text]})))[1][1]
    assert unguarded(got) == text


def test_separators_in_the_names_of_columns_are_quoted() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a;b;c;d", 'q"'])
    assert to_csv_bytes(frame).startswith(b'id,"a;b;c;d","q"""\r\n')


@given(st.lists(st.floats(), min_size=1))
def test_every_float_survives_csv_exactly(values: list[float]) -> None:
    got = [float(row[1] or "nan") for row in cells(to_csv_bytes(pd.DataFrame({"x": values})))[1:]]
    np.testing.assert_array_equal(got, values)


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"t": pd.Series([], dtype=str)})])
def test_an_empty_table_is_a_header(frame: pd.DataFrame) -> None:
    assert cells(to_csv_bytes(frame)) == [["id", *frame.columns]]


def test_parquet_keeps_index_and_types() -> None:
    frame = pd.DataFrame({"eta": [1.5, np.nan], "=t": ["=1", None]}, index=pd.Index([4, 9], name="id"))
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(to_parquet_bytes(frame))), frame)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "different texts"),
        (pd.DataFrame([[1, 2]], columns=["a", 2]), "different texts"),
        (pd.DataFrame({"id": [1]}, index=pd.Index([0], name="id")), "no column has"),
        (pd.DataFrame({"a": [1, "x"]}), "one type each"),
        (pd.DataFrame({"a": [1j]}), "one type each"),
    ],
)
def test_parquet_refuses_what_it_cannot_hold(frame: pd.DataFrame, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        to_parquet_bytes(frame)


def test_a_parquet_for_other_programs_has_the_ids_as_a_column() -> None:
    frame = pd.DataFrame({"eta": [1.0, 2.0]}, index=pd.Index([3, 5], name="id"))
    got = pd.read_parquet(io.BytesIO(to_flat_parquet_bytes(frame)))
    assert list(got.columns) == ["id", "eta"] and list(got["id"]) == [3, 5]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "T.CSV"])
def test_write_table_chooses_by_suffix_and_replaces(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"eta": [1.0]}, index=pd.Index([3], name="id"))
    (tmp_path / name).write_text("old")
    write_table(frame, tmp_path / name)
    writer = to_csv_bytes if name.lower().endswith("csv") else to_flat_parquet_bytes
    assert (tmp_path / name).read_bytes() == writer(frame)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["t.xlsx", "t"])
def test_another_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest, match=r"\.parquet or \.csv"):
        write_table(pd.DataFrame(), tmp_path / name)


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    target = tmp_path / "t.csv"
    target.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadRequest, match=r"t\.csv cannot be written \(No space left on device\)"):
        write_table(pd.DataFrame({"a": [1]}), target)
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["t.csv"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"expected an existing folder; .*none is not there"):
        write_table(pd.DataFrame(), tmp_path / "none" / "t.csv")
