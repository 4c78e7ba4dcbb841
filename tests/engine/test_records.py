"""New pictures and rows in the store: as features of the training data, or refused with the reason."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from file_parts import csv, image, table, zipped

from fil_core.data.images import pixel_names
from fil_core.data.own import Choices, add
from fil_core.data.own.records import Records, read_records
from fil_core.data.scaling import scaled
from fil_core.dataset import AttributeGroup, Dataset
from fil_core.engine import Engine
from fil_core.engine.records import keep_records
from fil_core.engine.store import Store
from fil_core.engine.uploads import UPLOADS, load
from fil_core.errors import BadData
from fil_core.result import Result
from fil_core.specs import DataSpec, Upload
from tests.conftest import dataset_of

NAMES = ("age", "city=Bonn", "city=Lyon", "dose")
CITY = AttributeGroup("city", (1, 2), ("Bonn", "Lyon"), "Oslo")
GRADE = AttributeGroup("grade", (4, 5), ("1", "2"))  # every level has a column
NEW = pd.DataFrame({"age": [30, 41.5, -2], "city": ["Lyon", "Oslo", "Bonn"], "dose": [1e-7, 2, 3e50]})
CODED = np.array([[30, 0, 1, 1e-7], [41.5, 0, 0, 2], [-2, 1, 0, 3e50]])


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


def rows(**more) -> Dataset:
    """Training data of two numbers and a category of three levels."""
    X = np.random.default_rng(1).random((8, 4))
    given = {"source_names": NAMES, "feature_names": NAMES, "groups": {"city": CITY}, "fingerprint": "f"}
    return dataset_of(X, np.arange(8) % 2, classes=2, **(given | more))


def graded() -> Dataset:
    X, names = np.random.default_rng(1).random((8, 6)), (*NAMES, "grade=1", "grade=2")
    groups = {"city": CITY, "grade": GRADE}
    return dataset_of(X, np.arange(8) % 2, classes=2, source_names=names, groups=groups, fingerprint="f")


def pictures(shape: tuple[int, ...] = (4, 4), white: float = 255.0) -> Dataset:
    source = np.random.default_rng(2).integers(0, int(white) + 1, (6, int(np.prod(shape))), dtype=np.uint8)
    names = pixel_names(shape)
    return dataset_of(
        source, np.arange(6) % 2, classes=2, source_names=names, image_shape=shape, pixel_max=white, fingerprint="p"
    )


def shown(*sizes: tuple[int, ...]) -> Records:
    """Pictures, of which the files had these sizes, in the shape of 4 x 4 grey."""
    made = np.random.default_rng(3).integers(0, 256, (len(sizes), 4, 4), dtype=np.uint8)
    return Records(pixels=made, sizes=np.array(sizes), names=np.array([f"{i}.png" for i in range(len(sizes))]))


def kept(store: Store, read: Records, data: Dataset, **options) -> Result:
    return load(store, Upload("records", keep_records(store, read, data, title="mine", **options)))


def refusal(store: Store, read: Records, data: Dataset, **options) -> str:
    with pytest.raises(BadData, match=r"^records: mine: expected ") as error:
        keep_records(store, read, data, title="mine", **options)
    assert [*store.entries()] == []
    return str(error.value)


# --- rows -----------------------------------------------------------------------------------------------------------


def test_rows_are_features_of_the_training_data(store):
    stored = kept(store, Records(table=NEW), rows())
    np.testing.assert_array_equal(stored.arrays["X"], CODED)
    assert stored.arrays["X"].dtype == np.float64 and stored.arrays["names"].tolist() == ["0", "1", "2"]
    assert stored.provenance["analysis"] == "records" and "records" in UPLOADS
    assert stored.summary == {
        "title": rows().title, "fingerprint": "f", "file": "mine", "records": 3, "notes": []
    }  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        NEW[["dose", "city", "age"]],
        NEW.rename(columns={"age": ' "AGE"', "city": "City"}),
        NEW.astype(str),
        NEW.assign(city=["Lyon", "Oslo", "Bonn "]),
        NEW.drop(columns="city").assign(**{"city=Lyon": [1, 0, 0], "city=Bonn": [0.0, 0, 1]}),
        NEW.drop(columns="city").assign(**{"city=Lyon": [True, False, False], "city=Bonn": ["false", "False", "TRUE"]}),
        NEW.convert_dtypes(),
    ],
    ids=["order", "case", "texts", "space", "one-hot", "booleans", "types"],
)
def test_the_same_rows_in_another_form_are_the_same_upload(other, store):
    assert keep_records(store, Records(table=other), rows()) == keep_records(store, Records(table=NEW), rows())


def test_an_array_of_the_features_is_the_same_upload(store):
    assert keep_records(store, Records(X=CODED), rows()) == keep_records(store, Records(table=NEW), rows())


def test_rows_their_order_their_names_and_their_data_make_the_upload(store):
    changed = [
        (Records(table=NEW), rows(fingerprint="g")),
        (Records(table=NEW[::-1]), rows()),
        (Records(table=NEW.assign(id=["a", "b", "c"])), rows()),
        (Records(table=NEW.assign(age=[30, 41.5, -3])), rows()),
    ]
    digests = {keep_records(store, read, data) for read, data in [(Records(table=NEW), rows()), *changed]}
    assert len(digests) == 5


def test_other_columns_are_told_and_ids_name_the_rows(store):
    more = NEW.assign(ID=["P1", "P2", "007"], ill="x", constant=3.0)
    stored = kept(store, Records(table=more), rows())
    assert stored.arrays["names"].tolist() == ["P1", "P2", "007"]
    (note,) = stored.summary["notes"]
    assert "ill and constant" in note and "ID" not in note


def test_a_feature_that_is_called_id_names_no_rows(store):
    stored = kept(store, Records(table=NEW.rename(columns={"age": "id"})), rows(source_names=("id", *NAMES[1:])))
    np.testing.assert_array_equal(stored.arrays["X"], CODED)
    assert stored.arrays["names"].tolist() == ["0", "1", "2"]


def test_levels_that_are_numbers_are_the_same_number(store):
    given = NEW.assign(grade=["2", "1.0", "02"])
    assert kept(store, Records(table=given), graded()).arrays["X"][:, 4:].tolist() == [[0, 1], [1, 0], [0, 1]]
    whole = NEW.assign(grade=[2.0, 1.0, 2.0])
    assert kept(store, Records(table=whole), graded()).arrays["X"][:, 4:].tolist() == [[0, 1], [1, 0], [0, 1]]


def test_a_level_that_is_written_as_two_numbers_is_taken_by_its_text(store):
    padded = dataclasses.replace(GRADE, levels=("007", "7"))
    data = dataclasses.replace(graded(), groups={"city": CITY, "grade": padded})
    given = NEW.assign(grade=["7", "007", "7"])
    assert kept(store, Records(table=given), data).arrays["X"][:, 4:].tolist() == [[0, 1], [1, 0], [0, 1]]
    assert "007 and 7; got '07'" in refusal(Store(store.root / "other"), Records(table=NEW.assign(grade="07")), data)


def test_a_missing_entry_is_the_level_for_missing_ones_where_there_is_one(store):
    data = rows(groups={"city": dataclasses.replace(CITY, dropped="(missing)")})
    stored = kept(store, Records(table=NEW.assign(city=["Lyon", None, "Bonn"])), data)
    np.testing.assert_array_equal(stored.arrays["X"], CODED)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
def test_training_rows_of_own_data_are_themselves_again(suffix, tmp_path):
    """Read, written as they were, and matched: X is the source to the last bit."""
    engine, frame = Engine(), table(40).assign(ward=[f"0{i % 3}" for i in range(40)])
    (tmp_path / "patients.csv").write_bytes(csv(frame))
    choices = Choices(target="ill", categorical=("ward",), test_fraction=0.0)
    data = engine.dataset(DataSpec(name=add(tmp_path / "patients.csv", choices).name))
    path = tmp_path / f"new{suffix}"
    if suffix == ".csv":
        path.write_bytes(csv(frame))
    elif suffix == ".parquet":
        frame.to_parquet(path)
    else:
        np.savez(path, X=data.source)
    stored = kept(engine.store, read_records(path), data)
    np.testing.assert_array_equal(stored.arrays["X"], data.source)
    np.testing.assert_array_equal(data.preprocessing.forward(stored.arrays["X"]), data.X)


# --- rows that are refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (Records(table=NEW.drop(columns=["age", "dose"])), "age and dose not found among city"),
        (Records(table=NEW.drop(columns="city")), "city not found among age and dose. A category is one column"),
        (Records(table=NEW.drop(columns="city").assign(**{"city=Lyon": 1})), "city not found"),
        (Records(table=NEW.drop(columns="age").assign(Age=1, AGE=2)), "'age' may be 'Age' and 'AGE'"),
        (Records(table=NEW.assign(Id=range(3), ID=range(3))), "'id' may be 'Id' and 'ID'"),
        (Records(table=NEW.assign(city=["Lyon", "Rome", "Bonn"])), "'city', row 1: Bonn, Lyon and Oslo; got 'Rome'"),
        (Records(table=NEW.assign(city=["Lyon", "Oslo", None])), "'city', row 2: Bonn, Lyon and Oslo; got '(missing)'"),
        (Records(table=NEW.assign(age=["1", "old", "3"])), "in column 'age', row 1; got 'old'"),
        (Records(table=NEW.assign(age=["1", "2", "3,5"])), "in column 'age', row 2; got '3,5'"),
        (Records(table=NEW.assign(age=["1", None, "3"])), "in column 'age', row 1; got nothing"),
        (Records(table=NEW.assign(age=["1", "NA", "3"])), "in column 'age', row 1; got 'NA'"),
        (Records(table=NEW.assign(dose=[1, np.nan, 2])), "in column 'dose', row 1; got 'nan'"),
        (Records(table=NEW.assign(dose=[1, 2, -np.inf])), "in column 'dose', row 2; got '-inf'"),
        (Records(table=NEW.assign(dose=["1", "inf", "2"])), "in column 'dose', row 1; got 'inf'"),
        (Records(table=NEW.assign(dose=[1, 2, 1e101])), "in column 'dose', row 2; got '1e+101'"),
        (Records(table=NEW.assign(dose=pd.Timestamp("2026-01-01"))), "in column 'dose', row 0; got '2026-01-01"),
        (Records(table=NEW.assign(id=["a", "b", "a"])), "each id once; got a twice"),
        (Records(table=NEW.assign(id=["a", None, "c"])), "row 1 has none"),
        (Records(X=CODED[:, :3]), "X of shape (m, 4), a column for each feature of the data; got (3, 3)"),
        (Records(X=CODED * [1, 1, 1, np.nan]), "in column 'dose', row 0; got 'nan'"),
        (Records(X=np.add(CODED, [0, 1, 0, 0])), "at most one of them 1; got 1, 1 in row 0"),
        (Records(X=CODED[:0]), "from 1 to 1,000 pictures or rows; got 0"),
        (Records(X=CODED, names=np.array([1, 2, 2])), "each id once; got 2 twice"),
        (shown((4, 4, 1)), "expected rows, as A test's own data has no pictures; got pictures"),
    ],
)
def test_what_does_not_fit_the_training_rows_is_refused(read, says, store):
    assert says in refusal(store, read, rows())


def test_ids_can_be_displayed(store):
    with pytest.raises(BadData, match=r"^records: mine: id: expected a printable name of 1 to 200 characters"):
        keep_records(store, Records(table=NEW.assign(id=["a", "b", "\x07"])), rows(), title="mine")


@pytest.mark.parametrize(
    ("lyon", "bonn", "says"), [([1, 0, 0.5], 0, "0.5 in row 2"), ([1, 0, 0], [1, 0, 0], "1, 1 in row 0")]
)
def test_one_hot_columns_are_0_or_1(lyon, bonn, says, store):
    given = NEW.drop(columns="city").assign(**{"city=Lyon": lyon, "city=Bonn": bonn})
    assert says in refusal(store, Records(table=given), rows())


def test_one_column_is_1_where_every_level_has_one(store):
    given = NEW.assign(**{"grade=1": [1, 0, 0], "grade=2": [0, 1, 0]})
    assert "one of them 1; got 0, 0 in row 2" in refusal(store, Records(table=given), graded())


def test_texts_are_no_rows(store):
    assert "holds text" in refusal(store, Records(table=NEW), rows(vocabulary=("a", "<eos>")))


# --- pictures -------------------------------------------------------------------------------------------------------


def test_pictures_of_the_size_are_kept_as_they_are(store):
    read = shown((4, 4, 1), (4, 4, 1))
    stored = kept(store, read, pictures())
    assert stored.arrays["X"].dtype == np.uint8
    np.testing.assert_array_equal(stored.arrays["X"], read.pixels.reshape(2, 16))
    assert stored.arrays["names"].tolist() == ["0.png", "1.png"] and stored.summary["notes"] == []


def test_white_is_that_of_the_data_and_that_is_told(store):
    read = shown((4, 4, 1))
    stored = kept(store, read, pictures(white=16.0))
    np.testing.assert_array_equal(stored.arrays["X"], np.rint(read.pixels.reshape(1, 16) * (16 / 255)))
    assert len(stored.summary["notes"]) == 1 and "0 to 16" in stored.summary["notes"][0]


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ([(4, 4, 1), (28, 20, 1)], "4 × 4 pixels in grey; got 28 × 20 pixels in grey in picture 1.png. Pass --resize"),
        ([(4, 4, 3)], "4 × 4 pixels in grey; got 4 × 4 pixels in colour in picture 0.png. Pass --resize"),
    ],
)
def test_pictures_that_would_lose_something_are_refused_unless_they_may_be_resized(sizes, says, store):
    assert says in refusal(store, shown(*sizes), pictures())
    assert len(kept(store, shown(*sizes), pictures(), resize=True).arrays["X"]) == len(sizes)


def test_what_was_done_to_pictures_is_told(store):
    sizes = [(4, 4, 1), (8, 8, 1), (8, 8, 3), (4, 8, 3)]
    resized, stretched, grey = kept(store, shown(*sizes), pictures(), resize=True).summary["notes"]
    assert "3 pictures" in resized and "8 × 8, 4 × 8" in resized
    assert "1 picture has another aspect ratio" in stretched and "2 pictures in colour" in grey


def test_grey_pictures_are_repeated_where_the_data_is_in_colour(store):
    grey = np.arange(32, dtype=np.uint8).reshape(2, 4, 4)
    stored = kept(store, Records(pixels=grey, sizes=np.array([[4, 4, 1]] * 2)), pictures((4, 4, 3)))
    np.testing.assert_array_equal(stored.arrays["X"], np.repeat(grey.reshape(2, 16), 3, axis=1))
    assert len(stored.summary["notes"]) == 1 and stored.arrays["names"].tolist() == ["0", "1"]


@pytest.mark.parametrize("size", [(9, 7), (9, 7, 3)])
def test_an_array_of_pictures_is_resized_as_files_are(size, store, tmp_path):
    made = np.random.default_rng(0).integers(0, 256, (2, *size), dtype=np.uint8)
    (tmp_path / "new.zip").write_bytes(zipped({f"{i}.png": image(each) for i, each in enumerate(made)}))
    np.savez(tmp_path / "new.npz", X=made, ids=["0.png", "1.png"])
    data = pictures(white=16.0)
    digests = [
        keep_records(store, read_records(Path(tmp_path, name), data.image_shape), data, resize=True)
        for name in ("new.zip", "new.npz")
    ]
    assert digests[0] == digests[1]
    found = load(store, Upload("records", digests[0])).arrays["X"]
    np.testing.assert_array_equal(found, scaled(made, shape=(4, 4), to_white=16.0))


def test_training_pictures_are_themselves_again(tmp_path):
    """Digits run to 16: their pictures as the app shows them, white at 255, are the same rows."""
    engine = Engine()
    data = engine.dataset(DataSpec(name="digits"))
    some = np.arange(0, data.n, 97)
    entries = {f"{i:04d}.png": image(each) for i, each in zip(some, data.images(some), strict=True)}
    (tmp_path / "new.zip").write_bytes(zipped(entries))
    stored = kept(engine.store, read_records(tmp_path / "new.zip", data.image_shape), data)
    assert stored.arrays["X"].dtype == data.source.dtype
    np.testing.assert_array_equal(stored.arrays["X"], data.source[some])


def test_rows_of_pixels_are_taken_as_they_are_within_their_range(store):
    data = pictures(white=16.0)
    whole = kept(store, Records(X=data.source.astype(float)), data).arrays["X"]
    assert whole.dtype == np.uint8 and (whole == data.source).all()
    assert kept(store, Records(X=data.source / 2), data).arrays["X"].dtype == np.float64
    for wrong in (17, -1):
        X = data.source.astype(float)
        X[2, 3] = wrong
        said = refusal(Store(store.root / "other"), Records(X=X), data)
        assert f"pixels from 0 to 16, as the data has them; got {wrong} in row 2" in said
