"""Planted label noise: how many labels, which, to what, and what stays as it is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fil_core.data import Raw, load
from fil_core.data.label_noise import plant
from fil_core.data.loading import assemble
from fil_core.display.redaction import told
from fil_core.errors import BadData, BadRequest
from fil_core.specs import DataSpec

PAIR = DataSpec(classes=("4", "9"))


def raw(y, classes=3):
    y = np.asarray(y, dtype=int)
    X = np.random.default_rng(1).standard_normal((len(y), 2))
    return Raw(
        X=X, y=y, ids=np.arange(len(y)), X_test=X[:2], y_test=y[:2], feature_names=("a", "b"),
        class_names=tuple("pqrstuvwxy"[:classes]),
    )  # fmt: skip


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("spec", [PAIR, DataSpec(), DataSpec(subset=200, seed=3)])
def test_the_named_share_of_the_training_labels_is_another_class_and_nothing_else_changes(spec, share):
    before, after = load(spec), load(dataclasses.replace(spec, label_noise=share))
    count = round(share * before.n)
    assert after.flipped.dtype == bool and after.flipped.shape == (before.n,) and after.flipped.sum() == count
    np.testing.assert_array_equal(after.y != before.y, after.flipped)
    np.testing.assert_array_equal(after.labels != before.labels, after.flipped)
    assert set(after.y) == set(before.y) == set(range(len(before.class_names)))
    for name in ("X", "ids", "X_test", "y_test", "source"):  # the rows of a subset are those drawn without noise
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert after.class_names == before.class_names and after.fingerprint != before.fingerprint


def test_the_other_classes_are_equally_likely():
    y = np.arange(20_000) % 10
    noisy, flipped = plant(raw(y, classes=10), 0.5, seed=0)
    shifts = np.bincount((noisy.y - y).astype(int) % 10, minlength=10)
    assert shifts[0] == 10_000 and flipped.sum() == 10_000
    # Each of the nine is binomial with mean 1,111 and standard deviation 31.4; five of these hold for a uniform draw.
    np.testing.assert_allclose(shifts[1:], 10_000 / 9, atol=5 * 31.4)


def test_every_row_is_drawn_equally_often():
    y = np.arange(20) % 2
    drawn = sum(plant(raw(y, classes=2), 0.25, seed)[1].astype(int) for seed in range(2000))
    # Binomial(2000, 1/4): mean 500, standard deviation 19.4; five of these.
    np.testing.assert_allclose(drawn, 500, atol=5 * 19.4)


def test_at_least_one_label_is_replaced():
    noisy, flipped = plant(raw(np.arange(60) % 3), 1e-3, seed=0)
    assert flipped.sum() == 1 and (noisy.y != np.arange(60) % 3).sum() == 1


def test_the_seed_alone_decides_and_not_in_the_way_of_a_subset():
    one, same, other = (load(dataclasses.replace(PAIR, label_noise=0.1, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.y, same.y)
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert (one.flipped != other.flipped).any()
    subset = np.sort(np.random.default_rng(1).choice(one.n, one.flipped.sum(), replace=False))
    assert set(np.flatnonzero(one.flipped)) != set(subset)


def test_what_was_read_is_not_written_to():
    before = raw(np.arange(60) % 3)
    y = before.y.copy()
    plant(before, 0.5, seed=0)
    np.testing.assert_array_equal(before.y, y)


def test_a_class_that_no_training_row_has_is_no_class_that_a_label_may_become():
    y = np.where(np.arange(60) % 3 == 2, 3, np.arange(60) % 3)
    spec = DataSpec(preprocess="none", label_noise=0.5)
    data = assemble(raw(y, classes=4), spec, title="t", task="classification")
    assert data.class_names == ("p", "q", "s") and data.flipped.sum() == 30
    np.testing.assert_array_equal(data.y != np.arange(60) % 3, data.flipped)
    assert set(data.y) == {0, 1, 2}


def test_no_class_loses_its_last_row():
    drawn = [plant(raw([0, 0, 1], classes=2), 0.1, seed) for seed in range(40)]
    assert {int(flipped.argmax()) for _, flipped in drawn} == {0, 1}  # without the redraw also the third
    assert all(set(noisy.y) == {0, 1} for noisy, _ in drawn)


def test_noise_that_must_take_the_last_row_of_a_class_is_refused():
    with pytest.raises(BadData, match="label_noise: expected noise that leaves each of the 2 classes .*; 1 of 2 "):
        plant(raw([0, 1], classes=2), 0.5, seed=0)


def test_a_single_class_is_refused_and_not_made_two_by_noise():
    spec = DataSpec(preprocess="none", label_noise=0.5)
    with pytest.raises(BadData, match="at least two classes; got only 'q'"):
        assemble(raw(np.ones(60)), spec, title="t", task="classification")


def test_a_regression_has_no_label_noise():
    with pytest.raises(BadRequest, match="label_noise: expected none for a regression.* got 0.1"):
        load(DataSpec(name="diabetes", label_noise=0.1))


@pytest.mark.parametrize(
    ("spec", "before"),  # computed before there was label noise
    [
        (PAIR, "7e48fc1b4b1fb858d3e0f10b625c2dcf17a97926e75ddb6e20723feb5ed2fd30"),
        (
            dataclasses.replace(PAIR, subset=80, seed=3),
            "214ce660c7eb8097126205a794892a917c3e6d227e3def2da2da40ceda898408",
        ),
    ],
)
def test_without_noise_the_data_are_what_they_were(spec, before):
    data = load(dataclasses.replace(spec, label_noise=0))
    assert data.fingerprint == before and data.flipped is None
    assert not any("replaced" in note for note in data.notes)


def test_the_note_says_how_many_and_hides_nothing_of_the_data():
    data = load(dataclasses.replace(PAIR, label_noise=0.1))
    count = int(data.flipped.sum())
    (note,) = [note for note in data.notes if "replaced" in note]
    assert note == (
        f"10 % of the training labels ({count} of {data.n}) were replaced at random by another class, with seed 0."
    )
    assert told(note, data.class_names) == note
