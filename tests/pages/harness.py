"""What the page tests share: the app in Streamlit's own test harness."""

from __future__ import annotations

import copy
import dataclasses
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fil_core.analyses.analysis import Analysis, Inputs
from fil_core.analyses.table import analysis_of
from fil_core.analyses.table import key as stored_as
from fil_core.engine import run
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import Request
from pages.common.compute import engine, jobs  # by their own names, since tests put others in their place

APP = str(Path(__file__).parents[2] / "app.py")
PAGES = ["pages/overview.py", "pages/leakage.py", "pages/examples.py"]
ATTACKS = "pages/attacks.py"
MITIGATIONS = "pages/mitigations.py"
_KINDS = ("selectbox", "number_input", "multiselect", "toggle", "button_group", "slider")


_known: dict[str, Result] = {}


def _worked_out_once(request: Request) -> Analysis:
    """The entry of a request, which does its arithmetic only where no page test has asked the very same before.

    Every test starts from an empty store and asks, waits for, stores and reads its results as a person does; only the
    numbers of what was worked out already are taken from memory. Jobs work in their own processes and know nothing of
    it.
    """
    analysis = analysis_of(request)

    def known(request: Request, inputs: Inputs, progress: Progress | None) -> Result:
        outside = inputs.outside.fingerprint if inputs.outside is not None else ""
        name = stored_as(request, inputs.dataset.fingerprint + outside)
        if name not in _known:
            _known[name] = analysis.run(request, inputs, progress)
        return copy.deepcopy(_known[name])

    return dataclasses.replace(analysis, run=known)


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another test's engine would bring another store; and a page leaves itself behind as the process's main module,
    which processes that a later test spawns would run."""
    import streamlit as st

    monkeypatch.setattr(run, "analysis_of", _worked_out_once)
    main = sys.modules["__main__"]
    _forget()
    st.cache_data.clear()
    yield
    _forget()
    sys.modules["__main__"] = main


def _forget() -> None:
    engine.forget()
    jobs.forget()


def app(page: str = PAGES[0], /, **query: str | list[str]) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=120)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    return at.switch_page(page).run() if page != PAGES[0] else at


def plain(markdown: str) -> str:
    """What a person reads: without what keeps text from being Markdown."""
    return re.sub(r"\\(.)", r"\1", markdown.replace(":small[]", ""))


def words(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.title, at.subheader)
    return plain("\n".join(element.value for kind in kinds for element in kind))


def sidebar(at: AppTest, **values: object) -> AppTest:
    for key, value in values.items():
        widget = next(w for kind in _KINDS for w in at.get(kind) if w.key == key)
        widget.set_value(value)
        at.run()
    return at
