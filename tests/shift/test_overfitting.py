"""Summaries beside the gap, their correlation and its interval, against numpy and scipy."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from fil_core.linalg.correlation import spearman_interval
from fil_core.models import fit
from fil_core.models.fitted import code_targets
from fil_core.shift.overfitting import SUMMARIES, Leaks, associations, leaks_of_features, utility
from fil_core.specs import ModelSpec
from tests.conftest import random_dataset


def test_summaries_are_those_of_numpy():
    rng = np.random.default_rng(0)
    eta, unique, held_out = rng.exponential(size=41), rng.exponential(size=41), rng.exponential(size=7)
    leverage = rng.uniform(size=41)
    unique[3] = np.nan  # without it the parameters are not determined
    found = Leaks(eta, 12.5, leverage, unique, held_out).summaries()
    assert set(found) == set(SUMMARIES)
    assert found["eta_p95"] == np.quantile(eta, 0.95) and found["eta_whole"] == 12.5
    assert found["ratio"] == pytest.approx(np.median(eta) / np.median(held_out), rel=1e-15)
    assert (found["held_out_mean"], found["held_out_median"]) == (held_out.mean(), np.median(held_out))
    assert found["unique_mean"] == pytest.approx(np.nanmean(unique), rel=1e-14)
    assert found["unique_max"] == np.nanmax(unique)
    assert (found["leverage_max"], found["leverage_sum"]) == (leverage.max(), leverage.sum())
    assert (found["eta_mean"], found["eta_median"], found["eta_max"]) == (eta.mean(), np.median(eta), eta.max())
    assert found["leverage_mean"] == leverage.mean()


def test_what_is_not_defined_has_no_summary():
    nothing = np.full(3, np.nan)
    found = Leaks(np.ones(3), 1.0, np.ones(3), nothing, np.zeros(2)).summaries()
    assert math.isnan(found["ratio"]) and math.isnan(found["unique_mean"]) and math.isnan(found["unique_max"])


@pytest.mark.parametrize(("kind", "classes"), [("least-squares", 0), ("least-squares", 2), ("logistic", 2), ("softmax", 3)])  # noqa: E501 # fmt: skip
def test_losses_of_both_splits(kind, classes):
    dataset = random_dataset(classes=classes)
    fitted = fit(ModelSpec(kind=kind, l2=0.05), dataset)
    found = utility(fitted, dataset)
    for X, y, loss in (
        (dataset.X, dataset.y, found.train_loss),
        (dataset.X_test, dataset.y_test, found.test_loss),
    ):
        z = X @ fitted.theta.numpy().T
        t = code_targets(fitted.spec, classes, y, fitted.theta.device).numpy()
        each = {
            "least-squares": lambda z=z, t=t: (z - t) ** 2 / 2,
            "logistic": lambda z=z, t=t: np.log1p(np.exp(z)) - t * z,
            "softmax": lambda z=z, t=t: np.log(np.exp(z).sum(1)) - (z * t).sum(1),
        }[kind]()
        assert loss == pytest.approx(each.mean(), rel=1e-12)
    assert found.train_score == fitted.score(dataset.X, dataset.y)
    assert found.test_score == fitted.score(dataset.X_test, dataset.y_test)


def test_unique_information_is_half_the_squared_shift_by_training_again():
    dataset = random_dataset(n=15, d=3)
    fitted = fit(ModelSpec(l2=0.02), dataset)
    found = leaks_of_features(fitted, dataset, (dataset.X_test, dataset.y_test)).unique
    for i in (0, 9):
        weights = np.ones(15)
        weights[i] = 0.0
        again = fit(ModelSpec(l2=0.02), dataset, weights=weights)
        assert found[i] == pytest.approx(float((again.theta - fitted.theta).square().sum()) / 2, rel=1e-9)


def test_leverages_sum_to_the_parameters_without_a_penalty():
    dataset = random_dataset(n=20, d=4)
    fitted = fit(ModelSpec(l2=0.0), dataset)
    found = leaks_of_features(fitted, dataset, (dataset.X_test, dataset.y_test))
    assert found.leverage.sum() == pytest.approx(4.0, rel=1e-10)


def test_the_interval_is_that_of_pairs_drawn_with_replacement():
    rng = np.random.default_rng(3)
    a = rng.integers(0, 5, 12).astype(float)  # with ties
    b = a + rng.normal(size=12)
    low, high = spearman_interval(a, b, draws=400, seed=7)
    draws, again = [], np.random.default_rng(7)
    for rows in again.integers(12, size=(400, 12)):
        if np.ptp(a[rows]) and np.ptp(b[rows]):
            draws.append(spearmanr(a[rows], b[rows]).statistic)
    np.testing.assert_allclose((low, high), np.percentile(draws, [2.5, 97.5]), rtol=1e-12)
    assert spearman_interval(a, b, draws=400, seed=8) != (low, high)


@pytest.mark.parametrize(("a", "b"), [([1.0], [2.0]), ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]), ([], [])])
def test_no_interval_where_there_is_no_correlation(a, b):
    assert all(math.isnan(end) for end in spearman_interval(np.array(a), np.array(b), draws=20))


def test_every_summary_is_correlated_with_the_gap_over_the_models_that_have_both():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(9, len(SUMMARIES))), columns=list(SUMMARIES))
    table["gap"] = rng.normal(size=9)
    table["eta_max"] = np.exp(table["gap"])  # the same order
    table["leverage_sum"] = 2.0
    table.loc[4, "unique_mean"] = np.nan
    found = associations(table, draws=200, seed=1)
    assert set(found) == set(SUMMARIES)
    assert found["eta_max"]["spearman"] == pytest.approx(1.0) and found["eta_max"]["high"] == pytest.approx(1.0)
    assert all(math.isnan(value) for value in found["leverage_sum"].values())
    known = table.drop(index=4)
    expected = spearmanr(known["unique_mean"], known["gap"]).statistic
    assert found["unique_mean"]["spearman"] == pytest.approx(expected, rel=1e-12)
    ends = spearman_interval(known["unique_mean"].to_numpy(), known["gap"].to_numpy(), draws=200, seed=1)
    assert (found["unique_mean"]["low"], found["unique_mean"]["high"]) == ends
