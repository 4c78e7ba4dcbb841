"""Tables of own data: from columns to features, compared with pandas and NumPy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from file_parts import table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas._libs.parsers import STR_NA_VALUES

from fil_core.data import preprocess
from fil_core.data.loading import assemble
from fil_core.data.own.choices import Choices, choices_of, image_size
from fil_core.data.own.columns import MAX_LEVELS, read_columns
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


def test_categories_are_one_hot_without_their_last_level_and_the_split_is_the_default():
    frame = table()
    raw = read_in(frame)
    expected = np.column_stack([frame["age"], frame["dose"], frame["city"] == "Bonn", frame["city"] == "Lyon"])
    assert raw.feature_names == ("age", "dose", "city=Bonn", "city=Lyon")
    assert raw.X.tolist() == expected[TRAIN].tolist()
    assert raw.X_test.tolist() == expected[TEST].tolist()
    assert raw.y.tolist() == (frame["ill"] == "yes")[TRAIN].tolist()
    assert raw.y_test.tolist() == (frame["ill"] == "yes")[TEST].tolist()
    assert raw.ids.tolist() == TRAIN.tolist()
    assert raw.class_names == ("no", "yes")
    assert (len(TRAIN), len(TEST)) == (32, 8)
    group = raw.groups["city"]
    assert (group.columns, group.levels, group.dropped) == ((2, 3), ("Bonn", "Lyon"), "Oslo")
    assert raw.continuous == (0, 1)
    assert raw.target_name == "ill"
    assert "Baseline level of city: Oslo." in raw.notes
    assert raw.notes[0].startswith("ids are row numbers of the file")


def test_numeric_codes_are_treated_as_categories_when_chosen():
    frame = table().assign(ward=np.array([10, 9, 2])[np.arange(N) % 3])
    assert "ward" in read_in(frame).feature_names
    raw = read_in(frame, categorical=("ward",))
    assert [n for n in raw.feature_names if n.startswith("ward")] == [
        "ward=2",
        "ward=9",
    ]  # numerically, not alphabetically
    assert raw.groups["ward"].dropped == "10"


def test_a_test_row_with_an_unseen_category_is_left_out_and_noted():
    frame = table()
    frame.loc[TEST[3], "city"] = "Rome"
    raw = read_in(frame)
    kept = np.delete(TEST, 3)
    assert raw.X_test[:, 0].tolist() == frame["age"][kept].tolist()
    assert raw.groups["city"].levels == ("Bonn", "Lyon")
    assert any(note.startswith("1 test row is left out") for note in raw.notes)


def test_a_category_with_one_level_among_the_training_rows_is_left_out_and_noted():
    frame = table().assign(site="north")
    frame.loc[TEST[0], "site"] = "south"
    raw = read_in(frame)
    assert not any(name.startswith("site") for name in raw.feature_names)
    assert any(note.startswith("site is left out") for note in raw.notes)
    assert len(raw.X_test) == len(TEST)


def test_a_boolean_column_is_a_category():
    raw = read_in(table().assign(smokes=np.arange(N) % 4 == 0))
    at = raw.feature_names.index("smokes=False")
    assert raw.X[:, at].tolist() == (TRAIN % 4 != 0).astype(float).tolist()


def test_column_names_match_in_any_case_unless_two_differ_in_case_only():
    raw = read_in(table(), target="ILL", left_out=("Age",), sensitive=("CITY",))
    assert raw.feature_names == ("dose", "city=Bonn", "city=Lyon")
    assert raw.sensitive == ("city",)
    both = table().assign(AGE=1.5 + np.arange(N))
    assert read_in(both, left_out=("AGE",)).feature_names[0] == "age"
    assert "AGE" in read_in(both, left_out=("age",)).feature_names


def test_the_table_is_not_modified():
    frame = table()
    frame.loc[3, "dose"] = np.nan
    before = frame.copy()
    read_in(frame, missing="fill")
    pd.testing.assert_frame_equal(frame, before)


# --- the split ------------------------------------------------------------------------------------------------------


def test_with_a_test_fraction_of_zero_every_row_is_a_training_row():
    raw = read_in(table(), test_fraction=0)
    assert raw.ids.tolist() == list(range(N))
    assert raw.X_test.shape == (0, 4)


@pytest.mark.parametrize(("fraction", "held_out"), [(1 / N, 1), (0.1, 4), (0.25, 10), (0.26, 11), (0.9, 36)])
def test_the_number_of_test_rows_is_rounded_up(fraction, held_out):
    raw = read_in(table(), test_fraction=fraction)
    assert (len(raw.X), len(raw.X_test)) == (N - held_out, held_out)
    order = np.random.default_rng(0).permutation(N)
    assert raw.ids.tolist() == sorted(order[: N - held_out])


# --- ids ------------------------------------------------------------------------------------------------------------


def test_ids_of_whole_numbers_are_numeric_and_sort_the_rows():
    numbers = np.random.default_rng(4).permutation(N) * 7 + 100
    frame = table().assign(patient=numbers)
    raw = read_in(frame, id="patient", test_fraction=0)
    assert raw.ids.tolist() == sorted(numbers)
    assert raw.id_names is None
    in_order = frame.sort_values("patient")
    assert raw.X[:, 1].tolist() == in_order["dose"].tolist()
    assert raw.y.tolist() == (in_order["ill"] == "yes").tolist()
    assert "patient" not in raw.feature_names
    split = read_in(frame, id="patient")
    assert split.ids.tolist() == np.sort(numbers)[TRAIN].tolist()
    assert "ids are the values of the column patient." in split.notes


@pytest.mark.parametrize(
    "ids",
    [[f"P-{i:02d}" for i in range(N)][::-1], [-i for i in range(N)], [i + 0.5 for i in range(N)]],
    ids=["text", "negative numbers", "fractions"],
)
def test_other_ids_are_names_and_rows_keep_the_order_of_the_file(ids):
    raw = read_in(table().assign(patient=ids), id="patient")
    assert raw.ids.tolist() == TRAIN.tolist()
    assert raw.id_names.tolist() == [str(ids[i]) for i in TRAIN]
    data = assemble(raw, DataSpec(preprocess="none"), title="t", task="classification")
    assert data.called(data.ids[[2, 0, 5]]).tolist() == [str(ids[i]) for i in TRAIN[[2, 0, 5]]]
    subset = assemble(raw, DataSpec(preprocess="none", subset=9, seed=2), title="t", task="classification")
    assert subset.called(subset.ids).tolist() == [str(ids[i]) for i in subset.ids]


def test_ids_too_large_for_a_browser_are_names():
    raw = read_in(table().assign(patient=2**53 + 2 + np.arange(N)), id="patient", test_fraction=0)
    assert raw.id_names[3] == str(2**53 + 5)


def test_an_id_of_a_row_that_is_left_out_may_be_missing():
    frame = table().assign(patient=[f"P{i}" for i in range(N - 1)] + [None])
    frame.loc[N - 1, "dose"] = np.nan
    assert len(read_in(frame, id="patient", missing="drop", test_fraction=0).ids) == N - 1


# --- missing values -------------------------------------------------------------------------------------------------


def with_missing() -> pd.DataFrame:
    frame = table().astype({"age": float})
    frame.loc[[TRAIN[1], TEST[2]], "dose"] = np.nan
    frame.loc[TRAIN[4], "city"] = None
    return frame


def test_missing_values_are_refused_by_default():
    refused(with_missing(), r"3 of 40 rows have missing values, in 'dose' \(2\); 'city' \(1\)")


def test_dropped_rows_are_counted_and_the_others_keep_their_ids():
    frame = with_missing()
    raw = read_in(frame, missing="drop", test_fraction=0)
    assert raw.ids.tolist() == np.flatnonzero(frame.notna().all(axis=1)).tolist()
    assert raw.X[:, 0].tolist() == frame.dropna()["age"].tolist()
    assert "3 rows with missing values are left out." in raw.notes


def test_missing_numbers_become_the_median_of_the_training_rows_and_missing_categories_a_level():
    frame = with_missing()
    raw = preprocess.fill(read_in(frame, missing="fill"))
    median = np.nanmedian(frame["dose"][TRAIN])
    assert median != np.nanmedian(frame["dose"])
    assert raw.X[1, 1] == median
    assert raw.X_test[2, 1] == median
    assert raw.groups["city"].levels == ("(missing)", "Bonn", "Lyon")
    at = raw.feature_names.index("city=(missing)")
    assert np.flatnonzero(raw.X[:, at]).tolist() == [4]
    assert f"2 missing values of dose are replaced by the median {median:g} of the training rows." in raw.notes
    assert "1 missing value of city is replaced by the level (missing)." in raw.notes


def test_missing_values_in_a_column_that_is_left_out_are_ignored():
    assert len(read_in(with_missing(), left_out=("dose", "city"), test_fraction=0).X) == N


# --- the target -----------------------------------------------------------------------------------------------------

_MANY = np.arange(N) * 3
_TARGETS = {
    "text": (["b", "a"] * 20, "auto", ("a", "b")),
    "booleans": ([True, False] * 20, "auto", ("False", "True")),
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
def test_the_task_follows_from_the_values_of_the_target(case):
    values, task, classes = _TARGETS[case]
    raw = read_in(table().assign(ill=values), task=task, test_fraction=0)
    assert raw.class_names == classes
    expected = [classes.index(str(int(v) if isinstance(v, float) else v)) for v in values] if classes else values
    assert raw.y.tolist() == [float(v) for v in expected]


def test_a_class_that_only_a_test_row_has_keeps_its_name():
    frame = table()
    frame.loc[TEST[0], "ill"] = "unknown"
    raw = read_in(frame)
    assert raw.class_names == ("no", "unknown", "yes")
    assert raw.y_test[0] == 1


# --- choices --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"target": "a", "id": "a"}, "'a': expected one role; got --target and --id"),
        ({"target": "a", "left_out": ("a",)}, "'a': expected one role; got --target and --leave-out"),
        (
            {"target": "a", "sensitive": ("a",)},
            "--sensitive: .* got 'a', which is --target",
        ),
        ({"id": "a", "sensitive": ("a",)}, "--sensitive: expected columns that are features; got 'a', which is --id"),
        ({"missing": "guess"}, "missing: expected one of refuse, drop, fill"),
        ({"task": "guess"}, "task: expected one of auto, classification, regression"),
        ({"test_fraction": 0.91}, "from 0 .* to 0.9; got 0.91"),
        ({"test_fraction": -0.1}, "from 0 .* to 0.9; got -0.1"),
        ({"test_fraction": True}, "expected a number from 0"),
        ({"image_size": (0, 4)}, "image-size"),
        ({"image_size": (4, 5000)}, "image-size"),
        ({"sensitive": "race"}, "sensitive: expected several names"),
    ],
)
def test_invalid_choices_are_refused(choices, message):
    with pytest.raises(BadRequest, match=message):
        Choices(**choices)


def test_choices_survive_the_conversion_to_plain_values_and_back():
    choices = Choices(target="a", sensitive=("b", "c", "b"), missing="fill", test_fraction=0.25, image_size=(4, 8))
    assert choices.sensitive == ("b", "c")
    assert choices_of(choices.plain()) == choices


@pytest.mark.parametrize("text", ["32", "32x", "x32", "-1x4", "4x4x3", "99999x4", "0x4", "4 x 4"])
def test_an_invalid_image_size_is_refused(text):
    with pytest.raises(BadRequest, match="image-size"):
        image_size(text)


def test_an_image_size_is_height_and_width():
    assert image_size(" 32x48 ") == (32, 48)
    assert image_size("8×9") == (8, 9)


# --- summaries of columns and files ---------------------------------------------------------------------------------


def test_columns_have_a_kind():
    n = 300
    frame = pd.DataFrame(
        {
            "number": np.arange(n) / 7,
            "ward": np.arange(n) % 5,
            "level": [f"l{i % MAX_LEVELS}" for i in range(n)],
            "more": [f"l{i % (MAX_LEVELS + 1)}" for i in range(n)],
            "name": [f"Ann {i}" for i in range(n)],
            "day": pd.date_range("2026-01-01", periods=n),
            "none": [np.nan] * n,
            "slip": [*map(str, range(n - 2)), "12O", "l3"],
        }
    )
    columns = read_columns(frame, Choices(categorical=("ward",)))[1]
    kinds = {name: column.kind for name, column in columns.items()}
    assert kinds == {
        "number": "number", "ward": "category", "level": "category", "more": "text", "name": "text", "day": "date",
        "none": "empty", "slip": "text",
    }  # fmt: skip
    assert columns["ward"].levels == ("0", "1", "2", "3", "4")
    assert (columns["none"].missing, columns["none"].distinct) == (n, 0)
    assert columns["slip"].non_numeric == "'12O' at row 298 and 'l3' at row 299"


def test_a_preview_has_the_first_rows_as_strings(tmp_path):
    frame = table().assign(note="x" * 200)
    frame.loc[1, "dose"] = np.nan
    frame.to_csv(tmp_path / "t.csv", index=False)
    content = preview(tmp_path / "t.csv")
    assert (content["form"], content["rows"], len(content["head"])) == ("table", N, 20)
    assert content["head"][0][:2] == [str(frame["age"][0]), str(frame["dose"][0])]
    assert content["head"][1][1] is None
    assert len(content["head"][0][4]) == 80
    assert [column["name"] for column in content["columns"]] == list(frame.columns)


def test_a_matrix_is_a_table_whose_columns_are_named_by_their_index(tmp_path):
    matrix = np.column_stack([table()["age"], table()["dose"], np.arange(N) % 2]).astype(np.float32)
    np.save(tmp_path / "m.npy", matrix)
    raw, form = read(tmp_path / "m.npy", Choices(target="2", test_fraction=0))
    assert form == "table"
    assert raw.feature_names == ("0", "1")
    assert raw.X.tolist() == matrix[:, :2].astype(np.float64).tolist()
    assert raw.class_names == ("0", "1")


def test_parquet_with_categories_and_nullable_integers_reads_like_plain_columns(tmp_path):
    frame = table().assign(city=pd.Categorical(table()["city"]), age=table()["age"].astype("Int32"))
    frame.to_parquet(tmp_path / "t.parquet")
    raw, _ = read(tmp_path / "t.parquet", Choices(target="ill"))
    plain = read_in(table())
    assert raw.X.tolist() == plain.X.tolist()
    assert raw.y.tolist() == plain.y.tolist()


# --- random tables --------------------------------------------------------------------------------------------------


def _is_text(text: str) -> bool:
    """Whether pandas reads a CSV entry as text, not as a missing value, a number or a boolean."""
    try:
        float(text)
    except ValueError:
        ordinary = text not in STR_NA_VALUES and text.casefold() not in ("true", "false")
        # A digit among signs alone, such as "0..", is taken for a number in a notation that must be named.
        odd = any(c.isdigit() for c in text) and not any(c.isalpha() for c in text)
        return ordinary and not odd and text.isprintable() and text == text.strip() != ""
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
def test_random_tables_survive_the_round_trip_through_a_file(frame, separator, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(frame.to_csv(index=False, sep=separator).encode())
    raw = read_table(read_csv(path), Choices(target="target", test_fraction=0), "any")
    data = assemble(raw, DataSpec(preprocess="none"), title="any", task="classification")
    records = data.records(np.arange(data.n))
    for name in frame.columns.drop("target"):
        if name not in records:  # constant but for the last digits: such columns leave the model
            assert np.ptp(frame[name]) <= 1e-14 * np.abs(frame[name]).max()
        elif name.startswith("c"):
            assert records[name].tolist() == frame[name].tolist()
        else:  # the fast number parser of pandas may be wrong in the last bit
            np.testing.assert_allclose(records[name].astype(float), frame[name], rtol=5e-16, atol=0)
    assert data.y.tolist() == frame["target"].tolist()
