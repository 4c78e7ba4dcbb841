"""Agreement of two columns against numbers worked out by hand and by scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau, rankdata

from fil_core.errors import BadRequest
from fil_core.leakage.comparison import agreement, top


def test_top_is_largest_first_and_ties_go_to_the_earlier():
    assert top(np.array([1.0, 5.0, 3.0, 5.0, 3.0]), 4).tolist() == [1, 3, 2, 4]
    assert top(np.array([1, 2]), 10).tolist() == [1, 0]
    assert top(np.zeros(4), 2).tolist() == [0, 1]


def test_pearson_and_spearman_are_their_definitions():
    rng = np.random.default_rng(0)
    a = rng.exponential(size=200)
    b = a**3 + rng.exponential(size=200)
    found = agreement(a, b, k=20)
    assert found.pearson == pytest.approx(np.corrcoef(a, b)[0, 1], rel=1e-12)
    assert found.spearman == pytest.approx(np.corrcoef(rankdata(a), rankdata(b))[0, 1], rel=1e-12)
    assert abs(found.pearson - found.spearman) > 0.01
    assert kendalltau(a, b).statistic < found.spearman
    assert found.overlap == len(set(np.argsort(a)[-20:]) & set(np.argsort(b)[-20:]))
    assert 0 < found.overlap < 20
    assert (found.k, found.n) == (20, 200)


def test_a_column_agrees_with_itself_and_not_with_its_reverse():
    a = np.arange(10.0)
    same, opposite = agreement(a, a, k=3), agreement(a, -a, k=3)
    assert (same.pearson, same.spearman, same.overlap) == (pytest.approx(1), pytest.approx(1), 3)
    assert (opposite.pearson, opposite.spearman, opposite.overlap) == (pytest.approx(-1), pytest.approx(-1), 0)


def test_only_examples_finite_in_both_count():
    a, b = np.array([1.0, np.inf, 3.0, 4.0, 2.0]), np.array([1.0, 2.0, np.nan, 8.0, 4.0])
    found = agreement(a, b, k=500)
    assert (found.n, found.k, found.overlap) == (3, 3, 3)
    assert found.pearson == pytest.approx(np.corrcoef([1, 4, 2], [1, 8, 4])[0, 1])


def test_a_constant_column_has_no_correlation_but_an_overlap():
    found = agreement(np.ones(6), np.arange(6.0), k=2)
    assert np.isnan(found.pearson)
    assert np.isnan(found.spearman)
    assert found.overlap == 0


def test_inputs_are_never_written_to():
    a, b = np.array([2.0, 1.0, np.nan]), np.array([1.0, 2.0, 3.0])
    agreement(a, b, k=1)
    np.testing.assert_array_equal(a, [2, 1, np.nan])


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        (np.ones(3), np.ones(4), "same examples; got 3 and 4"),
        (np.ones(1), np.ones(1), "at least two"),
        (np.array([np.nan, 1.0]), np.array([1.0, np.inf]), "at least two"),
    ],
)
def test_columns_that_cannot_be_compared_are_refused(a, b, text):
    with pytest.raises(BadRequest, match=text):
        agreement(a, b)
