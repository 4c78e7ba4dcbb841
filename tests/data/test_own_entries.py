"""Texts of a table as what they stand for: numbers in a notation, dates, missing values, categories."""

from __future__ import annotations

import datetime
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from file_parts import ROWS, table

from fil_core.data import load, preprocess
from fil_core.data.own import Choices, add
from fil_core.data.own.choices import choices_of, read_missing_texts, write_missing_texts
from fil_core.data.own.dates import read_dates
from fil_core.data.own.numerals import Notation, readable_in
from fil_core.data.own.reading import preview, read
from fil_core.data.raw import Raw, fixed_split
from fil_core.errors import BadData, BadRequest
from fil_core.specs import DataSpec

TRAIN, TEST = fixed_split(ROWS)
ILL = np.array(["no", "yes"])[np.arange(ROWS) % 2]


def written(path: Path, separator: str = ",", **columns: object) -> Path:
    """A file with these columns, entries quoted where they need it, and a target of two classes."""
    pd.DataFrame(columns | {"ill": ILL}).to_csv(path, index=False, sep=separator)
    return path


def features(path: Path, **choices: object) -> tuple[Raw, dict[str, list[float]]]:
    """What is read of a file of which every row trains, and its columns by name."""
    raw, _ = read(path, Choices(**{"target": "ill", "test_fraction": 0.0} | choices))
    return raw, dict(zip(raw.feature_names, raw.X.T.tolist(), strict=True))


def message(path: Path, **choices: object) -> str:
    with pytest.raises(BadData) as refused:
        features(path, **choices)
    return str(refused.value)


# --- numbers --------------------------------------------------------------------------------------------------------

NUMBERS = [1234.5, -7.25, 0.5, 1000000.0, 12.0]
WRITTEN = {
    (",", ""): ["1234,5", "-7,25", "0,5", "1000000,0", "12"],
    (".", ","): ["1,234.5", "-7.25", "0.5", "1,000,000", "12"],
    (",", "."): ["1.234,5", "-7,25", "0,5", "1.000.000", "12"],
    (",", " "): ["1\u202f234,5", "-7,25", ",5", "1 000 000", "12"],
    (".", "'"): ["1'234.5", "-7.25", ".5", "1’000’000", "+12"],
}


@pytest.mark.parametrize("marks", WRITTEN)
@pytest.mark.parametrize("separator", [",", ";"])
def test_numbers_are_read_in_the_notation_that_is_stated(marks, separator, tmp_path):
    path = written(tmp_path / "n.csv", separator, dose=WRITTEN[marks] * 8, whole=np.arange(ROWS) + 7)
    raw, columns = features(path, decimal=marks[0], thousands=marks[1])
    assert columns == {"dose": NUMBERS * 8, "whole": list(range(7, 47))}
    assert raw.groups == {}
    assert any(note.startswith("Numbers are read with a decimal") for note in raw.notes)


@pytest.mark.parametrize("marks", WRITTEN)
def test_the_notation_of_a_file_is_suggested(marks, tmp_path):
    content = preview(written(tmp_path / "n.csv", dose=WRITTEN[marks] * 8))
    assert (content["decimal"], content["thousands"]) == marks
    assert content["columns"][0]["kind"] == "number"


def test_a_notation_is_suggested_only_where_the_other_columns_can_be_in_it(tmp_path):
    comma = ["3,14", "2,7"] * 20
    content = preview(written(tmp_path / "a.csv", ";", dose=comma, price=["1.234", "2.500"] * 20))
    assert (content["decimal"], content["thousands"]) == (",", ".")
    content = preview(written(tmp_path / "b.csv", ";", dose=comma, price=["1.2345", "2.5"] * 20))
    assert (content["decimal"], content["thousands"]) == (".", "")
    kinds = [(column["kind"], bool(column["non_numeric"])) for column in content["columns"]]
    assert kinds[:2] == [("category", True), ("number", False)]


def test_a_column_of_numbers_is_read_in_the_stated_notation_too(tmp_path):
    path = written(tmp_path / "n.csv", ";", price=["1.234", "2.500"] * 20)
    assert features(path)[1]["price"] == [1.234, 2.5] * 20
    assert features(path, decimal=",", thousands=".")[1]["price"] == [1234, 2500] * 20


@pytest.mark.parametrize(
    ("entries", "options"),
    [
        (["3,14", "2,71"], ["--decimal ,"]),
        (["1,234", "5,678"], ["--thousands ,", "--decimal ,"]),
        (["1.234,5", "7"], ["--decimal , --thousands ."]),
        (["1 234", "5 678"], ["--thousands ' '"]),
        (["1'234", "5'678"], [f"--thousands {shlex.quote(chr(39))}"]),
        (["12%", "7%"], []),
        (["$5", "$1,200"], []),
        (["<0.5", "0.7"], []),
        (["5", "4", "unknown", "3"], ["--missing-texts unknown"]),
        (["5", "4", "not known", "?"], ["--missing-texts 'not known,?'"]),
    ],
)
def test_what_looks_like_numbers_is_no_category_unasked(entries, options, tmp_path):
    path = written(tmp_path / "n.csv", dose=entries * (ROWS // len(entries)), age=np.arange(ROWS) * 2)
    said = message(path)
    assert "column 'dose': expected numbers" in said
    bad = [text for text in entries if not text.isdecimal() and text != "0.7"]
    assert all(repr(text) in said for text in bad[:2])
    assert all(option in said for option in [*options, "--categorical dose", "--leave-out dose"])
    assert ("--decimal" in said or "--thousands" in said or "--missing-texts" in said) == bool(options)
    assert set(features(path, left_out=("dose",))[1]) == {"age"}
    levels = features(path, categorical=("dose",))[0].groups["dose"]
    assert {*levels.levels, levels.dropped} == set(entries)


def test_a_column_of_which_a_fifth_is_unknown_has_numbers_once_that_is_said(tmp_path):
    path = written(tmp_path / "n.csv", dose=["4", "5", "6", "7", "unknown"] * 8)
    assert "'unknown' at row 4" in message(path)
    raw, columns = features(path, missing_texts=("unknown",), missing="drop")
    assert columns == {"dose": [4.0, 5.0, 6.0, 7.0] * 8}
    assert raw.ids.tolist() == [i for i in range(ROWS) if i % 5 != 4]
    assert "Missing values: 'dose' (8: 8 'unknown')." in raw.notes


def test_a_stated_number_is_missing_in_a_column_of_numbers(tmp_path):
    path = written(tmp_path / "n.csv", dose=[-999, 4, 5, 6] * 10, age=np.arange(ROWS) * 2.5)
    columns = features(path, missing_texts=("-999",), missing="drop")[1]
    assert columns["dose"] == [4.0, 5.0, 6.0] * 10
    assert features(path)[1]["dose"][0] == -999


def test_a_typographic_minus_is_a_minus_and_noted(tmp_path):
    raw, columns = features(written(tmp_path / "n.csv", dose=["\u22123.5", "2"] * 20))
    assert columns["dose"] == [-3.5, 2.0] * 20
    assert any("U+2212" in note for note in raw.notes)


def test_ranges_and_codes_with_letters_stay_categories(tmp_path):
    path = written(tmp_path / "n.csv", age=["18-25", "26-35"] * 20, stage=["1a", "2b", "3"] * 13 + ["3"])
    assert set(features(path)[0].groups) == {"age", "stage"}


def test_a_target_with_a_decimal_comma_is_refused_or_read(tmp_path):
    path = tmp_path / "n.csv"
    pd.DataFrame({"age": np.arange(ROWS) * 2, "dose": ["3,5", "4,25"] * 20}).to_csv(path, index=False)
    said = message(path, target="dose")
    assert "target 'dose': expected numbers" in said
    assert "--decimal ," in said and "--task classification" in said
    raw, _ = features(path, target="dose", decimal=",", task="regression")
    assert raw.y.tolist() == [3.5, 4.25] * 20
    assert features(path, target="dose", task="classification")[0].class_names == ("3,5", "4,25")


def test_numbers_stored_as_text_in_parquet_are_numbers_and_noted(tmp_path):
    path = tmp_path / "n.parquet"
    pd.DataFrame({"dose": ["3.5", "4"] * 20, "ill": ILL}).to_parquet(path)
    raw, columns = features(path)
    assert columns["dose"] == [3.5, 4.0] * 20
    assert any(note.startswith("dose holds numbers written as text") for note in raw.notes)


def test_a_category_by_choice_keeps_its_spelling(tmp_path):
    path = written(tmp_path / "n.csv", ward=["01", "1", "ICU", "02"] * 10)
    group = features(path, categorical=("ward",))[0].groups["ward"]
    assert {*group.levels, group.dropped} == {"01", "1", "ICU", "02"}


def test_a_group_of_digits_has_three_and_starts_with_no_zero():
    read_ = Notation(".", ",").read(["1,23", "0,123", "12,3456", "123,456"]).tolist()
    np.testing.assert_array_equal(read_, [np.nan, np.nan, np.nan, 123456.0])
    assert readable_in(["0,123", "7,5"]) == [Notation(",")]


@pytest.mark.parametrize("choices", [{"decimal": ";"}, {"thousands": "x"}, {"decimal": ",", "thousands": ","}])
def test_a_notation_that_is_none_is_refused(choices):
    with pytest.raises(BadRequest, match="--(decimal|thousands): expected"):
        Choices(**choices)


def test_the_notation_is_part_of_the_identity_of_a_data_set(tmp_path):
    path = written(tmp_path / "n.csv", ";", price=["1.234", "2.500"] * 20)
    plain = add(path, Choices(target="ill"))
    other = add(path, Choices(target="ill", decimal=",", thousands="."))
    assert plain.name != other.name
    assert choices_of(other.choices.plain()) == other.choices == Choices(target="ill", decimal=",", thousands=".")


# --- dates ----------------------------------------------------------------------------------------------------------

DAYS = [datetime.date(2026, 1, 31), datetime.date(2025, 12, 31), datetime.date(2026, 3, 1), datetime.date(2026, 1, 13)]
SINCE = [31.0, 0.0, 60.0, 13.0]  # days since the last of December: January has 31, February 28


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%b-%Y", "%B %d, %Y", "%Y/%m/%d"])
def test_few_valued_dates_are_refused_or_days_since_the_earliest(form, tmp_path):
    path = written(tmp_path / "d.csv", day=[day.strftime(form) for day in DAYS] * 10, age=np.arange(ROWS) * 2)
    said = message(path)
    assert "'day' has dates" in said
    assert "--leave-out day" in said and "--dates days" in said
    raw, columns = features(path, dates="days")
    assert columns["day"] == SINCE * 10
    assert any("days since 2025-12-31" in note for note in raw.notes)
    assert len(features(path, categorical=("day",))[0].groups["day"].levels) == 3


def test_times_and_the_dates_of_parquet_are_days_too(tmp_path):
    path = tmp_path / "d.parquet"
    times = pd.to_datetime(["2026-01-01 06:00", "2026-01-02 18:00"] * 20)
    pd.DataFrame({"at": times, "took": times - times[0], "ill": ILL}).to_parquet(path)
    assert features(path, dates="days")[1] == {"at": [0.0, 1.5] * 20, "took": [0.0, 1.5] * 20}
    path = written(tmp_path / "d.csv", at=["2026-01-01T06:00:00", "2026-01-02T18:00:00"] * 20)
    assert features(path, dates="days")[1]["at"] == [0.0, 1.5] * 20


def test_dates_whose_day_and_month_cannot_be_told_apart_are_refused(tmp_path):
    assert read_dates(["01/02/2026", "05/06/2026"])[0] is None
    path = written(tmp_path / "d.csv", day=["01/02/2026", "05/06/2026"] * 20, age=np.arange(ROWS) * 2)
    said = message(path, dates="days")
    assert "day and month cannot be told apart" in said and "'01/02/2026' at row 0" in said
    path = written(tmp_path / "d2.csv", day=["2026-01-02", "soon"] * 20, age=np.arange(ROWS) * 2)
    assert "'soon' at row 1" in message(path, dates="days")


def test_a_missing_date_is_missing(tmp_path):
    path = written(tmp_path / "d.csv", day=["2026-01-02", "2026-01-04", "NA", ""] * 10, age=np.arange(ROWS) * 2)
    assert features(path, dates="days", missing="drop")[1]["day"] == [0.0, 2.0] * 10


def test_a_target_of_dates_needs_days(tmp_path):
    path = tmp_path / "d.csv"
    pd.DataFrame({"age": np.arange(ROWS) * 2, "day": [f"{day}" for day in DAYS] * 10}).to_csv(path, index=False)
    assert "--dates days" in message(path, target="day")
    assert features(path, target="day", dates="days", task="regression")[0].y.tolist() == SINCE * 10


# --- missing values -------------------------------------------------------------------------------------------------

COUNTRIES = ["NA", "None", "DE", "nan"]


def test_texts_that_are_taken_for_missing_are_named_with_their_number(tmp_path):
    path = written(tmp_path / "m.csv", country=COUNTRIES * 10, age=[*["NA"] * 2, *[""] * 3, *range(35)])
    said = message(path)
    assert "'country' (30: 10 'NA', 10 'None', 10 'nan')" in said
    assert "'age' (5: 2 'NA', 3 empty)" in said
    assert "--missing-texts '\"\"'" in said


def test_na_none_and_nan_may_be_categories(tmp_path):
    path = written(tmp_path / "m.csv", country=COUNTRIES * 10, age=["NA", *range(39)])
    stated = read_missing_texts(shlex.split("--missing-texts '\"\"'")[1])
    assert stated == ()
    raw, columns = features(path, missing_texts=stated, missing="drop")
    group = raw.groups["country"]
    assert {*group.levels, group.dropped} == set(COUNTRIES)
    assert columns["age"] == [float(i) for i in range(39)]  # a text among numbers is missing all the same
    assert "'NA' is a category of country (10 rows), not a missing value." in raw.notes


@pytest.mark.parametrize("texts", [(), ("NA",), ("not known", "a,b", '"x"'), ("-999",)])
def test_texts_for_missing_values_survive_the_command_line(texts):
    assert read_missing_texts(write_missing_texts(texts)) == texts


def test_only_choices_that_leave_rows_are_suggested(tmp_path):
    half = ["", "", "1.5", "2.5"] * 10
    other = ["2.5", "3.5", "", ""] * 10
    path = written(tmp_path / "m.csv", a=half, b=other)
    for chosen in ("refuse", "drop"):
        said = message(path, missing=chosen)
        assert "--missing drop (leaves" not in said
        assert "--missing fill (leaves 40 of 40 rows)" in said
        assert "--leave-out a" in said and "which leaves 20 rows" in said
    assert set(features(path, left_out=("a",), missing="drop")[1]) == {"b"}


def test_rows_without_a_target_go_when_missing_values_are_filled_in(tmp_path):
    path = tmp_path / "m.csv"
    frame = table().astype({"ill": object})
    frame.loc[[3, 8], "ill"] = None
    frame.loc[5, "dose"] = np.nan
    frame.to_csv(path, index=False)
    raw, _ = features(path, missing="fill")
    assert raw.ids.tolist() == [i for i in range(ROWS) if i not in (3, 8)]
    assert "2 rows with no value of the target ill are left out." in raw.notes


def test_the_median_is_that_of_the_selected_training_rows(tmp_path):
    frame = pd.DataFrame({"kind": ["a", "b", "c", "c"] * 10, "dose": np.arange(ROWS) ** 2.0})
    gap = int(next(i for i in TRAIN if i % 4 == 0))
    frame.loc[gap, "dose"] = np.nan
    frame.to_csv(tmp_path / "m.csv", index=False)
    entry = add(tmp_path / "m.csv", Choices(target="kind", missing="fill"))
    train = frame.loc[TRAIN]
    for kinds in (("a", "b"), ("a", "c"), ()):
        data = load(DataSpec(name=entry.name, classes=kinds, preprocess="none"))
        rows = train[train["kind"].isin(kinds or ("a", "b", "c"))]
        median = float(np.nanmedian(rows["dose"]))
        assert data.X[data.row(gap), 0].item() == median
        assert f"1 missing value of dose is replaced by the median {median:g} of the training rows." in data.notes
    drawn = load(DataSpec(name=entry.name, preprocess="none", subset=20, seed=1))
    if gap in drawn.ids:
        assert drawn.X[drawn.row(gap), 0].item() == np.nanmedian(frame["dose"][drawn.ids])


def test_a_column_that_no_training_row_has_is_refused(tmp_path):
    dose = np.full(ROWS, np.nan)
    dose[TEST] = np.arange(len(TEST))
    path = written(tmp_path / "m.csv", dose=dose, age=np.arange(ROWS) * 2)
    assert "--leave-out dose" in message(path, missing="fill", test_fraction=0.2)
    raw = Raw(
        X=np.array([[np.nan], [np.nan]]), y=np.zeros(2), ids=np.arange(2), X_test=np.ones((1, 1)), y_test=np.zeros(1),
        feature_names=("dose",), gaps=(0,),
    )  # fmt: skip
    with pytest.raises(BadData, match="'dose': expected a value in some of the selected training rows"):
        preprocess.fill(raw)


def test_a_category_called_missing_is_not_mixed_with_missing_ones(tmp_path):
    path = written(tmp_path / "m.csv", city=["(missing)", "Oslo", "", "Bonn"] * 10)
    assert "Rename it in the file" in message(path, missing="fill")
    assert len(features(path, missing="drop")[0].X) == 30
