"""Correlations, common tops and who stands out alone, against loops over examples and by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from fil_core.leakage.joint import constant, correlations, high_in, only_in, overlaps, top_share, tops

NAN, INF = math.nan, math.inf


def odd(n: int = 60) -> pd.DataFrame:
    """Columns with ties, values missing, infinities, huge values and no spread."""
    rng = np.random.default_rng(0)
    a = rng.exponential(size=n)
    lacking = a + rng.normal(size=n)
    lacking[[3, 10, 40]] = NAN, INF, -INF
    half = np.where(np.arange(n) < n // 2, NAN, rng.normal(size=n))
    return pd.DataFrame(
        {
            "a": a, "tied": np.round(3 * a), "lacking": lacking, "half": half, "huge": 1e250 * rng.normal(size=n),
            "constant": np.full(n, 0.1), "empty": np.full(n, NAN), "whole": rng.integers(0, 5, n),
        }
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "reference"), [("spearman", spearmanr), ("pearson", pearsonr)])
def test_correlations_are_those_of_the_examples_with_both_values(kind, reference):
    table = odd()
    found = correlations(table, kind)
    for i, one in enumerate(table):
        for j, other in enumerate(table):
            x, y = table[one].to_numpy(float), table[other].to_numpy(float)
            both = np.isfinite(x) & np.isfinite(y)
            x, y = x[both], y[both]
            if not x.size or np.ptp(x) == 0 or np.ptp(y) == 0:
                assert math.isnan(found[i, j]), (one, other)
                continue
            scale = np.abs(x).max(), np.abs(y).max()  # squares of 1e250 are no numbers
            expected = reference(x / scale[0], y / scale[1]).statistic
            assert found[i, j] == pytest.approx(expected, abs=1e-12), (one, other)  # sums of sixty products


def test_two_examples_agree_wholly_or_not_at_all():
    table = pd.DataFrame({"up": [1.0, 2.0], "down": [2.0, 1.0], "same": [1.0, 1.0]})
    for kind in ("spearman", "pearson"):
        found = correlations(table, kind)
        assert found[0, 0] == pytest.approx(1) and found[0, 1] == pytest.approx(-1)
        assert np.isnan(found[2]).all() and np.isnan(found[:, 2]).all()
    assert high_in(table).tolist() == [1, 1]  # each is the one example that is 5 % of two
    assert tops(table, 1).tolist() == [[False, True, False], [True, False, False]]


def test_one_example_correlates_with_nothing():
    table = pd.DataFrame({"a": [1.0], "b": [2.0]})
    assert np.isnan(correlations(table, "spearman")).all()
    assert high_in(table).tolist() == [0] and only_in(table).tolist() == [""]


def test_the_top_is_counted_example_by_example():
    table = odd()
    for k in (1, 3, 7):
        found = tops(table, k)
        for j, name in enumerate(table):
            values = table[name].to_numpy(float)
            values = np.where(np.isfinite(values), values, NAN)
            order = len(set(values[~np.isnan(values)])) > 1
            for i, value in enumerate(values):
                as_high = sum(other >= value for other in values)
                assert found[i, j] == (order and not math.isnan(value) and as_high <= k), (name, i, k)


def test_a_tie_across_the_end_of_the_top_is_not_in_it():
    saturated = pd.DataFrame({"auc": [1.0] * 30 + [0.9, 0.5], "clear": np.arange(32.0)})
    assert tops(saturated, 2).sum(0).tolist() == [0, 2]


def test_overlaps_count_the_examples_in_both():
    table = odd()
    top = tops(table, 7)
    found = overlaps(top)
    sets = [set(np.flatnonzero(column)) for column in top.T]
    assert found.tolist() == [[len(one & other) for other in sets] for one in sets]
    assert found.dtype == np.int64 and found[5].sum() == found[6].sum() == 0  # the constant and the empty one


def test_high_in_counts_the_columns():
    table = odd()
    k = top_share(len(table), 0.05)
    assert k == 3
    expected = [sum(bool(tops(table[[name]], k)[i, 0]) for name in table) for i in range(len(table))]
    assert high_in(table).tolist() == expected and max(expected) > 1


def alone(table: pd.DataFrame) -> list[str]:
    """`only_in` by loops."""
    values = table.drop(columns=constant(table))
    values = values.where(np.isfinite(values))
    k, found = max(1, len(table) // 100), []
    for i in values.index:
        fits = []
        for name in values:
            others = [other for other in values if other != name]
            below = sum(values.loc[i, other] < np.nanmedian(values[other]) for other in others)
            as_high = int((values[name] >= values.loc[i, name]).sum())
            if 0 < as_high <= k and below >= len(others) / 2:
                fits.append((as_high, name))
        found.append(min(fits, key=lambda one: one[0])[1] if fits else "")
    return found


@pytest.mark.parametrize("n", [2, 3, 60, 450])
def test_high_in_one_alone_by_loops(n):
    rng = np.random.default_rng(n)
    table = pd.DataFrame(rng.exponential(size=(n, 5)), columns=list("abcde"))
    table["tied"], table["same"] = np.round(table["a"]), 1.0
    table.loc[0, "b"] = NAN
    table.loc[n - 1, "c"] = INF
    found = only_in(table).tolist()
    assert found == alone(table)
    assert n < 60 or set(found) - {""}


def test_high_in_one_alone_by_hand():
    table = pd.DataFrame({"a": [9.0, 1, 2, 3, 4], "b": [0.0, 9, 2, 3, 4], "c": [0.0, 1, 2, 9, 4]})
    # The first is highest in a and lowest elsewhere; the second in b, below the median of a and c; the fourth in c
    # alone, but below the median of nothing.
    assert only_in(table).tolist() == ["a", "b", "", "", ""]
    assert only_in(table[["a"]]).tolist() == [""] * 5  # one column has no others


def test_inputs_are_never_written_to():
    table = odd()
    before = table.copy(deep=True)
    for work in (constant, high_in, only_in):
        work(table)
    correlations(table, "spearman")
    pd.testing.assert_frame_equal(table, before)
