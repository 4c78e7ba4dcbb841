"""What stands beside a number so that nobody reads too much into it: units, spread, scale, worse than guessing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fil_core.analyses.example.estimates import estimates, noise_of_half
from fil_core.analyses.example.request import ExampleRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.fil.words import scale_sentence
from fil_core.analyses.health import caveats, guessing_is_better
from fil_core.engine import Engine
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec

DIABETES = DataSpec(name="diabetes")
RIDGE = ModelSpec(kind="least-squares", l2=1e-3)


@pytest.fixture
def engine():
    return Engine()


@pytest.mark.parametrize("preprocess", ["standardise", "unit-ball", "none"])
def test_the_bound_on_a_feature_in_the_units_of_the_source(preprocess, engine):
    """A release is fitted by the attacker to one unknown number of the source, all else known: its standard error."""
    data = engine.dataset(dataclasses.replace(DIABETES, preprocess=preprocess))
    request = ExampleRequest(
        data=dataclasses.replace(DIABETES, preprocess=preprocess), model=RIDGE, id=int(data.ids[3])
    )
    result, sigma = engine.get(request), 0.7
    found = estimates(result, data, sigma)
    scale = np.broadcast_to(data.preprocessing.scale, (data.d,))
    for j in range(3):
        step = 1e-4 * scale[j]  # one ten-thousandth of a source unit

        def theta(change, j=j):
            X = data.X.copy()
            X[3, j] += change
            return fit(RIDGE, dataclasses.replace(data, X=X)).theta.numpy()

        slope = (theta(step) - theta(-step)) / 2e-4  # per source unit
        assert found["bound_source"].iloc[j] == pytest.approx(sigma / np.linalg.norm(slope), rel=1e-5)
        assert found["spread"].iloc[j] == pytest.approx(data.source[:, j].std())
        assert found["bound"].iloc[j] == pytest.approx(found["bound_source"].iloc[j] * scale[j])
    assert (found["tells"] == (found["bound_source"] < found["spread"])).all()


def test_half_of_the_spread_is_told_of_the_feature_that_is_told_most_of(engine):
    data = engine.dataset(DIABETES)
    result = engine.get(ExampleRequest(data=DIABETES, model=RIDGE, id=int(data.ids[0])))
    found = estimates(result, data, noise_of_half(result, data))
    assert (found["bound_source"] / found["spread"]).min() == pytest.approx(0.5)
    wide = estimates(result, data, 1e6 * noise_of_half(result, data))
    assert not wide["tells"].any()


def test_who_sets_the_scale_is_named_with_both_numbers(engine):
    request = FilRequest(data=DataSpec(name="digits", classes=("3", "8")), model=ModelSpec(l2=1e-3))
    result, data = engine.get(request), engine.dataset(request.data)
    longest = np.linalg.norm(data.source.astype(float), axis=1).argmax()
    scale = result.summary["scale"]
    assert scale["ids"] == [data.ids[longest]] and len(scale["eta"]) == 1
    said = scale_sentence(result.summary, str, eta=result.table["eta"])
    assert f"{data.ids[longest]} (η = " in said
    assert scale_sentence({"scale": None}, str, eta=result.table["eta"]) == ""
    other = engine.get(FilRequest(data=DIABETES, model=RIDGE))
    assert other.summary["scale"] is None  # standardised


def test_a_model_that_is_worse_than_guessing_says_so_and_what_may_mend_it(make_dataset):
    """85 % of class 1: without a constant the plane goes through the origin, with one nothing is to be said."""
    data = make_dataset(classes=2, n=200, d=3)
    y = (np.arange(200) % 20 < 17).astype(float)
    data = dataclasses.replace(data, y=y, X_test=data.X[:0], y_test=y[:0])
    without, with_one = (fit(ModelSpec(l2=1e-3, intercept=one), data) for one in (False, True))
    assert without.score(data.X, y) < 0.85
    (said,) = caveats(without, data)
    assert "85.00 %" in said and "200 training rows" in said and "--intercept" in said
    assert with_one.score(data.X, y) >= 0.85 and not caveats(with_one, data)


@pytest.mark.parametrize("intercept", [False, True])
def test_so_does_a_regression_and_a_model_that_fails_on_test_rows_alone(intercept, make_dataset):
    data = make_dataset(n=60, d=3)
    far = dataclasses.replace(data, y=data.y + 100, X_test=data.X[:5], y_test=data.y[:5] + 100)
    told = caveats(fit(ModelSpec(kind="least-squares", l2=1e-3, intercept=intercept), far), far)
    assert len(told) == (0 if intercept else 1)
    assert intercept or "mean squared error on the 60 training rows" in told[0]
    mirrored = dataclasses.replace(data, X_test=data.X[:9], y_test=-data.y[:9])
    (said,) = caveats(fit(ModelSpec(kind="least-squares", l2=1e-3, intercept=intercept), mirrored), mirrored)
    assert "9 test rows" in said


@pytest.mark.parametrize(("accuracy", "told"), [(0.75, False), (0.7499, True), (1.0, False)])
def test_as_good_as_guessing_is_not_worse(accuracy, told):
    assert bool(guessing_is_better(accuracy, 0.75, "4 rows", True)) is told
    assert bool(guessing_is_better(1 - accuracy, 0.25, "4 rows", False)) is told
