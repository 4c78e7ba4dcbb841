"""Names and headers of tables: every column can be addressed, and no row of data becomes a header."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from file_parts import ROWS, csv, parquet, table

from fil_core.cli.options import names
from fil_core.data.own import Choices
from fil_core.data.own.reading import preview, read
from fil_core.data.own.separated import read_csv
from fil_core.data.raw import Raw
from fil_core.errors import BadData

ILL = np.array(["no", "yes"])[np.arange(ROWS) % 2]


def raw_of(path: Path, **choices: object) -> Raw:
    return read(path, Choices(**{"target": "ill", "test_fraction": 0.0} | choices))[0]


def lines(path: Path, header: str, separator: str = ",") -> Path:
    """A file with this header above two numbers and a class."""
    rows = [separator.join((str(i), str(i * i), ILL[i])) for i in range(7, 37)]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    "header",
    ['age , "weight, kg" ,ill', ' age,"weight, kg", ill', '"age","weight, kg","ill"', 'age,"weight, kg",ill   '],
)
def test_spaces_and_quotes_around_names_are_no_part_of_them(header, tmp_path):
    path = lines(tmp_path / "t.csv", header)
    assert raw_of(path).feature_names == ("age", "weight, kg")
    assert raw_of(path, left_out=("weight, kg",)).feature_names == ("age",)
    assert [column["name"] for column in preview(path)["columns"]] == ["age", "weight, kg", "ill"]


def test_spaces_after_a_separator_are_no_part_of_an_entry(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("age, city, ill\n" + "".join(f'{i}, "Bonn, am Rhein", yes\n{i}, Oslo, no\n' for i in range(20, 40)))
    raw = raw_of(path)
    assert raw.class_names == ("no", "yes")
    assert raw.groups["city"].levels == ("Bonn, am Rhein",)


def test_a_name_that_the_file_quotes_may_be_given_without_the_quotes(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"'age'": range(ROWS), "dose ": range(ROWS, 0, -1), "ill": ILL}).to_parquet(path)
    assert raw_of(path, left_out=("age",)).feature_names == ("dose",)
    assert raw_of(path, left_out=("'age'",), sensitive=("Dose",)).sensitive == ("dose",)


@pytest.mark.parametrize("name", ["weight, kg", "the patient's name", "-x", 'a "b"', "$HOME", "a;b"])
def test_suggestions_paste_into_a_shell(name, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(csv(table().assign(**{name: [f"person {i}" for i in range(ROWS)], "other": "x y"})))
    with pytest.raises(BadData) as refused:
        raw_of(path)
    words = shlex.split(str(refused.value).split("(--leave-out")[1].split("), or")[0].replace("=", " ", 1))
    assert names(words[0]) == (name,)
    assert raw_of(path, left_out=names(words[0])).feature_names[:2] == ("age", "dose")


def test_a_column_keeps_its_text_whatever_the_spaces_around_its_name(tmp_path):
    rows = "".join(f"{i}, {i:03d},{ILL[i]}\n" for i in range(ROWS))
    (tmp_path / "t.csv").write_text("age, who,ill\n" + rows)
    raw = raw_of(tmp_path / "t.csv", id="who")
    assert raw.id_names is not None
    assert raw.id_names.tolist() == [f" {i:03d}" for i in range(ROWS)]  # spaces may belong to an id
    (tmp_path / "u.csv").write_text("age, who, ill\n" + rows)
    assert raw_of(tmp_path / "u.csv", id="who").id_names.tolist() == [f"{i:03d}" for i in range(ROWS)]


# --- what a table cannot hold ---------------------------------------------------------------------------------------


def test_lists_and_bytes_in_parquet_go_with_the_columns_that_are_left_out(tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(parquet(age=range(ROWS), tags=[[1, 2]] * ROWS, photo=[b"a"] * ROWS, ill=list(ILL)))
    with pytest.raises(BadData, match=r"'tags' holds lists.*--leave-out tags,photo"):
        raw_of(path)
    assert raw_of(path, left_out=("tags", "PHOTO")).feature_names == ("age",)
    content = preview(path)
    kinds = {column["name"]: column["kind"] for column in content["columns"]}
    assert kinds == {"age": "number", "tags": "lists or records", "photo": "bytes", "ill": "category"}
    assert content["head"][3] == ["3", None, None, "yes"]


# --- names of rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("", range(ROWS)),
        ("", np.random.default_rng(1).permutation(ROWS)),
        ("", [f"car {i}" for i in range(ROWS)]),
        ("rownames", range(1, ROWS + 1)),
        ("X", range(1, ROWS + 1)),
        ("index", range(ROWS)),
        ("id", range(1, ROWS + 1)),
    ],
)
def test_a_column_that_numbers_or_names_the_rows_is_no_feature(name, values, tmp_path):
    path = tmp_path / "t.csv"
    frame = table()
    frame.insert(0, name, list(values))
    frame.to_csv(path, index=False)
    raw = raw_of(path)
    assert raw.feature_names == ("age", "dose", "city=Bonn", "city=Lyon")
    shown = name or "Unnamed: 0"
    assert any(note.startswith(f"{shown} numbers or names the rows") for note in raw.notes)
    assert preview(path)["columns"][0]["kind"] == "rows"
    named = raw_of(path, id=shown)
    assert sorted(map(str, named.ids if named.id_names is None else named.id_names)) == sorted(map(str, values))


@pytest.mark.parametrize(
    ("name", "values"), [("visit", range(ROWS)), ("id", np.arange(ROWS) * 3), ("row", np.arange(ROWS)[::-1])]
)
def test_other_whole_numbers_are_features(name, values, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(csv(table().assign(**{name: values})))
    assert name in raw_of(path).feature_names


def test_a_row_number_that_is_chosen_is_a_feature(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(csv(table().assign(index=range(ROWS))))
    assert "index" in raw_of(path, sensitive=("index",)).feature_names


# --- files without a header -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first", ["34,5.2,yes", "21,441,no", "Ann,34,yes", "7,49.5,x", "-3,9,x"], ids=lambda first: first.replace(",", " ")
)
def test_a_first_row_of_data_does_not_vanish_as_a_header(first, tmp_path):
    with pytest.raises(BadData, match="the first line looks like a row of data"):
        read_csv(lines(tmp_path / "t.csv", first))


@pytest.mark.parametrize("rows", [["Ann,Oslo,yes", "Bob,Oslo,yes", "Cleo,Bonn,no"], ["5.1,Iris", "4.9,Iris"]])
def test_short_files_without_a_header_are_refused(rows, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join([rows[0], *rows[1:] * 9]) + "\n")
    if rows[0].startswith("Ann"):  # a name that nobody else has could be the name of a column
        assert read_csv(path).shape == (18, 3)
    else:
        with pytest.raises(BadData, match="the first line looks like a row of data"):
            read_csv(path)


@pytest.mark.parametrize("header", ["0,1,ill", "2019,2020,ill", "10,20,ill", "x1,x2,yes", "age,1900,ill"])
def test_numbers_may_be_names(header, tmp_path):
    assert list(read_csv(lines(tmp_path / "t.csv", header)).columns) == header.split(",")


@pytest.mark.parametrize(
    ("codes", "names"),
    [
        (("01", "02", "1"), ("01", "1", "02")), (("1E3", "2E3"), ("1E3", "2E3")), (("7", "007"), ("007", "7")),
        (("-1", "1"), ("-1", "1")), (("1.0", "2.0"), ("1", "2")), (("+1", "2"), ("1", "2")),
        (("TRUE", "FALSE"), ("FALSE", "TRUE")),
    ],
)  # fmt: skip
def test_classes_keep_the_text_that_a_number_would_lose(codes, names, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("age,size,ill\n" + "".join(f"{i},{i * i},{codes[i % len(codes)]}\n" for i in range(40)))
    raw = raw_of(path)
    assert sorted(raw.class_names) == sorted(names)
    of_code = dict(zip(codes, [raw.class_names[int(c)] for c in raw.y[: len(codes)]], strict=True))
    assert [of_code[code].lstrip("+0") for code in codes] == [code.lstrip("+0").removesuffix(".0") for code in codes]
    assert {of_code[code] for code in codes} == set(names)


def test_counts_written_oddly_are_numbers_of_a_regression(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("age,size,ill\n" + "".join(f"{i},{i * i},{i % 3:02d}\n" for i in range(40)))
    assert raw_of(path, task="regression").y.tolist() == [i % 3 for i in range(40)]
