"""How predictions are judged: each figure against its definition, written out; what is not defined is NaN."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from fil_core.errors import BadRequest
from fil_core.influence.judging import fisher_interval, judged, linear_datamodelling, with_length


def pairs(n=60, seed=0):
    random = np.random.default_rng(seed)
    true = random.normal(size=n)
    return 0.5 * true + 0.3 * random.normal(size=n), true


def test_each_figure_is_its_definition():
    predicted, true = pairs()
    found = judged(predicted, true)
    # Least squares and correlations of well-conditioned columns: rounding only.
    assert found.slope == pytest.approx(np.linalg.lstsq(predicted[:, None], true)[0][0], rel=1e-12)
    assert found.relative_error == pytest.approx(np.sqrt(((predicted - true) ** 2).sum() / (true**2).sum()), rel=1e-12)
    assert found.pearson == pytest.approx(stats.pearsonr(predicted, true)[0], rel=1e-12)
    assert found.spearman == pytest.approx(stats.spearmanr(predicted, true)[0], rel=1e-12)
    assert found.sign_agreement == np.mean([p * t > 0 for p, t in zip(predicted, true, strict=True)])
    assert found.always_positive == np.mean(true > 0)
    largest = [set(np.argsort(abs(each))[-6:]) for each in (predicted, true)]
    assert (found.n, found.k, found.top_k_by_chance) == (60, 6, 0.1)
    assert found.top_k_overlap == len(largest[0] & largest[1]) / 6


def test_a_wrong_scale_shows_in_slope_and_error_alone():
    predicted, true = pairs()
    once, twice = judged(predicted, true), judged(2 * predicted, true)
    assert twice.slope == pytest.approx(once.slope / 2, rel=1e-14) and twice.relative_error != once.relative_error
    kept = [field.name for field in dataclasses.fields(once) if field.name not in ("slope", "relative_error")]
    # Multiplication by two is exact.
    assert [getattr(twice, name) for name in kept] == [getattr(once, name) for name in kept]


@pytest.mark.parametrize("ties", [False, True])
def test_the_bootstrap_is_that_of_samples_written_out(ties):
    predicted, true = pairs(25)
    if ties:
        predicted, true = np.round(predicted, 1), np.round(true)
    found = judged(predicted, true, seed=3, draws=200)
    random, values = np.random.default_rng(3), []
    for _ in range(200):
        rows = random.integers(25, size=25)
        values.append((stats.pearsonr(predicted[rows], true[rows])[0], stats.spearmanr(predicted[rows], true[rows])[0]))
    low, high = np.percentile(values, [2.5, 97.5], axis=0)
    # The same draws, counted in place of copied: rounding only.
    assert found.pearson_interval == pytest.approx((low[0], high[0]), rel=1e-12)
    assert found.spearman_interval == pytest.approx((low[1], high[1]), rel=1e-12)


def test_intervals_of_normal_pairs_are_those_of_fisher():
    random = np.random.default_rng(1)
    true = random.normal(size=400)
    predicted = true + random.normal(size=400)
    found = judged(predicted, true)
    # Two approximations, of relative order 1/sqrt(draws): a tenth of the width of .1.
    assert found.pearson_interval == pytest.approx(tuple(fisher_interval(found.pearson, 400)), abs=0.01)


def test_random_scores_correlate_as_theory_says():
    _, true = pairs(100)
    found = judged(true, true, draws=4000)
    # E|r| of a normal score is sqrt(2 / pi / (n - 1)) to order 1/n; 4,000 draws leave 1.2 % of noise, a quarter of 5.
    expected = math.sqrt(2 / math.pi / 99)
    assert found.random_pearson == pytest.approx(expected, rel=0.05)
    assert found.random_spearman == pytest.approx(expected, rel=0.05)


def test_a_seed_is_one_result_and_inputs_stay():
    predicted, true = pairs()
    before = predicted.copy(), true.copy()
    assert judged(predicted, true, seed=1) == judged(predicted, true, seed=1) != judged(predicted, true, seed=2)
    assert (before[0] == predicted).all() and (before[1] == true).all()


def test_zeros_of_the_truth_count_for_no_sign_and_zeros_predicted_are_wrong():
    found = judged(np.array([1.0, 0.0, -1.0, 5.0]), np.array([2.0, 1.0, 3.0, 0.0]))
    assert (found.sign_agreement, found.always_positive) == (1 / 3, 1.0)


def test_only_what_is_finite_in_both_is_compared():
    predicted, true = pairs(10)
    more = np.append(predicted, [np.nan, 1.0, 2.0]), np.append(true, [1.0, np.inf, np.nan])
    assert judged(*more) == judged(predicted, true)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_what_is_not_defined_is_nan(n):
    found = judged(np.zeros(n), np.zeros(n), draws=10)
    assert found.n == n
    undefined = [
        "slope",
        "relative_error",
        "pearson",
        "spearman",
        "sign_agreement",
        "always_positive",
        "random_pearson",
    ]
    assert all(math.isnan(getattr(found, name)) for name in [*undefined, "random_spearman"])
    assert all(map(math.isnan, found.pearson_interval + found.spearman_interval))
    assert found.top_k_by_chance == (1 / n if n else pytest.approx(math.nan, nan_ok=True))


def test_constant_draws_are_left_out_of_the_interval():
    # One of two examples twice is a draw without a correlation; the others have 1.
    found = judged(np.array([1.0, 2.0]), np.array([3.0, 5.0]), draws=50)
    assert found.pearson_interval == pytest.approx((1.0, 1.0)) and found.spearman_interval == pytest.approx((1.0, 1.0))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.zeros(3), np.zeros(4)), {}, r"got shapes \(3,\) and \(4,\)"),
        ((np.zeros((3, 1)), np.zeros((3, 1))), {}, "two columns"),
        ((np.zeros(3), np.zeros(3)), {"k": 0}, "k 0"),
        ((np.zeros(3), np.zeros(3)), {"draws": 0}, "draws 0"),
    ],
)
def test_what_cannot_be_judged_is_refused(arguments, options, message):
    with pytest.raises(BadRequest, match=message):
        judged(*arguments, **options)


def test_length_is_a_control():
    length, true = np.array([3, 9, 4, 7]), np.array([0.1, 0.9, 0.5, 0.2])
    expected = stats.pearsonr(length, true)[0], stats.spearmanr(length, true)[0]
    assert with_length(length, true) == pytest.approx(expected, rel=1e-12)
    assert all(map(math.isnan, with_length(np.full(4, 7), true)))


def test_the_linear_datamodelling_score_is_the_mean_over_outputs():
    random = np.random.default_rng(0)
    predicted, true = random.normal(size=(12, 5)), random.normal(size=(12, 5)).round(1)
    each = [stats.spearmanr(predicted[:, j], true[:, j])[0] for j in range(5)]
    assert linear_datamodelling(predicted, true) == pytest.approx(np.mean(each), rel=1e-12)
    constant = np.hstack([predicted, np.ones((12, 1))]), np.hstack([true, true[:, :1]])
    assert linear_datamodelling(*constant) == pytest.approx(np.mean(each), rel=1e-12)


def test_the_linear_datamodelling_score_of_two_subsets_or_of_constants_is_nan():
    values = np.arange(6.0).reshape(2, 3)
    assert math.isnan(linear_datamodelling(values, values))
    assert math.isnan(linear_datamodelling(np.ones((5, 2)), np.ones((5, 2))))
