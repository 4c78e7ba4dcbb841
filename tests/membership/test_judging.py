"""ROC curves, rates and intervals of attacks beside scikit-learn's and SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import precision_score, roc_auc_score, roc_curve

from fil_core.membership.auc import row_auc
from fil_core.membership.clopper_pearson import interval
from fil_core.membership.judging import judged, record_auc, success
from fil_core.membership.roc import precision, rate_at, roc, thinned
from tests.membership import literal_attacks as literal


def pairs(n=150, models=8, *, steps=None, seed=0):
    """Scores of (record, model) pairs, some of them NaN; `steps` rounds them, so that there are ties."""
    rng = np.random.default_rng(seed)
    had = rng.random((n, models)) < 0.4
    scores = rng.normal(size=(n, models)) + had
    scores = scores if steps is None else np.round(scores * steps) / steps
    scores[rng.random((n, models)) < 0.05] = np.nan
    return scores, had


def flat(scores, had):
    known = ~np.isnan(scores)
    return scores[known], had[known]


WORLDS = [
    pytest.param({}, id="distinct"),
    pytest.param({"steps": 4}, id="ties"),
    pytest.param({"steps": 0.5}, id="few"),
]


@pytest.mark.parametrize("kind", WORLDS)
def test_the_curve_is_scikit_learns(kind):
    scores, had = pairs(**kind)
    curve = roc(scores, had)
    values, labels = flat(scores, had)
    fpr, tpr, cuts = roc_curve(labels, values, drop_intermediate=False)
    np.testing.assert_array_equal(curve.thresholds, cuts)
    np.testing.assert_allclose(curve.fpr, fpr, rtol=1e-14)
    np.testing.assert_allclose(curve.tpr, tpr, rtol=1e-14)
    assert curve.auc == pytest.approx(roc_auc_score(labels, values), rel=1e-13)
    assert (curve.members, curve.outsiders) == (labels.sum(), (~labels).sum())


@pytest.mark.parametrize("allowed", [1e-6, 0.001, 0.01, 0.1, 0.25, 0.5])
@pytest.mark.parametrize("kind", WORLDS)
def test_the_largest_true_positive_rate_within_a_false_positive_rate(kind, allowed):
    scores, had = pairs(**kind)
    values, labels = flat(scores, had)
    found = rate_at(roc(scores, had), allowed, prior=0.3)
    fpr, tpr, _ = roc_curve(labels, values, drop_intermediate=False)
    assert found.tpr == pytest.approx(tpr[fpr <= allowed].max(), rel=1e-14)
    assert found.fpr == pytest.approx(fpr[tpr == tpr[fpr <= allowed].max()].min(), rel=1e-14)
    flagged = values >= found.threshold
    assert found.tpr == flagged[labels].mean() and found.fpr == flagged[~labels].mean() <= allowed
    exact = binomtest(int(flagged[labels].sum()), int(labels.sum())).proportion_ci(method="exact")
    assert found.interval == pytest.approx((exact.low, exact.high), rel=1e-10, abs=1e-15)
    if flagged.any():
        weights = np.where(labels, 0.3 / labels.sum(), 0.7 / (~labels).sum())
        assert found.precision == pytest.approx(precision_score(labels, flagged, sample_weight=weights), rel=1e-12)
    else:
        assert np.isnan(found.precision) and found.threshold == np.inf


def test_a_rate_that_is_met_exactly_counts():
    """0.29 * 100 is less than 29 in floats; 29 of 100 outsiders may be flagged."""
    scores = np.arange(200.0)
    had = np.arange(200) < 100
    scores[had] = 99.5 + np.arange(100)  # the i-th largest outsider lies above the i-th largest member
    assert rate_at(roc(scores, had), 0.29).fpr == 0.29


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (10, 10), (3, 10), (1, 5000), (4999, 5000), (0, 0)])
def test_intervals_are_exact(successes, trials):
    found = interval(successes, trials)
    exact = binomtest(successes, trials).proportion_ci(method="exact") if trials else (0.0, 1.0)
    assert found == pytest.approx(tuple(exact), rel=1e-8, abs=1e-15)


@pytest.mark.parametrize("kind", [np.ones, np.zeros])
def test_without_one_kind_nothing_is_said(kind):
    scores, had = pairs(20, 3)[0], kind((20, 3), dtype=bool)
    found = judged(scores, had, fpr=[0.1])
    assert np.isnan([found.curve.auc, found.rates[0].tpr, found.rates[0].precision, *found.target_auc]).all()
    nobody = judged(np.full((20, 3), np.nan), had, fpr=[0.1])
    assert np.isnan([nobody.curve.auc, nobody.least_fpr, *nobody.rates[0].interval]).all()


def test_where_nobody_is_flagged_there_is_no_precision():
    assert np.isnan(precision(0.0, 0.0, 0.5)) and precision(0.2, 0.0, 0.1) == 1.0 and precision(0.0, 0.2, 0.1) == 0.0


def test_over_all_pairs_and_of_each_model():
    scores, had = pairs(steps=4)
    found = judged(scores, had, fpr=[0.1, 0.01], prior=0.2)
    values, labels = flat(scores, had)
    assert found.curve.auc == pytest.approx(roc_auc_score(labels, values), rel=1e-13)
    assert [rate.allowed for rate in found.rates] == [0.1, 0.01]
    assert found.rates[0].precision == precision(found.rates[0].tpr, found.rates[0].fpr, 0.2)
    assert found.least_fpr == 1 / (~labels).sum()
    assert found.target_tpr.shape == (8, 2)
    for target in range(8):
        values, labels = flat(scores[:, target], had[:, target])
        fpr, tpr, _ = roc_curve(labels, values, drop_intermediate=False)
        assert found.target_auc[target] == pytest.approx(roc_auc_score(labels, values), rel=1e-13)
        assert found.target_tpr[target] == pytest.approx([tpr[fpr <= rate].max() for rate in (0.1, 0.01)], rel=1e-14)


@pytest.mark.parametrize("steps", [None, 50])
def test_a_thinned_curve_keeps_what_is_rare(steps):
    scores, had = pairs(20_000, 4, steps=steps)
    curve = roc(scores, had)
    few = thinned(curve)
    assert len(few.inside) <= 301 and (few.inside[-1], few.outside[-1]) == (curve.members, curve.outsiders)
    assert few.inside[0] == rate_at(curve, 0.0).tpr * curve.members
    for false in np.unique(curve.outside[curve.outside <= 100]):
        assert few.inside[few.outside == false] == curve.inside[curve.outside == false].max()
    both = {*zip(curve.thresholds, curve.inside, curve.outside, strict=True)}
    assert {*zip(few.thresholds, few.inside, few.outside, strict=True)} <= both
    assert (np.diff(few.outside) > 0).all()
    assert steps or np.diff(np.log(few.outside[few.outside >= 100])).max() < 0.05


@pytest.mark.parametrize("steps", [None, 2])
def test_areas_of_records_and_their_errors(steps):
    scores, had = pairs(40, 25, steps=steps)
    found = record_auc(scores, had)
    for row in range(40):
        inside, outside = (scores[row][which & ~np.isnan(scores[row])] for which in (had[row], ~had[row]))
        expected = literal.area_and_error(inside, outside)
        assert (found.auc[row], found.error[row]) == pytest.approx(expected, rel=1e-12, abs=1e-15)
        assert found.auc[row] == pytest.approx(roc_auc_score(*flat(scores[row], had[row])[::-1]), rel=1e-12)


def test_the_error_of_an_area_is_its_spread():
    """Over 4,000 independent records, whose spread is known to about one in a hundred."""
    rng = np.random.default_rng(3)
    had = np.arange(60)[None, :].repeat(4_000, 0) < 20
    found = row_auc(rng.normal(size=(4_000, 60)) + 0.7 * had, had, ~had)
    assert np.sqrt((found.error**2).mean()) == pytest.approx(found.auc.std(), rel=0.05)


def test_areas_that_are_not_defined():
    scores = np.arange(5.0)[None, :].repeat(3, 0)
    had = np.array([[0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]], dtype=bool)
    found = record_auc(scores, had)
    np.testing.assert_array_equal(found.auc, [np.nan, np.nan, 1.0])
    assert np.isnan(found.error).all()


def test_how_often_each_record_is_found():
    scores, had = pairs(60, 9)
    scores[0], had[1], had[2] = np.nan, False, np.arange(9) == 4
    found = success(scores, had, 0.4)
    for row in range(60):
        values = scores[row][had[row] & ~np.isnan(scores[row])] >= 0.4
        assert found.number[row] == len(values)
        share = values.mean() if len(values) else np.nan
        error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
        assert (found.share[row], found.error[row]) == pytest.approx((share, error), rel=1e-12, nan_ok=True)
