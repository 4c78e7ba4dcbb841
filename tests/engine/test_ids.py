"""Ids of uploaded files: what a command wrote is read again, whatever the examples are called."""

from __future__ import annotations

import dataclasses
import uuid
from csv import DictReader
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from file_parts import csv, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fil_core.analyses.naming import named
from fil_core.data.own import Choices, add
from fil_core.dataset import Dataset
from fil_core.engine import Engine
from fil_core.engine.ids import counted_from_one, likely_cause, positions
from fil_core.engine.store import Store
from fil_core.engine.store.export import unguarded, write_table
from fil_core.engine.uploads import keep_scores, load, read_scores, scores_of
from fil_core.engine.weights import keep_weights, read_weights
from fil_core.errors import BadData
from fil_core.specs import DataSpec, Upload

_TEXTS = st.text(max_size=12) | st.text("'=+-@0123456789eE.,; \"aN", max_size=8)
NAMES = _TEXTS.filter(lambda text: text.strip() and text.isprintable())
ODD = [
    "00012", "12", "7", "007", "0E8", "1E3", "1000", "+49 30", "+4930", "-1", "'-1", "=1", "'=1", "''=1", "NA", "nan",
    "None", "true", "1.0", "1", "a,b", 'a"b', " a", "a ", "a;b", "−1", "1_0", "0x1F", "１",
]  # fmt: skip


def dataset(from_arrays, names: list[str]) -> Dataset:
    """As many examples as there are names, with these labels too."""
    n = len(names)
    data = from_arrays(np.eye(n) + 1.0, np.arange(n) % 2, classes=2)
    return dataclasses.replace(data, id_names=np.array(names), class_names=(names[0], names[-1]))


def written(data: Dataset, folder: Path, suffix: str) -> Path:
    """The file that a command writes with --out."""
    path = folder / f"{uuid.uuid4().hex}{suffix}"
    weight = np.linspace(0.5, 1.5, data.n)
    frame = pd.DataFrame({"label": data.labels, "weight": weight}, index=pd.Index(data.ids, name="id"))
    write_table(named(frame, data), path)
    return path


def labels_in(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)["label"].astype(str).tolist()
    with path.open(encoding="utf-8", newline="") as file:
        return [unguarded(row["label"]) for row in DictReader(file)]


def check_round_trip(data: Dataset, folder: Path) -> None:
    store = Store(folder / "store")
    for suffix in (".csv", ".parquet"):
        path = written(data, folder, suffix)
        assert labels_in(path) == [data.class_names[int(code)] for code in data.y]
        weights = load(store, Upload("weights", keep_weights(store, read_weights(str(path)), data).digest))
        np.testing.assert_array_equal(weights.arrays["weights"], np.linspace(0.5, 1.5, data.n))
        scores, _ = scores_of(store, keep_scores(store, read_scores(path), data), data)
        np.testing.assert_array_equal(scores["weight"], np.linspace(0.5, 1.5, data.n))
        assert scores.index.tolist() == data.ids.tolist()


def test_odd_ids_are_read_as_they_were_written(from_arrays, tmp_path):
    check_round_trip(dataset(from_arrays, ODD), tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=2, max_size=6, unique=True))
def test_any_ids_are_read_as_they_were_written(names, from_arrays, tmp_path_factory):
    check_round_trip(dataset(from_arrays, names), tmp_path_factory.mktemp("ids"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=2, max_size=6, unique=True))
def test_an_id_column_keeps_its_text(names, tmp_path_factory):
    frame = pd.DataFrame({"who": names, "ill": ["yes", "no", *["yes"] * (len(names) - 2)], "x": np.arange(len(names))})
    path = tmp_path_factory.mktemp("own") / "own.csv"
    path.write_bytes(csv(frame))
    name = add(path, Choices(target="ill", id="WHO", test_fraction=0)).name
    data = Engine().dataset(DataSpec(name=name))
    assert sorted(map(str, data.called(data.ids))) == sorted(names)


@pytest.fixture
def patients(tmp_path) -> Dataset:
    return own(tmp_path, [f"{i:05d}" for i in range(40)])


def own(folder: Path, names: list[str] | None, **choices: float) -> Dataset:
    """Forty patients, eight of them held out; without names they go by row numbers."""
    frame = table() if names is None else table().assign(who=names)
    (folder / "own.csv").write_bytes(csv(frame))
    chosen = Choices(target="ill", id="who" if names else "", **choices)
    return Engine().dataset(DataSpec(name=add(folder / "own.csv", chosen).name))


def test_positions_are_where_examples_stand_and_minus_one_for_others(patients, tmp_path):
    by_number = own(tmp_path, [str(1000 + 3 * i) for i in range(40)])
    assert by_number.id_names is None
    ids = pd.Series([by_number.ids[3], "x", None, by_number.ids[0], 1e300, f"0{by_number.ids[1]}"], dtype=object)
    assert positions(ids, by_number).tolist() == [3, -1, -1, 0, -1, -1]
    assert positions(pd.Series([patients.id_names[3], "x", None]), patients).tolist() == [3, -1, -1]


def test_seven_and_double_oh_seven_are_two_people(tmp_path):
    data = own(tmp_path, ["7", "007", *(f"P{i}" for i in range(38))], test_fraction=0)
    assert data.id_names[:2].tolist() == ["7", "007"]
    assert positions(pd.Series(["007", "7", "07"]), data).tolist() == [1, 0, -1]


@pytest.mark.parametrize("fraction", [0.2, 0.0])
@pytest.mark.parametrize("held_out_too", [True, False])
def test_row_numbers_from_one_are_told_from_those_from_zero(fraction, held_out_too, tmp_path):
    data = own(tmp_path, None, test_fraction=fraction)
    rows = pd.Series(np.arange(40) if held_out_too else data.ids)
    assert not counted_from_one(rows, data) and counted_from_one(rows + 1, data)
    assert not counted_from_one(rows[1:], data)  # one row has no score, even the first one
    store = Store(tmp_path / "store")
    keep_scores(store, pd.DataFrame({"id": rows, "mine": 1.0}), data)
    with pytest.raises(BadData, match="count the rows from 1"):
        keep_scores(store, pd.DataFrame({"id": rows + 1, "mine": 1.0}), data)
    with pytest.raises(BadData, match="missing .* unknown .* count the rows from 1"):
        keep_weights(store, pd.DataFrame({"id": data.ids + 1, "weight": 1.0}), data)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda data: pd.Series(data.id_names).astype(int), "as numbers only"),
        (lambda data: " " + pd.Series(data.id_names), "but for spaces"),
        (lambda data: pd.Series(data.ids) + 0, "as numbers only"),
        (lambda data: pd.Series(np.arange(900, 932)), "other rows or another data set"),
        (lambda data: pd.Series(data.id_names[1:]), "Most of them match"),
    ],
)
def test_the_likely_cause_of_ids_that_do_not_match_is_named(change, cause, patients):
    assert cause in likely_cause(change(patients), patients)


def test_row_numbers_in_the_place_of_names_are_recognised(tmp_path):
    data = own(tmp_path, [f"P{i}" for i in range(40)])
    assert "seem to be row numbers" in likely_cause(pd.Series(np.arange(40)), data)
    assert "upper and lower case" in likely_cause(pd.Series([f"p{i}" for i in range(40)]), data)
