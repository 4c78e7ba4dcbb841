"""Each attacker against a literal loop over examples, values and releases."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit
from scipy.stats import norm

from fil_core.attacks.attribute import attribute_of
from fil_core.attacks.candidates import candidate_shifts
from fil_core.attacks.inference import infer
from fil_core.errors import BadRequest
from fil_core.models import fit
from fil_core.specs import ATTACKERS, ModelSpec

SIGMAS = (0.0, 0.02, 0.5)
TRIALS = 7


def drawn(d, seed=0):
    """The releases that `infer` draws, by its contract: standard normal, (T, d), float64, from the seed."""
    return torch.randn(TRIALS, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).numpy()


@pytest.fixture(params=[("least-squares", 0), ("least-squares", 2), ("logistic", 2)], ids=lambda p: f"{p[0]}-{p[1]}")
def attack(request, with_attribute):
    kind, classes = request.param
    data = with_attribute(classes=classes, k=4, n=50)
    attribute = attribute_of(data, "kind")
    return data, attribute, fit(ModelSpec(kind=kind, l2=0.02), data)


def run(attack, **options):
    data, attribute, fitted = attack
    return infer(fitted, data, attribute, **{"sigmas": SIGMAS, "trials": TRIALS} | options)


def test_the_white_box_is_nearest_candidate(attack):
    data, attribute, fitted = attack
    found = run(attack)
    shift = torch.cat([s for _, s in candidate_shifts(fitted, data, attribute)]).numpy()
    for name, bonus in (("whitebox", 0.0), ("whitebox-prior", np.log(attribute.prior))):
        for s, sigma in enumerate(SIGMAS):
            right = np.zeros((TRIALS, data.n))
            for t, e in enumerate(drawn(data.d)):
                released = fitted.theta.numpy() + sigma * e
                for i in range(data.n):
                    distance = ((released - fitted.theta.numpy() - shift[i]) ** 2).sum(1) - 2 * sigma**2 * bonus
                    right[t, i] = distance.argmin() == attribute.codes[i]
            assert found.success[name][:, s] == pytest.approx(right.mean(0))
            assert found.accuracy[name][s] == pytest.approx(right.mean())
            if sigma:
                assert found.standard_error[name][s] == pytest.approx(right.mean(1).std(ddof=1) / TRIALS**0.5)


def test_fredrikson_is_the_likelier_label_times_the_prior(attack):
    data, attribute, fitted = attack
    found = run(attack, attackers=("fredrikson14",))
    y = fitted.targets(data.y).numpy()
    for s, sigma in enumerate(SIGMAS):
        right = np.zeros((TRIALS, data.n))
        for t, e in enumerate(drawn(data.d)):
            theta = fitted.theta.numpy() + sigma * e
            evidence = likelihood(fitted.spec.kind, data, attribute, theta, y)
            right[t] = (evidence + np.log(attribute.prior)).argmax(1) == attribute.codes
        assert found.success["fredrikson14"][:, s] == pytest.approx(right.mean(0))


def likelihood(kind, data, attribute, theta, y):
    found = np.empty((data.n, attribute.k))
    z = data.X @ theta
    counts = np.ones((2, 2))
    for i in range(data.n):
        counts[int(y[i] > 0), int(z[i] > 0)] += 1
    for i in range(data.n):
        for v in range(attribute.k):
            x = data.X[i].copy()
            x[list(attribute.columns)] = attribute.values[v]
            if kind == "least-squares":
                found[i, v] = norm.logpdf(y[i], theta @ x, np.std(z - y, ddof=1))
            else:
                predicted = int(expit(theta @ x) > 0.5)
                found[i, v] = np.log(counts[int(y[i]), predicted] / counts[:, predicted].sum())
    return found


@pytest.mark.parametrize("intercept", [False, True])
def test_the_ideal_attacker_is_multinomial_logistic_regression(attack, intercept):
    from sklearn.linear_model import LogisticRegression

    data, attribute, fitted = attack
    rest = np.delete(data.X, attribute.columns, axis=1)
    F = np.column_stack([rest, fitted.targets(data.y).numpy()])
    model = LogisticRegression(C=1e8, fit_intercept=intercept, max_iter=10_000, tol=1e-10).fit(F, attribute.codes)
    found = run(attack, attackers=("ideal",), intercept=intercept)
    assert (found.success["ideal"][:, 0] == (model.predict(F) == attribute.codes)).all()
    assert (found.standard_error["ideal"] == 0).all()


def test_the_baseline_is_the_most_frequent_value(attack):
    found = run(attack, attackers=("baseline",))
    assert found.accuracy["baseline"] == pytest.approx(attack[1].prior.max())


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


@pytest.mark.parametrize("kind", ["least-squares", "logistic"])
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


def test_several_scores_are_refused(with_attribute):
    data = with_attribute(classes=3)
    with pytest.raises(BadRequest, match="least-squares or logistic; got softmax"):
        infer(fit(ModelSpec(kind="softmax", l2=0.1), data), data, attribute_of(data, "kind"))
