"""What networks take from data sets: shapes, targets, and the test rows whose outputs count."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fil_core.data import load
from fil_core.dataset import Preprocessing
from fil_core.errors import BadData, BadRequest
from fil_core.models.networks import network, outputs_of, shape_of, targets_of, validation_rows
from fil_core.specs import DataSpec, NetworkSpec
from fil_core.specs.networks import NETWORKS, Shape

MLP, CNN, RESNET = (NetworkSpec(kind=kind) for kind in ("mlp", "cnn", "resnet18"))


@pytest.fixture
def images(from_arrays):
    """Twelve pictures of 4 x 4 in three classes; a basis of d columns makes principal components of them."""

    def make(basis: int | None = None):
        rng = np.random.default_rng(0)
        X = rng.random((12, basis or 16))
        columns = None if basis is None else np.linalg.qr(rng.standard_normal((16, basis)))[0]
        map_ = Preprocessing(np.asarray(1.0), np.asarray(0.0), columns)
        return from_arrays(X, np.arange(12) % 3, classes=3, image_shape=(4, 4), preprocessing=map_)

    return make


def test_a_shape_is_that_of_the_data(images, make_dataset):
    assert shape_of(MLP, make_dataset(classes=4)) == Shape(features=5, outputs=4)
    assert shape_of(MLP, make_dataset(classes=2)) == Shape(features=5, outputs=1)
    assert shape_of(MLP, make_dataset()) == Shape(features=5, outputs=1)
    for spec in (MLP, CNN, RESNET):
        assert shape_of(spec, images()) == Shape(features=16, outputs=3, image=(4, 4))
    assert shape_of(MLP, images(5)) == Shape(features=5, outputs=3)
    assert shape_of(MLP, images(16)).image is None  # as many components as pixels are still no pixels
    assert network(CNN, shape_of(CNN, images())) is not None


@pytest.mark.parametrize("spec", [CNN, RESNET])
@pytest.mark.parametrize(
    ("make", "got"),
    [
        (lambda images, table: table(classes=3), r"got A test's own data, a table \(5 features\)"),
        (lambda images, table: images(5), "got 5 principal components of images of 4 × 4"),
        (lambda images, table: images(16), "got 16 principal components of images of 4 × 4"),
    ],
)
def test_images_are_needed(spec, make, got, images, make_dataset):
    with pytest.raises(BadData, match=rf"^network: expected images for {spec.kind}; {got}\. Take linear or mlp\."):
        shape_of(spec, make(images, make_dataset))


@pytest.fixture
def reader(monkeypatch):
    """A family that reads text."""
    family = dataclasses.replace(NETWORKS["linear"], name="reader", needs_text=True)
    monkeypatch.setitem(NETWORKS, "reader", family)
    return NetworkSpec(kind="reader")


def test_text_is_needed_where_the_family_says_so(reader, make_dataset, images):
    grammar = load(DataSpec(name="grammar:40"))
    assert shape_of(reader, grammar).features == grammar.d
    for data in (make_dataset(classes=2), images()):
        with pytest.raises(BadData, match=r"expected text for reader; .* Take linear or mlp or cnn or resnet18,"):
            shape_of(reader, data)
    with pytest.raises(BadData, match=r"expected images for cnn; .* Take linear or mlp\."):
        shape_of(CNN, make_dataset(classes=2))  # nor a family that reads text


@pytest.mark.parametrize("spec", [MLP, CNN, RESNET])
def test_other_families_refuse_text(spec):
    with pytest.raises(BadRequest, match=f"network: Grammar holds sentences.*--network lstm.*got {spec.kind}"):
        shape_of(spec, load(DataSpec(name="grammar:40")))


def test_targets(make_dataset):
    two, three, none = make_dataset(classes=2), make_dataset(classes=3), make_dataset()
    assert [outputs_of(data) for data in (two, three, none)] == [1, 3, 1]
    assert targets_of(two, two.X, np.array([0.0, 1.0, 1.0])).tolist() == [[0], [1], [1]]
    assert targets_of(three, three.X, np.array([2.0, 0.0])).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert targets_of(none, none.X, np.array([0.5, -2.0])).tolist() == [[0.5], [-2.0]]
    for data in (two, three, none):
        before = data.y.copy()
        targets = targets_of(data, data.X, data.y)
        assert targets.dtype == np.float64 and targets.shape == (data.n, outputs_of(data))
        targets += 1
        assert np.array_equal(data.y, before)


def test_validation_rows(make_dataset, from_arrays):
    data = make_dataset()
    assert len(data.X_test) == 20
    assert [validation_rows(data, size) for size in (None, 1, 20)] == [20, 1, 20]
    with pytest.raises(
        BadRequest, match="validation_size: expected at most the 20 test rows of A test's own data; got 21"
    ):
        validation_rows(data, 21)
    without = from_arrays(data.X, data.y, X_test=data.X[:0], y_test=data.y[:0])
    for size in (None, 1):
        with pytest.raises(BadRequest, match="A test's own data has none.*--test-fraction"):
            validation_rows(without, size)
