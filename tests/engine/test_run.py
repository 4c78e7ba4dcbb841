"""The engine: looks before it computes, keeps what it computed, and answers whatever the disk does."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fil_core import data
from fil_core.analyses import table
from fil_core.analyses.example.request import ExampleRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.fit.run import as_result, restore
from fil_core.analyses.table import key
from fil_core.data import loading
from fil_core.engine import Engine, get, run
from fil_core.engine.store import Store
from fil_core.errors import BadData, BadRequest, DeviceUnavailable, FilError
from fil_core.models import fit, leave_one_out
from fil_core.specs import DataSpec, ModelSpec
from tests.reference import Reference, spectral_norm

DIGITS = DataSpec(name="digits", classes=("0", "1"), pca=5)
TABLE = DataSpec(name="synthetic:120x10")
SMALL = FilRequest(data=TABLE, model=ModelSpec(l2=0.01))


@pytest.fixture
def engine(tmp_path):
    return Engine(Store(tmp_path / "results"))


@pytest.fixture
def computed(monkeypatch):
    """Names of the analyses that were run, in order."""
    names = []

    def recorded(name, analysis):
        return lambda *args, **options: names.append(name) or analysis(*args, **options)

    for folder in ("fil", "example", "fit"):
        module, name = import_module(f"fil_core.analyses.{folder}.run"), f"run_{folder}"
        monkeypatch.setattr(module, name, recorded(name, getattr(module, name)))
    return names


def same(a, b):
    pd.testing.assert_frame_equal(a.table, b.table, check_exact=True)
    assert a.summary == b.summary
    assert a.arrays.keys() == b.arrays.keys()
    assert all(np.array_equal(a.arrays[name], b.arrays[name]) for name in a.arrays)


def reference(spec: DataSpec, model: ModelSpec) -> Reference:
    dataset = data.load(spec)
    T = 2 * dataset.y - 1 if model.kind == "least-squares" else dataset.y
    return Reference(model.kind, dataset.X, T, np.ones(dataset.n), dataset.n * model.penalty)


# --- looking, computing, keeping ------------------------------------------------------------------------------------


def test_a_result_is_computed_once_and_then_found(engine, computed):
    assert engine.find(SMALL) is None
    first = engine.get(SMALL)
    assert computed == ["run_fit", "run_fil"]
    same(engine.get(SMALL), first)
    same(engine.find(SMALL), first)
    assert computed == ["run_fit", "run_fil"]
    same(Engine(Store(engine.store.root)).find(SMALL), first)  # and by the next process


def test_force_computes_again_and_replaces_what_was_stored(engine, computed):
    first = engine.get(SMALL)
    again = engine.get(SMALL, force=True)
    assert computed == ["run_fit", "run_fil"] * 2  # the model too: nothing that is stored is trusted
    pd.testing.assert_frame_equal(again.table, first.table, check_exact=True)
    assert engine.find(SMALL).provenance == again.provenance
    assert engine.find(SMALL).provenance["seconds"] != first.provenance["seconds"]


def test_without_force_what_is_stored_stays(engine):
    """Of two that compute at once the first is kept, so both read the same."""
    first = engine.get(SMALL)
    assert engine.compute(SMALL).provenance == first.provenance
    assert engine.compute(SMALL, replace=True).provenance != first.provenance


def test_a_stored_model_gives_what_a_fresh_one_gives(engine):
    engine.get(SMALL)
    other = dataclasses.replace(SMALL, sigma=2.0)  # the same fit, restored
    restored = engine.get(other)
    fresh = Engine(Store(engine.store.root.parent / "other")).get(other)
    same(restored, fresh)


def test_two_measures_of_one_model_train_it_once(engine, computed):
    engine.get(SMALL)
    engine.get(dataclasses.replace(SMALL, attribute=("x0",)))
    engine.get(ExampleRequest(data=TABLE, model=SMALL.model, id=3))
    assert computed == ["run_fit", "run_fil", "run_fil", "run_example"]


def test_a_model_too_large_to_keep_is_trained_again(engine, computed, monkeypatch):
    small = dataclasses.replace(table.ENTRIES[FitRequest], limit=100)
    monkeypatch.setitem(table.ENTRIES, FitRequest, small)
    engine.get(SMALL)
    engine.get(dataclasses.replace(SMALL, sigma=2.0))
    assert computed == ["run_fit", "run_fil"] * 2


def test_get_uses_the_users_own_store(tmp_path, monkeypatch, computed):
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path / "own"))
    get(SMALL)
    get(SMALL)
    assert computed.count("run_fil") == 1
    assert len(Store(tmp_path / "own").entries()) == 2
    get(SMALL, force=True)
    assert computed.count("run_fil") == 2


def test_provenance_says_how_it_was_made(engine):
    found = engine.get(SMALL).provenance
    assert found["request"]["data"]["name"] == "synthetic:120x10"
    assert found["request"]["sigma"] == 1.0
    assert found["data"]["fingerprint"] == engine.dataset(TABLE).fingerprint
    assert found["seconds"] > 0
    assert found["device"] == "cpu"
    assert found["dtype"] == "float64"
    assert {"python", "torch", "numpy"} <= found["versions"].keys()
    assert isinstance(found["warnings"], list)


# --- keys -----------------------------------------------------------------------------------------------------------


def test_where_the_data_lie_and_where_it_is_computed_do_not_matter(engine, computed, tmp_path):
    engine.get(SMALL)
    moved = FilRequest(data=dataclasses.replace(TABLE, data_dir=str(tmp_path)), model=SMALL.model, device="cpu")
    assert engine.find(moved) is not None
    assert computed.count("run_fil") == 1


def test_an_alias_or_a_default_spelt_out_is_the_same_request(engine):
    engine.get(FilRequest(data=DataSpec(name="synthetic"), model=ModelSpec(l2=0.01)))
    spelt = DataSpec(name="synthetic:2000x20", preprocess="none")
    assert engine.find(FilRequest(data=spelt, model=ModelSpec(l2=0.01))) is not None


def test_other_content_under_the_same_name_is_another_result(tmp_path, monkeypatch):
    store = Store(tmp_path)
    first = Engine(store).get(SMALL)
    whole = loading.assemble

    def one_value_changed(raw, *args, **options):
        X = raw.X.copy()
        X[17, 4] += 1e-9
        return whole(dataclasses.replace(raw, X=X), *args, **options)

    monkeypatch.setattr(loading, "assemble", one_value_changed)
    changed = Engine(store)  # a new process: data sets in memory are not read again
    assert changed.find(SMALL) is None
    second = changed.get(SMALL)
    assert second.provenance["data"]["fingerprint"] != first.provenance["data"]["fingerprint"]
    same(Engine(store).find(SMALL), second)


# --- disks and neighbours -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["table.parquet", "arrays.npz", "manifest.json"])
def test_a_broken_stored_result_is_computed_again(file, engine, computed):
    first = engine.get(SMALL)
    name = key(dataclasses.replace(SMALL, data=data.resolve(TABLE)), engine.dataset(TABLE).fingerprint)
    path = engine.store.root / name[:2] / name / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    again = Engine(Store(engine.store.root))
    pd.testing.assert_frame_equal(again.get(SMALL).table, first.table, check_exact=True)
    assert computed.count("run_fil") == 2
    assert "damaged" in again.store.notice
    assert Engine(Store(engine.store.root)).find(SMALL) is not None


def test_a_broken_stored_model_is_trained_again(engine, computed):
    first = engine.get(SMALL)
    request = FitRequest(data=data.resolve(TABLE), model=SMALL.model)
    name = key(request, engine.dataset(TABLE).fingerprint)
    (engine.store.root / name[:2] / name / "arrays.npz").write_bytes(b"")
    again = engine.get(dataclasses.replace(SMALL, sigma=2.0))
    np.testing.assert_array_equal(again.table["loss"], first.table["loss"])
    assert computed == ["run_fit", "run_fil"] * 2


def test_a_store_that_cannot_be_written_still_answers_and_says_so(tmp_path, computed):
    (tmp_path / "a file").write_text("in the way")  # also refused to root, unlike a folder without permission
    engine = Engine(Store(tmp_path / "a file" / "results"))
    first = engine.get(SMALL)
    assert "cannot be written" in engine.store.notice
    same(engine.get(SMALL), first)  # kept in memory meanwhile
    assert computed.count("run_fil") == 1


_CHILD = """
import json, sys, time
from pathlib import Path
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.analyses.fil.request import FilRequest
from fil_core.specs import DataSpec, ModelSpec
import fil_core.analyses.fil.run
root, name = Path(sys.argv[1]), sys.argv[2]
(root / name).touch()
while len(list(root.glob("ready-*"))) < 2: time.sleep(0.005)
result = Engine(Store(root / "results")).get(
    FilRequest(data=DataSpec(name="digits", classes=("0", "1"), pca=5), model=ModelSpec(kind="logistic"))
)
print(json.dumps([result.table.to_json(double_precision=15), result.provenance["created"]]))
"""


def test_two_processes_at_once_get_equal_tables(tmp_path):
    command = [sys.executable, "-c", _CHILD, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    children = [
        subprocess.Popen([*command, f"ready-{i}"], stdout=subprocess.PIPE, env=environment, text=True) for i in "ab"
    ]
    answers = [json.loads(child.communicate(timeout=120)[0]) for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert answers[0][0] == answers[1][0]
    assert len(Store(tmp_path / "results").entries()) == 2  # one model, one table


def test_large_data_sets_are_held_two_at_a_time(engine, monkeypatch):
    monkeypatch.setattr(run, "_BYTES_HELD", 0)
    read = []
    load = data.load
    monkeypatch.setattr(data, "load", lambda spec, progress=None: read.append(spec.name) or load(spec, progress))
    first, second, third = (DataSpec(name=f"synthetic:{n}x4") for n in (20, 30, 40))
    for spec in (first, second, first, third, first):
        engine.dataset(spec)
    assert read == ["synthetic:20x4", "synthetic:30x4", "synthetic:40x4"]  # the first was used again, so it stayed
    engine.dataset(second)
    assert len(read) == 4
    assert len(engine._held) == 2


def test_small_data_sets_are_held_within_a_limit_on_their_bytes(engine, monkeypatch):
    specs = [DataSpec(name=f"synthetic:{n}x4") for n in (20, 21, 22, 23)]
    first = engine.dataset(specs[0])
    held = [getattr(first, name).nbytes for name in ("X", "y", "ids", "X_test", "y_test", "source")]
    assert first.nbytes == sum(held)
    monkeypatch.setattr(run, "_BYTES_HELD", 4 * first.nbytes)
    again = [engine.dataset(spec) for spec in (*specs[1:3], specs[0])]
    assert again[-1] is first
    engine.dataset(specs[3])  # a fourth one is beyond the limit: the one that was used longest ago goes
    assert set(engine._held) == {(data.resolve(spec), None) for spec in (specs[0], *specs[2:])}


def test_a_data_set_that_is_deleted_does_not_stay_in_memory(engine):
    for n in (20, 21):
        engine.dataset(DataSpec(name=f"synthetic:{n}x4"))
    engine.forget("synthetic:20x4")
    assert [spec.name for spec, _ in engine._held] == ["synthetic:21x4"]


# --- what is refused ------------------------------------------------------------------------------------------------


def test_cuda_by_name_is_refused_without_one_even_for_a_stored_result(engine, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    engine.get(SMALL)
    with pytest.raises(DeviceUnavailable):
        engine.get(dataclasses.replace(SMALL, device="cuda"))


@pytest.mark.parametrize(
    ("request_", "error", "text"),
    [
        (dataclasses.replace(SMALL, attribute=("nothing",)), BadData, "attribute: expected one of"),
        (dataclasses.replace(SMALL, attribute=("10",)), BadData, "column number below 10"),
        (dataclasses.replace(SMALL, attribute=("attribute",), simplex=True), BadRequest, "leaves one out"),
        (dataclasses.replace(SMALL, attribute=("x0",), simplex=True), BadRequest, "at least two columns; got 1"),
        (ExampleRequest(data=TABLE, id=120), BadData, "example: expected one of the 120"),
        (ExampleRequest(data=TABLE, id=10**9), BadData, "id"),
        (FilRequest(data=DIGITS, model=ModelSpec(kind="softmax"), attribute=("r00c00",)), BadData, "attribute"),
    ],
)
def test_a_request_that_the_data_cannot_answer_is_refused_before_training(engine, computed, request_, error, text):
    with pytest.raises(error, match=text):
        engine.get(request_)
    assert issubclass(error, FilError)
    assert computed == []
    assert engine.store.entries() == []


# --- the table and its summary ----------------------------------------------------------------------------------------


def test_the_summary_is_of_the_table(engine):
    result = engine.get(SMALL)
    eta, s = result.table["eta"].to_numpy(), result.summary
    expected = [eta.mean(), eta.std(ddof=1), eta.min(), np.median(eta), eta.max()]
    assert [s[f"eta_{k}"] for k in ("mean", "std", "min", "median", "max")] == pytest.approx(expected, rel=1e-14)
    assert (s["n"], s["d"], s["converged"], s["score"]) == (120, 10, True, "accuracy")
    assert s["train_score"] == result.table["correct"].mean()
    assert 0.5 < s["test_score"] <= 1


def test_scores_and_norms_of_the_test_split_are_kept_for_the_closed_forms(engine):
    result, dataset = engine.get(SMALL), engine.dataset(TABLE)
    np.testing.assert_allclose(result.arrays["test_scores"], dataset.X_test @ result.arrays["theta"], rtol=1e-12)
    np.testing.assert_allclose(result.arrays["test_norms"], np.sqrt((dataset.X_test**2).sum(1)), rtol=1e-12)
    np.testing.assert_array_equal(result.arrays["test_targets"], dataset.y_test)


def test_an_attribute_of_a_group_is_its_columns(engine):
    result = engine.get(dataclasses.replace(SMALL, attribute=("attribute",)))
    ref = reference(TABLE, SMALL.model)
    assert result.summary["columns"] == [7, 8, 9]
    for i in (0, 50, 119):
        assert result.table["eta"].iloc[i] == pytest.approx(spectral_norm(ref.jacobian(i)[:, 7:10]), rel=1e-9)


def test_warnings_speak_of_one_step_and_of_bad_conditions(engine, monkeypatch):
    request = FilRequest(data=TABLE, model=ModelSpec(kind="logistic", l2=0.01))
    assert engine.get(request).provenance["warnings"] == []
    monkeypatch.setattr(leave_one_out, "MOST_WORK", 0.0)
    step = engine.compute(request, replace=True)
    assert any("one Newton step" in text for text in step.provenance["warnings"])
    assert engine.get(SMALL).provenance["warnings"] == []
    dead = engine.get(FilRequest(data=DataSpec(name="digits", classes=("0", "1")), model=ModelSpec(l2=1e-12)))
    assert any("condition number" in text for text in dead.provenance["warnings"])


# --- one example ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pca", [None, 5])
@pytest.mark.parametrize("kind", ["least-squares", "logistic", "softmax"])
def test_an_examples_picture_is_that_of_the_dense_jacobian(pca, kind, engine):
    """Pixels also when the model saw principal components: there J_x B^T, B the basis (d0, d)."""
    spec = DataSpec(name="digits", classes=("0", "1"), pca=pca, subset=60)
    model = ModelSpec(kind=kind, l2=0.01)
    dataset = data.load(spec)
    T = {"least-squares": 2 * dataset.y - 1, "logistic": dataset.y, "softmax": np.eye(2)[dataset.y.astype(int)]}[kind]
    ref = Reference(kind, dataset.X, T, np.ones(60), 60 * 0.01)
    for row in (0, 41):
        found = engine.get(ExampleRequest(data=spec, model=model, id=int(dataset.ids[row])))
        J = ref.feature_jacobian(row)
        J = J if pca is None else J @ dataset.preprocessing.basis.T
        assert found.arrays["feature_eta"].shape == found.arrays["direction"].shape == (64,)
        # A pixel's own norm comes from the diagonal of J^T J, where cancellation may leave half the digits.
        np.testing.assert_allclose(
            found.arrays["feature_eta"], np.linalg.norm(J, axis=0), rtol=1e-6, atol=1e-8 * np.linalg.norm(J)
        )
        v = found.arrays["direction"]
        assert np.linalg.norm(v) == pytest.approx(1, rel=1e-10)
        assert v[np.abs(v).argmax()] > 0
        assert np.linalg.norm(J @ v) == pytest.approx(spectral_norm(J), rel=1e-9)


def test_neighbours_are_the_nearest_others(engine):
    dataset = data.load(DIGITS)
    found = engine.get(ExampleRequest(data=DIGITS, id=int(dataset.ids[7]), neighbours=5))
    distance = np.linalg.norm(dataset.X - dataset.X[7], axis=1)
    order = [i for i in np.argsort(distance) if i != 7][:5]
    assert found.table.index.tolist() == dataset.ids[order].tolist()
    assert found.table.index.name == "id"
    np.testing.assert_allclose(found.table["distance"], distance[order], rtol=1e-12)
    assert found.table["label"].tolist() == dataset.labels[order].tolist()
    assert found.summary["label"] == str(dataset.labels[7])


def test_a_person_with_attributes_gets_the_leakage_of_each(engine):
    found = engine.get(ExampleRequest(data=TABLE, model=SMALL.model, id=11, neighbours=500))
    J = reference(TABLE, SMALL.model).jacobian(11)
    assert found.summary["attribute_eta"] == {"attribute": pytest.approx(spectral_norm(J[:, 7:10]), rel=1e-9)}
    assert len(found.table) == 119  # all the others there are


def test_restored_models_are_the_fitted_ones():
    dataset = data.load(TABLE)
    fitted = fit(SMALL.model, dataset)
    back = restore(as_result(fitted), SMALL.model, fitted.theta.device)
    assert back.optimum.converged
    assert back.classes == 2
    np.testing.assert_array_equal(back.theta, fitted.theta)
    np.testing.assert_array_equal(back.curvature.vectors, fitted.curvature.vectors)
