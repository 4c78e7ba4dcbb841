"""Signals of a person's own models in a file: what is read, matched and refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fil_core.data import load
from fil_core.data.own.sandbox import signals_in_sandbox
from fil_core.data.own.signals import read_signals
from fil_core.engine.signals import keep_signals
from fil_core.engine.store import Store
from fil_core.errors import BadData
from fil_core.specs import DataSpec

DATA = DataSpec(name="digits", classes=("3", "8"), subset=60)
MODELS = 6


def arrays(n: int = 60) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    inclusion = random.random((n, MODELS)) < 0.5
    ids = load(DATA).ids if n == 60 else np.arange(n)
    return {"ids": ids, "scores": random.normal(size=(n, MODELS)), "inclusion": inclusion}


def table(values: dict[str, np.ndarray]) -> pd.DataFrame:
    columns = {"id": values["ids"]}
    for model in range(MODELS):
        columns[f"score_{model}"] = values["scores"][:, model]
        columns[f"inclusion_{model}"] = values["inclusion"][:, model]
    return pd.DataFrame(columns)


def written(path, values, suffix):
    file = path / f"signals{suffix}"
    if suffix == ".npz":
        np.savez(file, **values)
    elif suffix == ".csv":
        table(values).to_csv(file, index=False)
    else:
        table(values).to_parquet(file)
    return file


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".parquet"])
def test_three_formats_are_read_the_same_also_in_the_sandbox(tmp_path, suffix):
    values = arrays()
    file = written(tmp_path, values, suffix)
    for found in (read_signals(file), signals_in_sandbox(file)):
        np.testing.assert_array_equal(found["inclusion"], values["inclusion"])
        np.testing.assert_allclose(found["scores"], values["scores"], rtol=1e-15)
        assert found["inclusion"].dtype == bool and found["scores"].dtype == np.float64


@pytest.mark.parametrize(
    "change",
    [
        {"scores": arrays()["scores"].astype("f4")},
        {"inclusion": arrays()["inclusion"].astype(float)},
        {"scores": np.asfortranarray(arrays()["scores"]).astype(">f8")},
        {"ids": load(DATA).ids.astype(float)},
        {"ids": load(DATA).ids.astype(str)},
        {"other": np.zeros(3)},
    ],
)
def test_usual_variants_are_accepted(tmp_path, change):
    store = Store(tmp_path / "store")
    digest = keep_signals(store, read_signals(written(tmp_path, arrays() | change, ".npz")), load(DATA))
    assert store.get(digest).arrays["scores"].shape == (60, MODELS)


def test_the_order_of_rows_says_nothing_and_other_rows_are_left_out(tmp_path):
    values, store, data = arrays(), Store(tmp_path / "store"), load(DATA)
    order = np.random.default_rng(1).permutation(60)
    shuffled = {name: array[order] for name, array in values.items()}
    more = {name: np.concatenate([array, array[:1] if name != "ids" else [10**6]]) for name, array in shuffled.items()}
    digests = {keep_signals(store, each, data) for each in (values, shuffled, more)}
    assert len(digests) == 1
    np.testing.assert_array_equal(store.get(digests.pop()).arrays["scores"], values["scores"])


def test_true_and_false_may_stand_beside_numbers(tmp_path):
    values = arrays()
    frame = table(values)
    frame["inclusion_0"] = frame["inclusion_0"].astype(int)
    frame.to_csv(tmp_path / "mixed.csv", index=False)
    np.testing.assert_array_equal(read_signals(tmp_path / "mixed.csv")["inclusion"], values["inclusion"])


def broken(**change):
    return arrays() | change


NAN = arrays()["scores"].copy()
NAN[4, 2] = np.nan
TWO = arrays()["inclusion"].astype(int)
TWO[7, 1] = 2


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (broken(scores=NAN), f"nan for id {arrays()['ids'][4]}, model 2"),
        (broken(scores=arrays()["scores"] * 1e150), "1e\\+100"),
        (broken(inclusion=TWO), f"got 2 for id {arrays()['ids'][7]}, model 1"),
        (broken(inclusion=arrays()["inclusion"][:, :4]), "same shape"),
        (broken(scores=arrays()["scores"][:, :1], inclusion=arrays()["inclusion"][:, :1]), "at least 2 models"),
        (broken(ids=np.r_[arrays()["ids"][:-1], arrays()["ids"][:1]]), "twice"),
        (broken(ids=np.arange(60) + 10**6), "0 of them"),
        (broken(losses=np.zeros((60, 2))), "losses"),
        (broken(population=np.zeros((5, 2))), "population"),
        (broken(ids=arrays()["ids"].astype(object)), "astype\\(str\\)"),
        ({"ids": np.arange(3), "scores": np.zeros((3, 2))}, "inclusion"),
        ({name: array[:40] for name, array in arrays().items()}, "40 of them"),
    ],
)
def test_bad_signals_are_refused_by_what_is_wrong(tmp_path, values, says):
    file = tmp_path / "bad.npz"
    np.savez(file, **values)
    with pytest.raises(BadData, match=says):
        keep_signals(Store(tmp_path / "store"), read_signals(file), load(DATA))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda frame: frame.drop(columns="score_2"), "k from 0 to 5; score_2 not found"),
        (lambda frame: frame.drop(columns="id"), "id"),
        (lambda frame: frame.rename(columns=lambda name: name.replace("_", "")), "score0"),
        (lambda frame: frame.assign(score_1="much"), "score_1; got 'much'"),
    ],
)
def test_bad_tables_are_refused_by_what_is_wrong(tmp_path, change, says):
    change(table(arrays())).to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(BadData, match=says):
        read_signals(tmp_path / "bad.csv")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.txt").write_text("x")
    (tmp_path / "x.npz").write_bytes(b"PK\x03\x04 cut off")
    for name in ("x.txt", "x.npz", "missing.npz"):
        with pytest.raises(Exception, match=name):
            read_signals(tmp_path / name)
