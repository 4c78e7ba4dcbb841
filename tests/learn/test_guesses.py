"""Guesses of informed attackers against the bound, and against a search of their own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import binom

from fil_core import BadData, BadRequest
from fil_core.analyses.guesses.request import GuessesRequest
from fil_core.data import load
from fil_core.engine import Engine
from fil_core.learn.guesses import informed_guesses
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec
from tests.reference import Reference

LINE, CLASSES = DataSpec(name="toy-line"), DataSpec(name="toy-classes")
ORDINARY, LOGISTIC = ModelSpec(l2=0.0), ModelSpec(kind="logistic", l2=0.01)


@pytest.mark.parametrize(
    ("spec", "model", "row"), [(LINE, ORDINARY, 1), (CLASSES, LOGISTIC, 10), (CLASSES, LOGISTIC, 0)]
)
def test_the_covariance_is_that_of_the_bound(spec, model, row):
    data = load(spec)
    found = informed_guesses(fit(model, data), data, row, sigma=0.01, draws=2, seed=0, known=(data.d - 1,))
    kind = model.kind
    J = Reference(kind, data.X, data.y, np.ones(data.n), data.n * model.penalty).jacobian_by_refitting(row)
    J = J[:, [0, 2]] if kind == "least-squares" else J[:, :2]
    np.testing.assert_allclose(found.covariance, 1e-4 * np.linalg.inv(J.T @ J), rtol=1e-6)


@pytest.mark.parametrize(("spec", "model", "row"), [(LINE, ORDINARY, 9), (CLASSES, LOGISTIC, 10)])
def test_with_little_noise_guesses_reach_the_bound(spec, model, row):
    data = load(spec)
    found = informed_guesses(fit(model, data), data, row, sigma=1e-5, draws=2000, seed=1, known=(data.d - 1,))
    scatter = np.cov(found.guesses.T)
    np.testing.assert_allclose(np.sqrt(np.diag(scatter)), np.sqrt(np.diag(found.covariance)), rtol=0.07)
    np.testing.assert_allclose(found.guesses.mean(0), found.truth, atol=4 * np.sqrt(np.diag(scatter) / 2000).max())
    inside = int((found.distance() <= 5.991465).sum())
    assert binom.ppf(0.001, 2000, 0.95) <= inside <= binom.ppf(0.999, 2000, 0.95)


def test_each_is_the_nearest_of_a_search_of_its_own():
    data = load(CLASSES)
    fitted = fit(LOGISTIC, data)
    found = informed_guesses(fitted, data, 3, sigma=0.005, draws=6, seed=2, known=(2,))
    reference = Reference("logistic", data.X, data.y, np.ones(data.n), data.n * 0.01)
    released = reference.theta + 0.005 * np.random.default_rng(2).standard_normal((6, 3))
    for guess, misfit, theta in zip(found.guesses, found.misfit, released, strict=True):

        def away(z, theta=theta):
            if np.abs(z).max() > 50:
                return 1e9
            return np.linalg.norm(reference.with_row(3, np.append(z, 1.0)).theta - theta)

        searched = minimize(away, data.X[3, :2], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
        assert misfit <= searched.fun + 1e-8
        assert away(guess) == pytest.approx(misfit, abs=1e-9)


def test_a_point_that_moves_no_parameter_is_refused():
    """A point on the line at no residual and another unknown: three unknown numbers against two parameters."""
    wide = DataSpec(name="points:line:1,0,1;0,1,2;1,1,0")
    data = load(wide)
    with pytest.raises(BadData, match="infinite"):
        informed_guesses(fit(ModelSpec(l2=0.1, intercept=False), data), data, 0, sigma=0.1, draws=5, seed=0)


def test_what_is_said_of_them():
    result = Engine().get(GuessesRequest(data=CLASSES, model=LOGISTIC, example=10, sigma=0.001, trials=400))
    s = result.summary
    assert s["names"] == ["x1", "x2"] and s["failed"] == 0
    assert s["eta"] == pytest.approx(3490.3, abs=0.1)
    assert s["inside"] == pytest.approx(0.95, abs=0.04)
    for name in s["names"]:
        assert s["spread"][name] == pytest.approx(s["bound"][name], rel=0.15)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (GuessesRequest(data=DataSpec(name="digits"), model=ModelSpec(kind="softmax")), "least-squares or logistic"),
        (GuessesRequest(data=DataSpec(name="diabetes"), model=ORDINARY), "at most 500 examples of at most 6"),
        (GuessesRequest(data=LINE, model=ORDINARY, example=10), "ids 0 to 9"),
    ],
)
def test_what_is_refused(request_, message):
    with pytest.raises((BadData, BadRequest), match=message):
        Engine().get(request_)


@pytest.mark.parametrize(("row", "sigma"), [(2, 0.05), (2, 1.0), (5, 0.1)])
def test_guesses_of_least_squares_give_the_released_parameters_exactly(row, sigma):
    """The known constant tells the residual, and that all the rest; far from the truth no search would find them."""
    data = load(LINE)
    found = informed_guesses(fit(ORDINARY, data), data, row, sigma=sigma, draws=40, seed=0, known=(1,))
    theta = np.linalg.lstsq(data.X, data.y, rcond=None)[0]
    released = theta + sigma * np.random.default_rng(0).standard_normal((40, 2))
    others = np.arange(10) != row
    v = -(released @ data.X[others].T - data.y[others]) @ data.X[others]
    x = v[:, 0] / v[:, 1]
    np.testing.assert_allclose(found.guesses[:, 0], x, rtol=1e-9)
    np.testing.assert_allclose(found.guesses[:, 1], released[:, 0] * x + released[:, 1] - v[:, 1], rtol=1e-9)
    assert found.misfit.max() < 1e-6


@pytest.mark.parametrize(
    "request_",
    [
        GuessesRequest(
            data=DataSpec(name="points:line:0,1,2;1,0,3;2,4,1;3,1,4.5;5,2,9;7,3,7;1,6,2"),
            model=ModelSpec(l2=0.0, intercept=True), example=2,
        ),
        GuessesRequest(
            data=DataSpec(name="points:classes:0,0,0;1,0,0;0,1,0;2,2,1;3,2,1;2,3,1;1,1,1"),
            model=ModelSpec(kind="logistic", l2=0.05, intercept=True), example=2, sigma=1.0,
        ),
    ],
)  # fmt: skip
def test_an_intercept_and_several_features(request_):
    s = Engine().get(request_).summary
    assert s["failed"] < 0.2 * s["trials"] and all(np.isfinite(spread) for spread in s["spread"].values())
