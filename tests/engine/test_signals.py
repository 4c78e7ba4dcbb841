"""Signals of a person's own models in the store: matched with the training examples, or refused with the reason."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from file_parts import csv, table

from fil_core.analyses.ensemble.signals import of_upload
from fil_core.data.own import Choices, add
from fil_core.data.own.signals import read_signals
from fil_core.dataset import Dataset
from fil_core.engine import Engine
from fil_core.engine.signals import keep_signals
from fil_core.engine.store import Store
from fil_core.engine.store.export import write_table
from fil_core.engine.uploads import UPLOADS, load
from fil_core.errors import BadData
from fil_core.membership.files import signals_frame, signals_npz
from fil_core.membership.signals import Signals
from fil_core.specs import DataSpec, Upload
from tests.conftest import dataset_of

N, MODELS = 40, 4
RANDOM = np.random.default_rng(7)
INCLUSION = RANDOM.random((N, MODELS)) < 0.5
ALWAYS_IN, ALWAYS_OUT = [0, 3, 9], [1, 5]
INCLUSION[:, 0], INCLUSION[:, 1] = True, False  # of all others
INCLUSION[ALWAYS_IN], INCLUSION[ALWAYS_OUT] = True, False
SCORES = RANDOM.normal(size=(N, MODELS)) + INCLUSION


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


def examples(*, named: bool = False, ids: np.ndarray | None = None) -> Dataset:
    data = dataset_of(np.random.default_rng(3).normal(size=(N, 2)), np.arange(N) % 2, classes=2)
    names = np.array([f"P{i:02d}" for i in range(N)], dtype=object) if named else None
    return dataclasses.replace(data, ids=data.ids if ids is None else ids, id_names=names, fingerprint="f")


def of(data: Dataset, **others: np.ndarray) -> dict[str, np.ndarray]:
    return {"ids": np.asarray(data.called(data.ids)), "scores": SCORES, "inclusion": INCLUSION} | others


def kept(store: Store, arrays: dict[str, np.ndarray], data: Dataset) -> tuple[str, Signals]:
    digest = keep_signals(store, arrays, data, title="mine.npz")
    return digest, of_upload(load(store, Upload("signals", digest)), data)


def refusal(store: Store, arrays: dict[str, np.ndarray], data: Dataset) -> str:
    with pytest.raises(BadData, match=r"^signals: mine\.npz: expected ") as error:
        keep_signals(store, arrays, data, title="mine.npz")
    assert [*store.entries()] == []
    return str(error.value)


# --- what is kept ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [False, True])
def test_any_order_of_the_rows_is_the_same_upload_and_the_same_signals(named, store):
    data = examples(named=named)
    optional = {"losses": SCORES**2, "gradients": np.abs(SCORES), "population": SCORES[:7] - 1}
    digest, found = kept(store, of(data, **optional), data)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(N)
        shuffled = {k: v if k == "population" else v[order] for k, v in of(data, **optional).items()}
        again, signals = kept(store, shuffled, data)
        assert again == digest
        for name, array in ({"scores": SCORES, "inclusion": INCLUSION} | optional).items():
            np.testing.assert_array_equal(getattr(signals, name), array)
            np.testing.assert_array_equal(getattr(found, name), array)


def test_the_summary_says_what_they_are_of_and_who_was_always_in_or_out(store):
    data = examples()
    more = of(data, ids=np.append(data.ids, [500, 600, 600]))
    more |= {name: np.concatenate([more[name], more[name][:3]]) for name in ("scores", "inclusion")}
    digest = keep_signals(store, more, data, title="mine.npz")
    stored = load(store, Upload("signals", digest))
    assert stored.provenance["analysis"] == "signals" and "signals" in UPLOADS
    assert stored.summary == {
        "title": data.title, "fingerprint": "f", "file": "mine.npz", "unknown": 3, "models": MODELS, "always_in": 3,
        "always_out": 2,
    }  # fmt: skip
    assert keep_signals(store, of(data), data) == digest  # rows of others are no part of them
    assert of_upload(stored, data).scores.shape == (N, MODELS)


def test_rows_of_others_may_have_any_score(store):
    data = examples()
    digest, _ = kept(store, of(data), data)
    more = {"ids": np.append(data.ids, 500)}
    more |= {"scores": np.vstack([SCORES, np.full(MODELS, np.nan)]), "inclusion": np.vstack([INCLUSION, INCLUSION[:1]])}
    assert kept(store, more, data)[0] == digest


@pytest.mark.parametrize("kind", ["f8", "f4", "i4", ">u8", "U9", "S9", "O"])
def test_ids_that_are_numbers_match_in_any_type(kind, store):
    data = examples()
    digest, found = kept(store, of(data, ids=data.ids.astype(kind)), data)
    assert digest == keep_signals(store, of(data), data)
    np.testing.assert_array_equal(found.scores, SCORES)


def test_scores_in_single_precision_and_an_inclusion_of_ones_are_the_same_upload_as_their_values(store):
    data, single = examples(), SCORES.astype(np.float32)
    digest, found = kept(store, of(data, scores=single, inclusion=INCLUSION.astype(np.int8)), data)
    assert kept(store, of(data, scores=single.astype(np.float64)), data)[0] == digest
    assert found.inclusion.dtype == bool and found.scores.dtype == np.float64
    assert kept(store, of(data), data)[0] != digest


def test_optional_arrays_are_part_of_what_is_kept(store):
    data = examples()
    names = [{}, {"losses": SCORES**2}, {"gradients": SCORES**2}, {"population": SCORES**2}]
    assert len({kept(store, of(data, **more), data)[0] for more in names}) == len(names)


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".parquet"])
@pytest.mark.parametrize("own_names", [True, False])
def test_what_is_written_of_own_data_is_the_same_upload_again(suffix, own_names, tmp_path):
    engine, names = Engine(), [f"={i:02d}" if own_names else str(1000 + 3 * i) for i in range(N)]
    path = tmp_path / "patients.csv"
    path.write_bytes(csv(table(N).assign(who=names)))
    data = engine.dataset(DataSpec(name=add(path, Choices(target="ill", id="who")).name))
    assert data.n == 32 and (data.id_names is not None) == own_names
    ids, written = data.called(data.ids), Signals(SCORES[: data.n], INCLUSION[: data.n], losses=SCORES[: data.n] ** 2)
    digest = keep_signals(engine.store, {"ids": np.array(ids, dtype=str)} | as_arrays(written), data)
    path = tmp_path / f"signals{suffix}"
    if suffix == ".npz":
        path.write_bytes(signals_npz(ids, written))
    else:
        write_table(signals_frame(ids, written).sample(frac=1, random_state=1).set_index("id"), path)
    assert keep_signals(engine.store, read_signals(path), data) == digest


def as_arrays(signals: Signals) -> dict[str, np.ndarray]:
    return {name: getattr(signals, name) for name in ("scores", "inclusion", "losses")}


# --- what is refused ------------------------------------------------------------------------------------------------


def test_a_missing_example_is_refused_with_the_number_of_those_that_match(store):
    data = examples(named=True)
    arrays = {name: array[1:] for name, array in of(data).items()}
    said = refusal(store, arrays, data)
    assert "all 40 training examples, such as P00; got 39 of them, and ids such as P01" in said
    assert "add those that are missing" in said


def test_signals_of_other_rows_are_refused(store):
    data = examples(named=True)
    said = refusal(store, of(data, ids=np.array([f"Q{i}" for i in range(N)])), data)
    assert "40 training examples, such as P00; got 0 of them, and ids such as Q0" in said and "other rows" in said


def test_no_rows_are_refused(store):
    data = examples()
    empty = {name: array[:0] for name, array in of(data).items()}
    assert "got 0 of them, and ids such as none" in refusal(store, empty, data)


@pytest.mark.parametrize(
    ("ids", "cause"),
    [
        (lambda n: np.arange(n) + 1, "count the rows from 1"),
        (lambda n: (np.arange(n) + 1).astype(float), "count the rows from 1"),
        (lambda n: np.char.zfill(np.arange(n).astype(str), 4), "zeros or signs"),
    ],
    ids=["from 1", "floats from 1", "padded"],
)
def test_the_likely_cause_is_said(ids, cause, store):
    data = examples(ids=np.arange(N))
    n = N + len(data.X_test)
    arrays = {"ids": ids(n), "scores": np.resize(SCORES, (n, MODELS)), "inclusion": np.resize(INCLUSION, (n, MODELS))}
    assert cause in refusal(store, arrays, data)


def test_names_in_other_spellings_are_said_to_be_such(store):
    data = examples(named=True)
    assert "upper and lower case" in refusal(store, of(data, ids=np.char.lower(data.id_names.astype(str))), data)
    assert "row numbers" in refusal(store, of(data, ids=data.ids), data)


@pytest.mark.parametrize("named", [False, True])
def test_an_id_twice_is_named(named, store):
    data = examples(named=named)
    arrays = {name: np.concatenate([array, array[11:12]]) for name, array in of(data).items()}
    assert f"each id once; got {'P11' if named else '34'} twice" in refusal(store, arrays, data)


@pytest.mark.parametrize("name", ["scores", "losses", "gradients"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_named_by_id_and_model(name, value, store):
    data, wrong = examples(named=True), SCORES**2
    wrong[12, 3] = value
    order = np.random.default_rng(0).permutation(N)
    arrays = {key: array[order] for key, array in of(data, **{name: wrong}).items()}
    assert f"finite {name}; got {value} for id P12, model 3" in refusal(store, arrays, data)


def test_numbers_of_the_population_are_named_by_row(store):
    data, wrong = examples(), SCORES[:9].copy()
    wrong[4, 2] = np.nan
    assert "finite population; got nan for row 5, model 2" in refusal(store, of(data, population=wrong), data)


def test_norms_are_not_negative(store):
    data, norms = examples(), np.abs(SCORES)
    norms[3, 1] = -0.5
    assert "no negative gradients; got -0.5 for id 10, model 1" in refusal(store, of(data, gradients=norms), data)


@pytest.mark.parametrize("models", [0, 1])
def test_fewer_than_two_models_are_refused(models, store):
    data = examples()
    said = refusal(store, of(data, scores=SCORES[:, :models], inclusion=INCLUSION[:, :models]), data)
    assert f"at least 2 models, one to attack and others to compare it with; got {models}" in said


def test_two_models_are_enough(store):
    data = examples()
    assert kept(store, of(data, scores=SCORES[:, :2], inclusion=INCLUSION[:, :2]), data)[1].models == 2


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ({"inclusion": INCLUSION[:, :3]}, "(40,), (40, 4) and (40, 3)"),
        ({"ids": np.arange(39)}, "(39,), (40, 4) and (40, 4)"),
        ({"inclusion": SCORES}, "for id 1, model 0"),
        ({"losses": SCORES[:, :3]}, "losses of shape (40, 4)"),
        ({"population": SCORES[:, :3]}, "population of shape (rows, 4)"),
    ],
)
def test_shapes_are_checked_of_arrays_from_anywhere(others, says, store):
    assert says in refusal(store, of(examples(), **others), examples())


def test_signals_belong_to_their_examples(store):
    data = examples()
    digest, _ = kept(store, of(data), data)
    stored = load(store, Upload("signals", digest))
    with pytest.raises(BadData, match="another choice of examples or features"):
        of_upload(stored, dataclasses.replace(data, fingerprint="g"))
    assert kept(store, of(data), dataclasses.replace(data, fingerprint="g"))[0] != digest
    with pytest.raises(BadData, match="scores: .* are not in this store"):
        load(store, Upload("scores", digest))
