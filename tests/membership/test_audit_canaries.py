"""Canaries: where they come from, what is left of the base, and the labels and features that they get."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fil_core.data import load
from fil_core.dataset import Preprocessing
from fil_core.errors import BadRequest
from fil_core.membership.canaries import KINDS, canaries
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec


def pictures(make_dataset, *, pixel_max=255.0, dtype=np.uint8, basis=None):
    data = make_dataset(classes=3, n=50, d=12)
    source = np.random.default_rng(1).uniform(0, pixel_max / 2, (50, 12)).astype(dtype)
    preprocessing = Preprocessing(np.asarray(1 / 400), np.asarray(3.0), basis)
    return dataclasses.replace(
        data, source=source, image_shape=(3, 4), pixel_max=pixel_max, preprocessing=preprocessing,
        X=preprocessing.forward(source),
    )  # fmt: skip


def test_rows_leave_the_base(make_dataset):
    data = make_dataset(classes=3, n=40)
    found = canaries(data, "rows", 15, seed=3)
    rows = np.searchsorted(data.ids, found.ids)
    assert len(set(rows)) == 15
    assert sorted([*rows, *found.base]) == list(range(40))
    np.testing.assert_array_equal(found.X, data.X[rows])
    np.testing.assert_array_equal(found.y, data.y[rows])
    np.testing.assert_array_equal(found.base_X, data.X[found.base])
    np.testing.assert_array_equal(found.base_y, data.y[found.base])
    assert len(canaries(data, "rows", 40).base) == 0


@pytest.mark.parametrize("classes", [2, 3])
def test_mislabelled_rows_stay_in_the_base_with_their_own_label(make_dataset, classes):
    data = make_dataset(classes=classes, n=40)
    found = canaries(data, "mislabelled", 40)
    assert found.ids.tolist() == data.ids.tolist()
    np.testing.assert_array_equal(found.X, data.X)
    np.testing.assert_array_equal(found.base_y, data.y)
    assert (found.y != data.y).all()
    assert set(found.y) == set(range(classes))


def test_a_regression_gets_the_far_end_of_the_range(make_dataset):
    data = make_dataset(n=40)
    found = canaries(data, "mislabelled", 40)
    assert set(found.y) == {data.y.min(), data.y.max()}
    assert (np.abs(found.y - data.y) >= np.ptp(data.y) / 2).all()


@pytest.mark.parametrize(("pixel_max", "dtype"), [(255.0, np.uint8), (16.0, np.uint8), (1.0, np.float64)])
def test_noise_pictures_have_every_pixel_over_its_range(make_dataset, pixel_max, dtype):
    data = pictures(make_dataset, pixel_max=pixel_max, dtype=dtype)
    found = canaries(data, "noise", 50)
    assert (found.source.min(), found.source.dtype) == (pytest.approx(0, abs=pixel_max / 100), dtype)
    assert found.source.max() == pytest.approx(pixel_max, rel=0.01)
    # The standard deviation of a mean of 600 uniform pixels is 0.289 / sqrt(600) of the range.
    assert abs(found.source.mean() / pixel_max - 0.5) < 4 * 0.289 / 600**0.5
    np.testing.assert_allclose(found.X, (found.source - 3.0) / 400, rtol=1e-15)
    assert (found.ids == -1).all()
    assert len(found.base) == data.n
    assert set(found.y) == {0, 1, 2}
    assert found.y.dtype == data.y.dtype


def test_noise_goes_through_principal_components(make_dataset):
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((12, 4)))[0]
    found = canaries(pictures(make_dataset, basis=basis), "noise", 5)
    np.testing.assert_allclose(found.X, (found.source - 3.0) / 400 @ basis, rtol=1e-13)


def test_noise_in_tables_has_values_of_its_own_column_and_whole_groups(with_attribute):
    data = with_attribute(k=4, n=60)
    found = canaries(data, "noise", 60, seed=1)
    for j in range(data.d):
        assert set(found.X[:, j]) <= set(data.X[:, j])
    codes = {tuple(row) for row in found.X[:, :3]}
    assert codes == {(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)}
    assert not any((found.X[:, 3:] == row).all(1).any() for row in data.X[:, 3:])
    assert set(found.y) <= set(data.y)
    apart = canaries(dataclasses.replace(data, groups={}), "noise", 60, seed=1)
    assert apart.X[:, :3].sum(1).max() > 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_says_which(make_dataset, kind):
    data = make_dataset(classes=3)
    one, same, other = (canaries(data, kind, 10, seed=seed) for seed in (4, 4, 5))
    for name in ("base", "X", "y", "ids", "source"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert not np.array_equal(one.X, other.X)


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_trained_with_behind_the_base(make_dataset, kind):
    data = make_dataset(classes=3)
    found = canaries(data, kind, 10)
    joined = found.joined(data)
    assert joined.n == len(found.base) + 10
    np.testing.assert_array_equal(joined.X[-10:], found.X)
    assert (np.diff(joined.ids) > 0).all()
    assert joined.ids[: len(found.base)].tolist() == data.ids[found.base].tolist()
    assert joined.fingerprint != canaries(data, kind, 10, seed=1).joined(data).fingerprint
    weights = np.ones(joined.n)
    weights[-10:] = 0
    assert fit(ModelSpec(kind="softmax", l2=0.1), joined, weights=weights).optimum.converged


@pytest.mark.parametrize("count", [0, 41, 2.5])
@pytest.mark.parametrize("kind", KINDS)
def test_no_such_number(make_dataset, kind, count):
    with pytest.raises(BadRequest, match="canaries: expected"):
        canaries(make_dataset(n=40), kind, count)


def test_other_kinds_and_sentences_are_refused(make_dataset):
    with pytest.raises(BadRequest, match="expected one of rows, mislabelled, noise"):
        canaries(make_dataset(), "adversarial", 3)
    with pytest.raises(BadRequest, match="holds sentences"):
        canaries(load(DataSpec(name="grammar", subset=60)), "rows", 3)
