"""Leave-one-out distinguishability of an ensemble: by its definition, where nothing leaks, and in a normal world."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import norm

from fil_core.membership.empirical import empirical_lood, halves, stability
from fil_core.membership.halves import inclusion
from fil_core.membership.signals import Signals
from tests.membership import literal_attacks as literal


def world(n, models, effect, *, paired=True, seed=0):
    rng = np.random.default_rng(seed)
    had = inclusion(n, range(models), seed) if paired else rng.random((n, models)) < 0.5
    spread, centre = rng.uniform(0.5, 2, (n, 1)), rng.normal(0, 3, (n, 1))
    return Signals(centre + spread * (rng.normal(size=(n, models)) + effect * had), had)


def literal_halves(signals, record):
    """Model numbers with the record and without it, fitted to and tested on; pairs together where there are pairs."""
    had = signals.inclusion[record]
    with_it, without = np.flatnonzero(had), np.flatnonzero(~had)
    if not signals.paired:
        return with_it[::2], without[::2], with_it[1::2], without[1::2]
    first = set(with_it[::2] // 2)
    fitted = [j for j in without if j // 2 in first]
    return with_it[::2], np.array(fitted), with_it[1::2], np.setdiff1d(without, fitted)


def literal_lood(signals, record):
    row, found = signals.scores[record], []
    a, b, c, d = literal_halves(signals, record)
    for fitted_in, fitted_out, tested_in, tested_out in ((a, b, c, d), (c, d, a, b)):
        inside, outside = ((row[who].mean(), row[who].std(ddof=1)) for who in (fitted_in, fitted_out))
        ratios = [norm.logpdf(row[who], *inside) - norm.logpdf(row[who], *outside) for who in (tested_in, tested_out)]
        area, error = literal.area_and_error(*ratios)
        if area in (0, 1):  # half a failure among those of which there are fewer
            m = min(map(len, ratios))
            error = (0.5 / (m + 0.5) * (m / (m + 0.5)) / m) ** 0.5
        found.append((area, error))
    return np.mean(found, 0)


@pytest.mark.parametrize(("n", "paired"), [(30, True), (30, False)])
def test_fitted_to_one_half_and_tested_on_the_other(n, paired):
    signals = world(n, 22, 1.0, paired=paired)
    found = empirical_lood(signals)
    for record in range(n):
        auc, error = literal_lood(signals, record)
        assert (found.auc[record], found.auc_error[record]) == pytest.approx((auc, error), rel=1e-10)
        inside, outside = (signals.scores[record][which[record]] for which in (signals.inclusion, ~signals.inclusion))
        assert found.difference[record] == pytest.approx(inside.mean() - outside.mean(), rel=1e-10)
        squares = inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside)
        assert found.difference_error[record] == pytest.approx(np.sqrt(squares), rel=1e-10)
        assert (found.inside[record], found.outside[record]) == (len(inside), len(outside))


@pytest.mark.parametrize(("n", "models"), [(30, 16), (31, 16), (30, 17)])
def test_pairs_stay_together_and_halves_are_balanced(n, models):
    """Of 31 examples one is in neither half of a pair, and upsets neither the one nor the other."""
    signals = world(n, models, 0.0, seed=2)
    first, had = halves(signals), signals.inclusion
    np.testing.assert_array_equal(first[:, :16:2], first[:, 1:16:2])
    members, fitted = had.sum(1), (had & first).sum(1)
    np.testing.assert_array_equal(fitted, (members + 1) // 2)
    if n == 30 and models == 16:
        np.testing.assert_array_equal((~had & first).sum(1), 4)


def test_halves_of_independent_models_alternate():
    signals = world(30, 15, 0.0, paired=False)
    first = halves(signals)
    for kind in (signals.inclusion, ~signals.inclusion):
        np.testing.assert_array_equal((kind & first).sum(1), (kind.sum(1) + 1) // 2)


@pytest.mark.parametrize("models", [8, 24])
def test_where_nothing_leaks_the_area_is_one_half(models):
    found = empirical_lood(world(6_000, models, 0.0))
    assert abs(found.auc.mean() - 0.5) < 3 * found.auc.std() / np.sqrt(6_000)
    assert abs(found.difference.mean()) < 3 * found.difference.std() / np.sqrt(6_000)


@pytest.mark.parametrize("effect", [0.0, 1.0, 2.0])
def test_errors_cover_the_spread(effect):
    """As if independent, they would be a fifth too small where nothing leaks."""
    found = empirical_lood(world(3_000, 128, effect))
    error = np.sqrt((found.auc_error**2).mean())
    assert found.auc.std() < error < 1.5 * found.auc.std()
    away = found.difference / found.difference_error
    assert (away - away.mean()).std() == pytest.approx(1.0, rel=0.1) or effect


def test_a_normal_world_has_the_area_of_its_separation():
    effect = np.linspace(0.7, 3, 40)[:, None]
    found = empirical_lood(world(40, 2_000, effect, seed=5))
    away = (found.auc - ndtr(effect[:, 0] / np.sqrt(2))) / found.auc_error
    assert np.abs(away).max() < 3


def test_a_record_that_is_told_surely_by_few_models_has_an_error():
    signals = world(4, 16, 50.0)
    found = empirical_lood(signals)
    np.testing.assert_array_equal(found.auc, 1.0)
    np.testing.assert_allclose(found.auc_error, np.sqrt((1 / 9) * (8 / 9) / 4), rtol=1e-12)  # four of each are tested


def test_records_in_too_few_models():
    signals = world(40, 9, 1.0, paired=False)
    found = empirical_lood(signals)
    few = np.minimum(found.inside, found.outside) < 4
    assert 0 < few.sum() < 40
    np.testing.assert_array_equal(np.isnan(found.auc), few)
    np.testing.assert_array_equal(np.isnan(found.auc_error), few)
    np.testing.assert_array_equal(np.isnan(found.difference), np.minimum(found.inside, found.outside) < 1)


def test_equal_scores_tell_nothing():
    signals = world(3, 16, 0.0, seed=1)
    found = empirical_lood(Signals(np.full_like(signals.scores, 36.7), signals.inclusion))
    np.testing.assert_array_equal(found.auc, 0.5)
    np.testing.assert_array_equal(found.auc_error, 0.0)
    np.testing.assert_array_equal(found.difference, 0.0)


def test_stability_is_the_agreement_of_two_halves_of_the_ensemble():
    effect = np.linspace(0, 4, 200)[:, None]
    assert stability(world(200, 400, effect)) > 0.95
    assert abs(stability(world(4_000, 32, 0.0))) < 3 / np.sqrt(4_000)
    assert np.isnan(stability(world(2, 16, 1.0)))
