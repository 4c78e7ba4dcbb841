"""Exposure: its ends, ties, and what it is for sequences that were never seen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fil_core.errors import BadRequest
from fil_core.influence.exposure import exposure


def test_it_is_the_rank_in_the_sorted_list():
    losses = np.random.default_rng(0).normal(size=257)
    for true in (-9.0, -0.3, 0.0, 0.7, 9.0):
        rank = sorted([*losses, true]).index(true) + 1
        # Two logarithms: rounding only.
        assert exposure(true, losses) == pytest.approx(math.log2(258 / rank), abs=1e-14)


def test_its_ends_are_reached():
    losses = np.arange(1023.0)
    assert exposure(-1.0, losses) == 10.0 and exposure(2000.0, losses) == 0.0


def test_all_equal_is_about_one_bit():
    assert exposure(1.0, np.ones(1001)) == pytest.approx(math.log2(1002 / 501.5), abs=1e-14)


def test_ties_count_half():
    # Four smaller, two equal: rank 1 + 4 + 1 of 11.
    losses = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    assert exposure(4.0, losses) == pytest.approx(math.log2(11 / 6), abs=1e-14)


def test_one_that_was_never_seen_has_the_mean_that_is_said():
    random = np.random.default_rng(1)
    values = [exposure(*(one[0], one[1:])) for one in random.normal(size=(4000, 200))]
    exact = np.mean(np.log2(200 + 1) - np.log2(np.arange(1, 202)))
    # The standard deviation is about 1.4 bits: 4,000 draws leave .023, of which .1 is more than four.
    assert np.mean(values) == pytest.approx(exact, abs=0.1) and exact == pytest.approx(math.log2(math.e), abs=0.03)


def test_infinite_losses_have_their_order():
    assert exposure(0.0, np.array([np.inf, -np.inf, np.inf])) == 1.0


@pytest.mark.parametrize(
    ("true", "candidates", "message"),
    [
        (0.0, np.zeros(0), "at least one"),
        (0.0, np.zeros((2, 2)), "at least one"),
        (0.0, np.array([1.0, np.nan]), "NaN"),
        (np.nan, np.ones(2), "NaN"),
    ],
)
def test_what_has_no_rank_is_refused(true, candidates, message):
    with pytest.raises(BadRequest, match=message):
        exposure(true, candidates)
