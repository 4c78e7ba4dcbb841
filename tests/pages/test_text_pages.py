"""A text on the pages: those of features say what to use instead, and its own controls are there."""

from __future__ import annotations

import pytest
from harness import app, fresh_server, plain, sidebar  # noqa: F401 - the fixture is at work by being here

PAGES = [
    "pages/overview.py", "pages/leakage.py", "pages/examples.py", "pages/attacks.py", "pages/mitigations.py",
    "pages/influence.py",
]  # fmt: skip


def messages(at) -> str:
    return plain("\n".join(one.value for kind in (at.error, at.warning, at.info) for one in kind))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_features_says_what_to_use_for_a_text(page):
    at = app(page, data="grammar")
    assert not at.exception
    print(messages(at))
    assert "--network lstm" in messages(at)


def test_the_sidebar_goes_from_digits_to_a_text_and_back():
    at = app(data="digits", classes=["0", "1"], model="logistic", l2="1e-3")
    sidebar(at, data="grammar")
    assert not at.exception and "--network lstm" in messages(at)
    assert at.number_input(key="vocabulary").value == 0
    sidebar(at, vocabulary=50)
    assert not at.exception
    sidebar(at, data="digits")
    assert not at.exception and not at.error and at.metric
    assert not any(one.key == "vocabulary" for one in at.number_input)
