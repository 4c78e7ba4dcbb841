"""Iterated reweighting against its slow reference, its stopping and its failures; and leaving the leakiest out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest, NotConverged
from fil_core.leakage.fil import fil
from fil_core.mitigations import irfil as reweighting
from fil_core.mitigations.irfil import Reweighting, irfil, without_leakiest
from fil_core.models import fit
from fil_core.specs import ModelSpec
from fil_core.specs.weights import METHODS, Irfil
from tests.reference import reweighted, spectral_norm

REGRESSION, LEAST_SQUARES = ModelSpec(l2=0.02), ModelSpec(kind="least-squares", l2=0.0)
LOGISTIC, SOFTMAX = ModelSpec(kind="logistic", l2=0.02), ModelSpec(kind="softmax", l2=0.03)
MODELS = {
    "regression": (REGRESSION, 0),
    "least-squares": (LEAST_SQUARES, 2),
    "logistic": (LOGISTIC, 2),
    "softmax": (SOFTMAX, 3),
}
WAYS = [(name, method) for name in MODELS for method in METHODS if MODELS[name][1] or method == "sample"]

# Both sides end at the optimum to about 1e-14 of the gradient; a badly conditioned Hessian and the rounds that start
# from each other's weights cost some digits, softmax the half of them where eta is the root of a Gram eigenvalue.
CLOSE = 1e-8


@pytest.fixture
def problem(make_dataset):
    def make(name: str, **size) -> tuple[ModelSpec, Dataset]:
        spec, classes = MODELS[name]
        return spec, make_dataset(classes=classes, **{"n": 24, "d": 3, **size})

    return make


def reweight(spec: ModelSpec, data: Dataset, columns: tuple[int, ...] = (), **how) -> Reweighting:
    found = irfil(fit(spec, data), data, Irfil(**how), columns=columns)
    for values in (found.eta, found.weights, found.theta, found.train_score, found.test_score):
        assert len(values) == len(found.eta)
        assert np.isfinite(values).all()
    return found


def shares(found: Reweighting) -> np.ndarray:
    """Standard deviation of eta over its mean, round by round."""
    return found.eta.std(1, ddof=1) / found.eta.mean(1)


# --- against the reference --------------------------------------------------------------------------------------------

LIMITS = [{}, {"min_weight": 0.7}, {"max_weight": 1.2}, {"min_weight": 0.8, "max_weight": 1.3}]


@pytest.mark.parametrize("limits", LIMITS, ids=lambda limits: " ".join(limits) or "no clamps")
@pytest.mark.parametrize(("name", "method"), WAYS)
def test_every_round_is_that_of_the_reference(name, method, limits, problem, make_reference):
    spec, data = problem(name)
    found = reweight(spec, data, method=method, iterations=4, **limits)
    expected = reweighted(
        make_reference(spec, data), data.y if data.class_names else np.zeros(data.n), method, 4,
        least=limits.get("min_weight", 0.0), most=limits.get("max_weight", np.inf),
    )  # fmt: skip
    assert found.eta.shape == found.weights.shape == (5, data.n)
    for t, one in enumerate(expected):
        assert found.weights[t] == pytest.approx(one.weights, rel=CLOSE)
        assert found.eta[t] == pytest.approx(one.eta, rel=CLOSE)
        assert found.theta[t].ravel() == pytest.approx(one.theta, rel=CLOSE, abs=CLOSE)
    free = reweight(spec, data, method=method, iterations=1)
    held = not np.allclose(found.weights[1], free.weights[1], rtol=1e-4)
    assert held == bool(limits), "clamps that hold nobody back would test nothing"


@pytest.mark.parametrize(("classes", "method"), [(0, "sample"), (2, "sample"), (2, "hybrid")])
def test_eta_of_an_attribute_is_what_is_evened_out(classes, method, with_attribute, make_reference):
    spec, data = ModelSpec(kind="logistic" if classes else "least-squares", l2=0.02), with_attribute(classes=classes)
    found = reweight(spec, data, columns=(0, 1), method=method, iterations=5)
    expected = reweighted(make_reference(spec, data), data.y, method, 5, columns=[0, 1])
    for t, one in enumerate(expected):
        assert found.weights[t] == pytest.approx(one.weights, rel=CLOSE)
        assert found.eta[t] == pytest.approx(one.eta, rel=CLOSE)
    # Of the whole example it is less even then.
    whole = fil(fit(spec, data, weights=found.weights[-1]), data).numpy()
    assert whole.std() / whole.mean() > 3 * shares(found)[-1]


def test_eta_of_an_attribute_of_a_softmax_model(with_attribute, make_reference):
    data = with_attribute(classes=3, n=30)
    found = reweight(SOFTMAX, data, columns=(0, 1), iterations=3)
    for t, one in enumerate(reweighted(make_reference(SOFTMAX, data), data.y, "sample", 3, columns=[0, 1])):
        assert found.eta[t] == pytest.approx(one.eta, rel=CLOSE)


@pytest.mark.parametrize("name", MODELS)
def test_eta_is_how_far_training_again_moves_the_parameters(name, problem, make_reference):
    """Central differences of the retrained optimum, the weights of the last round held where they are."""
    spec, data = problem(name, n=14)
    found = reweight(spec, data, iterations=2)
    reference = make_reference(spec, data, found.weights[-1])
    for i in (0, 5, int(found.weights[-1].argmax())):
        # Differences of step 1e-5 are good to its square, and the optimum's rounding over it: 1e-9.
        assert found.eta[-1][i] == pytest.approx(spectral_norm(reference.jacobian_by_refitting(i)), rel=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_the_scores_are_those_of_each_rounds_parameters(name, problem):
    spec, data = problem(name)
    found = reweight(spec, data, iterations=3)
    for t, theta in enumerate(found.theta):
        for X, y, score in ((data.X, data.y, found.train_score[t]), (data.X_test, data.y_test, found.test_score[t])):
            z = X @ theta.T
            right = z.argmax(1) == y if spec.kind == "softmax" else (z > 0) == y
            expected = np.mean(right) if data.class_names else np.mean((z - y) ** 2)
            assert score == pytest.approx(expected, rel=1e-12)


# --- weights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "method"), WAYS)
def test_weights_have_mean_one(name, method, problem):
    spec, data = problem(name)
    found = reweight(spec, data, method=method, iterations=4, min_weight=0.2, max_weight=3)
    assert (found.weights[0] == 1).all()
    for w in found.weights[1:]:
        # Of a class it is omega's mean squared where the weights are that mean times omega; omega has mean 1 itself.
        squared = [np.sqrt(w[data.y == c].mean()) for c in data.y] if method == "hybrid" else w
        assert np.mean(squared) == pytest.approx(1, rel=1e-12)


def test_weights_by_class_are_the_same_within_one(problem):
    spec, data = problem("softmax")
    by_class = reweight(spec, data, method="class", iterations=3).weights[1:]
    for c in range(3):
        assert np.ptp(by_class[:, data.y == c], axis=1) == pytest.approx(np.zeros(3), abs=1e-14)
    assert all(len(np.unique(w.round(12))) == 3 for w in by_class)


def test_clamps_hold_up_to_what_brings_the_mean_back_to_one(problem):
    spec, data = problem("regression", n=60)
    free = reweight(spec, data, iterations=6)
    assert free.weights[1:].max() / free.weights[1:].min() > 3
    found = reweight(spec, data, iterations=6, min_weight=0.8, max_weight=1.2)
    # All were divided by one number, so that only their ratio is known: both clamps are at work in each round.
    assert found.weights[1:].max(1) / found.weights[1:].min(1) == pytest.approx(np.full(6, 1.2 / 0.8), rel=1e-12)
    assert shares(found)[-1] > shares(free)[-1]


def test_the_order_of_the_examples_does_not_matter(problem):
    spec, data = problem("logistic")
    order = np.random.default_rng(3).permutation(data.n)
    shuffled = dataclasses.replace(data, X=np.ascontiguousarray(data.X[order]), y=data.y[order])
    one, other = (reweight(spec, d, method="hybrid", iterations=4) for d in (data, shuffled))
    assert other.weights[-1] == pytest.approx(one.weights[-1][order], rel=1e-9)
    assert other.eta[-1] == pytest.approx(one.eta[-1][order], rel=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_weights_and_penalty_in_the_same_proportion_are_the_same_model(name, problem):
    """H and the weighted gradient both double, so that neither the optimum nor any J = -w H^-1 (...) moves."""
    spec, data = problem(name)
    w = np.random.default_rng(5).uniform(0.5, 2, data.n)
    one = fit(spec, data, weights=w)
    other = fit(dataclasses.replace(spec, l2=3 * spec.penalty), data, weights=3 * w)
    assert other.theta.numpy() == pytest.approx(one.theta.numpy(), rel=1e-9, abs=1e-12)
    assert fil(other, data).numpy() == pytest.approx(fil(one, data).numpy(), rel=1e-9)


def test_an_example_counts_as_often_as_it_weighs(problem):
    """A penalty of its own for each, because it counts the rows: n l2 is the same."""
    spec, data = problem("logistic")
    times = np.random.default_rng(1).integers(1, 4, data.n)
    X, y = np.repeat(data.X, times, 0), np.repeat(data.y, times)
    copied = dataclasses.replace(data, X=X, y=y, ids=np.arange(len(y)), source=X)
    one = fit(spec, data, weights=times.astype(float))
    other = fit(dataclasses.replace(spec, l2=spec.penalty * data.n / len(y)), copied)
    assert other.theta.numpy() == pytest.approx(one.theta.numpy(), rel=1e-9)
    # To change an example of weight w is to change all w copies at once.
    alone = np.repeat(fil(one, data).numpy() / times, times)
    assert fil(other, copied).numpy() == pytest.approx(alone, rel=1e-9)


# --- where it ends ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["least-squares", "logistic", "softmax"])
def test_eta_becomes_the_same_for_all(name, problem):
    spec, data = problem(name, n=60)
    found = reweight(spec, data, iterations=25)
    assert found.converged is True
    assert found.eta[-1].std(ddof=1) < found.eta[0].std(ddof=1) / 100
    assert found.eta[-1].max() < found.eta[0].max()
    assert "In 25 rounds the standard deviation of eta went from" in found.why
    assert "Not converged" not in found.why


def test_it_stops_at_the_first_round_that_is_even_enough(problem):
    spec, data = problem("logistic")
    whole = reweight(spec, data, iterations=10)
    for share in np.sqrt(shares(whole)[:-1] * shares(whole)[1:]):  # between one round and the next
        first = int(np.argmax(shares(whole) <= share))
        found = reweight(spec, data, iterations=10, spread=float(share))
        assert len(found.eta) == first + 1
        assert found.converged is True
        assert (found.eta == whole.eta[: first + 1]).all()
        assert (found.weights == whole.weights[: first + 1]).all()
        assert f"In {first} rounds" in found.why


def test_what_is_even_enough_already_takes_no_round(problem):
    spec, data = problem("regression")
    found = reweight(spec, data, iterations=5, spread=1e3)
    assert len(found.eta) == 1
    assert found.converged is True
    assert (found.weights == 1).all()


def test_a_single_example_leaks_like_itself(from_arrays):
    data = from_arrays(np.array([[1.0, 2.0]]), np.array([3.0]), X_test=np.ones((2, 2)), y_test=np.ones(2))
    found = reweight(ModelSpec(l2=0.1), data, iterations=3)
    assert found.converged is True
    assert (found.weights == 1).all()


def test_too_few_rounds_are_said(problem):
    spec, data = problem("logistic")
    found = reweight(spec, data, iterations=1)
    fall = 1 - found.eta[1].std() / found.eta[0].std()
    assert found.converged is False
    assert "Not converged: that would take a standard deviation of at most a hundredth of the first." in found.why
    assert f"The last round still took {fall:.0%} off: allow more iterations." in found.why
    found = reweight(spec, data, iterations=2, spread=1e-9)
    assert found.converged is False
    assert "Not converged: that would take a standard deviation of at most 1e-09 of the mean." in found.why


def test_clamps_that_hold_are_said(problem):
    spec, data = problem("logistic")
    found = reweight(spec, data, iterations=20, min_weight=0.9, max_weight=1.1)
    wanted = found.weights[-1] / found.eta[-1]
    wanted /= wanted.mean()
    held = int(((wanted < 0.9) | (wanted > 1.1)).sum())
    assert 0 < held <= data.n
    assert found.converged is False
    assert f"The clamps hold {held:,} examples back." in found.why


def test_weights_by_class_are_said_to_be_too_coarse(problem):
    spec, data = problem("logistic")
    found = reweight(spec, data, method="class", iterations=20)
    assert found.converged is False
    assert "never an example against its own" in found.why


def failing(monkeypatch, name: str, at: int, fails):
    """Call number `at`, from 0, of a function of the module is `fails` instead."""
    true, calls = getattr(reweighting, name), []

    def wrapped(*arguments, **options):
        calls.append(name)
        return fails(*arguments, **options) if len(calls) == at + 1 else true(*arguments, **options)

    monkeypatch.setattr(reweighting, name, wrapped)
    return calls


def no_optimum(*_, **__):
    raise NotConverged("the model of this test has no optimum.")


def test_a_round_that_fails_keeps_those_before_it(problem, monkeypatch):
    spec, data = problem("softmax")
    whole = reweight(spec, data, iterations=5)
    calls = failing(monkeypatch, "fit", 2, no_optimum)
    found = reweight(spec, data, iterations=5)
    assert len(calls) == 3
    assert len(found.eta) == 3
    assert (found.eta == whole.eta[:3]).all()
    assert (found.weights == whole.weights[:3]).all()
    assert "Round 3 failed, so it ended before it: the model of this test has no optimum." in found.why
    assert found.converged is bool(shares(whole)[2] <= shares(whole)[0] / 100)


def test_the_first_round_may_fail_too(problem, monkeypatch):
    spec, data = problem("logistic")
    failing(monkeypatch, "fit", 0, no_optimum)
    found = reweight(spec, data, iterations=5)
    assert len(found.eta) == 1
    assert found.converged is False
    assert "Round 1 failed" in found.why and "Not converged" in found.why


def test_a_late_failure_is_said_although_eta_is_even(problem, monkeypatch):
    spec, data = problem("softmax")
    failing(monkeypatch, "fit", 10, no_optimum)
    found = reweight(spec, data, iterations=20)
    assert found.converged is True
    assert found.why.endswith("Round 11 failed, so it ended before it: the model of this test has no optimum.")


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_later_eta_that_makes_no_weight_ends_it(value, problem, monkeypatch):
    spec, data = problem("logistic")

    def broken(fitted, dataset, **options):
        eta = fil(fitted, dataset, **options)
        eta[4] = value
        return eta

    failing(monkeypatch, "fil", 2, broken)  # of rounds 0, 1, 2
    found = reweight(spec, data, iterations=5)
    assert len(found.eta) == 2
    assert "Round 2 failed" in found.why and f"example {data.ids[4]} with {value:.3g}" in found.why


@pytest.mark.parametrize("value", [0.0, 1e-13, np.nan, np.inf, -np.inf])
def test_without_an_eta_to_begin_with_there_is_no_reweighting(value, problem, monkeypatch):
    spec, data = problem("logistic")

    def broken(fitted, dataset, **options):
        eta = fil(fitted, dataset, **options)
        eta[[4, 9]] = value * eta.max()
        return eta

    failing(monkeypatch, "fil", 0, broken)
    with pytest.raises(BadData, match=f"expected eta > 0 .*got 2 .*the first of them example {data.ids[4]} with"):
        irfil(fit(spec, data), data, Irfil())


def test_an_example_that_nobody_learns_from_is_named(make_dataset):
    """Features and label all zero: neither its residual nor its features move anything."""
    data = make_dataset(n=12, d=3)
    X, y = data.X.copy(), data.y.copy()
    X[7], y[7] = 0, 0
    with pytest.raises(BadData, match="got 1 .*example 22 with 0.*Take eta of the whole example, or a larger l2"):
        irfil(fit(REGRESSION, dataclasses.replace(data, X=X, y=y)), dataclasses.replace(data, X=X, y=y), Irfil())


@pytest.mark.parametrize("method", ["class", "hybrid"])
def test_a_regression_has_no_classes_to_weight(method, problem):
    spec, data = problem("regression")
    with pytest.raises(BadRequest, match=f"method: expected sample for a real-valued target.*got {method}"):
        irfil(fit(spec, data), data, Irfil(method=method))


def test_progress_counts_the_rounds(problem):
    spec, data = problem("logistic")
    told = []
    irfil(fit(spec, data), data, Irfil(iterations=3), progress=lambda *news: told.append(news))
    assert told == [(0, 3, "reweighting"), (1, 3, "reweighting"), (2, 3, "reweighting")]


# --- training with weights and from a start ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("far", [0.0, 1e-3, 1.0])
def test_where_training_starts_does_not_matter(far, name, problem):
    spec, data = problem(name)
    w = np.random.default_rng(2).uniform(0.2, 3, data.n)
    from_zero = fit(spec, data, weights=w)
    moved = from_zero.theta + far * torch.from_numpy(np.random.default_rng(0).standard_normal(from_zero.theta.shape))
    before = moved.clone()
    found = fit(spec, data, weights=w, start=moved)
    assert found.theta.numpy() == pytest.approx(from_zero.theta.numpy(), rel=1e-9, abs=1e-12)
    assert fil(found, data).numpy() == pytest.approx(fil(from_zero, data).numpy(), rel=1e-9)
    assert torch.equal(moved, before)


@pytest.mark.parametrize("name", ["logistic", "softmax"])
def test_who_starts_at_the_optimum_is_there(name, problem):
    spec, data = problem(name)
    found = fit(spec, data)
    assert found.optimum.iterations > 2
    assert fit(spec, data, start=found.theta).optimum.iterations == 0


@pytest.mark.parametrize("name", ["least-squares", "logistic", "softmax"])
def test_a_class_of_which_nobody_is_left_is_named(name, problem):
    spec, data = problem(name)
    w = np.where(data.y == 1, 0.0, 1.0)
    with pytest.raises(BadRequest, match="some of every class > 0; class b has none left"):
        fit(spec, data, weights=w)
    w[np.flatnonzero(data.y == 1)[0]] = 1e-3
    assert torch.isfinite(fit(spec, data, weights=w).theta).all()


# --- leaving the leakiest out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 7])
@pytest.mark.parametrize("name", ["regression", "logistic", "softmax"])
def test_weights_of_zero_are_as_good_as_rows_that_are_not_there(name, k, problem):
    spec, data = problem(name, n=40)
    eta = fil(fit(spec, data), data).numpy()
    w = without_leakiest(eta, k)
    left = np.sort(np.argsort(eta)[:-k])
    assert (np.flatnonzero(w) == left).all()
    rest = dataclasses.replace(
        data, X=np.ascontiguousarray(data.X[left]), y=data.y[left], ids=data.ids[left], source=data.source[left]
    )
    weighted, fewer = fit(spec, data, weights=w), fit(spec, rest)
    assert weighted.theta.numpy() == pytest.approx(fewer.theta.numpy(), rel=1e-10, abs=1e-10)
    after = fil(weighted, data).numpy()
    assert after[left] == pytest.approx(fil(fewer, rest).numpy(), rel=1e-9)
    assert (after[np.setdiff1d(np.arange(data.n), left)] == 0).all()


def test_weights_without_the_leakiest():
    eta = np.array([1.0, 5.0, 3.0, 5.0, 2.0])
    assert without_leakiest(eta, 1).tolist() == [1.25, 0, 1.25, 1.25, 1.25]  # of equal ones the earlier
    assert without_leakiest(eta, 2).tolist() == [5 / 3, 0, 5 / 3, 0, 5 / 3]
    assert without_leakiest(eta, 4).tolist() == [5, 0, 0, 0, 0]
    assert eta.tolist() == [1, 5, 3, 5, 2]


@pytest.mark.parametrize("k", [5, 6])
def test_somebody_must_be_left(k):
    with pytest.raises(BadRequest, match=f"drop: expected fewer than the 5 training examples; got {k}"):
        without_leakiest(np.ones(5), k)


def test_hybrid_weights_have_no_mean_of_one_and_the_others_have(make_dataset):
    data = make_dataset(classes=2, n=40, d=3, seed=1)
    fitted = fit(ModelSpec(kind="logistic", l2=1e-2), data)
    means = {
        method: irfil(fitted, data, Irfil(method=method, iterations=2)).weights[-1].mean()
        for method in ("sample", "class", "hybrid")
    }
    assert means["sample"] == pytest.approx(1, abs=1e-12)
    assert means["class"] == pytest.approx(1, abs=1e-12)
    assert abs(means["hybrid"] - 1) > 1e-4
