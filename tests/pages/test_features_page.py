"""Features of a network in the sidebar: chosen, waited for, shown with the pictures that they are of."""

from __future__ import annotations

import dataclasses

import pytest
from harness import app, fresh_server, sidebar, words  # noqa: F401 - the fixture is at work by being here

from fil_core import DataSpec, FilRequest
from fil_core.analyses.features.request import FeaturesRequest
from fil_core.engine import Engine
from fil_core.engine.store import Store
from pages.views.results.open import NoPage, place
from pages.views.results.table import chosen_data

PAIR = {"data": "digits", "classes": ["4", "9"], "model": "logistic", "l2": "1e-3"}
MLP = {"features": "mlp", "extractor-steps": "50", "public": "0.4"}


def stored(analysis: str) -> list[str | None]:
    return [one.request["data"].get("features_from") for one in Store().entries() if one.analysis == analysis]


def test_a_link_chooses_features_and_pixels_come_back() -> None:
    at = app(**PAIR, **MLP)
    assert not at.exception and not at.error and at.metric
    assert stored("features") == ["mlp"] and stored("fil") == ["mlp"]
    spec = DataSpec(classes=("4", "9"), features_from="mlp", extractor_steps=50, public_fraction=0.4)
    assert Engine().lacking(spec) is None
    sidebar(at, features="pixels")
    assert not at.exception and set(stored("fil")) == {"mlp", None}


def test_long_training_waits_for_a_click_and_is_not_done_while_drawing() -> None:
    at = app(**PAIR, features="cnn")
    assert not at.exception and not stored("features") and not stored("fil")
    assert any(button.label == "Measure" for button in at.button)


def test_examples_show_their_pictures_and_no_map_of_pixels() -> None:
    at = app("pages/examples.py", **PAIR, **MLP)
    assert not at.exception and not at.error
    data = Engine().dataset(DataSpec(classes=("4", "9"), features_from="mlp", extractor_steps=50, public_fraction=0.4))
    at = app("pages/examples.py", **PAIR, **MLP, id=str(data.ids[0]))
    assert not at.exception and not at.error
    assert "The example" in words(at) and "The record" in words(at) and "Which pixels leak" not in words(at)


def test_a_stored_result_of_features_is_opened_with_them() -> None:
    spec = DataSpec(classes=("4", "9"), features_from="mlp", extractor_steps=50, public_fraction=0.4, pca=5)
    for request in (FilRequest(data=spec), FeaturesRequest(data=spec)):
        values = place(request).values
        assert {name: values[name] for name in ("features", "public", "extractor-steps", "extractor")} == {
            "features": "mlp", "public": 0.4, "extractor-steps": 50, "extractor": "",
        }  # fmt: skip
    assert chosen_data(FilRequest(data=spec), {}) == "classes 4, 9, features of mlp, seed 0, PCA 5"
    with pytest.raises(NoPage, match="seed 0; this one has 3"):
        place(FilRequest(data=dataclasses.replace(spec, extractor_seed=3)))


def test_a_table_has_no_such_control_and_a_link_that_asks_for_it_is_answered() -> None:
    at = app(data="breast-cancer", features="cnn")
    assert not at.exception and not stored("fil")
    assert any("cnn" in one.value and "Breast cancer" in one.value for one in at.warning)
    at.button(key="link-usual").click().run()
    assert not at.exception and not at.error and stored("fil") == [None]
    assert not any(one.key == "features" for one in at.selectbox)
