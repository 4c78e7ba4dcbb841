"""Scores and parameters that a person brings, and own data through the engine."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from file_parts import csv, table
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch_file
from sklearn.linear_model import LogisticRegression

from fil_core.analyses.example.request import ExampleRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.network.request import NetworkFitRequest
from fil_core.analyses.table import ANALYSES
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.data.own import Choices, add
from fil_core.data.own.network import read_network
from fil_core.data.own.parameters import read_parameters
from fil_core.engine import Engine
from fil_core.engine.uploads import (
    UPLOADS,
    joined,
    keep_network,
    keep_parameters,
    keep_scores,
    load,
    naming_all,
    read_scores,
    scores_of,
)
from fil_core.engine.weights import keep_weights
from fil_core.errors import BadData, BadRequest, NotConverged
from fil_core.leakage.fil import fil
from fil_core.models import fit
from fil_core.models.networks import network
from fil_core.models.pretrained import fit_at
from fil_core.specs import DataSpec, ModelSpec, NetworkRequest, NetworkSpec, Upload
from fil_core.specs.networks import Shape
from fil_core.specs.weights import GivenWeights, weighting

LOGISTIC = ModelSpec(kind="logistic", l2=0.02, intercept=False)
HASH = "0" * 64


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def patients(tmp_path) -> DataSpec:
    """Forty patients that go by names, eight of them held out."""
    path = tmp_path / "patients.csv"
    path.write_bytes(csv(table().assign(who=[f"P{i:02d}" for i in range(40)])))
    return DataSpec(name=add(path, Choices(target="ill", id="who", sensitive=("city", "age"))).name)


@pytest.fixture
def numbered(tmp_path) -> DataSpec:
    """The same forty, that go by numbers."""
    path = tmp_path / "numbered.csv"
    path.write_bytes(csv(table().assign(who=1000 + 3 * np.arange(40))))
    return DataSpec(name=add(path, Choices(target="ill", id="who")).name)


def written(folder: Path, frame: pd.DataFrame, suffix: str = "csv") -> Path:
    path = folder / f"scores.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    return path


# --- own data -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["least-squares", "logistic", "softmax"])
def test_own_data_leak_what_the_same_arrays_leak(kind, engine, tmp_path, from_arrays):
    frame = table()
    (tmp_path / "t.csv").write_bytes(csv(frame))
    name = add(tmp_path / "t.csv", Choices(target="ill", test_fraction=0)).name
    model = ModelSpec(kind=kind, l2=0.02)
    found = engine.get(FilRequest(data=DataSpec(name=name), model=model))
    numbers = frame[["age", "dose"]].to_numpy()
    standard = (numbers - numbers.mean(0)) / numbers.std(0)
    X = np.column_stack([standard, frame["city"] == "Bonn", frame["city"] == "Lyon"]).astype(float)
    data = from_arrays(X, frame["ill"] == "yes", classes=2, intercept=True)
    np.testing.assert_allclose(found.table["eta"], fil(fit(model, data), data), rtol=1e-9)
    assert found.table.index.tolist() == list(range(40))


def test_sensitive_columns_have_their_own_eta_beside_the_rest(engine, patients):
    request = FilRequest(data=patients, model=LOGISTIC, sigma=2.0)
    result = engine.get(request).table
    for name in ("city", "age"):
        asked = engine.get(dataclasses.replace(request, attribute=(name,))).table
        np.testing.assert_allclose(result[f"eta_{name}"], asked["eta"], rtol=1e-12)
        assert (result[f"eta_{name}"] <= result["eta"] * (1 + 1e-12)).all()
        assert {"eta_city", "eta_age"}.isdisjoint(asked.columns)
    components = engine.get(FilRequest(data=dataclasses.replace(patients, pca=2), model=LOGISTIC)).table
    assert "eta_city" not in components  # a component is no attribute


def test_two_spellings_of_own_data_are_one_stored_result(engine, patients):
    engine.get(FilRequest(data=patients, model=LOGISTIC))
    short = DataSpec(name=f"own:{patients.name[-12:]}")
    assert engine.find(FilRequest(data=short, model=LOGISTIC)) is not None


# --- scores ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_scores_are_found_by_name_in_the_order_of_the_examples(suffix, engine, patients, tmp_path):
    data = engine.dataset(patients)
    frame = pd.DataFrame({"ID": [f"P{i:02d}" for i in range(40)], "mine": np.arange(40) / 7, "other": np.arange(40)})
    frame = frame.sample(frac=1, random_state=1)
    name = keep_scores(engine.store, read_scores(written(tmp_path, frame, suffix)), data)
    scores, notes = scores_of(engine.store, name, data)
    assert list(scores.columns) == ["mine", "other"]
    np.testing.assert_allclose(scores["mine"], data.ids / 7, rtol=1e-15)
    assert scores.index.tolist() == data.ids.tolist()
    assert notes == ["8 of their ids are no training example."]


def test_scores_are_found_by_number(engine, numbered):
    data = engine.dataset(numbered)
    table = pd.DataFrame({"id": data.ids[::-1].astype(float), "mine": np.arange(data.n)})
    scores, notes = scores_of(engine.store, keep_scores(engine.store, table, data), data)
    assert scores["mine"].tolist() == list(range(data.n))[::-1]
    assert notes == []


def test_examples_without_a_score_have_none_and_are_counted(engine, numbered):
    data = engine.dataset(numbered)
    table = pd.DataFrame({"id": [*data.ids[:30], 7, np.nan], "mine": [*range(30), 9, 9]})
    scores, notes = scores_of(engine.store, keep_scores(engine.store, table, data), data)
    assert scores["mine"][:30].tolist() == list(range(30))
    assert scores["mine"][30:].isna().all()
    assert notes == ["Your scores lack 2 of the 32 training examples.", "2 of their ids are no training example."]


def test_scores_that_are_no_finite_numbers_are_counted(engine, numbered):
    data = engine.dataset(numbered)
    table = pd.DataFrame({"id": data.ids, "mine": [np.nan, np.inf, *range(data.n - 2)]})
    _, notes = scores_of(engine.store, keep_scores(engine.store, table, data), data)
    assert notes == ["2 of your scores are no finite numbers."]


def test_scores_of_fewer_than_nine_tenths_of_the_examples_are_refused(engine, numbered):
    data = engine.dataset(numbered)
    for kept, refused in ((29, False), (28, True)):  # 0.9 * 32 = 28.8
        table = pd.DataFrame({"id": data.ids[:kept], "mine": 1.0})
        if not refused:
            keep_scores(engine.store, table, data)
            continue
        with pytest.raises(BadData, match=f"ids of the 32 training examples, .*; got {kept} of them, .* other rows"):
            keep_scores(engine.store, table, data)


def test_columns_of_labels_are_left_out_of_scores_and_named(engine, numbered):
    data = engine.dataset(numbered)
    table = pd.DataFrame({"id": data.ids, "label": "yes", "mine": np.arange(data.n), "empty": None})
    scores, notes = scores_of(engine.store, keep_scores(engine.store, table, data), data)
    assert list(scores.columns) == ["mine", "empty"]
    assert notes == [
        "32 of your scores are no finite numbers.", "Columns of texts are left out of your scores: label."
    ]  # fmt: skip


def test_the_same_scores_have_the_same_name_and_other_columns_another(engine, numbered):
    data = engine.dataset(numbered)
    numbers = {"id": data.ids, "ab": np.ones(data.n), "c": np.ones(data.n)}
    names = [keep_scores(engine.store, pd.DataFrame(numbers), data) for _ in range(2)]
    assert names[0] == names[1]
    other = keep_scores(engine.store, pd.DataFrame(numbers).rename(columns={"ab": "a", "c": "bc"}), data)
    assert other != names[0]
    assert list(scores_of(engine.store, other, data)[0].columns) == ["a", "bc"]


def test_a_name_that_is_taken_gets_yours_behind_it():
    result = pd.DataFrame({"eta": [1.0, 2.0]}, index=pd.Index([0, 1], name="id"))
    found = joined(result, pd.DataFrame({"eta": [3.0, 4.0], "mine": [5.0, 6.0]}, index=result.index))
    assert list(found.columns) == ["eta", "eta (yours)", "mine"]
    assert found["eta"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"mine": [1, 2]}, "expected one column id in scores.csv; got mine"),
        ({"id": [1, 2], "ID": [1, 2], "mine": [1, 2]}, "expected one column id in scores.csv; got id, ID"),
    ],
)
def test_a_table_without_one_id_is_refused(columns, message, tmp_path):
    with pytest.raises(BadData, match=message):
        read_scores(written(tmp_path, pd.DataFrame(columns | {"more": [0, 0]})))


def test_another_kind_of_file_is_no_table_of_scores(tmp_path):
    with pytest.raises(BadData, match=r"expected a \.csv or \.parquet file; got scores\.npz"):
        read_scores(tmp_path / "scores.npz")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "a column of numbers beside id; got none"),
        ({"mine": ["a", "b"]}, "a column of numbers beside id; got none"),
        ({"mine": ["0.5", "0,5"]}, "expected numbers in column 'mine'; got '0,5'"),
        ({"mi\nne": [1, 2]}, "printable"),
        (
            {"id": [1, 2], "mine": [1, 2]},
            r"ids of the 32 training examples, such as \d+; got 0 of them, and ids such as 1",
        ),
        ({"id": [1000 + 3, 1000 + 3], "mine": [1, 2]}, "expected each id once; got one twice"),
    ],
)
def test_scores_that_cannot_be_used_are_refused(columns, message, engine, numbered):
    data = engine.dataset(numbered)
    assert 1003 in data.ids
    with pytest.raises(BadData, match=message):
        keep_scores(engine.store, pd.DataFrame({"id": data.ids[:2]} | columns), data)


def test_scores_belong_to_their_examples_and_can_be_lost(engine, numbered):
    data = engine.dataset(numbered)
    name = keep_scores(engine.store, pd.DataFrame({"id": data.ids, "mine": data.y}), data)
    other = engine.dataset(dataclasses.replace(numbered, subset=20))
    with pytest.raises(BadData, match="another choice of examples or features"):
        scores_of(engine.store, name, other)
    engine.store.delete(name)
    with pytest.raises(BadData, match="not in this store; give the file again"):
        scores_of(engine.store, name, data)
    with pytest.raises(BadRequest, match="64 lower-case hex"):
        scores_of(engine.store, "../x", data)


def test_a_name_of_something_else_is_no_name_of_scores(engine, numbered):
    data = engine.dataset(numbered)
    with pytest.raises(BadData, match="scores: .* are not in this store"):
        scores_of(engine.store, keep_parameters(engine.store, np.ones(4)), data)


# --- parameters -----------------------------------------------------------------------------------------------------


def parameters(engine: Engine, data: DataSpec, model: ModelSpec = LOGISTIC) -> np.ndarray:
    return fit(model, engine.dataset(data)).theta.numpy()


@pytest.mark.parametrize("kind", ["least-squares", "logistic", "softmax"])
@pytest.mark.parametrize("suffix", ["safetensors", "npz"])
def test_a_model_trained_elsewhere_leaks_what_the_same_model_trained_here_leaks(
    kind, suffix, engine, patients, tmp_path
):
    model = ModelSpec(kind=kind, l2=0.02)
    theta = parameters(engine, patients, model).astype(np.float32)
    path = tmp_path / f"model.{suffix}"
    save_file({"weight": theta}, path) if suffix == "safetensors" else np.savez(path, weight=theta)
    name = keep_parameters(engine.store, read_parameters(path))
    brought = engine.get(FilRequest(data=patients, model=dataclasses.replace(model, parameters=name)))
    own = engine.get(FilRequest(data=patients, model=model))
    np.testing.assert_allclose(brought.table["eta"], own.table["eta"], rtol=1e-9)
    assert brought.summary["converged"]
    np.testing.assert_allclose(brought.arrays["theta"], own.arrays["theta"], rtol=1e-9)
    assert any("away from the optimum" in warning for warning in brought.provenance["warnings"])


def test_every_analysis_of_examples_starts_from_the_parameters_that_were_brought(engine, patients):
    theta = parameters(engine, patients)
    moved = theta * (1 + 5e-4)
    model = dataclasses.replace(LOGISTIC, parameters=keep_parameters(engine.store, moved))
    id_ = int(engine.dataset(patients).ids[0])
    brought = engine.get(ExampleRequest(data=patients, model=model, id=id_))
    own = engine.get(ExampleRequest(data=patients, model=LOGISTIC, id=id_))
    assert any("0.0005 of their length away" in warning for warning in brought.provenance["warnings"])
    assert not any("away from the optimum" in warning for warning in own.provenance["warnings"])
    np.testing.assert_allclose(brought.arrays["feature_eta"], own.arrays["feature_eta"], rtol=1e-9)


def test_parameters_that_are_no_optimum_are_refused_and_nothing_is_stored(engine, patients):
    name = keep_parameters(engine.store, parameters(engine, patients) * 1.1)
    request = FilRequest(data=patients, model=dataclasses.replace(LOGISTIC, parameters=name))
    with pytest.raises(NotConverged, match="parameters: expected an optimum of logistic"):
        engine.get(request)
    assert engine.find(request) is None


def test_given_weights_stand_beside_parameters(engine, patients):
    data = engine.dataset(patients)
    weights = np.random.default_rng(1).uniform(0.5, 1.5, data.n)
    how = keep_weights(engine.store, pd.DataFrame({"id": data.called(data.ids), "weight": weights}), data)
    weighted = dataclasses.replace(LOGISTIC, weights=how)
    theta = fit(LOGISTIC, data, weights=weights).theta.numpy()
    model = dataclasses.replace(weighted, parameters=keep_parameters(engine.store, theta))
    brought, own = (engine.get(FilRequest(data=patients, model=m)).table for m in (model, weighted))
    np.testing.assert_allclose(brought["eta"], own["eta"], rtol=1e-6)
    np.testing.assert_allclose(brought["weight"], weights, rtol=1e-15)
    with pytest.raises(NotConverged):
        engine.get(FilRequest(data=patients, model=dataclasses.replace(model, weights=None)))


def test_weights_that_train_anew_are_refused_beside_parameters():
    assert ModelSpec(weights=GivenWeights(digest=HASH), parameters=HASH).parameters == HASH
    for text in ("irfil:sample:3", "drop:2"):
        how = weighting(text)
        with pytest.raises(BadRequest, match="which trains the model anew"):
            ModelSpec(weights=how, parameters=HASH)


@pytest.mark.parametrize("name", ["x", "../" * 20, "A" * 64, "0" * 63])
def test_a_name_that_is_no_digest_is_refused(name):
    with pytest.raises(BadRequest, match="parameters: expected 64 lower-case hex"):
        ModelSpec(parameters=name)


def test_parameters_can_be_lost(engine, patients):
    name = keep_parameters(engine.store, parameters(engine, patients))
    assert load(engine.store, Upload("parameters", name)).arrays["theta"].shape == (4,)
    engine.store.delete(name)
    with pytest.raises(BadData, match="parameters: .* not in this store; give the file again"):
        engine.get(FilRequest(data=patients, model=dataclasses.replace(LOGISTIC, parameters=name)))


def test_a_name_of_something_else_is_no_name_of_parameters(engine, numbered):
    data = engine.dataset(numbered)
    scores = keep_scores(engine.store, pd.DataFrame({"id": data.ids, "mine": data.y}), data)
    with pytest.raises(BadData, match="parameters: .* are not in this store"):
        load(engine.store, Upload("parameters", scores))


# --- files of parameters --------------------------------------------------------------------------------------------


def saved(folder: Path, suffix: str = "npz", **arrays: np.ndarray) -> Path:
    path = folder / f"model.{suffix}"
    np.savez(path, **arrays) if suffix == "npz" else save_file(arrays, path)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "theta",
        "coef",
        "coef_",
        "coefficients",
        "weight",
        "linear.weight",
        "fc.weight",
        "0.weight",
        "classifier.weight",
        "module.lin.weight",
    ],
)
@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_coefficients_go_by_their_usual_names(name, suffix, tmp_path):
    given = np.array([[1.5, -2.0, 3.0]])  # one row, as scikit-learn and PyTorch keep a model of two classes
    theta = read_parameters(saved(tmp_path, suffix, **{name: given, "epoch": np.array([3])}))
    assert (theta.dtype, theta.tolist()) == (np.float64, [1.5, -2.0, 3.0])


def test_a_matrix_is_a_row_for_each_class(tmp_path):
    assert read_parameters(saved(tmp_path, theta=np.ones((3, 4)))).shape == (3, 4)


def test_an_intercept_of_zero_is_none(tmp_path):
    assert read_parameters(saved(tmp_path, coef_=np.ones((1, 3)), intercept_=np.zeros(1))).shape == (3,)


@pytest.mark.parametrize(
    "name", ["intercept", "intercept_", "bias", "linear.bias", "fc.bias", "0.bias", "module.lin.bias"]
)
def test_an_intercept_is_the_last_coefficient(name, tmp_path):
    assert read_parameters(saved(tmp_path, theta=np.ones(3), **{name: np.array([0.5])})).tolist() == [1, 1, 1, 0.5]
    several = read_parameters(saved(tmp_path, theta=np.ones((2, 3)), **{name: np.array([0.5, -0.5])}))
    assert several.tolist() == [[1, 1, 1, 0.5], [1, 1, 1, -0.5]]


def test_an_intercept_of_another_number_of_scores_is_refused(tmp_path):
    with pytest.raises(BadData, match="expected one intercept of 1 number"):
        read_parameters(saved(tmp_path, theta=np.ones(3), bias=np.array([0.5, 1.0])))


def test_half_precision_of_torch_is_read(tmp_path):
    path = tmp_path / "model.safetensors"
    save_torch_file({"fc.weight": torch.tensor([[1.5, -2.0]], dtype=torch.bfloat16)}, path)
    assert read_parameters(path).tolist() == [1.5, -2.0]


@pytest.mark.parametrize("classes", [2, 3])
def test_a_model_of_scikit_learn_with_its_intercept_is_an_optimum(classes, tmp_path, make_dataset):
    """`coef_` and `intercept_` as they are; its optimum to 1e-8, and from there to ours."""
    data = make_dataset(classes=classes, n=60, d=4, seed=3)
    spec = ModelSpec(kind="logistic" if classes == 2 else "softmax", l2=0.02)
    theirs = LogisticRegression(C=1 / (60 * 0.02), tol=1e-10, max_iter=5000).fit(data.X, data.y)
    theta = read_parameters(saved(tmp_path, coef_=theirs.coef_, intercept_=theirs.intercept_))
    given = fit_at(spec, data, theta)
    assert given.intercept
    assert given.moved < 1e-5
    ours = fit(dataclasses.replace(spec, intercept=True), data)
    np.testing.assert_allclose(given.theta, ours.theta, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(fil(given, data), fil(ours, data), rtol=1e-9)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"other": np.ones(3)}, "expected one of theta, .*; got none of them"),
        ({"theta": np.ones(3), "coef": np.ones(3)}, "got theta, coef"),
        ({"0.weight": np.ones((4, 3)), "2.weight": np.ones((2, 4))}, r"one layer, .*; got 0\.weight, 2\.weight"),
        ({"0.weight": np.ones(3), "0.bias": np.ones(1), "1.bias": np.ones(1)}, "expected one intercept of 1 number"),
        ({"theta": np.ones((2, 3, 4))}, r"shape \(d,\) or \(C, d\); got float64 \(2, 3, 4\)"),
        ({"theta": np.ones(3) * 1j}, "got complex128"),
        ({"theta": np.array(["a"])}, "got <U1"),
        ({"theta": np.empty(0)}, r"got float64 \(0,\)"),
        ({"theta": np.array(1.0)}, r"got float64 \(\)"),
        ({"theta": np.array([1, None])}, "array 'theta': expected numbers or texts; got Python objects"),
    ],
)
def test_what_holds_no_coefficients_is_refused(arrays, message, tmp_path):
    with pytest.raises(BadData, match=message):
        read_parameters(saved(tmp_path, **arrays))


class Opened:
    def __reduce__(self):
        return (Path("/tmp/a-pickle-was-opened").touch, ())


@pytest.mark.parametrize(
    ("suffix", "message"),
    [
        (".npz", "got a Python pickle, which is not opened"),
        (".safetensors", "model.safetensors cannot be read"),
        (".pt", r"expected a \.safetensors or \.npz file; got model\.pt"),
        (".pkl", r"expected a \.safetensors or \.npz file; got model\.pkl"),
    ],
)
def test_a_pickle_is_not_opened_under_any_name(suffix, message, tmp_path):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(pickle.dumps(Opened()))
    with pytest.raises(BadData, match=message):
        read_parameters(path)
    assert not Path("/tmp/a-pickle-was-opened").exists()


@pytest.mark.parametrize("cut", [4, 30, -8])
def test_a_file_that_is_cut_off_is_refused(cut, tmp_path):
    for suffix in ("safetensors", "npz"):
        path = saved(tmp_path, suffix, theta=np.ones(3))
        path.write_bytes(path.read_bytes()[:cut])
        with pytest.raises(BadData, match="parameters: |NumPy archive"):
            read_parameters(path)


# --- weights of networks --------------------------------------------------------------------------------------------


def test_weights_of_a_network_survive_the_store_under_their_names(engine):
    arrays = {
        "0.weight": np.random.default_rng(0).normal(size=(3, 4)),
        "0.bias": np.ones(3, np.float32),
        "layer1.0.bn1.num_batches_tracked": np.array(7),
        "file": np.zeros((0, 2)),
        "allow_pickle": np.ones(1),
        "$float": np.ones(2),
        "a/b": np.ones(1),
    }
    name = keep_network(engine.store, arrays, title="mine.safetensors")
    stored = load(engine.store, Upload("initial", name))
    assert (stored.provenance["analysis"], stored.summary) == ("initial", {"file": "mine.safetensors"})
    assert list(stored.arrays) == sorted(arrays)
    for key, array in stored.arrays.items():
        assert (array.dtype, array.shape) == (arrays[key].dtype, arrays[key].shape)
        assert np.array_equal(array, arrays[key])


def test_weights_of_a_network_are_named_by_their_content_in_any_order(engine):
    arrays = {"0.weight": np.ones((2, 3)), "0.bias": np.zeros(2)}
    name = keep_network(engine.store, arrays)
    assert keep_network(engine.store, dict(reversed(arrays.items())), title="other") == name
    others = [
        {"0.weight": np.ones((3, 2)), "0.bias": np.zeros(2)},
        {"1.weight": np.ones((2, 3)), "0.bias": np.zeros(2)},
        {"0.weight": np.ones((2, 3)), "0.bias": np.full(2, 1e-300)},
        {"0.weight": np.ones((2, 3))},
    ]
    assert len({name, *(keep_network(engine.store, other) for other in others)}) == 5


def test_a_stored_network_is_what_its_request_starts_from(engine, tmp_path):
    shape = Shape(features=3, outputs=1)
    module = network(NetworkSpec(width=4, init_seed=3), shape)
    path = tmp_path / "mine.safetensors"
    save_torch_file(module.state_dict(), path)
    name = keep_network(engine.store, read_network(path), title=path.name)
    request = NetworkRequest(network=NetworkSpec(width=4, initial=name))
    assert request.uploads == (Upload("initial", name),)
    stored = load(engine.store, request.uploads[0])
    again = network(request.network, shape, initial=stored.arrays)
    assert all(torch.equal(again.state_dict()[key], value) for key, value in module.state_dict().items())
    wanted = r"^initial: mine\.safetensors: expected the weights of mlp 1 × 5, relu"
    with pytest.raises(BadData, match=wanted), naming_all([stored]):
        network(NetworkSpec(width=5), shape, initial=stored.arrays)


def test_no_upload_is_taken_for_the_result_of_an_analysis(engine, patients):
    """Both are told apart by that word alone: a trained network must not be taken for one that was uploaded."""
    assert {analysis.name for analysis in ANALYSES} & set(UPLOADS) == set()
    engine.get(NetworkFitRequest(data=patients, network=NetworkSpec(width=8, lr=0.05, time=2)))
    key = next(entry.key for entry in engine.store.entries() if entry.analysis == "network")
    with pytest.raises(BadData, match="^initial: .* not in this store"):
        engine.get(unique(patients, key))


def unique(data: DataSpec, initial: str | None, **more) -> UniqueInfoRequest:
    return UniqueInfoRequest(data=data, network=NetworkSpec(width=8, lr=0.05, time=10, initial=initial, **more))


def test_unique_information_starts_from_the_weights_that_were_brought(engine, patients):
    """Those of another seed give what that seed gives."""
    data = engine.dataset(patients)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        net = torch.nn.Sequential(torch.nn.Linear(data.d, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    weights = {name: value.numpy() for name, value in net.state_dict().items()}
    brought = engine.get(unique(patients, keep_network(engine.store, weights)))
    seeded = engine.get(unique(patients, None, init_seed=7))
    pd.testing.assert_frame_equal(brought.table, seeded.table, check_exact=True)
    assert not np.allclose(brought.table["f_si"], engine.get(unique(patients, None)).table["f_si"])


def test_weights_of_another_network_are_refused_by_the_name_of_their_file_and_nothing_is_stored(engine, patients):
    request = unique(patients, keep_network(engine.store, {"4.bias": np.ones(1)}, title="net.safetensors"))
    with pytest.raises(BadData, match=r"^initial: net\.safetensors: expected the weights of mlp .*4\.bias unknown"):
        engine.get(request)
    assert engine.find(request) is None


def test_other_uploads_are_no_networks_and_lost_ones_are_named(engine):
    theta = keep_parameters(engine.store, np.ones(3))
    for digest in (theta, HASH):
        with pytest.raises(BadData, match=r"^initial: .* are not in this store; give the file again"):
            load(engine.store, Upload("initial", digest))
    with pytest.raises(BadData, match="parameters: .* are not in this store"):
        load(engine.store, Upload("parameters", keep_network(engine.store, {"theta": np.ones(3)})))
    assert UPLOADS["initial"] == "your own network weights"
