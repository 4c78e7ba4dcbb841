"""The model follows the data; a link that asks for what is not here says so and keeps its values."""

from __future__ import annotations

import pytest
from harness import ATTACKS, app, fresh_server, plain, sidebar, words  # noqa: F401 - the fixture works here
from streamlit.testing.v1 import AppTest

OWN = "own:patients-0123456789ab"


def state(at: AppTest, name: str) -> object:
    return at.session_state[name]


def keys(at: AppTest) -> set[str]:
    return {button.key for button in at.button}


def test_data_start_with_the_model_of_their_kind() -> None:
    at = app()
    assert state(at, "model") == "softmax"
    for data, model in (("breast-cancer", "logistic"), ("diabetes", "least-squares"), ("synthetic", "logistic")):
        sidebar(at, data=data)
        assert state(at, "model") == model and not at.error
    sidebar(at, data="digits")
    assert state(at, "model") == "softmax"


def test_a_chosen_model_stays_where_it_fits_with_its_penalty() -> None:
    at = sidebar(app(data="breast-cancer"), model="least-squares", l2=0.02)
    sidebar(at, data="synthetic")
    assert (state(at, "model"), state(at, "l2")) == ("least-squares", 0.02)
    assert at.query_params["model"] == "least-squares"
    sidebar(at, data="digits")
    assert (state(at, "model"), state(at, "l2")) == ("softmax", 0.001)


def test_a_model_of_a_link_is_a_chosen_one() -> None:
    at = sidebar(app(data="breast-cancer", model="softmax"), data="synthetic")
    assert state(at, "model") == "softmax"


def test_classes_are_chosen_one_by_one() -> None:
    at = sidebar(app(), classes=["3"])
    assert not at.exception and at.error
    sidebar(at, classes=["3", "8"])
    assert state(at, "model") == "logistic" and not at.error
    sidebar(at, classes=["3", "8", "9"])
    assert state(at, "model") == "softmax" and not at.error


@pytest.mark.parametrize("page", ["pages/overview.py", ATTACKS])
@pytest.mark.parametrize("data", [OWN, "iris"])
def test_a_link_to_data_that_are_not_here_names_them_and_keeps_its_values(page: str, data: str) -> None:
    link = {"data": data, "model": "softmax", "l2": "0.02", "id": "7"}
    at = app(page, **link)
    assert data in plain(at.warning[0].value) and not at.metric and not at.exception
    at.run()
    assert {name: at.query_params[name] for name in link} == link


def test_other_data_are_chosen_instead_and_the_rest_of_the_link_goes() -> None:
    at = app(data=OWN, model="softmax", l2="0.02", id="7")
    at.selectbox(key="link-data").set_value("breast-cancer").run()
    assert not at.warning and at.metric
    assert (state(at, "data"), state(at, "model"), state(at, "l2")) == ("breast-cancer", "logistic", 0.001)
    assert at.query_params == {"data": "breast-cancer"}


def test_pages_about_no_data_set_stay_usable_with_such_a_link() -> None:
    at = app("pages/own_data.py", data=OWN, redact="true")
    assert OWN in plain(at.warning[0].value) and at.title[0].value == "Own data" and at.file_uploader
    assert state(at, "redact") is True and at.query_params["data"] == OWN


def test_a_link_whose_model_does_not_fit_offers_those_that_do() -> None:
    at = app(data="diabetes", model="logistic", l2="0.02", pca="3")
    assert "logistic" in at.warning[0].value and "Diabetes" in at.warning[0].value
    assert at.query_params == {"data": "diabetes", "model": "logistic", "l2": "0.02", "pca": "3"}
    at.button(key="link-least-squares").click().run()
    assert (state(at, "model"), state(at, "l2"), state(at, "pca")) == ("least-squares", 0.001, 3)
    assert not at.warning and at.metric


def test_a_link_of_a_model_for_two_classes_offers_the_choice_of_two() -> None:
    at = app(model="logistic", l2="0.02")
    assert {"link-softmax"} <= keys(at)
    at.multiselect(key="link-classes").set_value(["4", "9"]).run()
    assert (state(at, "model"), state(at, "l2"), state(at, "classes")) == ("logistic", 0.02, ["4", "9"])
    assert not at.warning and at.metric


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("classes", "11"),
        ("pre", "whiten"),
        ("device", "tpu"),
        ("l2", "-1"),
        ("l2", "nan"),
        ("subset", "all"),
        ("label-noise", "0.7"),
        ("label-noise", "nan"),
        ("pca", "2.5"),
    ],
)
def test_a_value_that_no_control_can_have_is_said_and_can_be_left_out(name: str, value: str) -> None:
    at = app(**{name: value})
    assert plain(value) in plain(at.warning[0].value) and at.query_params == {name: value}
    at.button(key="link-usual").click().run()
    assert not at.warning and at.metric and name not in at.query_params
