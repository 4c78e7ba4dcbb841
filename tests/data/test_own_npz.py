"""Arrays of own data: X and y of a .npz file, with or without a split of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from file_parts import arrays, pixels

from fil_core.data.own import Choices
from fil_core.data.own.reading import preview, read
from fil_core.data.raw import Raw, fixed_split
from fil_core.errors import BadData

N = 12


def from_npz(folder: Path, choices: dict | None = None, **values: np.ndarray) -> tuple[Raw, str]:
    (folder / "arrays.npz").write_bytes(arrays(**values))
    return read(folder / "arrays.npz", Choices(**(choices or {})))


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)], ids=["grey", "colour"])
def test_arrays_of_images_keep_their_order(shape, tmp_path):
    X, y = pixels(3, (N, *shape)), np.array([7, 3] * 6)
    raw, form = from_npz(tmp_path, X=X, y=y)
    train, test = fixed_split(N)
    assert form == "image"
    assert raw.image_shape == shape
    assert raw.class_names == ("3", "7")
    assert raw.X.tolist() == X.reshape(N, -1)[train].tolist()
    assert raw.y.tolist() == (y == 7)[train].tolist()
    assert raw.X_test.tolist() == X.reshape(N, -1)[test].tolist()
    assert raw.ids.tolist() == train.tolist()


def test_class_names_are_taken_from_their_array(tmp_path):
    y, names = np.array([1, 0] * 6), np.array(["zebra", "ant"])
    raw, _ = from_npz(tmp_path, {"test_fraction": 0}, X=pixels(3, (N, 4, 4)), y=y, class_names=names)
    assert raw.class_names == ("ant", "zebra")
    assert [raw.class_names[code] for code in raw.y] == names[y].tolist()


def test_arrays_of_two_dimensions_are_a_table(tmp_path):
    X = np.random.default_rng(0).normal(size=(N, 2))
    y = np.arange(N) / 7
    raw, form = from_npz(tmp_path, {"test_fraction": 0}, X=X, y=y, feature_names=np.array(["height", "weight"]))
    assert form == "table"
    assert raw.feature_names == ("height", "weight")
    assert raw.X.tolist() == X.tolist()
    assert raw.y.tolist() == y.tolist()
    assert raw.class_names == ()


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"target": "z"}, "no other --target than y; got 'z'"),
        ({"id": "who"}, "expected no --id for images"),
        ({"sensitive": ("who",)}, "expected no --sensitive for images"),
        ({"missing": "drop"}, "expected no --missing for images"),
        ({"image_size": (2, 2)}, "expected no image size for arrays"),
    ],
)
def test_choices_that_do_not_apply_to_images_are_refused(choices, message, tmp_path):
    with pytest.raises(BadData, match=message):
        from_npz(tmp_path, choices, X=pixels(3, (N, 4, 4)), y=np.arange(N) % 2)


@pytest.mark.parametrize(
    "names", [np.array(["a", "a"]), np.array(["a"]), np.array(["a", "y"]), np.array(["a", "b\n"])],
    ids=["duplicate", "too few", "name of the target", "line break"],
)  # fmt: skip
def test_invalid_feature_names_are_refused(names, tmp_path):
    with pytest.raises(BadData, match=r"feature_names|printable"):
        from_npz(tmp_path, X=np.zeros((N, 2)), y=np.arange(N) % 2, feature_names=names)


# --- a split of its own ---------------------------------------------------------------------------------------------

M = 5
Y, Y_TEST = np.arange(N) % 2, np.array([1, 0, 0, 1, 1])


def test_a_test_split_of_a_matrix_is_the_test_split(tmp_path):
    X, X_test = (np.random.default_rng(0).normal(size=(n, 2)) for n in (N, M))
    raw, form = from_npz(tmp_path, X=X, y=Y, X_test=X_test, y_test=Y_TEST)
    assert form == "table"
    assert (raw.X.tolist(), raw.y.tolist()) == (X.tolist(), Y.tolist())
    assert (raw.X_test.tolist(), raw.y_test.tolist()) == (X_test.tolist(), Y_TEST.tolist())
    assert raw.ids.tolist() == list(range(N))
    content = preview(tmp_path / "arrays.npz")
    assert (content["rows"], content["test_rows"]) == (N + M, M)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)], ids=["grey", "colour"])
def test_a_test_split_of_images_is_the_test_split(shape, tmp_path):
    X, X_test, names = pixels(3, (N, *shape)), pixels(4, (M, *shape)), np.array(["ant", "bee"])
    raw, form = from_npz(tmp_path, X=X, y=Y, X_test=X_test, y_test=Y_TEST, class_names=names)
    assert form == "image"
    assert (raw.X.tolist(), raw.y.tolist()) == (X.reshape(N, -1).tolist(), Y.tolist())
    assert (raw.X_test.tolist(), raw.y_test.tolist()) == (X_test.reshape(M, -1).tolist(), Y_TEST.tolist())
    assert raw.ids.tolist() == list(range(N))
    assert preview(tmp_path / "arrays.npz")["classes"] == [
        {"split": "test", "class": "ant", "images": 2}, {"split": "test", "class": "bee", "images": 3},
        {"split": "train", "class": "ant", "images": 6}, {"split": "train", "class": "bee", "images": 6},
    ]  # fmt: skip


def test_rows_of_a_split_that_miss_a_value_are_left_out_of_their_own_part(tmp_path):
    X, X_test = (np.random.default_rng(0).normal(size=(n, 2)) for n in (N, M))
    X[4, 0] = X_test[1, 1] = np.nan
    raw, _ = from_npz(tmp_path, {"missing": "drop"}, X=X, y=Y, X_test=X_test, y_test=Y_TEST)
    kept = np.delete(np.arange(N), 4)
    assert (raw.ids.tolist(), raw.X.tolist()) == (kept.tolist(), X[kept].tolist())
    assert raw.X_test.tolist() == X_test[[0, 2, 3, 4]].tolist()


def test_targets_of_a_regression_keep_their_split(tmp_path):
    X, y = np.random.default_rng(0).normal(size=(N, 2)), np.linspace(0, 1, N) ** 2
    raw, _ = from_npz(tmp_path, X=X, y=y, X_test=X[:M] + 1, y_test=y[:M] + 2)
    assert (raw.y.tolist(), raw.y_test.tolist()) == (y.tolist(), (y[:M] + 2).tolist())


def test_arrays_that_are_not_read_are_named(tmp_path):
    for shape in ((2,), (4, 4)):
        X = pixels(3, (N, *shape))
        raw, _ = from_npz(tmp_path, X=X, y=Y, weights=np.ones(N), X_val=X)
        assert raw.notes[-1] == "Arrays that are not read: weights, X_val."
        assert not any("not read" in note for note in from_npz(tmp_path, X=X, y=Y)[0].notes)


@pytest.mark.parametrize(
    ("values", "choices", "message"),
    [
        ({"X_test": np.zeros((M, 2))}, {}, "expected arrays X_test .* and y_test .*; y_test not found"),
        ({"y_test": Y_TEST}, {}, "X_test not found"),
        ({"X_test": np.zeros((M, 3)), "y_test": Y_TEST}, {}, r"like X and y; got float64 \(5, 3\)"),
        ({"X_test": np.zeros((M, 2)), "y_test": Y_TEST.astype(str)}, {}, "and <U21 beside"),
        ({"X_test": np.zeros((M, 2)), "y_test": Y_TEST[1:]}, {}, r"X_test \(n, ...\) and y_test \(n,\)"),
        ({"X_test": np.zeros((0, 2)), "y_test": Y_TEST[:0]}, {}, "0 rows in X_test"),
        ({"X_test": np.zeros((M, 2)), "y_test": Y_TEST + 1}, {}, "'2' is in y_test only"),
        ({"X_test": np.zeros((M, 2)), "y_test": Y_TEST}, {"test_fraction": 0.2}, "--test-fraction: expected none"),
    ],
)  # fmt: skip
def test_a_split_that_does_not_fit_is_refused(values, choices, message, tmp_path):
    with pytest.raises(BadData, match=message):
        from_npz(tmp_path, choices, X=np.random.default_rng(0).normal(size=(N, 2)), y=Y, **values)
