"""Each attacker against a literal loop over examples, values and releases."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, precision_score, recall_score

from fil_core.attacks import count
from fil_core.attacks.attackers import ATTACKERS
from fil_core.attacks.attribute import attribute_of
from fil_core.attacks.candidates import candidate_shifts
from fil_core.attacks.inference import infer
from fil_core.attacks.success import by_value
from fil_core.linalg import blocks, sum_zero_basis
from fil_core.models import fit
from fil_core.specs import ModelSpec
from tests.reference import fredrikson14, nearest_candidate

SIGMAS = (0.0, 0.02, 0.5)
TRIALS = 7


def drawn(fitted, seed=0):
    """Noise of the releases that `infer` draws, flat: standard normal in the family's coordinates, from the seed."""
    C, d = fitted.theta.reshape(-1, fitted.theta.shape[-1]).shape
    free = (C - 1 or 1) * d
    e = torch.randn(TRIALS, free, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return e.numpy() if C == 1 else (sum_zero_basis(C) @ e.view(TRIALS, C - 1, d)).reshape(TRIALS, -1).numpy()


MODELS = [("least-squares", 0), ("least-squares", 2), ("logistic", 2), ("softmax", 3)]


@pytest.fixture(params=MODELS, ids=lambda p: f"{p[0]}-{p[1]}")
def attack(request, with_attribute):
    kind, classes = request.param
    data = with_attribute(classes=classes, k=4, n=50)
    attribute = attribute_of(data, "kind")
    return data, attribute, fit(ModelSpec(kind=kind, l2=0.02), data)


def run(attack, **options):
    data, attribute, fitted = attack
    return infer(fitted, data, attribute, **{"sigmas": SIGMAS, "trials": TRIALS} | options)


def test_the_white_box_is_nearest_candidate(attack, make_reference):
    data, attribute, fitted = attack
    found, reference = run(attack), make_reference(fitted.spec, data)
    columns = list(attribute.columns)
    candidates = np.array([[reference.candidate(i, columns, v) for v in attribute.values] for i in range(data.n)])
    for name, prior in (("whitebox", np.ones(attribute.k)), ("whitebox-prior", attribute.prior)):
        for s, sigma in enumerate(SIGMAS):
            right, named = np.zeros((TRIALS, data.n)), np.zeros(attribute.k)
            for t, e in enumerate(drawn(fitted)):
                released, bonus = reference.theta + sigma * e, 2 * sigma**2 * np.log(prior)
                for i in range(data.n):
                    guess = nearest_candidate(released, candidates[i], bonus)
                    right[t, i] = guess == attribute.codes[i]
                    named[guess] += 1
            # Shares of whole numbers of trials: equal but for the last rounding.
            assert found.success[name][:, s] == pytest.approx(right.mean(0), rel=1e-12)
            assert found.accuracy[name][s] == pytest.approx(right.mean(), rel=1e-12)
            assert found.guessed[name][s] == pytest.approx(named / (TRIALS * data.n), rel=1e-12)
            error = right.mean(1).std(ddof=1) / TRIALS**0.5 if sigma else 0
            assert found.standard_error[name][s] == pytest.approx(error, rel=1e-9)
        assert 0.2 < found.accuracy[name][2] < 0.9  # neither hopeless nor certain, so a mistake would show


def test_fredrikson_is_the_likelier_label_times_the_prior(attack):
    data, attribute, fitted = attack
    found, y = run(attack, attackers=("fredrikson14",)), fitted.targets(data.y).numpy()
    for s, sigma in enumerate(SIGMAS):
        right = np.zeros((TRIALS, data.n))
        for t, e in enumerate(drawn(fitted)):
            guess = fredrikson14(
                fitted.spec.kind, fitted.theta.numpy().ravel() + sigma * e, data.X, y, list(attribute.columns),
                attribute.values, attribute.prior,
            )  # fmt: skip
            right[t] = guess == attribute.codes
        assert found.success["fredrikson14"][:, s] == pytest.approx(right.mean(0), rel=1e-12)
        error = right.mean(1).std(ddof=1) / TRIALS**0.5 if sigma else 0
        assert found.standard_error["fredrikson14"][s] == pytest.approx(error, rel=1e-9, abs=1e-15)


def test_a_class_that_is_never_predicted_tells_fredrikson_nothing(with_attribute):
    """Of few examples some draws predict one class for all: one more in every cell keeps the other from being 0 / 0."""
    data = with_attribute(classes=2, k=2, n=8, d=1)
    data.X[:, 1] += 2  # so that most draws predict one class for nearly all
    attribute, fitted = attribute_of(data, "kind"), fit(ModelSpec(kind="logistic", l2=0.1), data)
    found = infer(fitted, data, attribute, attackers=("fredrikson14",), sigmas=(3.0,), trials=200)
    noise = torch.randn(200, data.d, generator=torch.Generator().manual_seed(0), dtype=torch.float64).numpy()
    thetas = fitted.theta.numpy() + 3 * noise
    assert 10 < sum(len(set(data.X @ theta > 0)) == 1 for theta in thetas) < 190
    columns = list(attribute.columns)
    guesses = [
        fredrikson14("logistic", theta, data.X, data.y, columns, attribute.values, attribute.prior) for theta in thetas
    ]
    assert found.success["fredrikson14"][:, 0] == pytest.approx((guesses == attribute.codes).mean(0), rel=1e-12)


def test_pieces_of_any_size_give_the_same(attack, monkeypatch):
    whole = run(attack)
    monkeypatch.setitem(count._TRIALS, "cpu", 60)
    monkeypatch.setitem(blocks._ELEMENTS, "cpu", 40)
    cut = run(attack)
    for name in ATTACKERS:
        assert cut.success[name] == pytest.approx(whole.success[name], rel=1e-12)
        assert cut.standard_error[name] == pytest.approx(whole.standard_error[name], rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("intercept", [False, True])
def test_the_ideal_attacker_is_multinomial_logistic_regression(attack, intercept):
    from sklearn.linear_model import LogisticRegression

    data, attribute, fitted = attack
    rest = np.delete(data.X, attribute.columns, axis=1)
    y = fitted.targets(data.y).numpy()
    F = np.column_stack([rest, y if y.ndim == 1 else y[:, 1:]])
    model = LogisticRegression(C=1e8, fit_intercept=intercept, max_iter=10_000, tol=1e-10).fit(F, attribute.codes)
    found = run(attack, attackers=("ideal",), intercept=intercept)
    assert (found.success["ideal"][:, 0] == (model.predict(F) == attribute.codes)).all()
    assert (found.standard_error["ideal"] == 0).all()


def test_the_baseline_is_the_most_frequent_value(attack):
    found, codes = run(attack, attackers=("baseline",)), attack[1].codes
    mode = max(range(4), key=codes.tolist().count)
    assert (found.success["baseline"] == (codes == mode)[:, None]).all()
    assert found.accuracy["baseline"] == pytest.approx(attack[1].prior.max(), rel=1e-14)
    assert (found.standard_error["baseline"] == 0).all()


def test_the_same_seed_draws_the_same_releases_and_another_seed_others(attack):
    one, again, other = (run(attack, seed=seed) for seed in (3, 3, 4))
    for name in ATTACKERS:
        assert (one.success[name] == again.success[name]).all()
    assert (one.success["whitebox"][:, 2] != other.success["whitebox"][:, 2]).any()


def test_accuracy_is_the_mean_of_success_in_the_order_of_the_attackers(attack):
    found = run(attack, attackers=("whitebox", "baseline", "ideal"))
    assert list(found.success) == ["baseline", "ideal", "whitebox"]
    for name, p in found.success.items():
        assert found.accuracy[name] == pytest.approx(p.mean(0))


def test_four_values_have_no_closed_form(attack):
    found = run(attack)
    assert found.exact == {} and found.gram is None


def test_one_release_has_no_standard_error(attack):
    found = run(attack, trials=1)
    assert np.isnan(found.standard_error["whitebox"][1:]).all() and found.standard_error["whitebox"][0] == 0


@pytest.mark.parametrize("kind", ["least-squares", "logistic", "softmax"])
def test_two_values_are_exact_and_three_are_both(kind, with_attribute):
    for k in (2, 3):
        data = with_attribute(classes=2, k=k)
        attribute, fitted = attribute_of(data, "kind"), fit(ModelSpec(kind=kind, l2=0.02), data)
        found = infer(fitted, data, attribute, sigmas=SIGMAS, trials=2000)
        for name in ("whitebox", "whitebox-prior"):
            assert found.exact[name] == pytest.approx(found.success[name].mean(0))
            if k == 2:
                assert (found.accuracy[name] == found.exact[name]).all()
                assert (found.standard_error[name] == 0).all()
            else:
                # Three standard errors of the seeded trials; nothing varies without noise.
                off = np.abs(found.accuracy[name] - found.exact[name])
                assert (off <= 3 * found.standard_error[name]).all()
                assert (found.standard_error[name][1:] > 0).all()


def test_without_noise_the_white_box_reads_everyone(attack):
    assert run(attack).accuracy["whitebox"][0] == 1


def test_bins_stand_for_values_that_are_not_quite_the_true_ones(with_attribute):
    data = with_attribute()
    attribute = attribute_of(data, data.feature_names[-1], bins=2)
    found = infer(fit(ModelSpec(l2=0.02), data), data, attribute, attackers=("whitebox",), sigmas=(0.0, 1e-9))
    assert 0.8 < found.accuracy["whitebox"][0] <= 1
    assert found.accuracy["whitebox"][1] == pytest.approx(found.accuracy["whitebox"][0])


@pytest.mark.parametrize("sigma", [0.0, 0.3])
def test_accuracy_of_three_values_with_weights_of_zero(sigma, with_attribute):
    """An example that was left out is guessed at a third, its ties never for the first value."""
    data = with_attribute(k=3, n=60)
    attribute, w = attribute_of(data, "kind"), np.ones(60)
    w[::2] = 0
    fitted = fit(ModelSpec(l2=0.02), data, weights=w)
    trials = 4000
    found = infer(fitted, data, attribute, attackers=("whitebox",), sigmas=(sigma,), trials=trials)
    assert found.success["whitebox"][::2, 0] == pytest.approx(1 / 3)
    error = 0 if sigma == 0 else 4 * found.standard_error["whitebox"][0]
    assert found.accuracy["whitebox"][0] == pytest.approx(found.exact["whitebox"][0], abs=error + 1e-12)
    if sigma == 0:
        assert found.accuracy["whitebox"][0] == pytest.approx(0.5 + 0.5 / 3)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("name", ["whitebox", "whitebox-prior"])
def test_shares_of_guesses_in_closed_form_are_those_of_many_releases(k, name, with_attribute):
    data = with_attribute(k=k, n=40)
    attribute, w = attribute_of(data, "kind"), np.ones(40)
    w[:5] = 0  # whose value is guessed blindly
    fitted = fit(ModelSpec(l2=0.02), data, weights=w)
    sigmas, trials = (0.05, 0.3), 20_000
    found = infer(fitted, data, attribute, attackers=(name,), sigmas=sigmas)
    noise = torch.randn(trials, data.d, generator=torch.Generator().manual_seed(5), dtype=torch.float64).numpy()
    bonus = np.log(attribute.prior) if name == "whitebox-prior" else np.zeros(k)
    shifts = np.concatenate([s.numpy() for _, s in candidate_shifts(fitted, data, attribute)])
    for s, sigma in enumerate(sigmas):
        shares = np.zeros(k)
        for i in range(data.n):
            distance = ((sigma * noise[:, None, :] - shifts[i]) ** 2).sum(2) - 2 * sigma**2 * bonus
            ties = np.isclose(distance, distance.min(1, keepdims=True), rtol=1e-9)
            shares += (ties / ties.sum(1, keepdims=True)).mean(0)
        assert found.guessed[name][s] == pytest.approx(shares / data.n, abs=4 * 0.5 / trials**0.5)
        assert found.guessed[name][s].sum() == pytest.approx(1, abs=1e-9)


def test_weights_of_zero_are_counted_among_the_guesses_of_four_values(with_attribute):
    data = with_attribute(k=4, n=48)
    attribute, w = attribute_of(data, "kind"), np.ones(48)
    w[::2] = 0
    fitted = fit(ModelSpec(l2=0.02), data, weights=w)
    found = infer(fitted, data, attribute, attackers=("whitebox", "whitebox-prior"), sigmas=(0.0,))
    kept = np.bincount(attribute.codes[1::2], minlength=4)  # who was trained on is read
    assert found.guessed["whitebox"][0] == pytest.approx((kept + 24 / 4) / 48)
    assert found.guessed["whitebox-prior"][0] == pytest.approx((kept + 24 * np.eye(4)[attribute.prior.argmax()]) / 48)


def test_recall_precision_and_balanced_accuracy_are_those_of_scikit_learn():
    rng = np.random.default_rng(3)
    codes = np.array([0] * 90 + [1] * 7 + [2] * 3)
    guess = np.where(rng.random(100) < 0.6, codes, rng.integers(0, 2, 100))  # 2 is hardly ever guessed
    found = by_value((guess == codes).astype(float), codes, np.bincount(guess, minlength=3) / 100)
    assert found.recall == pytest.approx(recall_score(codes, guess, average=None))
    assert found.precision == pytest.approx(precision_score(codes, guess, average=None))
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(codes, guess))
