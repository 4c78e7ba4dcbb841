"""The wall before the pages: whoever may not see the data sees none of it, and nothing of it is read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import streamlit as st
from harness import PAGES, app, fresh_server, plain, words  # noqa: F401 - the fixture is at work by being here

from fil_core.engine import Engine
from pages.server import guard
from pages.server import wall as served
from pages.server.rules import Settings

PUBLIC = Settings("0.0.0.0", ("fil.example.org",), certificate=True, sign_in=True)


@pytest.fixture
def nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError("data were read")

    monkeypatch.setattr(Engine, "dataset", read)


def visitor(monkeypatch: pytest.MonkeyPatch, **who: object) -> None:
    person = SimpleNamespace(is_logged_in=False, get=lambda name: who.get(name))
    person.is_logged_in = bool(who)
    monkeypatch.setattr(st, "user", person)


@pytest.mark.usefixtures("nothing_is_read")
def test_a_server_that_others_reach_shows_what_is_missing_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "settings", lambda: Settings("0.0.0.0"))
    at = app()
    assert not at.exception and not at.metric and not at.sidebar.selectbox
    assert "Others could see" in at.error[0].value and "FIL_SERVE_OTHERS=tls" in words(at)


@pytest.mark.usefixtures("nothing_is_read")
def test_a_visitor_signs_in_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIL_SERVE_OTHERS", "tls")
    monkeypatch.setenv("FIL_ALLOWED_USERS", "*")
    monkeypatch.setattr(served, "settings", lambda: PUBLIC)
    visitor(monkeypatch)
    at = app()
    assert not at.exception and not at.metric and [b.label for b in at.button] == ["Sign in"]


@pytest.mark.usefixtures("nothing_is_read")
def test_each_provider_has_a_button_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIL_SERVE_OTHERS", "tls")
    monkeypatch.setenv("FIL_ALLOWED_USERS", "*")
    monkeypatch.setattr(served, "settings", lambda: PUBLIC)
    monkeypatch.setattr(guard, "auth", lambda: {"google": {"client_id": "a"}, "okta": {"client_id": "b"}})
    asked: list[str] = []
    monkeypatch.setattr(st, "login", asked.append)
    visitor(monkeypatch)
    at = app()
    assert [b.label for b in at.button] == ["Sign in with Google", "Sign in with Okta"]
    at.button[1].click().run()
    assert asked == ["okta"]


@pytest.mark.usefixtures("nothing_is_read")
def test_somebody_who_is_not_on_the_list_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIL_SERVE_OTHERS", "tls")
    monkeypatch.setenv("FIL_ALLOWED_USERS", "a@example.org")
    monkeypatch.setattr(served, "settings", lambda: PUBLIC)
    visitor(monkeypatch, email="b@example.org", email_verified=True)
    at = app()
    assert "not among those" in at.error[0].value and not at.metric and [b.label for b in at.button] == ["Sign out"]


def test_somebody_who_is_on_the_list_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIL_SERVE_OTHERS", "tls")
    monkeypatch.setenv("FIL_ALLOWED_USERS", "a@example.org")
    monkeypatch.setattr(served, "settings", lambda: PUBLIC)
    visitor(monkeypatch, email="a@example.org", email_verified=True)
    at = app()
    assert at.metric and not at.exception


def test_this_machine_alone_needs_no_sign_in() -> None:
    at = app(PAGES[0])
    assert at.metric and not at.exception
