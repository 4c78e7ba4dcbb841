"""Tables that outsiders found to be read wrongly without a word: each is read rightly, or refused by name."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from fil_core.data.own.choices import Choices
from fil_core.data.own.health import health
from fil_core.data.own.reading import read
from fil_core.data.raw import Raw
from fil_core.display.redaction import MASK, told
from fil_core.errors import BadData


def written(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def raw_of(path: Path, **choices: object) -> Raw:
    return read(path, Choices(**{"target": "y", "test_fraction": 0.0} | choices))[0]


_LONG = 12345678901234567890  # more digits than a float has
ROWS = [f"{i},{i * i % 7},{'no' if i % 2 else 'yes'}" for i in range(30)]


@pytest.mark.parametrize("place", [0, 12, 29])
@pytest.mark.parametrize("missing", ["refuse", "drop", "fill"])
def test_a_row_with_too_few_entries_is_refused_wherever_it_stands(place, missing, tmp_path):
    rows = [*ROWS[:place], "5,no", *ROWS[place:], ROWS[0]]
    path = written(tmp_path / "t.csv", "a,b,y", rows)
    with pytest.raises(BadData, match=rf"expected 3 entries in every row, as in the header; got 2 in line {place + 2}"):
        raw_of(path, missing=missing)


def test_empty_last_entries_blank_lines_and_quoted_breaks_are_no_short_rows(tmp_path):
    rows = [*(f'"no\nte",{row}' for row in ROWS), "", '"a, b",3,4,', '"c\nd",5,6,']
    raw = raw_of(written(tmp_path / "t.csv", "text,a,b,y", rows), missing="drop", left_out=("text",))
    assert raw.X.shape == (30, 2)


@pytest.mark.parametrize("header", ['"a\nq",b,y', 'b,"a\nq",y', '"a\nq","a\nr",y'])
def test_a_header_whose_name_spans_lines_is_refused_for_that_name(header, tmp_path):
    with pytest.raises(BadData, match=r"expected a printable name of 1 to 200 characters; got 'a.nq'"):
        raw_of(written(tmp_path / "t.csv", header, ROWS))


def test_a_short_row_is_found_beside_an_entry_of_any_length(tmp_path):
    rows = [*ROWS, f"5,{'x' * 200_000},", "5,no", ROWS[0]]
    with pytest.raises(BadData, match="got 2 in line 33"):
        raw_of(written(tmp_path / "t.csv", "a,b,y", rows), left_out=("b",))


def test_a_quote_within_a_name_opens_nothing(tmp_path):
    assert raw_of(written(tmp_path / "t.csv", 'pipe 5" wide,b,y', ROWS)).feature_names == ('pipe 5" wide', "b")


@pytest.mark.parametrize("form", ["{d:02d}.{m:02d}.{y:02d}", "{y:02d}-{m:02d}-{d:02d}", "{d}-Jan-{y:02d}"])
def test_years_of_two_digits_are_refused(form, tmp_path):
    dates = [form.format(d=1 + i % 28, m=1 + i % 12, y=(i * 7) % 100) for i in range(30)]
    path = written(tmp_path / "t.csv", "a,when,y", [f"{i},{d},{'no' if i % 2 else 'yes'}" for i, d in enumerate(dates)])
    with pytest.raises(BadData, match=r"two digits may be of either century.*four digits"):
        raw_of(path, dates="days")


def test_points_between_year_month_and_day(tmp_path):
    rows = [f"{i},2005.01.{1 + i:02d},{'no' if i % 2 else 'yes'}" for i in range(30)]
    raw = raw_of(written(tmp_path / "t.csv", "a,when,y", rows), dates="days")
    assert raw.X[:, 1].tolist() == list(range(30))


def test_a_word_among_dates_is_named_with_the_option_that_takes_it_for_missing(tmp_path):
    rows = [f"{i},{'unknown' if i % 5 == 0 else f'2005-01-{1 + i:02d}'},{'no' if i % 2 else 'yes'}" for i in range(30)]
    path = written(tmp_path / "t.csv", "a,when,y", rows)
    with pytest.raises(BadData, match="--missing-texts unknown"):
        raw_of(path, dates="days")
    assert len(raw_of(path, dates="days", missing_texts=("unknown",), missing="drop").X) == 24


@pytest.mark.parametrize("share", [2, 5, 9])  # tenths of the rows
def test_numbers_beside_a_word_in_most_rows_are_no_categories(share, tmp_path):
    rows = [f"{i},{'unknown' if i % 10 < share else i * 3},{'no' if i % 2 else 'yes'}" for i in range(200)]
    path = written(tmp_path / "t.csv", "a,b,y", rows)
    with pytest.raises(BadData, match="expected numbers; got 'unknown'.*--missing-texts unknown"):
        raw_of(path)
    assert raw_of(path, missing_texts=("unknown",), missing="fill").continuous == (0, 1)


def test_codes_beside_words_are_categories(tmp_path):
    rows = [f"{i},{'other' if i % 3 == 0 else i % 3},{'no' if i % 2 else 'yes'}" for i in range(60)]
    raw = raw_of(written(tmp_path / "t.csv", "a,b,y", [r.replace(",1,", ",one,") for r in rows]))
    assert set(raw.groups) == {"b"}


def test_fractions_without_a_name_are_a_feature_and_whole_numbers_are_row_names(tmp_path):
    fractions = [f"{i / 7:.5f},{r}" for i, r in enumerate(ROWS)]
    assert raw_of(written(tmp_path / "t.csv", ",a,b,y", fractions)).X.shape == (30, 3)
    whole = [f"{i * 3},{r}" for i, r in enumerate(ROWS)]
    assert raw_of(written(tmp_path / "u.csv", ",a,b,y", whole)).feature_names == ("a", "b")


def test_numbers_that_begin_with_a_zero_are_told(tmp_path):
    rows = [f"0{1000 + i * 37},{i},{'no' if i % 2 else 'yes'}" for i in range(30)]
    path = written(tmp_path / "t.csv", "zip,b,y", rows)
    raw = raw_of(path)
    assert raw.X[:, 0].tolist() == [1000 + i * 37 for i in range(30)]
    assert [note for note in raw.notes if "'01000'" in note and "--categorical zip" in note]
    assert not [note for note in raw_of(written(tmp_path / "u.csv", "a,b,y", ROWS)).notes if "zero" in note]


@pytest.mark.parametrize("rare", ["a", "z", "True"])
def test_a_rare_level_is_named_also_where_it_has_no_column(rare, tmp_path):
    other = {"a": "m", "z": "m", "True": "False"}[rare]
    rows = [f"{i * i % 11},{rare if i == 7 else other},{'no' if i % 2 else 'yes'}" for i in range(40)]
    checks = health(raw_of(written(tmp_path / "t.csv", "b,c,y", rows)), "table")
    assert any(f"c={rare}" in warning and "fewer than 5" in warning for warning in checks["warnings"])


def test_columns_to_leave_out_are_those_of_the_file(tmp_path):
    frame = pd.DataFrame({"c": list("abcd") * 15, "twin": list("wxyz") * 15, "b": np.arange(60) % 7})
    frame["y"] = np.where(np.arange(60) % 2, "no", "yes")
    frame.to_csv(tmp_path / "t.csv", index=False)
    (warning,) = [w for w in health(raw_of(tmp_path / "t.csv"), "table")["warnings"] if "depend" in w]
    assert warning.endswith(("Leave out twin to end that.", "Leave out c to end that."))


def test_the_column_that_misses_most_is_named_first(tmp_path):
    rows = [f"{'' if i == 1 else i},{i},{'' if i % 2 else i},{'no' if i % 3 else 'yes'}" for i in range(30)]
    with pytest.raises(BadData, match=r"in 'c' \(15\); 'a' \(1\)"):
        raw_of(written(tmp_path / "t.csv", "a,b,c,y", rows))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([decimal.Decimal(_LONG + i) for i in range(40)], [str(_LONG + i) for i in range(40)]),
        ([decimal.Decimal(f"{i}.50") for i in range(40)], [f"{i}.50" for i in range(40)]),
        ([datetime.date(2001, 1, 1) + datetime.timedelta(i) for i in range(40)], None),
    ],
)  # fmt: skip
def test_ids_of_a_parquet_file_keep_their_text(values, texts, tmp_path):
    pa.parquet.write_table(
        pa.table({"who": values, "a": range(40), "y": ["no", "yes"] * 20}), tmp_path / "t.parquet"
    )  # fmt: skip
    raw = raw_of(tmp_path / "t.parquet", id="who")
    assert raw.id_names.tolist() == (texts or [day.isoformat() for day in values])


def test_bytes_as_ids_are_refused_with_a_way_out(tmp_path):
    table = pa.table({"who": [bytes([i]) for i in range(40)], "a": range(40), "y": ["no", "yes"] * 20})
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(BadData, match="holds bytes. Choose another --id"):
        raw_of(tmp_path / "t.parquet", id="who")
    with pytest.raises(BadData, match="--leave-out who"):
        raw_of(tmp_path / "t.parquet")


def test_a_code_in_a_note_is_masked():
    note = "zip has numbers that begin with a zero, such as '01000'; they are read as numbers."
    assert told(note, ()) == f"zip has numbers that begin with a zero, such as {MASK}; they are read as numbers."
