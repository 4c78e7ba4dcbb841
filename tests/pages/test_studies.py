"""The page Studies: states, links and the job of each study; and the row of studies on the first page."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from harness import app, fresh_server, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core import DataSpec, Engine, FilRequest, ModelSpec, Store, resolve
from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.study.studies import STUDIES
from fil_core.analyses.study.study import Entry, Study
from fil_core.analyses.table import analysis_of
from fil_core.specs import ModelRequest, Request, canonical
from pages.common.site import page_of
from pages.views.results import open as results_open
from tests.test_published_figures import FOLDER, need

PAGE = "pages/studies.py"
LOGISTIC = ModelSpec(kind="logistic", l2=0.01)
DIGITS = DataSpec(classes=("3", "8"), subset=80)
WORKS = Entry("works", "Two digits", FilRequest(data=DIGITS, model=LOGISTIC), 0.5)
FAILS = Entry("fails", "No table", AttributeRequest(data=DIGITS, model=LOGISTIC, attribute="sex"), 0.5)
GONE = Entry("absent", "Elsewhere", FilRequest(data=DataSpec(name="iwpc"), model=ModelSpec(l2=0.01)), 0.5)
EACH = [pytest.param(entry, id=f"{study.name}: {entry.name}") for study in STUDIES.values() for entry in study.entries]
# One of those that ask for the same data and model, which are what the sidebar has.
DIFFERENT = list(
    {(one.values[0].request.data, getattr(one.values[0].request, "model", None)): one for one in EACH}.values()
)


@pytest.fixture
def small(monkeypatch, tmp_path) -> None:
    """A study of one entry that is answered, one that is refused and one whose files are not there."""
    monkeypatch.setenv("FIL_DATA_DIR", str(tmp_path))
    monkeypatch.setitem(STUDIES, "patients", Study("patients", "Small", "For tests.", (WORKS, FAILS, GONE)))


def _sidebar() -> None:
    """Run by Streamlit: the sidebar alone, and what it asks for."""
    import streamlit as st

    from pages.common import sidebar

    sidebar.sidebar()
    st.session_state["read"] = (sidebar.data_spec(), sidebar.model_spec())


def drawn(link: str) -> AppTest:
    """The sidebar that a link opens, in a new visit."""
    at = AppTest.from_function(_sidebar, default_timeout=60)
    for name, values in parse_qs(urlsplit(link).query).items():
        at.query_params[name] = values
    return at.run()


@pytest.mark.parametrize("entry", EACH)
def test_every_entry_has_a_page(entry):
    place = results_open.place(entry.request, offered=False)
    page, shows = page_of(analysis_of(entry.request).name)
    assert place.page == ("pages/leakage.py" if place.values.get("attribute") else page.path)
    assert shows.values.items() <= place.values.items()


@pytest.mark.parametrize("entry", DIFFERENT)
def test_its_link_comes_back_to_its_data_and_model(entry):
    at = drawn(results_open.address(results_open.place(entry.request, offered=False)))
    assert not at.exception
    data, model = at.session_state["read"]
    assert resolve(data) == resolve(entry.request.data)
    assert not isinstance(entry.request, ModelRequest) or model == entry.request.model


def states(at: AppTest) -> list[str]:
    return [
        text
        for one in at.markdown
        for text in ("stored", "to compute", "failed", "no data")
        if f" {text}]" in one.value
    ]


def test_all_is_computed_after_a_click_and_the_rest_is_said(small):
    at = app(PAGE, study="patients")
    assert not at.exception and states(at) == ["to compute", "to compute", "no data"]
    assert "0 of 3 results" in words(at) and "Put iwpc/iwpc-scaled.csv into" in words(at)
    at.button(key="study-compute").click().run()
    assert not at.exception and not at.error
    assert states(at) == ["stored", "failed", "no data"]
    found = Engine().get(WORKS.request)
    assert f"{found.summary['eta_max']:.3f}" in words(at) and "expected a table" in words(at)
    assert {one.analysis for one in Store().entries()} == {"fil", "fit", "study"}
    again = app(PAGE, study="patients", redact="true")
    assert states(again) == ["stored", "failed", "no data"]
    assert f"{found.summary['eta_max']:.3f}" not in words(again)


def test_an_entry_opens_its_page_with_its_settings(small):
    Engine().get(WORKS.request)
    at = app(PAGE, study="patients")
    stored = len(Store().entries())
    at.button(key="study-open-works").click().run()
    assert not at.exception and at.title[0].value == "Whose data does this model reveal?"
    assert (at.session_state["classes"], at.session_state["subset"], at.session_state["l2"]) == (["3", "8"], 80, 0.01)
    assert len(Store().entries()) == stored


def test_without_data_nothing_can_be_computed(monkeypatch, tmp_path):
    monkeypatch.setenv("FIL_DATA_DIR", str(tmp_path))
    at = app(PAGE, study="patients")
    assert not at.exception and states(at) == ["no data"] * len(STUDIES["patients"].entries)
    assert not any(one.key == "study-compute" for one in at.button)


def test_a_study_that_does_not_exist_is_none_of_the_choices():
    at = app(PAGE, study="nothing")
    assert not at.exception and at.session_state["study"] == "figures-of-the-paper"


def test_the_first_page_starts_from_each():
    at = app()
    linked = [one.proto.query_string for one in at.get("page_link") if one.proto.page == "studies"]
    assert linked == [f"study={name}" for name in STUDIES]


@pytest.mark.realdata
@pytest.mark.skipif(FOLDER is None, reason="FIL_DATA_DIR is not set: no published data files at hand")
@pytest.mark.parametrize("name", ["eta", "patient", "irfil", "attack"])
def test_a_link_opened_cold_shows_the_stored_result(name):
    need("iwpc/iwpc-scaled.csv")
    request = STUDIES["patients"].entry(name).request
    Engine().get(request)
    asked = of_kind(request)
    place = results_open.place(request)
    query = parse_qs(urlsplit(results_open.address(place)).query)
    at = app(place.page, **query)
    assert not at.exception and not at.error
    assert not any(one.key == "measure" for one in at.button)
    first_page = canonical(replace(request, attribute=())) if name == "eta" else None  # is drawn before this one
    of_patients = [one for one in of_kind(request) if one["data"]["name"] == "iwpc"]
    assert [one for one in of_patients if first_page is None or one["attribute"] != first_page["attribute"]] == asked


def of_kind(request: Request) -> list[dict]:
    """The requests of the stored results of an analysis."""
    return [one.request for one in Store().entries() if one.analysis == analysis_of(request).name]
