"""Nearest neighbours against the definition, pair by pair; near-duplicates, equal distances and lonely examples too."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fil_core.influence import neighbours
from fil_core.influence.neighbours import nearest


def by_definition(X, y, same):
    distance, row = np.full(len(X), np.nan), np.full(len(X), -1)
    for i in range(len(X)):
        for j in range(len(X)):
            if i != j and (y[i] == y[j]) == same:
                d = np.sqrt(((X[i] - X[j]) ** 2).sum())
                if not d >= distance[i]:
                    distance[i], row[i] = d, j
    return distance, row


def check(X, y):
    for same in (True, False):
        found = nearest(torch.tensor(X), torch.tensor(y), same=same)
        distance, row = by_definition(X, y, same)
        np.testing.assert_allclose(found.distance, distance, rtol=1e-14)
        np.testing.assert_array_equal(found.row, row)


@pytest.mark.parametrize("values", [50, 2**22])  # a block of one example, and of all
@pytest.mark.parametrize("d", [1, 7])
def test_random_examples(values, d, monkeypatch):
    monkeypatch.setitem(neighbours._VALUES, "cpu", values)
    rng = np.random.default_rng(0)
    check(rng.standard_normal((40, d)), rng.integers(0, 3, 40))


def test_near_duplicates_far_from_the_origin():
    """Inner products alone would give distances of about 1e-3 here, and the wrong neighbour."""
    rng = np.random.default_rng(1)
    X = 1e5 + rng.standard_normal((5, 3))
    X = np.concatenate([X, X + 1e-6 * rng.standard_normal((5, 3)), X + 1e-9])
    check(X, np.tile([0, 1, 1, 0, 1], 3))


def test_of_equally_near_ones_the_first():
    check(np.array([[0.0], [1.0], [-1.0], [1.0], [0.0]]), np.array([0, 0, 0, 1, 1]))


def test_who_is_alone_has_nobody():
    found = nearest(torch.tensor([[0.0], [1.0]], dtype=torch.float64), torch.tensor([0, 1]), same=True)
    assert found.distance.isnan().all() and found.row.tolist() == [-1, -1]
