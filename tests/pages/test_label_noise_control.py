"""Label noise in the sidebar, in links and beside an example."""

from __future__ import annotations

import pytest
from harness import app, fresh_server, sidebar, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core import DataSpec, FilRequest
from fil_core.engine import Engine
from fil_core.engine.store import Store
from pages.views.results.table import chosen_data

EXAMPLES = "pages/examples.py"
PAIR = {"data": "digits", "classes": ["4", "9"], "model": "logistic", "l2": "1e-3"}
PLANTED = "This label was replaced on purpose."


def measured() -> list[float | None]:
    """The label noise of the stored measurements."""
    return [entry.request["data"].get("label_noise") for entry in Store().entries() if entry.analysis == "fil"]


def drawn(at: AppTest) -> bool:
    return any(one.key == "label-noise" for one in at.number_input)


def test_a_link_asks_for_label_noise_and_the_control_changes_it() -> None:
    at = app(**PAIR, **{"label-noise": "0.1"})
    assert at.number_input(key="label-noise").value == 0.1 and not at.warning and not at.exception
    assert measured() == [0.1]
    sidebar(at, **{"label-noise": 0.25})
    assert set(measured()) == {0.1, 0.25}
    sidebar(at, **{"label-noise": 0.0})
    assert set(measured()) == {0.1, 0.25, None}


def test_a_regression_has_no_such_control_and_ignores_the_link() -> None:
    at = app(data="diabetes", **{"label-noise": "0.1"})
    assert not drawn(at) and at.metric and not at.error and not at.exception
    assert measured() == [None]


def test_another_data_set_starts_without_noise() -> None:
    at = app(**PAIR, **{"label-noise": "0.1"})
    sidebar(at, data="diabetes")
    assert not drawn(at) and at.metric and not at.error
    sidebar(at, data="breast-cancer")
    assert at.number_input(key="label-noise").value == 0.0 and set(measured()) == {0.1, None}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (DataSpec(), ""),
        (DataSpec(label_noise=0.1), "label noise 0.1, seed 0"),
        (DataSpec(subset=50, seed=3), "50 rows, seed 3"),
        (DataSpec(subset=50, label_noise=0.25, seed=3), "50 rows, label noise 0.25, seed 3"),
    ],
)
def test_the_list_of_results_tells_data_with_noise_from_those_without(spec: DataSpec, said: str) -> None:
    assert chosen_data(FilRequest(data=spec), {}) == said


def test_an_example_says_that_its_label_was_planted_unless_redacted() -> None:
    data = Engine().dataset(DataSpec(classes=("4", "9"), label_noise=0.1))
    planted, other = int(data.ids[data.flipped][0]), int(data.ids[~data.flipped][0])
    link = PAIR | {"label-noise": "0.1"}
    assert PLANTED in words(app(EXAMPLES, **link, id=str(planted)))
    assert PLANTED not in words(app(EXAMPLES, **link, id=str(other)))
    assert PLANTED not in words(app(EXAMPLES, **PAIR, id=str(planted)))
    redacted = app(EXAMPLES, **link, id=str(planted), redact="true")
    assert f"Example {planted}" in words(redacted) and PLANTED not in words(redacted)
