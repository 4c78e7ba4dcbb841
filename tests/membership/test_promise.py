"""What is promised holds for every subset of the canaries, by training with and without each of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fil_core.errors import BadRequest
from fil_core.membership.canaries import canaries
from fil_core.membership.promise import distances, promised
from fil_core.models import fit
from fil_core.specs import ModelSpec

C = 8


def optima(spec, data, rows):
    """theta_S of every subset, by its coins."""
    found = {}
    weights, theta = np.ones(data.n), None
    for coins in itertools.product((0, 1), repeat=len(rows)):
        weights[rows] = coins
        theta = fit(spec, data, weights=weights, start=theta).theta
        found[coins] = theta.numpy()
    return found


def largest(found):
    """The largest |theta_{S + i} - theta_S| over all S, of each canary."""
    m = len(next(iter(found)))
    most = np.zeros(m)
    for coins, theta in found.items():
        for i in range(m):
            if not coins[i]:
                added = (*coins[:i], 1, *coins[i + 1 :])
                most[i] = max(most[i], np.linalg.norm(found[added] - theta))
    return most


def audited(make_dataset, classes, kind, *, n=24, d=3, seed=0):
    """A data set with canaries behind the base rows, and their positions."""
    data = make_dataset(classes=classes, n=n, d=d, seed=seed)
    joined = canaries(data, kind, C, seed=seed).joined(data)
    return joined, np.arange(joined.n - C, joined.n)


CASES = [  # and how many times the largest distance the promise may be: what is seen, with some room
    ("least-squares", 0, 0.1, False, "mislabelled", 1.6), ("least-squares", 0, 0.1, False, "noise", 2.0),
    ("least-squares", 0, 0.0, False, "mislabelled", 2.2), ("least-squares", 0, 0.0, False, "noise", 2.2),
    ("least-squares", 0, 1e-3, True, "mislabelled", 2.5), ("least-squares", 0, 1e-3, True, "noise", 2.5),
    ("least-squares", 2, 0.5, False, "noise", 1.4), ("logistic", 2, 1.0, False, "mislabelled", 2.5),
    ("logistic", 2, 0.01, False, "noise", 5.0), ("softmax", 3, 1.0, False, "mislabelled", 2.2),
    ("softmax", 2, 0.1, False, "noise", 4.0),
]  # fmt: skip


@pytest.mark.parametrize(("model", "classes", "l2", "intercept", "kind", "loose"), CASES)
def test_it_holds_for_every_subset_and_is_not_absurd(make_dataset, model, classes, l2, intercept, kind, loose):
    data, rows = audited(make_dataset, classes, kind)
    spec = ModelSpec(kind=model, l2=l2, intercept=intercept)
    most, promise = largest(optima(spec, data, rows)), promised(spec, data, rows)
    print(
        f"{model} {classes} {l2} {intercept} {kind}: promise over truth",
        (promise / most).round(2),
        promise.max() / most.max(),
    )
    assert (most <= promise * (1 + 1e-9)).all()
    assert promise.max() <= loose * most.max()


@pytest.mark.parametrize("seed", range(5))
def test_least_squares_with_canaries_that_are_everything(make_dataset, seed):
    """Long canaries of far targets, some the same and some nearly orthogonal, before few base rows or none."""
    rng = np.random.default_rng(seed)
    data = make_dataset(n=C + seed, d=4, seed=seed)
    rows = np.arange(C)
    data.X[rows] *= 10.0 ** rng.uniform(-1, 1, (C, 1))
    data.X[1], data.y[1] = data.X[0], -data.y[0]
    data.y[rows] *= 10.0 ** rng.uniform(-1, 1, C)
    spec = ModelSpec(l2=0.05)
    x, y, ridge = data.X, data.y, data.n * 0.05
    found = {}
    for coins in itertools.product((0, 1), repeat=C):
        w = np.ones(data.n)
        w[rows] = coins
        found[coins] = np.linalg.solve((x.T * w) @ x + ridge * np.eye(4), x.T @ (w * y))
    most, promise = largest(found), promised(spec, data, rows)
    print("promise over truth", (promise / most).round(2))
    assert (most <= promise * (1 + 1e-9)).all()
    assert promise.max() <= 10 * most.max()  # 8.4 at the worst of these seeds


def test_one_canary_is_exact_for_least_squares(make_dataset):
    data = make_dataset(n=30)
    spec = ModelSpec(l2=0.01)
    exact = largest(optima(spec, data, np.array([4])))
    np.testing.assert_allclose(promised(spec, data, np.array([4])), exact, rtol=1e-9)


def test_formulas_of_the_others(make_dataset):
    data = make_dataset(classes=2, n=30)
    rows = np.array([3, 17])
    lengths = np.linalg.norm(data.X[rows], axis=1)
    np.testing.assert_allclose(promised(ModelSpec(kind="logistic", l2=0.2), data, rows), lengths / 6, rtol=1e-14)
    both = np.sqrt(2) * lengths / 6
    np.testing.assert_allclose(promised(ModelSpec(kind="softmax", l2=0.2), data, rows), both, rtol=1e-14)


def test_no_promise_without_what_holds_every_parameter(make_dataset):
    data, rows = make_dataset(classes=2, n=30), np.array([3, 17])
    for spec in (
        ModelSpec(kind="logistic", l2=0.0),
        ModelSpec(kind="logistic", l2=0.1, intercept=True),
        ModelSpec(kind="softmax", l2=0.1, intercept=True),
    ):
        assert promised(spec, data, rows).tolist() == [np.inf, np.inf]
    few = np.arange(4, 30)  # four base rows for five features
    assert np.isinf(promised(ModelSpec(l2=0.0), data, few)).all()
    assert np.isfinite(promised(ModelSpec(l2=0.1), data, few)).all()
    assert np.isfinite(promised(ModelSpec(l2=0.1), data, np.arange(30))).all()  # no base rows at all


@pytest.mark.parametrize(("model", "classes", "intercept"), [
    ("least-squares", 0, False), ("least-squares", 2, True), ("logistic", 2, False), ("logistic", 2, True),
    ("softmax", 3, False),
])  # fmt: skip
def test_distances_are_those_of_training_with_and_without(make_dataset, model, classes, intercept):
    data, rows = audited(make_dataset, classes, "noise", n=30)
    spec = ModelSpec(kind=model, l2=0.05, intercept=intercept)
    included = np.array([1, 0, 0, 1, 1, 0, 1, 0], dtype=bool)
    found = distances(spec, data, rows, included)
    weights = np.ones(data.n)
    weights[rows] = included
    here = fit(spec, data, weights=weights).theta
    for i, row in enumerate(rows):
        other = weights.copy()
        other[row] = 1 - other[row]
        there = fit(spec, data, weights=other).theta
        assert found[i] == pytest.approx(float((there - here).norm()), rel=1e-6)
    order = np.random.default_rng(0).permutation(C)
    np.testing.assert_allclose(distances(spec, data, rows[order], included[order]), found[order], rtol=1e-6)


@pytest.mark.parametrize("rows", [[], [0, 0], [-1], [40], [1.5]])
def test_what_is_refused(make_dataset, rows):
    data = make_dataset(n=40)
    with pytest.raises(BadRequest, match="canaries: expected"):
        promised(ModelSpec(l2=0.1), data, np.array(rows))


def test_other_refusals(make_dataset):
    data = make_dataset(n=40)
    with pytest.raises(BadRequest, match="expected one per canary"):
        distances(ModelSpec(l2=0.1), data, np.array([1, 2]), np.array([True]))
    with pytest.raises(BadRequest, match="real-valued target"):
        promised(ModelSpec(kind="logistic"), data, np.array([1, 2]))
