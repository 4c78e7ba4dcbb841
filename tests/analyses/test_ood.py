"""Out-of-distribution scores from end to end: which rows are in and out, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from fil_core import BadData, BadRequest, FilError
from fil_core.analyses.ood.request import OodRequest
from fil_core.data import load
from fil_core.data.outside import load_outside
from fil_core.data.own import Choices, add
from fil_core.engine import Engine
from fil_core.specs import DataSpec, ModelSpec
from fil_core.specs.outside import OutsideSpec
from tests.test_published_figures import need

LOGISTIC, SOFTMAX = ModelSpec(kind="logistic", l2=0.01), ModelSpec(kind="softmax", l2=0.01)
TWO = DataSpec(name="digits", classes=("0", "1"))


def table(path, rows, seed=0, **columns):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)), columns=["a", "b", "c"])
    frame["kind"] = rng.choice(["red", "green", "blue"], rows)
    frame["label"] = rng.choice(["yes", "no"], rows)
    frame.assign(**columns).to_csv(path, index=False)
    return path


@pytest.mark.realdata
def test_mnist_against_all_other_digits():
    """docs/maths.md, section 13."""
    need("MNIST/raw")
    data = DataSpec(name="mnist", classes=("0", "1"), pca=20)
    s = Engine().get(OodRequest(data=data, model=ModelSpec(kind="logistic", l2=8e-4))).summary
    auroc = [0.968976, 0.968993, 0.971226, 0.581669, 0.540878, 0.969946, 0.546918, 0.894557]
    fpr = [0.1739, 0.1739, 0.1684, 0.6006, 0.9756, 0.1348, 0.9999, 0.5039]
    np.testing.assert_allclose(list(s["auroc"].values()), auroc, atol=0.51e-6)
    np.testing.assert_allclose(list(s["fpr95"].values()), fpr, atol=0.51e-4)
    assert (s["n_in"], s["n_out"], s["best"]) == (2115, 7885, "fil-expected")


def test_test_rows_of_the_own_classes_are_those_of_the_data_set():
    spec = DataSpec(name="digits", classes=("3", "5"), subset=100, pca=6)
    found = load_outside(spec, OutsideSpec(classes=("8",)))
    np.testing.assert_allclose(found.X[~found.outside], load(spec).X_test, rtol=1e-10, atol=1e-12)
    assert set(found.labels[found.outside]) == {"8"} and set(found.labels[~found.outside]) == {"3", "5"}
    from sklearn.datasets import load_digits

    labels = load_digits().target  # ids are rows of the source
    np.testing.assert_array_equal(labels[found.ids.astype(int)].astype(str), found.labels)


def test_rows_of_own_data_have_the_ids_of_their_file(tmp_path):
    frame = pd.read_csv(table(tmp_path / "in.csv", 60)).assign(who=[f"r{i}" for i in range(60)])
    frame["label"] = np.resize(["yes", "no", "maybe"], 60)
    frame.to_csv(tmp_path / "named.csv", index=False)
    for id in ("", "who"):
        chosen = Choices(target="label", test_fraction=0.3, id=id, left_out=() if id else ("who",))
        spec = DataSpec(name=add(tmp_path / "named.csv", chosen).name, classes=("yes", "no"))
        found = load_outside(spec, OutsideSpec())
        rows = [int(name.removeprefix("r")) for name in found.ids]
        assert frame["label"].iloc[rows].tolist() == found.labels.tolist()
        np.testing.assert_allclose(found.source[:, 0], frame["a"].iloc[rows])


def test_all_other_classes_where_none_is_named():
    found = load_outside(TWO, OutsideSpec())
    assert sorted(set(found.labels[found.outside])) == list("23456789")


def test_the_same_data_under_an_alias_are_the_same_request():
    engine = Engine()
    one = OodRequest(data=TWO, model=LOGISTIC, outside=OutsideSpec(classes=("2",)))
    other = OodRequest(data=TWO, model=LOGISTIC, outside=OutsideSpec(name="digits", classes=("2",)))
    assert engine.key(one) == engine.key(other)


def test_columns_come_by_name_and_levels_by_what_they_are(tmp_path):
    inside = add(table(tmp_path / "in.csv", 80), Choices(target="label", test_fraction=0.25)).name
    path = table(tmp_path / "out.csv", 40, seed=1)
    turned = pd.read_csv(path)[["label", "kind", "c", "b", "a"]]
    turned = turned[turned["kind"] != "blue"]  # its levels are then others, and another one is dropped
    turned.to_csv(tmp_path / "turned.csv", index=False)
    outside = add(tmp_path / "turned.csv", Choices(target="label", test_fraction=0.25)).name
    found = load_outside(DataSpec(name=inside), OutsideSpec(name=outside))
    data, other = load(DataSpec(name=inside)), load(DataSpec(name=outside))
    rows = found.source[found.outside]
    back = other.preprocessing.backward(other.X_test)
    for name in "abc":
        np.testing.assert_allclose(
            rows[:, data.source_names.index(name)], back[:, other.source_names.index(name)], rtol=1e-9
        )
    group = data.groups["kind"]
    kinds = np.array([*group.levels, group.dropped])
    block = rows[:, list(group.columns)]
    decoded = kinds[np.where(block.any(1), block.argmax(1), len(group.levels))]
    own = other.groups["kind"]
    block = back[:, list(own.columns)] > 0.5
    expected = np.array([*own.levels, own.dropped])[np.where(block.any(1), block.argmax(1), len(own.levels))]
    assert decoded.tolist() == expected.tolist()


def test_another_content_of_the_outside_data_is_another_result(tmp_path):
    inside = add(table(tmp_path / "in.csv", 80), Choices(target="label", test_fraction=0.25)).name
    names = [add(table(tmp_path / "out.csv", 40, seed=seed), Choices(target="label")).name for seed in (1, 2)]
    engine, model = Engine(), ModelSpec(kind="logistic", l2=0.1)
    requests = [OodRequest(data=DataSpec(name=inside), model=model, outside=OutsideSpec(name=name)) for name in names]
    assert engine.key(requests[0]) != engine.key(requests[1])
    areas = [engine.get(request).summary["auroc"]["mahalanobis"] for request in requests]
    assert areas[0] != areas[1]


def test_data_without_held_out_rows_are_used_whole(tmp_path):
    inside = add(table(tmp_path / "in.csv", 80), Choices(target="label", test_fraction=0.25)).name
    outside = add(table(tmp_path / "out.csv", 30, seed=3), Choices(target="label", test_fraction=0)).name
    found = load_outside(DataSpec(name=inside), OutsideSpec(name=outside))
    assert found.outside.sum() == 30 and any("all of its rows" in note for note in found.notes)


def test_the_kernel_has_no_part_without_its_score():
    from fil_core.specs import KernelSpec

    one = OodRequest(data=TWO, model=LOGISTIC, kernel=KernelSpec(kind="rbf"))
    assert one.kernel == KernelSpec() and not one.has_part("kernel")
    assert OodRequest(data=TWO, model=LOGISTIC, scores=("nngp-variance",), kernel=KernelSpec(kind="rbf")).has_part(
        "kernel"
    )


def test_the_variance_is_that_of_the_process():
    from fil_core.lood.process import process
    from fil_core.specs import KernelSpec

    spec = DataSpec(name="digits", classes=("0", "1"), subset=60)
    kernel, engine = KernelSpec(kind="rbf", noise=0.1), Engine()
    found = engine.get(OodRequest(data=spec, model=LOGISTIC, scores=("nngp-variance",), kernel=kernel)).table
    import torch

    data = load(spec)
    p = process(kernel, data, torch.device("cpu"))
    rows = torch.from_numpy(load_outside(spec, OutsideSpec()).X)
    cross, K = p.kernel.cross(rows, p.X), p.kernel.gram(p.X) + 0.1 * torch.eye(data.n)
    expected = p.kernel.diagonal(rows) - (cross @ torch.linalg.inv(K) * cross).sum(1)
    np.testing.assert_allclose(found["nngp-variance"], expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize(
    ("data", "outside", "model", "message"),
    [
        (TWO, OutsideSpec(classes=("1", "2")), LOGISTIC, "not trained on; got 1"),
        (TWO, OutsideSpec(classes=("11",)), LOGISTIC, "ood_classes: expected some of"),
        (DataSpec(name="digits"), OutsideSpec(), SOFTMAX, "it has all of them"),
        (DataSpec(name="breast-cancer"), OutsideSpec(), LOGISTIC, "it has all of them"),
        (TWO, OutsideSpec(name="breast-cancer"), LOGISTIC, "expected pictures"),
        (DataSpec(name="breast-cancer"), OutsideSpec(name="digits"), LOGISTIC, "expected a table"),
        (DataSpec(name="breast-cancer"), OutsideSpec(name="synthetic:20x3"), LOGISTIC, "lacks mean radius"),
        (DataSpec(name="breast-cancer"), OutsideSpec(name="synthetic:20x3", resize=True), LOGISTIC, "no pictures"),
        (TWO, OutsideSpec(name="grammar:40"), LOGISTIC, "got a text"),
        (TWO, OutsideSpec(), ModelSpec(), "probabilities"),
        (DataSpec(name="diabetes"), OutsideSpec(), ModelSpec(), "probabilities"),
        (DataSpec(name="points:classes:0,0;1,1;2,0"), OutsideSpec(name="points:classes:0,0;1,1"), LOGISTIC, "held-out"),
    ],
)  # fmt: skip
def test_what_is_refused(data, outside, model, message):
    with pytest.raises(FilError, match=message):
        Engine().get(OodRequest(data=data, model=model, outside=outside))


def test_a_level_that_the_training_rows_lack_is_refused(tmp_path):
    inside = add(table(tmp_path / "in.csv", 80), Choices(target="label", test_fraction=0.25)).name
    outside = add(table(tmp_path / "o.csv", 30, kind=["red", "pink", "blue"] * 10), Choices(target="label")).name
    with pytest.raises(BadData, match="kind.*pink"):
        load_outside(DataSpec(name=inside), OutsideSpec(name=outside))


def test_scores_that_are_none():
    for scores in ((), ("entropy",), ("energy", "energy")):
        with pytest.raises(BadRequest, match="scores"):
            OodRequest(data=TWO, model=LOGISTIC, scores=scores)


def test_the_command(run, tmp_path):
    out = tmp_path / "scores.csv"
    code, said, _ = run(
        "ood", "--data", "digits", "--classes", "0,1", "--model", "logistic", "--ood-classes", "2,3", "--scores",
        "fil-expected,energy", "--out", out, "--json",
    )  # fmt: skip
    line = json.loads(said)
    assert code == 0 and set(line["auroc"]) == set(line["auroc_low"]) == set(line["auroc_high"]) == set(line["fpr95"])
    assert list(line["auroc"]) == ["fil-expected", "energy"]
    written = pd.read_csv(out)
    assert list(written.columns[:3]) == ["id", "split", "label"] and {"fil-expected", "energy"} <= set(written.columns)
    assert (written["split"] == "in").sum() == line["n_in"] and (written["split"] == "out").sum() == line["n_out"]


def test_a_file_may_be_out_of_the_distribution(run, tmp_path):
    inside, outside = table(tmp_path / "in.csv", 80), table(tmp_path / "out.csv", 40, seed=1)
    code, said, _ = run(
        "ood", "--data", inside, "--target", "label", "--model", "logistic", "--l2", "0.1", "--ood-data", outside,
        "--json",
    )  # fmt: skip
    assert code == 0 and json.loads(said)["n_out"] == 8
