"""Columns that depend on others: as many as the rank says, and without them the rest is well conditioned."""

from __future__ import annotations

import numpy as np
import pytest

from fil_core.data.dependence import Dependence, dependences

EXACT = 1e14


def mixed(rank: int, d: int, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, rank)) @ rng.normal(size=(rank, d)) * np.logspace(-3, 3, d)


@pytest.mark.parametrize(("rank", "d", "n"), [(3, 3, 20), (3, 7, 20), (1, 4, 9), (6, 12, 8), (5, 9, 5), (4, 4, 4)])
@pytest.mark.parametrize("seed", range(3))
def test_as_many_columns_are_named_as_the_rank_lacks(rank, d, n, seed):
    X = mixed(rank, d, n, seed)
    found = dependences(X, condition=EXACT)
    assert len(found) == d - np.linalg.matrix_rank(X / np.linalg.norm(X, axis=0))
    left = np.delete(X, [one.column for one in found], axis=1)
    assert np.linalg.cond(left / np.linalg.norm(left, axis=0)) ** 2 < EXACT
    for one in found:  # it is a combination of those that are named, as least squares says
        combination = np.linalg.lstsq(X[:, one.on], X[:, one.column], rcond=None)[0]
        np.testing.assert_allclose(X[:, one.on] @ combination, X[:, one.column], atol=1e-8 * np.abs(X).max())


def test_only_the_columns_of_a_relation_are_named():
    X = np.random.default_rng(0).normal(size=(50, 6))
    X[:, 4] = 3 * X[:, 0] - 0.5 * X[:, 2]
    (found,) = dependences(X, condition=EXACT)
    assert {found.column, *found.on} == {0, 2, 4}
    X[:, 5] = 0
    assert Dependence(5, ()) in dependences(X, condition=EXACT)


def test_a_limit_on_the_condition_number_decides_what_is_dependent():
    X = np.random.default_rng(0).normal(size=(50, 3))
    X[:, 2] = X[:, 0] + 1e-5 * X[:, 2]
    assert dependences(X, condition=1e14) == []
    (found,) = dependences(X, condition=1e8)
    assert {found.column, *found.on} == {0, 2}
