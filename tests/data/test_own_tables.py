"""Tables of one's own: columns to features, against pandas and NumPy done by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from file_parts import table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas._libs.parsers import STR_NA_VALUES

from fil_core.data.loading import assemble
from fil_core.data.own.choices import Choices, choices_of, image_size
from fil_core.data.own.columns import MOST_LEVELS, describe
from fil_core.data.own.frames import read_csv
from fil_core.data.own.reading import preview, read
from fil_core.data.own.tables import read_table
from fil_core.data.raw import fixed_split
from fil_core.errors import BadData, BadRequest
from fil_core.specs import DataSpec

N = 40
TRAIN, TEST = fixed_split(N)


def read_in(frame: pd.DataFrame, **choices):
    return read_table(frame, Choices(**({"target": "ill"} | choices)), "a test's table")


def refused(frame: pd.DataFrame, message: str, **choices) -> None:
    with pytest.raises(BadData, match=message):
        read_in(frame, **choices)


# --- features -------------------------------------------------------------------------------------------------------


def test_categories_are_one_hot_without_their_last_level_and_the_split_is_the_usual_one():
    frame = table()
    raw = read_in(frame)
    by_hand = np.column_stack([frame["age"], frame["dose"], frame["city"] == "Bonn", frame["city"] == "Lyon"])
    assert raw.feature_names == ("age", "dose", "city=Bonn", "city=Lyon")
    assert raw.X.tolist() == by_hand[TRAIN].tolist()
    assert raw.X_test.tolist() == by_hand[TEST].tolist()
    assert raw.y.tolist() == (frame["ill"] == "yes")[TRAIN].tolist()
    assert raw.y_test.tolist() == (frame["ill"] == "yes")[TEST].tolist()
    assert raw.ids.tolist() == TRAIN.tolist()
    assert raw.class_names == ("no", "yes")
    assert (len(TRAIN), len(TEST)) == (32, 8)
    group = raw.groups["city"]
    assert (group.columns, group.levels, group.dropped) == ((2, 3), ("Bonn", "Lyon"), "Oslo")
    assert raw.continuous == (0, 1)
    assert raw.target_name == "ill"
    assert "city: coded without Oslo, which all zeros stand for." in raw.notes
    assert raw.notes[0] == "ids are rows of the file, counted from 0 without its header."


def test_numbers_that_name_categories_are_coded_when_that_is_chosen():
    frame = table().assign(ward=np.array([10, 9, 2])[np.arange(N) % 3])
    assert "ward" in read_in(frame).feature_names
    raw = read_in(frame, categorical=("ward",))
    assert [n for n in raw.feature_names if n.startswith("ward")] == ["ward=2", "ward=9"]  # by size, not by letters
    assert raw.groups["ward"].dropped == "10"


def test_a_category_of_a_test_row_that_no_training_row_has_takes_that_row_out_and_is_told():
    frame = table()
    frame.loc[TEST[3], "city"] = "Rome"
    raw = read_in(frame)
    kept = np.delete(TEST, 3)
    assert raw.X_test[:, 0].tolist() == frame["age"][kept].tolist()
    assert raw.groups["city"].levels == ("Bonn", "Lyon")
    assert any(note.startswith("1 test rows with a category that no training row has") for note in raw.notes)


def test_a_category_that_is_the_same_in_all_training_rows_is_left_out_and_told():
    frame = table().assign(site="north")
    frame.loc[TEST[0], "site"] = "south"
    raw = read_in(frame)
    assert not any(name.startswith("site") for name in raw.feature_names)
    assert "site is left out: all training rows have the same entry." in raw.notes
    assert len(raw.X_test) == len(TEST)


def test_truth_values_are_a_category():
    raw = read_in(table().assign(smokes=np.arange(N) % 4 == 0))
    at = raw.feature_names.index("smokes=False")
    assert raw.X[:, at].tolist() == (TRAIN % 4 != 0).astype(float).tolist()


def test_columns_are_found_whatever_their_case_unless_two_differ_in_it_alone():
    raw = read_in(table(), target="ILL", left_out=("Age",), sensitive=("CITY",))
    assert raw.feature_names == ("dose", "city=Bonn", "city=Lyon")
    assert raw.sensitive == ("city",)
    both = table().assign(AGE=1.5 + np.arange(N))
    assert read_in(both, left_out=("AGE",)).feature_names[0] == "age"
    assert "AGE" in read_in(both, left_out=("age",)).feature_names


def test_the_table_is_not_written_to():
    frame = table()
    frame.loc[3, "dose"] = np.nan
    before = frame.copy()
    read_in(frame, missing="fill")
    pd.testing.assert_frame_equal(frame, before)


# --- the split ------------------------------------------------------------------------------------------------------


def test_a_fraction_of_zero_trains_on_every_row():
    raw = read_in(table(), test_fraction=0)
    assert raw.ids.tolist() == list(range(N))
    assert raw.X_test.shape == (0, 4)


@pytest.mark.parametrize(("fraction", "held_out"), [(1 / N, 1), (0.1, 4), (0.25, 10), (0.26, 11), (0.9, 36)])
def test_a_fraction_is_rounded_up_to_rows(fraction, held_out):
    raw = read_in(table(), test_fraction=fraction)
    assert (len(raw.X), len(raw.X_test)) == (N - held_out, held_out)
    order = np.random.default_rng(0).permutation(N)
    assert raw.ids.tolist() == sorted(order[: N - held_out])


# --- ids ------------------------------------------------------------------------------------------------------------


def test_whole_numbers_name_the_rows_and_sort_them():
    numbers = np.random.default_rng(4).permutation(N) * 7 + 100
    frame = table().assign(patient=numbers)
    raw = read_in(frame, id="patient", test_fraction=0)
    assert raw.ids.tolist() == sorted(numbers)
    assert raw.id_names is None
    in_order = frame.sort_values("patient")
    assert raw.X[:, 1].tolist() == in_order["dose"].tolist()
    assert raw.y.tolist() == (in_order["ill"] == "yes").tolist()
    assert "patient" not in raw.feature_names
    held = read_in(frame, id="patient")
    assert held.ids.tolist() == np.sort(numbers)[TRAIN].tolist()
    assert "ids are the column patient." in held.notes


@pytest.mark.parametrize(
    "ids",
    [[f"P-{i:02d}" for i in range(N)][::-1], [-i for i in range(N)], [i + 0.5 for i in range(N)]],
    ids=["texts", "negative numbers", "fractions"],
)
def test_other_ids_are_names_and_rows_keep_the_files_order(ids):
    raw = read_in(table().assign(patient=ids), id="patient")
    assert raw.ids.tolist() == TRAIN.tolist()
    assert raw.id_names.tolist() == [str(ids[i]) for i in TRAIN]
    data = assemble(raw, DataSpec(preprocess="none"), title="t", task="classification")
    assert data.called(data.ids[[2, 0, 5]]).tolist() == [str(ids[i]) for i in TRAIN[[2, 0, 5]]]
    drawn = assemble(raw, DataSpec(preprocess="none", subset=9, seed=2), title="t", task="classification")
    assert drawn.called(drawn.ids).tolist() == [str(ids[i]) for i in drawn.ids]


def test_ids_beyond_what_a_browser_counts_are_names():
    raw = read_in(table().assign(patient=2**53 + 2 + np.arange(N)), id="patient", test_fraction=0)
    assert raw.id_names[3] == str(2**53 + 5)


def test_an_id_of_a_row_that_is_left_out_may_be_missing():
    frame = table().assign(patient=[f"P{i}" for i in range(N - 1)] + [None])
    frame.loc[N - 1, "dose"] = np.nan
    assert len(read_in(frame, id="patient", missing="drop", test_fraction=0).ids) == N - 1


# --- missing entries ------------------------------------------------------------------------------------------------


def holed() -> pd.DataFrame:
    frame = table().astype({"age": float})
    frame.loc[[TRAIN[1], TEST[2]], "dose"] = np.nan
    frame.loc[TRAIN[4], "city"] = None
    return frame


def test_missing_entries_stop_the_reading_unless_something_was_chosen():
    refused(holed(), r"'dose' 2; 'city' 1, in 3 of 40 rows\. Choose --missing drop")


def test_dropped_rows_are_counted_and_the_others_keep_their_ids():
    frame = holed()
    raw = read_in(frame, missing="drop", test_fraction=0)
    assert raw.ids.tolist() == np.flatnonzero(frame.notna().all(axis=1)).tolist()
    assert raw.X[:, 0].tolist() == frame.dropna()["age"].tolist()
    assert "3 rows with missing entries are left out." in raw.notes


def test_numbers_are_filled_in_by_the_median_of_the_training_rows_and_categories_by_a_level():
    frame = holed()
    raw = read_in(frame, missing="fill")
    median = np.nanmedian(frame["dose"][TRAIN])
    assert median != np.nanmedian(frame["dose"])
    assert raw.X[1, 1] == median
    assert raw.X_test[2, 1] == median
    assert raw.groups["city"].levels == ("(missing)", "Bonn", "Lyon")
    at = raw.feature_names.index("city=(missing)")
    assert np.flatnonzero(raw.X[:, at]).tolist() == [4]
    assert f"2 missing entries of dose are filled in with the median {median:g}." in raw.notes
    assert "1 missing entries of city are filled in with (missing)." in raw.notes


def test_what_is_missing_in_a_column_that_is_left_out_does_not_matter():
    assert len(read_in(holed(), left_out=("dose", "city"), test_fraction=0).X) == N


# --- the target -----------------------------------------------------------------------------------------------------

_MANY = np.arange(N) * 3
_TARGETS = {
    "texts": (["b", "a"] * 20, "auto", ("a", "b")),
    "truth values": ([True, False] * 20, "auto", ("False", "True")),
    "few whole numbers": ([10, 9] * 20, "auto", ("9", "10")),
    "few whole numbers as floats": ([2.0, 1.0] * 20, "auto", ("1", "2")),
    "twenty whole numbers": (np.arange(N) // 2, "auto", tuple(map(str, range(20)))),
    "twenty-one whole numbers": (np.minimum(np.arange(N), 20), "auto", ()),
    "many whole numbers": (_MANY, "auto", ()),
    "many whole numbers as classes": (_MANY, "classification", tuple(map(str, _MANY))),
    "few whole numbers for a regression": ([3, 4] * 20, "regression", ()),
    "fractions": (np.arange(N) % 2 + 0.5, "auto", ()),
}


@pytest.mark.parametrize("case", _TARGETS)
def test_what_the_target_is_follows_from_its_entries(case):
    values, task, classes = _TARGETS[case]
    raw = read_in(table().assign(ill=values), task=task, test_fraction=0)
    assert raw.class_names == classes
    expected = [classes.index(str(int(v) if isinstance(v, float) else v)) for v in values] if classes else values
    assert raw.y.tolist() == [float(v) for v in expected]


def test_classes_that_only_a_test_row_has_still_have_a_name():
    frame = table()
    frame.loc[TEST[0], "ill"] = "unknown"
    raw = read_in(frame)
    assert raw.class_names == ("no", "unknown", "yes")
    assert raw.y_test[0] == 1


# --- choices --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"target": "a", "id": "a"}, "'a': expected one role; got target and id"),
        ({"target": "a", "left_out": ("a",)}, "'a': expected one role; got target and left out"),
        ({"target": "a", "sensitive": ("a",)}, "expected a sensitive column to be a feature; got it as target"),
        ({"id": "a", "sensitive": ("a",)}, "expected a sensitive column to be a feature; got it as id"),
        ({"missing": "guess"}, "missing: expected one of refuse, drop, fill"),
        ({"task": "guess"}, "task: expected one of auto, classification, regression"),
        ({"test_fraction": 0.91}, "from 0 .* to 0.9; got 0.91"),
        ({"test_fraction": -0.1}, "from 0 .* to 0.9; got -0.1"),
        ({"test_fraction": True}, "expected a number from 0"),
        ({"image_size": (0, 4)}, "image size"),
        ({"image_size": (4, 5000)}, "image size"),
        ({"sensitive": "race"}, "sensitive: expected several names"),
    ],
)
def test_choices_that_make_no_sense_are_refused(choices, message):
    with pytest.raises(BadRequest, match=message):
        Choices(**choices)


def test_choices_go_through_plain_values_and_back():
    chosen = Choices(target="a", sensitive=("b", "c", "b"), missing="fill", test_fraction=0.25, image_size=(4, 8))
    assert chosen.sensitive == ("b", "c")
    assert choices_of(chosen.plain()) == chosen


@pytest.mark.parametrize("text", ["32", "32x", "x32", "-1x4", "4x4x3", "99999x4", "0x4", "4 x 4"])
def test_a_size_that_is_none_is_refused(text):
    with pytest.raises(BadRequest, match="image size"):
        image_size(text)


def test_a_size_is_height_and_width():
    assert image_size(" 32x48 ") == (32, 48)
    assert image_size("8×9") == (8, 9)


# --- what a file holds ----------------------------------------------------------------------------------------------


def test_columns_are_described_by_what_becomes_of_them():
    n = 300
    frame = pd.DataFrame(
        {
            "number": np.arange(n) / 7,
            "ward": np.arange(n) % 5,
            "level": [f"l{i % MOST_LEVELS}" for i in range(n)],
            "more": [f"l{i % (MOST_LEVELS + 1)}" for i in range(n)],
            "name": [f"Ann {i}" for i in range(n)],
            "day": pd.date_range("2026-01-01", periods=n),
            "none": [np.nan] * n,
            "slip": [*map(str, range(n - 2)), "12O", "l3"],
        }
    )
    found = {column.name: column for column in describe(frame, ("ward",))}
    kinds = {name: column.kind for name, column in found.items()}
    assert kinds == {
        "number": "number", "ward": "category", "level": "category", "more": "text", "name": "text", "day": "date",
        "none": "empty", "slip": "text",
    }  # fmt: skip
    assert found["ward"].levels == ("0", "1", "2", "3", "4")
    assert (found["none"].missing, found["none"].distinct) == (n, 0)
    assert found["slip"].odd == "'12O' at row 298 (and 1 more)"


def test_a_preview_shows_the_first_rows_as_texts(tmp_path):
    frame = table().assign(note="x" * 200)
    frame.loc[1, "dose"] = np.nan
    frame.to_csv(tmp_path / "t.csv", index=False)
    found = preview(tmp_path / "t.csv")
    assert (found["form"], found["rows"], len(found["head"])) == ("table", N, 20)
    assert found["head"][0][:2] == [str(frame["age"][0]), str(frame["dose"][0])]
    assert found["head"][1][1] is None
    assert len(found["head"][0][4]) == 80
    assert [column["name"] for column in found["columns"]] == list(frame.columns)


def test_a_matrix_is_a_table_whose_columns_go_by_their_number(tmp_path):
    matrix = np.column_stack([table()["age"], table()["dose"], np.arange(N) % 2]).astype(np.float32)
    np.save(tmp_path / "m.npy", matrix)
    raw, form = read(tmp_path / "m.npy", Choices(target="2", test_fraction=0))
    assert form == "table"
    assert raw.feature_names == ("0", "1")
    assert raw.X.tolist() == matrix[:, :2].astype(np.float64).tolist()
    assert raw.class_names == ("0", "1")


def test_parquet_reads_as_its_columns_say(tmp_path):
    frame = table().assign(city=pd.Categorical(table()["city"]), age=table()["age"].astype("Int32"))
    frame.to_parquet(tmp_path / "t.parquet")
    raw, _ = read(tmp_path / "t.parquet", Choices(target="ill"))
    plain = read_in(table())
    assert raw.X.tolist() == plain.X.tolist()
    assert raw.y.tolist() == plain.y.tolist()


# --- any table ------------------------------------------------------------------------------------------------------


def _is_text(text: str) -> bool:
    """Whether a CSV reader takes an entry for a text, rather than for nothing, a number or a truth value."""
    try:
        float(text)
    except ValueError:
        usual = text not in STR_NA_VALUES and text.casefold() not in ("true", "false")
        return usual and text.isprintable() and text == text.strip() != ""
    return False


_TEXTS = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=6).filter(_is_text)
_FINITE = st.floats(-1e9, 1e9, allow_subnormal=False)


@st.composite
def tables(draw):
    n = draw(st.integers(12, 30))
    frame = {f"n{j}": draw(st.lists(_FINITE, min_size=n, max_size=n)) for j in range(draw(st.integers(1, 3)))}
    for j in range(draw(st.integers(1, 2))):
        levels = draw(st.lists(_TEXTS, min_size=2, max_size=5, unique=True))
        frame[f"c{j}"] = [levels[i % len(levels)] for i in draw(st.permutations(range(n)))]
    return pd.DataFrame(frame | {"target": np.arange(n) % 2})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frame=tables(), separator=st.sampled_from(",;\t|"))
def test_any_table_comes_back_out_of_its_file_as_it_was(frame, separator, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(frame.to_csv(index=False, sep=separator).encode())
    raw = read_table(read_csv(path), Choices(target="target", test_fraction=0), "any")
    data = assemble(raw, DataSpec(preprocess="none"), title="any", task="classification")
    records = data.records(np.arange(data.n))
    for name in frame.columns.drop("target"):
        if name.startswith("c"):
            assert records[name].tolist() == frame[name].tolist()
        else:  # pandas' fast reader of numbers may miss the last bit
            np.testing.assert_allclose(records[name].astype(float), frame[name], rtol=5e-16, atol=0)
    assert data.y.tolist() == frame["target"].tolist()
