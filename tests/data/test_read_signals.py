"""Signals of a person's own models in files: what is read, to which bit, and what is refused before it is read."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bad_files import BAD_SIGNALS
from file_parts import HALVES, NUMBERS, ROWS, arrays, csv, signals_of, signals_table

from fil_core.data.own import arrays as npz
from fil_core.data.own import limits, signals
from fil_core.data.own.sandbox import signals_in_sandbox
from fil_core.data.own.signals import checked, read_signals
from fil_core.engine.store.export import write_table
from fil_core.errors import BadData, DataUnavailable
from fil_core.membership.files import signals_frame, signals_npz
from fil_core.membership.signals import Signals

WHOLE = Signals(NUMBERS / 7, HALVES, NUMBERS**2, np.abs(NUMBERS) + 1e-300, NUMBERS[:5] * 1e300)


def saved(folder: Path, content: bytes, name: str = "mine.npz") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype, name
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def as_arrays(written: Signals, *, population: bool = True) -> dict[str, np.ndarray]:
    names = ("inclusion", "scores", "losses", "gradients") + (("population",) if population else ())
    return {name: getattr(written, name) for name in names if getattr(written, name) is not None}


# --- what is read ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", [np.arange(ROWS) * 3, np.array([f"P{i:03d}" for i in range(ROWS)])], ids=["n", "text"])
@pytest.mark.parametrize("written", [WHOLE, Signals(WHOLE.scores, HALVES)], ids=["all", "least"])
def test_an_archive_that_is_written_is_read_to_the_last_bit(ids, written, tmp_path):
    path = saved(tmp_path, signals_npz(ids, written))
    assert_same(read_signals(path), {"ids": ids, **as_arrays(written)})


def test_names_of_the_data_are_written_without_a_pickle(tmp_path):
    names = np.array([f"P{i}" for i in range(ROWS)], dtype=object)
    found = read_signals(saved(tmp_path, signals_npz(names, WHOLE)))
    assert found["ids"].dtype.kind == "U" and found["ids"].tolist() == names.tolist()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("names", [False, True])
def test_a_table_that_is_written_is_read_to_the_last_bit(suffix, names, tmp_path):
    ids = np.array([f"={i:03d}" for i in range(ROWS)]) if names else np.arange(ROWS)
    path = tmp_path / f"mine{suffix}"
    write_table(signals_frame(ids, WHOLE).set_index("id"), path)
    found = read_signals(path)
    assert_same({name: array for name, array in found.items() if name != "ids"}, as_arrays(WHOLE, population=False))
    guarded = "'" if names and suffix == ".csv" else ""  # which keeps a spreadsheet from reading a formula
    assert [str(id) for id in found["ids"].tolist()] == [f"{guarded}{id}" for id in ids]


def test_a_table_of_many_numbers_keeps_every_bit(tmp_path):
    random = np.random.default_rng(0)
    scores = random.normal(size=(2_000, 5)) * 10.0 ** random.integers(-300, 300, (2_000, 5))
    written = Signals(scores, random.random(scores.shape) < 0.5)
    path = saved(tmp_path, csv(signals_frame(np.arange(2_000), written)), "mine.csv")
    np.testing.assert_array_equal(read_signals(path)["scores"], scores)


@pytest.mark.parametrize(
    "scores", [*map(NUMBERS.astype, (np.float32, ">f8", np.longdouble)), np.asfortranarray(NUMBERS)],
    ids=["float32", "big-endian", "long", "Fortran"],
)  # fmt: skip
def test_numbers_of_any_layout_are_the_same_numbers(scores, tmp_path):
    found = read_signals(saved(tmp_path, signals_of(scores=scores)()))["scores"]
    assert found.dtype == np.float64 and found.dtype.isnative and found.flags.c_contiguous
    np.testing.assert_array_equal(found, np.asarray(scores, dtype=np.float64))


@pytest.mark.parametrize("kind", ["?", "i1", "u8", ">i4", "f2", "f8", "g"])
def test_an_inclusion_is_of_booleans_or_of_0_and_1_in_any_type(kind, tmp_path):
    found = read_signals(saved(tmp_path, signals_of(inclusion=HALVES.astype(kind))()))["inclusion"]
    assert found.dtype == bool and np.array_equal(found, HALVES)


@pytest.mark.parametrize(
    "ids", [np.arange(ROWS, dtype=">u2"), np.arange(ROWS) + 0.0, np.array([f"ü{i}" for i in range(ROWS)])]
)
def test_ids_are_numbers_or_texts(ids, tmp_path):
    found = read_signals(saved(tmp_path, signals_of(ids=ids)()))["ids"]
    assert found.dtype.isnative and found.tolist() == ids.tolist()


def test_ids_in_bytes_are_texts(tmp_path):
    names = [f"ü{i}" for i in range(ROWS)]
    found = read_signals(saved(tmp_path, signals_of(ids=np.array([name.encode() for name in names]))()))["ids"]
    assert found.dtype.kind == "U" and found.tolist() == names


def test_other_arrays_are_not_opened_and_an_empty_population_is_none(tmp_path):
    odd = {"notes": np.array([{"a": 1}], dtype=object), "population": np.empty((0, 3))}
    found = read_signals(saved(tmp_path, signals_of(**odd)()))
    assert set(found) == {"ids", "scores", "inclusion"}


def test_the_index_of_pandas_and_other_columns_are_ignored_and_order_and_case_do_not_matter(tmp_path):
    table = signals_table().assign(label="x", score=1.0, score_01=2.0)[::-1]
    table = table[list(table.columns)[::-1]].rename(columns={"id": "ID", "score_1": " Score_1"})
    path = tmp_path / "mine.parquet"
    table.to_parquet(path)
    found = read_signals(path)
    assert_same(found, {"scores": NUMBERS[::-1], "inclusion": HALVES[::-1], "ids": np.arange(ROWS)[::-1]})


def test_ids_in_the_index_of_pandas_are_ids(tmp_path):
    path = tmp_path / "mine.parquet"
    signals_table().assign(id=[f"{i:03d}" for i in range(ROWS)]).set_index("id").to_parquet(path)
    assert read_signals(path)["ids"].tolist() == [f"{i:03d}" for i in range(ROWS)]


def test_ids_in_csv_keep_their_zeros_and_missing_ones_are_empty(tmp_path):
    table = signals_table().assign(id=["007", None, "NA", *(f"{i:03d}" for i in range(ROWS - 3))])
    found = read_signals(saved(tmp_path, csv(table), "mine.csv"))["ids"]
    assert found[:4].tolist() == ["007", "", "NA", "000"]


def test_columns_of_numbers_that_lack_an_entry_have_nan_there(tmp_path):
    table = signals_table().astype({"score_1": object}).assign(score_1=[None, *NUMBERS[1:, 1]])
    found = read_signals(saved(tmp_path, csv(table), "mine.csv"))["scores"]
    assert np.isnan(found[0, 1]) and np.isfinite(found).sum() == found.size - 1


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", BAD_SIGNALS, ids=lambda file: file.name)
def test_bad_files_are_refused_and_named(file, tmp_path):
    path = file.make(tmp_path)
    with pytest.raises(BadData, match="expected") as refusal:
        read_signals(path)
    for part in (path.name, *file.says):
        assert part in str(refusal.value)
    assert len(str(refusal.value)) < 600
    assert not Path("/tmp/a-pickle-was-opened").exists()


def test_numbers_and_characters_are_counted_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "_member", lambda *_: pytest.fail("read"))
    path = saved(tmp_path, signals_of(ids=np.array(["four"] * ROWS))())
    monkeypatch.setattr(signals, "_MOST", 2 * HALVES.size + ROWS - 1)
    with pytest.raises(BadData, match=r"mine\.npz: .*at most 279 numbers; got 280"):
        read_signals(path)
    monkeypatch.setattr(limits, "NAME_CHARACTERS", 4 * ROWS - 1)
    with pytest.raises(BadData, match=r"mine\.npz: .*at most 159 characters .*got 160"):
        read_signals(path)
    for others in ({"inclusion": HALVES[:9]}, {"scores": NUMBERS + 1j}, {"population": NUMBERS[:, :1]}):
        with pytest.raises(BadData, match=r"mine\.npz"):
            read_signals(saved(tmp_path, signals_of(**others)()))


def test_texts_of_a_table_are_counted_as_long_as_the_longest(tmp_path, monkeypatch):
    path = saved(tmp_path, csv(signals_table().assign(id=["long" * 9, *"x" * (ROWS - 1)])), "mine.csv")
    monkeypatch.setattr(limits, "NAME_CHARACTERS", 36 * ROWS - 1)
    with pytest.raises(BadData, match=r"mine\.csv: .*got 1,440"):
        read_signals(path)
    monkeypatch.setattr(limits, "NAME_CHARACTERS", 36 * ROWS)
    assert len(read_signals(path)["ids"]) == ROWS


@pytest.mark.parametrize("suffix", [".npz", ".csv"])
def test_a_file_that_is_not_there_is_named(suffix, tmp_path):
    with pytest.raises((BadData, DataUnavailable), match=f"none{suffix}"):
        read_signals(tmp_path / f"none{suffix}")


def test_arrays_in_memory_are_checked_the_same_way():
    given = {"ids": np.arange(ROWS), "scores": NUMBERS.astype(np.float32), "inclusion": HALVES.astype(int)}
    found = checked(given)
    assert (found["scores"].dtype, found["inclusion"].dtype) == (np.float64, np.bool_)
    with pytest.raises(BadData, match=r"\(40,\), \(40, 3\) and \(39, 3\)"):
        checked(given | {"inclusion": HALVES[1:]})


# --- the sandbox ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mine.npz", "mine.csv"])
def test_signals_from_the_sandbox_are_those_of_the_reader(name, tmp_path):
    ids = np.array([f"P{i}" for i in range(ROWS)])
    made = signals_npz(ids, WHOLE) if name.endswith("npz") else csv(signals_frame(ids, WHOLE))
    path = saved(tmp_path, made, name)
    assert_same(signals_in_sandbox(path), read_signals(path))


def test_errors_of_the_sandbox_name_the_file_as_its_owner_does(tmp_path):
    path = saved(tmp_path, arrays(ids=np.arange(3)), "0123abcd.npz")
    with pytest.raises(BadData, match=r"run 7\.npz: .*got ids") as refusal:
        signals_in_sandbox(path, title="run 7.npz")
    assert "0123abcd" not in str(refusal.value)


def test_a_frame_has_a_column_for_each_model_and_array():
    frame = signals_frame(np.arange(ROWS), Signals(NUMBERS, HALVES, losses=NUMBERS**2))
    assert list(frame.columns) == ["id", *(f"{kind}_{k}" for kind in ("score", "inclusion", "loss") for k in range(3))]
    assert frame["loss_2"].tolist() == (NUMBERS[:, 2] ** 2).tolist() and frame["inclusion_1"].dtype == bool
    read = pd.read_csv(io.BytesIO(csv(frame)))
    assert read["score_0"].tolist() == NUMBERS[:, 0].tolist()
