"""Selection, checks and identity, on data that need no files."""

import dataclasses
import time

import numpy as np
import pandas as pd
import pytest

from fil_core.data import Raw, assemble, load, resolve
from fil_core.dataset import AttributeGroup
from fil_core.errors import BadData, BadRequest
from fil_core.specs import DataSpec


@pytest.mark.parametrize("name", ["digits", "breast-cancer", "diabetes", "synthetic:300x9"])
def test_arrays_names_and_dtypes_of_a_data_set_agree(name):
    data = load(DataSpec(name=name))
    assert data.X.dtype == np.float64 and data.X.flags.c_contiguous and data.X_test.flags.c_contiguous
    assert data.X.shape == (data.n, len(data.feature_names)) and data.y.shape == data.ids.shape == (data.n,)
    assert len(data.X_test) == len(data.y_test) > 0
    assert (np.diff(data.ids) > 0).all() and data.ids.dtype == np.int64
    assert np.allclose(data.preprocessing.forward(data.source), data.X)
    assert len(data.fingerprint) == 64 and data.notes and data.title
    assert data.y.dtype == np.float64
    if data.task == "classification":
        assert set(data.y) == set(range(len(data.class_names)))


def test_digits_keep_their_pixels_and_the_fixed_split():
    from sklearn.datasets import load_digits

    data, source = load(DataSpec(name="digits", preprocess="none")), load_digits()
    train = np.sort(np.random.default_rng(0).permutation(1797)[:1437])
    assert np.array_equal(data.ids, train) and len(data.X_test) == 360
    assert data.source.dtype == np.uint8 and np.array_equal(data.source, source.data[train])
    assert np.array_equal(data.X, source.data[train] / 16) and np.array_equal(data.y, source.target[train])
    assert data.images(np.array([5])).shape == (1, 8, 8) and data.feature_names[:2] == ("r00c00", "r00c01")
    assert any("16" in note for note in data.notes)


def test_classes_are_coded_in_the_requested_order_and_rows_stay_in_the_source_order():
    every, pair = load(DataSpec()), load(DataSpec(classes=("7", "3")))
    assert pair.class_names == ("7", "3") and (np.diff(pair.ids) > 0).all()
    expected = [i for i, label in zip(every.ids, every.labels, strict=True) if label in (3, 7)]
    assert pair.ids.tolist() == expected
    assert [pair.labels[pair.row(i)] for i in expected] == [every.labels[every.row(i)] for i in expected]
    assert set(pair.y) == set(pair.y_test) == {0.0, 1.0}


def test_a_class_is_named_or_numbered():
    by_name = load(DataSpec(name="breast-cancer", classes=("benign", "malignant")))
    by_number = load(DataSpec(name="breast-cancer", classes=("1", "0")))
    assert by_name.class_names == by_number.class_names == ("benign", "malignant")
    assert by_name.fingerprint == by_number.fingerprint
    assert by_name.fingerprint != load(DataSpec(name="breast-cancer")).fingerprint


def test_the_error_for_an_unknown_class_lists_the_classes():
    with pytest.raises(BadData, match="expected some of malignant, benign; got 2"):
        load(DataSpec(name="breast-cancer", classes=("0", "2")))


def test_one_class_given_twice_or_classes_of_a_regression_are_refused():
    with pytest.raises(BadRequest, match="two of which are the same"):
        load(DataSpec(name="breast-cancer", classes=("malignant", "0")))
    with pytest.raises(BadRequest, match="none for a regression"):
        load(DataSpec(name="diabetes", classes=("0", "1")))


def test_a_subset_is_drawn_from_the_chosen_classes_by_seed():
    full = load(DataSpec(classes=("0", "1")))
    a, b, c = (load(DataSpec(classes=("0", "1"), subset=50, seed=s)) for s in (1, 1, 2))
    assert a.n == 50 and len(a.X_test) == len(full.X_test)
    assert np.array_equal(a.ids, np.sort(np.random.default_rng(1).choice(full.ids, 50, replace=False)))
    assert a.fingerprint == b.fingerprint != c.fingerprint


def test_the_target_of_a_subset_is_standardised_with_the_rows_that_were_drawn(tmp_path):
    from sklearn.datasets import load_diabetes

    from fil_core.data.own import Choices, add

    target = load_diabetes(scaled=False).target
    table = pd.DataFrame({"a": np.arange(442.0), "b": np.arange(442) % 7, "dose": target})
    table.to_csv(tmp_path / "doses.csv", index=False)
    own = add(tmp_path / "doses.csv", Choices(target="dose", task="regression", test_fraction=0.2)).name
    for spec in (DataSpec(name="diabetes", subset=40, seed=3), DataSpec(name=own, subset=40, seed=3)):
        data = load(spec)
        drawn = target[data.ids]
        np.testing.assert_allclose(data.y, (drawn - drawn.mean()) / drawn.std(), rtol=1e-12, atol=1e-12)
        tested = (data.y_test * drawn.std() + drawn.mean()).round(9)
        assert set(tested) <= set(target.round(9)) and len(tested) > 80
        assert any(f"- {drawn.mean():.4g}) / {drawn.std():.4g}" in note for note in data.notes)


def test_a_subset_larger_than_the_data_says_how_many_there_are():
    with pytest.raises(BadData, match="at most the 1,437 training rows .* got 1,438"):
        load(DataSpec(subset=1438))


def test_a_subset_of_one_class_is_refused():
    with pytest.raises(BadData, match="at least two classes; got only"):
        load(DataSpec(subset=1))


def test_the_fingerprint_differs_for_every_option():
    specs = [DataSpec(), DataSpec(preprocess="none"), DataSpec(preprocess="standardise"), DataSpec(pca=5),
             DataSpec(pca=6), DataSpec(classes=("0", "1")), DataSpec(subset=100)]  # fmt: skip
    assert len({load(spec).fingerprint for spec in specs}) == len(specs)
    assert load(DataSpec(data_dir="/elsewhere")).fingerprint == load(DataSpec()).fingerprint


def made(**changes):
    X = np.random.default_rng(0).standard_normal((12, 3))
    parts = dict(X=X, y=np.arange(12) % 2, ids=np.arange(100, 112), X_test=X[:4], y_test=np.arange(4) % 2,
                 feature_names=("age", "height", "one"), class_names=("no", "yes"))  # fmt: skip
    return Raw(**(parts | changes))


def build(raw, *, task="classification", **options):
    return assemble(raw, resolve(DataSpec(name="synthetic", **options)), title="made", task=task)


def test_nan_names_the_first_column_and_row():
    X = made().X.copy()
    X[7, 1], X[3, 2] = np.nan, np.inf
    with pytest.raises(BadData, match="column 'height': .* got nan at id 107"):
        build(made(X=X))
    with pytest.raises(BadData, match="column 'height': .* got nan at test row 7"):
        build(made(X_test=X, y_test=np.arange(12) % 2))


def test_a_target_that_is_not_finite_is_refused():
    y = np.linspace(0, 1, 12)
    y[5] = np.inf
    with pytest.raises(BadData, match="target: .* got inf at id 105"):
        build(made(y=y, y_test=y[:4], class_names=()), task="regression")


def test_no_rows_and_labels_out_of_range_are_refused():
    with pytest.raises(BadData, match="at least one; got none"):
        build(made(X=np.empty((0, 3)), y=np.empty(0, int), ids=np.empty(0, int)))
    with pytest.raises(BadData, match="codes 0 to 1; got 0 to 2"):
        build(made(y=np.arange(12) % 3))


@pytest.mark.parametrize("preprocess", ["none", "standardise", "unit-ball"])
@pytest.mark.parametrize("value", [0.0, 1.0, 1e6 / 3])
def test_a_column_that_is_constant_in_the_training_rows_leaves_the_model(value, preprocess):
    plain = made()
    constant = np.full((12, 1), value)
    raw = dataclasses.replace(
        plain, X=np.hstack([plain.X[:, :1], constant, plain.X[:, 1:]]),
        X_test=np.hstack([plain.X_test[:, :1], constant[: len(plain.X_test)] + 5, plain.X_test[:, 1:]]),
        feature_names=(plain.feature_names[0], "site", *plain.feature_names[1:]),
    )  # fmt: skip
    found, without = build(raw, preprocess=preprocess), build(plain, preprocess=preprocess)
    assert found.feature_names == without.feature_names
    np.testing.assert_array_equal(found.X, without.X)
    np.testing.assert_array_equal(found.X_test, without.X_test)
    assert any("site" in note for note in found.notes)
    with pytest.raises(BadData, match="attribute"):
        found.columns(("site",))


def test_levels_that_no_training_row_has_leave_their_group():
    plain = made()
    X = np.hstack([plain.X, np.eye(3)[np.arange(12) % 2]])
    raw = dataclasses.replace(
        plain, X=X, X_test=X[:4], y_test=plain.y[:4], feature_names=(*plain.feature_names, "k=a", "k=b", "k=c"),
        groups={"k": AttributeGroup("k", (3, 4, 5), ("a", "b", "c"), "d")}, sensitive=("k",), continuous=(0, 1, 2),
    )  # fmt: skip
    data = build(raw)
    assert data.groups["k"].columns == (3, 4)
    assert data.groups["k"].levels == ("a", "b")
    assert data.sensitive == ("k",)
    assert data.feature_names[-2:] == ("k=a", "k=b")


def test_a_table_of_constants_is_refused():
    with pytest.raises(BadData, match="features: .*constant"):
        build(made(X=np.ones((12, 3))))


def test_an_empty_test_split_is_noted():
    data = build(made(X_test=np.empty((0, 3)), y_test=np.empty(0, int)))
    assert data.X_test.shape == (0, 3) and any("No held-out rows" in note for note in data.notes)


@pytest.mark.parametrize(
    "options", [{}, {"preprocess": "standardise"}, {"pca": 2}, {"subset": 9, "preprocess": "unit-ball"}]
)
def test_inputs_are_not_modified(options):
    raw = made()
    arrays = {name: getattr(raw, name) for name in ("X", "y", "ids", "X_test", "y_test")}
    before = {name: array.copy() for name, array in arrays.items()}
    for array in arrays.values():
        array.flags.writeable = False
    build(raw, **options)
    assert all(np.array_equal(arrays[name], before[name]) for name in arrays)


def test_a_synthetic_table_is_seeded_balanced_and_well_conditioned():
    a, b, c = (load(DataSpec(name="synthetic", seed=s)) for s in (0, 0, 1))
    assert np.array_equal(a.X, b.X) and not np.array_equal(a.X, c.X)
    assert a.X.shape == (2000, 20) and a.X_test.shape == (400, 20) and abs(a.y.mean() - 0.5) < 0.01
    assert np.linalg.cond(a.X) < 100
    group = a.groups["attribute"]
    coded = a.X[:, group.columns]
    assert set(np.unique(coded)) == {0.0, 1.0} and coded.sum(axis=1).max() == 1
    assert [a.feature_names[j] for j in group.columns] == ["attribute=a", "attribute=b", "attribute=c"]
    assert np.allclose(coded.mean(axis=0), [0.4, 0.3, 0.2]) and group.dropped == "d"


def test_a_narrow_or_tiny_synthetic_table_works():
    assert load(DataSpec(name="synthetic:10x1")).X.shape == (10, 1)
    assert load(DataSpec(name="synthetic:10x7")).groups == {}
    tiny = load(DataSpec(name="synthetic:10x8"))
    assert tiny.groups and set(tiny.y) == {0.0, 1.0}


def test_a_large_synthetic_table_takes_seconds():
    start = time.perf_counter()
    assert load(DataSpec(name="synthetic:5000x1500")).X.shape == (5000, 1500)
    assert time.perf_counter() - start < 5  # 0.4 s on an idle core


def test_diabetes_has_a_standardised_target_and_features_in_their_original_units():
    data = load(DataSpec(name="diabetes"))
    assert data.task == "regression" and data.class_names == ()
    assert abs(data.y.mean()) < 1e-12 and data.y.std() == pytest.approx(1)
    assert 19 <= data.source[:, data.source_names.index("age")].min() < 30
    assert any("progression - 152" in note for note in data.notes)


@pytest.mark.parametrize("found", [True, False])
def test_digits_are_scikit_learns_whether_its_file_is_found_or_not(monkeypatch, found) -> None:
    from sklearn.datasets import load_digits

    from fil_core.data import images

    if not found:
        monkeypatch.setattr(images, "find_spec", lambda name: None)
    X, y = load_digits(return_X_y=True)
    data = load(DataSpec(name="digits"))
    np.testing.assert_array_equal(data.source, X[data.ids])
    np.testing.assert_array_equal(data.labels, y[data.ids])
