"""Leakage followed back to the pixels, on the pages Leakage and Examples."""

from __future__ import annotations

from harness import app, fresh_server, words  # noqa: F401 - the fixture is at work by being here

from fil_core import DataSpec
from fil_core.engine import Engine
from fil_core.engine.store import Store

PAIR = {"data": "digits", "classes": ["4", "9"], "model": "logistic", "l2": "1e-3"}
MLP = {"features": "mlp", "extractor-steps": "50", "public": "0.4"}
SPEC = DataSpec(classes=("4", "9"), features_from="mlp", extractor_steps=50, public_fraction=0.4)


def asked(analysis: str) -> bool:
    return any(one.analysis == analysis for one in Store().entries())


def test_pictures_behind_features_are_measured_after_a_click() -> None:
    at = app("pages/leakage.py", **PAIR, **MLP)
    assert not at.exception and not at.error and not asked("pullback")
    at.button(key="pullback-compute").click().run()
    assert not at.exception and not at.error and asked("pullback") and asked("pixel fit")
    assert "Through the network" in words(at)


def test_pixels_have_no_such_view() -> None:
    at = app("pages/leakage.py", **PAIR)
    assert not at.exception and not any(one.key == "pullback-compute" for one in at.button)


def test_an_example_shows_the_maps_of_its_pixels_unless_redacted() -> None:
    app("pages/examples.py", **PAIR, **MLP)
    id = str(Engine().dataset(SPEC).ids[0])
    at = app("pages/examples.py", **PAIR, **MLP, id=id)
    at.button(key="through-compute").click().run()
    assert not at.exception and not at.error and asked("pullback of an example")
    assert "Most exposed direction without a network" in words(at)
    at = app("pages/examples.py", **PAIR, **MLP, id=id, redact="true")
    assert not at.exception and "its most exposed pixel" in words(at)
    assert "Most exposed direction without a network" not in words(at)
