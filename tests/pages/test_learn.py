"""The page Learn: the tour's numbers, toys that are edited, links, and how fast an edit is answered."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from fil_core import BadRequest, Engine
from fil_core.analyses.eta_parts.request import EtaPartsRequest
from fil_core.data.points import CLASSES, LINE, Points
from fil_core.specs import DataSpec, ModelSpec
from pages.views.learn.editing import edited, frame_of, points_of
from tests.pages import harness
from tests.pages.harness import app, words

fresh_server = harness.fresh_server
LEARN = "pages/learn.py"
ANSWERED = 0.3  # seconds on the server's side


def fine(at: AppTest) -> str:
    assert not at.exception and not at.error
    return words(at)


def measured(at: AppTest) -> pd.DataFrame:
    """The table of the points' measures; the editor is another table."""
    return next(one.value for one in at.dataframe if "leverage" in one.value.columns)


def eta(points: Points, l2: float, **model: object) -> np.ndarray:
    kind = "logistic" if points.classes else "least-squares"
    spec = ModelSpec(kind=kind, l2=l2, intercept=None if points.constant else True, **model)
    found = Engine().get(EtaPartsRequest(data=DataSpec(name=points.name), model=spec, lood=True))
    return found.table["eta"].to_numpy()


def test_the_tour_says_the_numbers_of_the_toys() -> None:
    at = app(LEARN)
    line = Points(LINE.rows)
    assert "1 of 6" in fine(at)
    at.button(key="tour-next").click().run()
    assert f"{eta(line, 0.0).max():.2f}" in fine(at) and "2 of 6" in words(at)
    at.button(key="tour-next").click().run()
    assert f"{0.003 / eta(line, 0.0).max():.5f}"[:6] in fine(at)
    at.button(key="tour-next").click().run()
    assert "3.49" in fine(at) and "2.04" in words(at)
    at.button(key="tour-next").click().run()
    assert "1.5405" in fine(at)
    at.button(key="tour-next").click().run()
    assert "6 of 6" in fine(at) and at.button(key="tour-next").disabled
    at.button(key="tour-back").click().run()
    assert "5 of 6" in fine(at)


def test_a_step_of_a_link_is_opened() -> None:
    assert "4 of 6" in fine(app(LEARN, step="4"))


def test_toys_show_the_golden_numbers_and_rounds_even_them_out() -> None:
    at = app(LEARN, view="toys", toy="two classes")
    assert "η = 3.49" in fine(at).replace("**", "")
    for _ in range(15):
        at.button(key="irfil-step").click().run()
    table = measured(at)
    np.testing.assert_allclose(table["eta"], 1.5405, atol=1e-4)
    at.button(key="toy-restart").click().run()
    assert at.number_input(key="irfil-rounds").value == 0


def test_points_of_a_link_are_measured_and_removed_and_added() -> None:
    points = Points(((0.0, 1.0), (1.0, 3.5), (2.0, 4.0), (5.0, 11.0)), constant=True)
    at = app(LEARN, view="toys", points=points.name)
    fine(at)
    np.testing.assert_allclose(measured(at)["eta"], eta(points, 0.0), rtol=1e-9)
    top = int(eta(points, 0.0).argmax())
    at.button(key="toy-remove").click().run()
    left = Points(tuple(row for i, row in enumerate(points.rows) if i != top), constant=True)
    assert at.session_state["points"] == left.name
    np.testing.assert_allclose(measured(at)["eta"], eta(left, 0.0), rtol=1e-9)
    at.button(key="toy-add").click().run()
    assert fine(at) and len(measured(at)) == 4


def test_without_the_constant_as_a_feature_the_model_has_an_intercept() -> None:
    at = app(LEARN, view="toys")
    at.toggle(key="constant-True").set_value(False).run()
    fine(at)
    np.testing.assert_allclose(measured(at)["eta"], eta(Points(LINE.rows), 0.0), rtol=1e-9)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ("points:line:0,1;1,nan", "finite"),
        ("points:line:1,2;1,3;1,5", "varies"),
        ("points:classes:0,1,1;2,3,1", "classes"),
    ],
)
def test_points_that_are_no_toy_are_said(points: str, said: str) -> None:
    kind = "two classes" if "classes" in points else "line"
    at = app(LEARN, view="toys", toy=kind, points=points)
    assert not at.exception
    assert any(said in one.value for one in [*at.warning, *at.error])


def test_points_of_another_kind_are_not_drawn_as_this_one() -> None:
    at = app(LEARN, view="toys", toy="line", points=CLASSES.name)
    assert fine(at) and at.session_state["points"] == LINE.name


def test_edits_of_the_table() -> None:
    frame = frame_of(LINE)
    found, missing = edited(
        frame,
        {"edited_rows": {0: {"y": 2.0}}, "deleted_rows": [9, 1], "added_rows": [{"x": 4.5, "y": 20.0}, {"x": 1.0}]},
    )
    assert missing == 1
    assert points_of(found, LINE).rows == ((0.0, 2.0), *LINE.rows[2:9], (4.5, 20.0))
    with pytest.raises(BadRequest, match="2 to 200"):
        points_of(pd.DataFrame(columns=["x", "y"], dtype=float), LINE)


def test_an_edited_point_is_answered_at_once() -> None:
    """Every edit is new to the store; the best of five is told from the machine's other work."""
    at = app(LEARN, view="toys", **{"guesses-shown": "false"})
    seconds = []
    for k in range(5):
        rows = [*LINE.rows[:-1], (9.0, 40.0 + k)]
        at.session_state["points"] = LINE.with_rows(rows).name
        start = time.perf_counter()
        at.run()
        seconds.append(time.perf_counter() - start)
        fine(at)
        np.testing.assert_allclose(measured(at)["eta"], eta(LINE.with_rows(rows), 0.0), rtol=1e-9)
    assert min(seconds) <= ANSWERED


def test_redacted_no_label_is_said() -> None:
    at = app(LEARN, view="toys", redact="true")
    assert not at.exception and not at.error
    assert "residual" not in measured(at).columns
