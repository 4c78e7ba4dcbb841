"""The attribute under attack: its values in model features, and what cannot be attacked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fil_core.attacks.attribute import attribute_of, categorical, continuous
from fil_core.data import load
from fil_core.dataset import AttributeGroup, Preprocessing
from fil_core.errors import BadData, BadRequest
from fil_core.specs import DataSpec


@pytest.mark.parametrize("k", [2, 3, 7])
def test_each_row_of_X_holds_the_value_of_its_code(k, with_attribute):
    data = with_attribute(k=k)
    found = attribute_of(data, "kind")
    assert found.levels == tuple(map(str, range(k))) and found.k == k
    assert (found.values[found.codes] == data.X[:, list(found.columns)]).all()
    assert found.prior == pytest.approx(np.bincount(found.codes) / data.n)


def test_values_go_through_the_preprocessing_bit_by_bit(with_attribute):
    data = with_attribute(k=3)
    rng = np.random.default_rng(0)
    affine = Preprocessing(rng.uniform(0.1, 3, data.d), rng.standard_normal(data.d))
    data = dataclasses.replace(data, X=affine.forward(data.source), preprocessing=affine)
    found = attribute_of(data, "kind")
    # Equal, not nearly: the shift of the true value must be exactly 0.
    assert (found.values[found.codes] == data.X[:, list(found.columns)]).all()


def test_a_level_that_nobody_has_is_left_out(with_attribute):
    data = with_attribute(k=4)
    rows = data.X[:, 1] == 0
    data = dataclasses.replace(data, X=data.X[rows], source=data.source[rows], y=data.y[rows], ids=data.ids[rows])
    assert attribute_of(data, "kind").levels == ("0", "2", "3")


def test_a_group_with_a_column_for_every_level(with_attribute):
    data = with_attribute(k=3)
    full = np.hstack([data.X[:, :2], 1 - data.X[:, :2].sum(1, keepdims=True), data.X[:, 2:]])
    names = ("kind=a", "kind=b", "kind=c", *data.feature_names[2:])
    group = AttributeGroup("kind", (0, 1, 2), ("a", "b", "c"))
    data = dataclasses.replace(
        data, X=full, source=full, feature_names=names, source_names=names, groups={"kind": group}
    )
    found = attribute_of(data, "kind")
    assert found.levels == ("a", "b", "c") and found.values.tolist() == np.eye(3).tolist()


@pytest.mark.parametrize("name", ["sex", "SEX", "1"])
def test_a_plain_column_of_two_values_is_an_attribute(name):
    found = attribute_of(load(DataSpec(name="diabetes")), name)
    assert (found.name, found.levels, found.columns) == ("sex", ("1", "2"), (1,))


def test_a_continuous_column_is_cut_at_its_quantiles():
    data = load(DataSpec(name="diabetes"))
    found = attribute_of(data, "bmi", bins=4)
    assert found.binned and found.k == 4 and found.prior == pytest.approx(0.25, abs=0.03)
    edges = np.quantile(data.source[:, 2], [0.25, 0.5, 0.75])
    assert (found.codes == [sum(v >= edge for edge in edges) for v in data.source[:, 2]]).all()
    for c in range(4):
        own = data.source[found.codes == c, 2]
        assert own.min() < own.max()
        # The median of a bin goes through the preprocessing as its examples did.
        assert found.values[c] == data.preprocessing.forward(np.tile(np.median(own), data.d))[2]
    assert (np.diff(found.values[:, 0]) > 0).all()
    assert found.levels == ("below 23", "23 to 25.6", "25.6 to 29.4", "from 29.4")


@pytest.mark.parametrize("bins", [2, 4])
def test_a_bin_may_be_a_single_value_that_many_have(bins, make_dataset):
    data = make_dataset()
    X = data.X.copy()
    X[:30, 0], X[30:, 0] = 0, np.linspace(1, 2, 10)
    found = attribute_of(dataclasses.replace(data, X=X, source=X), "x0", bins=bins)
    assert found.k >= 2
    assert (found.codes[:30] != found.codes[30:].max()).all()


@pytest.mark.parametrize(("values", "bins"), [((1234567.0, 1234568.0), None), (np.linspace(1e4, 1.001e4, 40), 4)])
def test_two_levels_never_have_one_name(values, bins, make_dataset):
    data = make_dataset()
    X = data.X.copy()
    X[:, 0] = np.resize(values, data.n)
    found = attribute_of(dataclasses.replace(data, X=X, source=X), "x0", bins=bins)
    assert len(set(found.levels)) == found.k >= 2


@pytest.mark.parametrize(
    ("column", "levels"),
    [
        (np.arange(60) % 12, tuple(map(str, range(12)))),
        (np.arange(60) % 3 / 2, ("0", "0.5", "1")),
        (np.arange(60) % 13, None),
        (np.arange(60) % 12 / 2, None),  # each only five times
    ],
)
def test_a_few_whole_or_repeated_numbers_are_a_category(column, levels, make_dataset):
    data = make_dataset(n=60)
    X = data.X.copy()
    X[:, 0] = column
    changed = dataclasses.replace(data, X=X, source=X)
    if levels is None:
        with pytest.raises(BadData, match="continuous .*--bins 4"):
            attribute_of(changed, "x0")
        assert "x0" in continuous(changed)
        return
    found = attribute_of(changed, "x0")
    assert found.levels == levels
    assert (found.values[found.codes, 0] == column).all()
    assert categorical(changed) == ["x0"]


def test_the_lists_offer_what_can_be_attacked(with_attribute):
    data = load(DataSpec(name="diabetes"))
    assert categorical(data) == ["sex"]
    assert set(continuous(data)) == set(data.feature_names) - {"sex"}
    for name in categorical(data):
        attribute_of(data, name)
    for name in continuous(data):
        attribute_of(data, name, bins=2)
    assert categorical(with_attribute()) == ["kind"]
    for spec in (DataSpec(name="digits"), DataSpec(name="diabetes", pca=3)):
        assert categorical(load(spec)) == continuous(load(spec)) == []


@pytest.mark.parametrize(
    ("name", "bins", "error", "message"),
    [
        ("nobody", None, BadData, "expected one of .*sex.*; got 'nobody'"),
        ("bmi", None, BadData, "continuous .*--bins 4"),
        ("progression", None, BadData, "is the label, .*expected one of sex"),
        ("label", None, BadData, "is the label"),
        ("bmi", 1, BadRequest, "bins: expected 2 to"),
        ("bmi", 1000, BadRequest, "bins: expected 2 to 155, .*'bmi'; got 1000"),
        ("sex", 2, BadRequest, "bins: expected none for 'sex', which is categorical"),
    ],
)
def test_what_cannot_be_attacked_is_said(name, bins, error, message):
    with pytest.raises(error, match=message):
        attribute_of(load(DataSpec(name="diabetes")), name, bins=bins)


def test_one_column_of_a_group_is_not_an_attribute(with_attribute):
    with pytest.raises(BadData, match="one column of kind, .*expected kind"):
        attribute_of(with_attribute(), "kind=0")
    with pytest.raises(BadRequest, match="bins: expected none"):
        attribute_of(with_attribute(), "kind", bins=2)


def test_a_constant_column_holds_nothing_to_infer(with_attribute):
    data = with_attribute()
    for value in (0.0, 3.0):
        X = data.X.copy()
        X[:, 3] = value
        with pytest.raises(BadData, match="constant"):
            attribute_of(dataclasses.replace(data, X=X, source=X), data.feature_names[3])


def test_images_and_components_have_no_attributes():
    with pytest.raises(BadData, match="expected a table; .*images.*Reconstruction"):
        attribute_of(load(DataSpec(name="digits")), "3")
    with pytest.raises(BadRequest, match="without pca"):
        attribute_of(load(DataSpec(name="diabetes", pca=3)), "sex")
