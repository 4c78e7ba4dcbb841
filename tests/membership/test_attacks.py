"""Scores of membership attacks against their definitions, in worlds that are known, and at the ends of the floats."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from scipy.special import log_ndtr, ndtr
from sklearn.ensemble import HistGradientBoostingRegressor

from fil_core.errors import BadData, BadRequest
from fil_core.membership import lira, thresholds
from fil_core.membership.attacks import TABLE, all_scores, scores_of
from fil_core.membership.gaussian_fits import gaussians, pooled, positive, shadow_gaussians
from fil_core.membership.halves import inclusion
from fil_core.membership.judging import judged, record_auc
from fil_core.membership.quantile import Features, quantile, reduced
from fil_core.membership.rmia import rmia, usual
from fil_core.membership.roc import roc
from fil_core.membership.signals import Signals
from fil_core.specs.attack import ATTACKS, AttackSpec
from tests.membership import literal_attacks as literal

CLOSE = {"rtol": 1e-10, "atol": 1e-10}  # double precision, of sums of some ten terms and differences of logarithms


def world(n=30, models=12, *, paired=True, seed=0, spread=1.0, effect=1.0, rows=0, steps=None):
    """Scores that depend on membership, a record and a test row a row; `steps` rounds them, so that there are ties."""
    rng = np.random.default_rng(seed)
    had = inclusion(n, range(models), seed) if paired else rng.random((n, models)) < 0.5
    centre = rng.normal(0, 2 * spread, (n + rows, 1))
    noise = rng.normal(0, spread, (n + rows, models)) * rng.uniform(0.5, 2, (n + rows, 1))
    scores = centre + noise
    scores[:n] += effect * spread * had
    scores = scores if steps is None else np.round(scores * steps) / steps
    return Signals(scores[:n], had, population=scores[n:] if rows else None)


WORLDS = [
    pytest.param(world(), id="paired"),
    pytest.param(world(31, 11), id="odd"),
    pytest.param(world(paired=False), id="unpaired"),
    pytest.param(world(paired=False, models=6), id="some-without-two"),
    pytest.param(world(spread=700.0), id="hundreds"),
    pytest.param(world(spread=1e4), id="ten-thousands"),
]


@pytest.mark.parametrize("is_pooled", [False, True])
@pytest.mark.parametrize("online", [True, False])
@pytest.mark.parametrize("signals", WORLDS)
def test_lira_is_a_ratio_of_normal_densities(signals, online, is_pooled):
    spec = AttackSpec(variance="pooled" if is_pooled else "record")
    for target in (0, 3, signals.models - 1):
        found = scores_of("lira" if online else "lira-offline", signals, target, spec, None)
        expected = literal.lira(signals, target, online=online, pooled=is_pooled)
        np.testing.assert_allclose(found, expected, **CLOSE)
        assert np.isfinite(found).sum() >= 10


def test_some_records_lack_two_shadow_models():
    """So that the worlds above have some, and an attack without models that had a record wants nothing of them."""
    signals = world(paired=False, models=6)
    fits = shadow_gaussians(signals, 0)
    online, offline = lira.online(signals, 0), lira.offline(signals, 0)
    np.testing.assert_array_equal(np.isnan(online), (fits[0].number < 2) | (fits[1].number < 2))
    np.testing.assert_array_equal(np.isnan(offline), fits[1].number < 2)
    assert 0 < np.isnan(offline).sum() < np.isnan(online).sum()


def test_moments_of_few_and_of_large_scores():
    scores = np.array([[1e8, 1e8 + 1, 1e8 + 2, -5e8], [0.1, 0.1, 0.1, 7.0], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]])
    which = np.array([[1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]], dtype=bool)
    found = gaussians(scores, which)
    np.testing.assert_array_equal(found.number, [3, 3, 1, 0])
    np.testing.assert_array_equal(found.mean, [1e8 + 1, 0.1, 3.0, np.nan])
    np.testing.assert_array_equal(found.variance, [1.0, 0.0, np.nan, np.nan])


def test_a_matrix_in_several_blocks_is_one_in_a_single_block():
    signals = world(5_000, 100)
    found = gaussians(signals.scores, signals.inclusion)
    scores = np.where(signals.inclusion, signals.scores, np.nan)
    np.testing.assert_allclose(found.mean, np.nanmean(scores, 1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.variance, np.nanvar(scores, 1, ddof=1), rtol=1e-12)


def test_equal_scores_count_as_the_smallest_variance():
    scores = np.array([[5.0, 5.0, 5.0, 5.0], [1.0, 2.0, 3.0, 3.5], [0.0, 4.0, 1.0, 9.0]])
    had = np.array([[1, 1, 0, 0]] * 3, dtype=bool)
    fits = positive(gaussians(scores, had), gaussians(scores, ~had))
    np.testing.assert_array_equal(fits[0].variance, [0.125, 0.5, 8.0])
    np.testing.assert_array_equal(fits[1].variance, [0.125, 0.125, 32.0])
    same = positive(gaussians(scores[:1], had[:1]))
    np.testing.assert_array_equal(same[0].variance, [1.0])


def test_rounding_is_no_variance():
    scores = np.array([[1e4, np.nextafter(1e4, 2e4)], [0.0, 3.0]])
    np.testing.assert_array_equal(positive(gaussians(scores, scores == scores))[0].variance, [4.5, 4.5])


@pytest.mark.parametrize("variance", ["record", "pooled"])
def test_saturated_scores_give_finite_ratios(variance):
    """Three quarters of the records have equal scores under all models but the target."""
    signals = world(40, 12)
    scores = signals.scores.copy()
    scores[:30] = 36.7
    scores[:10, 0] = -1e4
    for found in (
        lira.online(Signals(scores, signals.inclusion), 0, variance=variance),
        lira.offline(Signals(scores, signals.inclusion), 0, variance=variance),
    ):
        assert np.isfinite(found).all()
    np.testing.assert_allclose(found[10:30], np.log(2), rtol=1e-12)  # at its mean: p-value of one half


def test_the_far_tail_of_the_p_value():
    """39 standard deviations and more, where the probability itself is no float."""
    scores = np.array([[40.0, 0.0, -1.0, 1.0, 0.0], [1e4, 0.0, -1.0, 1.0, 0.0]])
    had = np.array([[1, 0, 0, 0, 0]] * 2, dtype=bool)
    std = np.sqrt(2 / 3)
    found = lira.offline(Signals(scores, had), 0)
    np.testing.assert_allclose(found, -log_ndtr(-np.array([40.0, 1e4]) / std), rtol=1e-12)
    assert found[1] > 7e7


def test_pooled_variances_weigh_by_their_degrees_of_freedom():
    signals = world(paired=False, models=6)
    inside, _ = shadow_gaussians(signals, 0)
    known = inside.number > 1
    expected = np.average(inside.variance[known], weights=inside.number[known] - 1)
    np.testing.assert_allclose(pooled(inside).variance[known], expected, rtol=1e-13)
    assert np.isnan(pooled(inside).variance[~known]).all() and (~known).any()


POPULATIONS = [
    pytest.param(world(rows=17), id="paired"),
    pytest.param(world(paired=False, rows=17), id="unpaired"),
    pytest.param(world(paired=False, models=5, rows=17), id="some-without"),
    pytest.param(world(steps=1, rows=17), id="ties"),
    pytest.param(world(spread=50.0, rows=17), id="saturated"),
    pytest.param(world(12, 6, spread=300.0, rows=9), id="hundreds"),
    pytest.param(world(6, 6, spread=3e3, rows=4), id="ten-thousands"),
]


@pytest.mark.parametrize("gamma", [1.0, 2.5])
@pytest.mark.parametrize("population", ["records", "test"])
@pytest.mark.parametrize("online", [True, False])
@pytest.mark.parametrize("signals", POPULATIONS)
def test_rmia_is_the_share_of_likelier_ratios(signals, online, population, gamma):
    found = rmia(signals, 2, online=online, gamma=gamma, a=0.3, population=population)
    least, most = literal.rmia(signals, 2, online=online, gamma=gamma, a=0.3, population=population)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(least))
    known = ~np.isnan(found)
    assert (least[known] <= found[known] + 1e-12).all() and (found[known] <= most[known] + 1e-12).all()
    # Ratios are the same where scores are, or where confidences saturate at 1; a factor apart they are by chance.
    assert gamma == 1 or (least[known] == most[known]).all()


@pytest.mark.parametrize("a", [0.0, 0.3, 1.0])
def test_the_usual_confidence_is_exact_near_0_and_1(a):
    levels = np.array([-1e4, -800.0, -30.0, -1.0, 0.0, 1.0, 30.0, 700.0, 1e4])
    scores = np.stack([levels, levels - 1, levels + 0.5, levels + 2], 1)
    had = np.array([[True, True, False, False]] * len(levels))
    for online in (True, False):
        found = usual(scores, had, a=None if online else a)
        with literal.digits(scores):
            exact = [literal.usual(row[:2], row[2:], online=online, a=a) for row in scores]
            logs = np.array([float(mpmath.log(one)) for one in exact])
        np.testing.assert_allclose(found, logs, rtol=1e-12)


def test_rmia_chooses_its_population():
    signals = world(rows=9)
    for online, chosen in ((True, "records"), (False, "test")):
        automatic = rmia(signals, 0, online=online)
        np.testing.assert_array_equal(automatic, rmia(signals, 0, online=online, population=chosen))
    alone = Signals(signals.scores, signals.inclusion)
    np.testing.assert_array_equal(rmia(alone, 0, online=False), rmia(alone, 0, online=False, population="records"))
    with pytest.raises(BadData, match="expected test rows"):
        rmia(alone, 0, population="test")


def test_no_record_is_in_its_own_population():
    """With gamma 1 the record that is likeliest beats all others, and the least likely nobody: 1 and 0 of n - 1."""
    found = rmia(world(10, 8), 0, gamma=1.0)
    np.testing.assert_allclose(np.sort(found), np.arange(10) / 9, rtol=1e-14)
    single = world(1, 8, paired=False, seed=3)
    assert np.isnan(rmia(single, 0)).all()


def spread_of_null(members, outsiders):
    """Standard deviation of the area of independent scores without ties."""
    return np.sqrt((members + outsiders + 1) / (12 * members * outsiders))


@pytest.mark.parametrize("name", ["lira", "lira-offline", "rmia", "rmia-offline"])
@pytest.mark.parametrize("models", [8, 16])
def test_where_nothing_leaks_attacks_find_nothing(name, models):
    """Scores of other records do not depend on membership either, so that those of one target are independent."""
    signals = world(20_000, models, effect=0.0)
    curve = roc(scores_of(name, signals, 5, AttackSpec(), None), signals.inclusion[:, 5])
    assert abs(curve.auc - 0.5) < 3 * spread_of_null(curve.members, curve.outsiders)


def test_the_complementary_half_would_tell_who_is_in():
    """Four models of one kind and three of the other: the ratio itself says which, though no score knows anything."""
    signals = world(20_000, 8, effect=0.0)
    others = np.arange(8) != 5
    scores, had = signals.scores[:, others], signals.inclusion[:, others]
    naive = lira.log_ratio(signals.scores[:, 5], gaussians(scores, had), gaussians(scores, ~had))
    curve = roc(naive, signals.inclusion[:, 5])
    assert curve.auc < 0.5 - 10 * spread_of_null(curve.members, curve.outsiders)


def test_areas_of_records_are_not_those_of_independent_scores():
    """As `record_auc` says: each target's own score is missing from what it is compared with."""
    signals = world(400, 16, effect=0.0)
    found = record_auc(all_scores(signals, AttackSpec(), "lira"), signals.inclusion).auc
    assert found.mean() < 0.5 - 5 * found.std() / np.sqrt(400)


def test_a_normal_world_has_the_area_of_its_separation():
    """s ~ N(mu + delta in, sigma^2): the best area is Phi(delta / (sigma sqrt 2)), and 2,000 models come near."""
    rng = np.random.default_rng(7)
    n, models = 24, 2_000
    delta, sigma = np.linspace(0.5, 3, n)[:, None], rng.uniform(0.5, 2, (n, 1))
    had = inclusion(n, range(models), 4)
    scores = rng.normal(0, 3, (n, 1)) + sigma * (delta * had + rng.normal(size=(n, models)))
    found = record_auc(all_scores(Signals(scores, had), AttackSpec(), "lira"), had)
    away = (found.auc - ndtr(delta[:, 0] / np.sqrt(2))) / found.error
    assert np.abs(away).max() < 3 and 0.5 < np.std(away) < 1.5


def test_the_quantile_is_exceeded_by_outsiders_as_often_as_it_says():
    rng = np.random.default_rng(0)
    n, m = 4_000, 4_000
    X = rng.normal(size=(n + m, 3))
    scores = (3 * X[:, :1] + rng.normal(size=(n + m, 2))) * [1.0, 2.0]
    signals = Signals(scores[:n], np.zeros((n, 2), dtype=bool), population=scores[n:])
    features = Features(X[:n], X[n:])
    share = (quantile(signals, 1, features, level=0.9) > 0).mean()
    assert abs(share - 0.1) < 0.02  # four standard deviations of 4,000, and the error of the trees
    expected = HistGradientBoostingRegressor(
        loss="quantile", quantile=0.9, max_iter=60, max_leaf_nodes=8, early_stopping=False, random_state=0
    ).fit(X[n:], scores[n:, 1])
    np.testing.assert_array_equal(
        scores_of("quantile", signals, 1, AttackSpec(level=0.9), features), scores[:n, 1] - expected.predict(X[:n])
    )


@pytest.mark.parametrize(("m", "d"), [(200, 40), (30, 80), (6, 80), (50, 3)])
def test_features_are_leading_components_and_labels(m, d):
    rng = np.random.default_rng(1)
    population, records = (rng.normal(size=(k, d)) * np.linspace(1, 9, d) + 5 for k in (m, 12))
    population[:, 0] = records[:, 0] = 2.0
    labels = np.arange(12) % 3, np.arange(m) % 2
    found = reduced(records, population, labels)
    spread = population.std(0)
    spread[0] = 1
    Z, R = ((X - population.mean(0)) / spread for X in (population, records))
    k = min(16, m - 1, d - 1)  # one column is constant
    axes = np.linalg.svd(Z)[2][:k].T
    assert found.records.shape == (12, k + 3) and found.population.shape == (m, k + 3)
    np.testing.assert_allclose(np.abs(found.records[:, :k]), np.abs(R @ axes), atol=1e-9)  # up to the sign of an axis
    np.testing.assert_allclose(np.abs(found.population[:, :k]), np.abs(Z @ axes), atol=1e-9)
    np.testing.assert_array_equal(found.records[:, k:], np.eye(3)[labels[0]])
    np.testing.assert_array_equal(found.population[:, k:], np.eye(3)[labels[1]])


def test_thresholds():
    signals = world()
    assert thresholds.loss(signals, 3) == pytest.approx(-np.log1p(np.exp(-signals.scores[:, 3])), rel=1e-12)
    far = Signals(np.array([[-1e4, 0.0], [1e4, 0.0]]), np.zeros((2, 2), dtype=bool))
    np.testing.assert_array_equal(thresholds.loss(far, 0), [-1e4, 0.0])
    known = Signals(signals.scores, signals.inclusion, losses=signals.scores**2, gradients=signals.scores**4)
    np.testing.assert_array_equal(thresholds.loss(known, 3), -(signals.scores[:, 3] ** 2))
    np.testing.assert_array_equal(thresholds.gradient(known, 3), -(signals.scores[:, 3] ** 4))


@pytest.mark.parametrize(("name", "missing"), [("quantile", "expected test rows"), ("gradient", "expected the norms")])
def test_attacks_say_what_they_lack(name, missing):
    with pytest.raises(BadData, match=missing):
        scores_of(name, world(), 0, AttackSpec(), None)


def test_there_is_an_entry_for_every_attack():
    assert tuple(TABLE) == ATTACKS
    assert all(entry.name == name for name, entry in TABLE.items())


@pytest.mark.parametrize("name", ["lira", "lira-offline", "rmia", "rmia-offline", "loss"])
def test_every_model_in_turn_or_one(name):
    signals, told = world(20, 8), []
    every = all_scores(signals, AttackSpec(), name, progress=lambda *it: told.append(it[:2]))
    assert told == [(target, 8) for target in range(8)]
    for target in range(8):
        one = all_scores(signals, AttackSpec(target_model=target), name)
        np.testing.assert_array_equal(one, every[:, [target]])
    assert judged(every, signals.inclusion, fpr=[0.1]).curve.auc > 0.55  # members' scores are larger


def test_a_model_that_is_not_there():
    with pytest.raises(BadRequest, match="0 to 7; got 8"):
        all_scores(world(20, 8), AttackSpec(target_model=8), "lira")


def test_inputs_are_not_written_to():
    signals = world(20, 8, rows=10)
    before = signals.scores.copy(), signals.population.copy()
    for name in ("lira", "lira-offline", "rmia", "rmia-offline", "loss"):
        all_scores(signals, AttackSpec(), name)
    np.testing.assert_array_equal(signals.scores, before[0])
    np.testing.assert_array_equal(signals.population, before[1])


def test_a_ratio_of_exactly_gamma_counts_whatever_its_rounding():
    """Of scores that saturate, p is 0 or 1 and P a fraction of the shadow models: ratios differ by exactly 2."""
    random = np.random.default_rng(3)
    had = random.random((60, 17)) < 0.5
    signals = Signals(np.where(random.random((60, 17)) < 0.5, 800.0, -800.0), had)
    found, p = rmia(signals, 0), signals.scores > 0
    for record in np.flatnonzero(p[:, 0]):
        ratios = []
        for one in range(60):
            means = []
            for kind in (had[one, 1:], ~had[one, 1:]):
                means.append(Fraction(int(p[one, 1:][kind].sum()), int(kind.sum())))
            whole = sum(means) / 2
            ratios.append(Fraction(int(p[one, 0])) / whole if whole else None)
        others = [ratio for one, ratio in enumerate(ratios) if one != record and ratio is not None]
        if len(others) == 59 and ratios[record] is not None:
            share = sum(ratios[record] >= 2 * other for other in others) / 59
            assert found[record] == pytest.approx(share, abs=1e-12)
