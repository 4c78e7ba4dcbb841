"""The command `lood` about groups: what it answers, prints and writes, and how it refuses files of groups."""

from __future__ import annotations

import shlex

import numpy as np
import pandas as pd
import pytest

from fil_core.analyses.lood_groups.request import LoodGroupsRequest
from fil_core.analyses.reproduce import command
from fil_core.engine import Engine
from fil_core.specs import DataSpec
from tests.cli.test_cli_networks import last_line, refused

DIGITS = ["--data", "digits", "--classes", "3,8", "--subset", 60]
SPEC = DataSpec(name="digits", classes=("3", "8"), subset=60)
DIABETES = ["--data", "diabetes", "--subset", 60]


@pytest.fixture(scope="module")
def data():
    return Engine().dataset(SPEC)


def written(tmp_path, data, groups: list[str | None], name="groups.csv", **columns):
    """A file of groups of the first rows."""
    table = pd.DataFrame({"id": data.called(data.ids[: len(groups)]), "group": groups} | columns)
    path = tmp_path / name
    table.to_parquet(path, index=False) if path.suffix == ".parquet" else table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_groups_of_a_file(run, tmp_path, data, suffix):
    path = written(tmp_path, data, ["a", "b", "a", None, "b", "b"], f"groups.{suffix}", Age=[1] * 6)
    out = tmp_path / "out.parquet"
    line = last_line(run("lood", *DIGITS, "--group", path, "--json", "--out", out))
    assert (line["groups"], line["records"], line["largest"], line["by"]) == (2, 5, 3, "file")
    table = pd.read_parquet(out)
    assert table["name"].tolist() == ["a", "b"] and table["records"].tolist() == [2, 3]
    assert table["first_id"].tolist() == data.called(data.ids[:2]).tolist()
    assert table["kl_lood"].max() == line["max"]
    code, words, _ = run("lood", *DIGITS, "--group", path)
    assert code == 0 and "**" not in words and f"({table['records'][line['top']]} records)" in words


def test_names_of_groups_are_texts_also_where_they_look_like_numbers(run, tmp_path, data):
    path = written(tmp_path, data, ["01", "1", "1.0", "02"], "groups.csv")
    out = tmp_path / "out.parquet"
    assert last_line(run("lood", *DIGITS, "--group", path, "--json", "--out", out))["groups"] == 4
    assert set(pd.read_parquet(out)["name"]) == {"01", "1", "1.0", "02"}


@pytest.mark.parametrize("queries", ["ids:,", "ids:8,", "id:", "test:x", "all"])
def test_queries_that_name_nothing_are_refused(run, queries):
    refused(run("lood", *DIGITS, "--queries", queries), "--queries", "expected self")


def test_a_kernel_without_a_part_in_the_measures_named_is_refused(run):
    refused(run("measures", *DIGITS, "--of", "neighbours", "--kernel", "erf"), "--kernel", "lood")
    refused(run("measures", *DIGITS, "--of", "lood", "--depth", "3"), "--depth", "unique")


def test_the_line_that_reproduces_it_names_the_file_by_its_content(run, tmp_path, data):
    path = written(tmp_path, data, ["a", "b", "a"])
    first = last_line(run("lood", *DIGITS, "--group", path, "--queries", "test", "--json"))
    digest = next(e.key for e in Engine().store.entries() if e.analysis == "group")
    path.unlink()
    request = LoodGroupsRequest(data=SPEC, group=digest, queries="test")
    words = shlex.split(command(request))[3:]
    again = last_line(run(*words[: words.index("--out")], "--json"))
    assert again["cached"] and not first["cached"] and again["max"] == first["max"]


def test_classes_and_twins(run):
    line = last_line(run("lood", *DIGITS, "--group", "classes", "--queries", "test:3", "--json"))
    assert (line["groups"], line["records"], line["queries"], line["directions"]) == (2, 60, 1, 1)
    few, more = (
        last_line(run("lood", *DIABETES, "--group", "twins", "--similarity", one, "--json"))["records"]
        for one in (0.95, 0.9)
    )
    assert 2 <= few < more <= 60
    refused(run("lood", *DIABETES, "--group", "twins", "--similarity", 1), "--group", "Lower --similarity")
    refused(run("lood", *DIABETES, "--group", "classes"), "--group: expected data with classes")


def test_single_records_are_asked_without_group(run):
    assert last_line(run("lood", *DIGITS, "--json"))["n"] == 60
    for option, value in (("--fpr", 0.1), ("--twins", 2), ("--mean-lood", "sum")):
        refused(run("lood", *DIGITS, "--group", "classes", option, value), f"{option}: expected nothing", "--group")
    refused(run("lood", *DIGITS, "--similarity", 0.9), "--similarity: expected nothing", "--group")
    refused(run("lood", *DIGITS, "--group", "classes", "--similarity", 0.9), "--similarity", "not twins")
    refused(run("lood", *DIGITS, "--group", "classes", "--similarity", 1.5), "--similarity", "1.5")


def test_a_file_is_not_overwritten_by_the_result(run, tmp_path, data):
    path = written(tmp_path, data, ["a", "b"])
    refused(run("lood", *DIGITS, "--group", path, "--out", path), "--out", "--group names")
    assert len(pd.read_csv(path)) == 2


BAD = {
    "no column of groups": ("id,class\n3,a\n", "group not found among id, class"),
    "no column of ids": ("name,group\n3,a\n", "id not found among name, group"),
    "two columns of groups": ("id,group,Group\n3,a,b\n", "one column group"),
    "nothing": ("", "bad.csv"),
    "a header": ("id,group\n", "bad.csv"),
    "other ids": ("id,group\n999997,a\n999998,b\n", "such as 999997"),
    "ids of no kind": ("id,group\nanna,a\nben,b\n", "such as anna"),
    "no group": ("id,group\nFIRST,\n", "some training example"),
    "an id twice": ("id,group\nFIRST,a\nFIRST,b\n", "each id once; got FIRST twice"),
    "a group that cannot be printed": ("id,group\nFIRST,a\x07\n", "printable"),
}


@pytest.mark.parametrize(("content", "said"), BAD.values(), ids=list(BAD))
def test_bad_files_are_refused_in_words(run, tmp_path, data, content, said):
    first = str(data.called(data.ids[:1])[0])
    path = tmp_path / "bad.csv"
    path.write_text(content.replace("FIRST", first))
    refused(run("lood", *DIGITS, "--group", path), "--group: ", said.replace("FIRST", first), "bad.csv")


def test_no_file_and_other_files_are_refused(run, tmp_path):
    refused(run("lood", *DIGITS, "--group", tmp_path / "none.csv"), "none.csv", "there is none")
    (tmp_path / "groups.txt").write_text("id,group\n3,a\n")
    refused(run("lood", *DIGITS, "--group", tmp_path / "groups.txt"), "--group", ".csv or .parquet")


def test_row_numbers_from_one_are_refused(run, tmp_path):
    rng = np.random.default_rng(0)
    pd.DataFrame(rng.normal(size=(40, 3)), columns=list("abc")).to_csv(tmp_path / "own.csv", index=False)
    own = ["--data", tmp_path / "own.csv", "--target", "c", "--test-fraction", 0]
    path = tmp_path / "groups.csv"
    for start in (0, 1):
        pd.DataFrame({"id": range(start, start + 40), "group": ["a", "b"] * 20}).to_csv(path, index=False)
        answer = run("lood", *own, "--group", path, "--json")
        if start:
            refused(answer, "--group", "subtract 1")
        else:
            assert last_line(answer)["records"] == 40


def test_records_have_the_names_of_their_source(run, tmp_path):
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(30, 2)), columns=["a", "b"]).assign(
        who=[f"p{i:03}" for i in range(30)], c=rng.normal(size=30)
    )
    table.to_csv(tmp_path / "own.csv", index=False)
    groups = pd.DataFrame({"id": ["p004", "p002", "p009", "nobody"], "group": ["=x", "y", "=x", "y"]})
    groups.to_csv(tmp_path / "groups.csv", index=False)
    own = ["--data", tmp_path / "own.csv", "--target", "c", "--id", "who", "--test-fraction", 0]
    out = tmp_path / "out.parquet"
    line = last_line(run("lood", *own, "--group", tmp_path / "groups.csv", "--out", out, "--json"))
    found = pd.read_parquet(out)
    assert found["first_id"].tolist() == ["p002", "p004"] and found["name"].tolist() == ["y", "=x"]
    assert any(note.startswith("1 id of the file of groups is no training example") for note in line["notes"])


def test_queries_to_which_the_kernel_is_zero_are_refused(run, tmp_path):
    rng = np.random.default_rng(2)
    table = pd.DataFrame(rng.normal(size=(20, 3)), columns=["a", "b", "c"])
    table.loc[4, ["a", "b"]] = 0.0
    table.to_csv(tmp_path / "own.csv", index=False)
    own = ["--data", tmp_path / "own.csv", "--target", "c", "--test-fraction", 0, "--preprocess", "none"]
    pd.DataFrame({"id": range(6), "group": ["a", "b"] * 3}).to_csv(tmp_path / "groups.csv", index=False)
    asked = ["lood", *own, "--group", tmp_path / "groups.csv", "--kernel", "linear"]
    refused(run(*asked, "--queries", "id:4"), "--queries", "--bias-std above 0")
    assert last_line(run(*asked, "--queries", "ids:4,5", "--json"))["directions"] == 1
