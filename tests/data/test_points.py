"""Points that are written out in a data set's name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fil_core import BadRequest, FilError
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.data import load, resolve
from fil_core.data.points import CLASSES, LINE, Points, parse
from fil_core.data.registry import source_of
from fil_core.engine import Engine
from fil_core.specs import DataSpec, ModelSpec
from fil_core.specs.weights import Irfil

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: value + 0.0)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, st.integers(0, 3).map(float)), min_size=2, max_size=6).map(tuple)


@given(rows=ROWS, held_out=st.one_of(st.just(()), ROWS), classes=st.booleans(), constant=st.booleans())
def test_a_name_is_read_as_the_points_that_it_was_written_from(rows, held_out, classes, constant):
    points = Points(rows, held_out, classes, constant)
    assert parse(points.name) == points
    assert resolve(DataSpec(name=points.name)).name == points.name


def test_golden_values_of_the_line():
    """docs/maths.md, section 13."""
    found = Engine().get(FilRequest(data=DataSpec(name="toy-line"), model=ModelSpec(l2=0.0))).table["eta"]
    golden = [1.7958, 2.5778, 1.5399, 1.3731, 1.2940, 1.3181, 0.1388, 0.3781, 0.9843, 1.3226]
    np.testing.assert_allclose(found, golden, atol=0.51e-4)


def test_golden_values_of_the_classes_and_of_their_equalisation():
    spec, model = DataSpec(name="toy-classes"), ModelSpec(kind="logistic", l2=0.01)
    eta = Engine().get(FilRequest(data=spec, model=model)).table["eta"].to_numpy()
    assert eta.argmax() == 10
    assert eta[10] == pytest.approx(3.4903, abs=1e-4) and eta[:10].max() == pytest.approx(2.0362, abs=1e-4)
    after = Engine().get(IrfilRequest(data=spec, model=model, weights=Irfil(iterations=15))).table["eta_after"]
    np.testing.assert_allclose(after, 1.5405, atol=0.51e-4)
    assert after.std() < 1e-7


@pytest.mark.parametrize(
    ("points", "spec"), [(LINE, ModelSpec(l2=0.0)), (CLASSES, ModelSpec(kind="logistic", l2=0.01))]
)
def test_toys_against_central_differences_through_refitting(points, spec):
    data = load(DataSpec(name=points.name))
    kind = "logistic" if points.classes else "least-squares"
    from tests.reference import Reference, spectral_norm

    reference = Reference(kind, data.X, data.y, np.ones(data.n), data.n * spec.penalty)
    found = Engine().get(FilRequest(data=DataSpec(name=points.name), model=spec)).table["eta"].to_numpy()
    refitted = [spectral_norm(reference.jacobian_by_refitting(i)) for i in range(data.n)]
    np.testing.assert_allclose(found, refitted, rtol=1e-8)


def test_what_a_model_sees():
    data = load(DataSpec(name="points:classes:0,1,2;1,0,5;2,2,2|1,1,5"))
    assert data.class_names == ("2", "5") and data.y.tolist() == [0, 1, 0] and data.y_test.tolist() == [1]
    assert data.feature_names == ("x1", "x2") and data.intercept
    line = load(DataSpec(name="points:line+1:0,1;1,3;2,4|5,6"))
    assert line.feature_names == ("x", "constant") and not line.intercept
    assert line.X.tolist() == [[0, 1], [1, 1], [2, 1]] and line.X_test.tolist() == [[5, 1]]
    assert source_of("points:line:0,1;1,2").task == "regression"
    assert source_of("points:classes:0,1;1,0").classes == ("0", "1")


def test_a_constant_column_of_ones_stays_and_another_leaves():
    data = load(DataSpec(name="points:classes+1:0,7,0;1,7,1;3,7,1"))
    assert data.feature_names == ("x1", "constant")
    assert any("x2" in note for note in data.notes)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("points:line:", "2 to 200"),
        ("points:line:0,nan;1,2", "finite"),
        ("points:line:0,1e400", "finite"),
        ("points:line:0,one;1,1", "finite"),
        ("points:line:1_0,1;1,1", "finite"),
        ("points:line:٣,1;1,1", "finite"),
        ("points:line:1,2", "2 to 200"),
        ("points:line:0,2e6;1,1", "at most 1e\\+06"),
        ("points:line:0,1;1,2,3", "2, 3 numbers"),
        ("points:line:1;2", "features"),
        ("points:line:1,2,3,4,5,6,7;1,2,3,4,5,6,8", "features"),
        ("points:classes:0,1.5;1,2", "class 0, 1, 2"),
        ("points:classes:0,-1;1,2", "class 0, 1, 2"),
        ("points:square:0,1", "points:line:x,y"),
        ("points:line", "points:line:x,y"),
        ("points:line:0,1:2,3", "points:line:x,y"),
        ("points:line:" + ";".join(f"{i},0" for i in range(201)), "2 to 200"),
    ],
)
def test_names_that_are_none(name, message):
    with pytest.raises(BadRequest, match=message):
        load(DataSpec(name=name))


@pytest.mark.parametrize("name", ["points:classes:0,1;1,1", "points:line:2,1;2,5;2,3"])
def test_points_that_no_model_tells_apart(name):
    with pytest.raises(FilError, match="classes|varies|differ"):
        Engine().get(FilRequest(data=DataSpec(name=name), model=ModelSpec(l2=0.1)))


def test_fewer_points_than_parameters_are_refused_without_a_penalty():
    spec = DataSpec(name="points:line:1,2,3;2,1,4")
    with pytest.raises(FilError, match="singular"):
        Engine().get(FilRequest(data=spec, model=ModelSpec(l2=0.0, intercept=True)))
    assert Engine().get(FilRequest(data=spec, model=ModelSpec(l2=0.1, intercept=True))).summary["n"] == 2
