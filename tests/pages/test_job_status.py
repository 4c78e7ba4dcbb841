"""Long work on a page: a job that is followed, what it came to, and the numbers when they are there."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import psutil
import pytest
from harness import PAGES, app, fresh_server, plain, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core.analyses.fil.request import FilRequest
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.specs import DataSpec, ModelSpec
from pages.common import compute

DIGITS = {"data": "digits", "classes": ["3", "8"], "model": "logistic", "l2": "0.02"}
ASKED = FilRequest(data=DataSpec(classes=("3", "8")), model=ModelSpec(kind="logistic", l2=0.02))


@pytest.fixture(autouse=True)
def everything_is_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compute, "_IN_PAGE", 0.0)
    yield
    compute.jobs().close()


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds what the app opens with; it takes seconds, so once for all tests."""
    root = tmp_path_factory.mktemp("measured")
    Engine(Store(root)).get(FilRequest(model=ModelSpec(kind="softmax")))
    return root


@pytest.fixture
def first_page(measured: Path) -> None:
    """The usual data, which a test's app opens with, are measured already."""
    shutil.copytree(measured, os.environ["FIL_STORE_DIR"], dirs_exist_ok=True)


def followed(at: AppTest, there, seconds: float = 60.0) -> AppTest:
    start = time.monotonic()
    while not there(at):
        assert time.monotonic() - start < seconds, words(at)
        time.sleep(0.2)
        at.run()
    return at


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def bars(at: AppTest) -> list[str]:
    return [plain(bar.proto.text) for bar in at.get("progress")]


def worker() -> psutil.Process:
    """The process of the job that runs; it is there a moment after the job."""
    for _ in range(200):
        for child in psutil.Process().children():
            if "fil_core.engine.jobs.worker" in child.cmdline():
                return child
        time.sleep(0.05)
    raise AssertionError("no process within ten seconds")


@pytest.mark.usefixtures("first_page")
def test_long_work_is_a_job_that_is_followed_until_its_numbers_are_there() -> None:
    at = app(**DIGITS)
    assert not at.exception and not at.metric
    assert [b.label for b in at.button if b.label == "Cancel"] == ["Cancel"] and "continues when you leave" in words(at)
    again = app(**DIGITS)  # whoever else comes finds the same job
    assert [b.key for b in again.button if b.label == "Cancel"] == [b.key for b in at.button if b.label == "Cancel"]
    assert len(compute.jobs().all()) == 1
    followed(at, lambda at: at.metric)
    assert not at.exception and Engine().find(ASKED) is not None
    followed(at, lambda _: compute.jobs().all()[0].state == "done")
    for entry in Engine().store.entries():
        if entry.analysis == "fil":
            Engine().store.delete(entry.key)
    at.run()
    assert "its result is not in the store" in at.info[0].value
    assert at.button(key="measure").label == "Try again"
    assert len(compute.jobs().all()) == 1  # it does not begin anew by itself, perhaps for ever


@pytest.mark.usefixtures("first_page")
def test_what_is_cancelled_can_be_tried_again() -> None:
    at = app(**DIGITS)
    compute.jobs().cancel(compute.jobs().all()[0].id)
    at.run()
    assert "Cancelled" in at.info[0].value and not at.metric
    at.button(key="measure").click().run()
    assert compute.jobs().all()[0].state == "running"
    followed(at, lambda at: at.metric)


@pytest.mark.usefixtures("first_page")
def test_why_a_job_failed_is_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIL_JOB_MEMORY_GIB", "0.1")
    monkeypatch.setattr("fil_core.engine.cost.check_memory", lambda *_: None)
    at = followed(app(**DIGITS), lambda at: at.error)
    assert "needed more than the 0.1 GiB that a job may take" in plain(at.error[0].value)
    assert at.button(key="measure").label == "Try again"


@pytest.mark.usefixtures("first_page")
def test_what_cannot_fit_is_refused_before_it_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIL_JOB_MEMORY_GIB", "0.5")
    at = app(**DIGITS)
    assert "memory: this needs about" in plain(at.error[0].value)
    assert "a job may take 0.5 GiB" in plain(at.error[0].value) and not compute.jobs().all()


@pytest.mark.usefixtures("first_page")
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FIL_JOB_HOURS", "soon", "expected a number; got 'soon'"),
        ("FIL_JOB_MEMORY_GIB", "nan", "expected a number above 0; got 'nan'"),
        ("FIL_JOBS_RUNNING", "1.5", "expected a whole number above 0; got '1.5'"),
    ],
)
def test_limits_that_are_none_are_said(name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    at = app(**DIGITS)
    assert f"{name}: {said}" in plain(at.error[0].value)
    monkeypatch.delenv(name)


@pytest.mark.usefixtures("first_page")
def test_a_side_question_is_a_job_too_and_leaves_the_page_alone() -> None:
    Engine().get(ASKED)
    at = app(PAGES[1], **DIGITS)
    at.button(key="other-measure").click().run()
    assert any(b.label == "Cancel" for b in at.button) and not at.exception
    assert at.dataframe  # the rest of the page is there meanwhile
    followed(at, lambda at: "leakiest** are the same under both models" in words(at))


def test_the_cancel_button_ends_the_process_and_nothing_begins_again_by_itself() -> None:
    at = app(**DIGITS)
    process = worker()
    press(at, "Cancel")
    process.wait(2)
    assert plain(at.info[0].value) == "Cancelled. What was finished is kept."
    assert not bars(at.run()) and not at.metric and not at.exception
    assert len(compute.jobs().all()) == 1


def test_work_whose_process_was_killed_says_so_and_can_be_tried_again() -> None:
    at = app(**DIGITS)
    assert len(bars(at)) == 1 and bars(at)[0].endswith(" s")
    worker().kill()
    followed(at, lambda at: at.error)
    assert "ended by the system (signal 9)" in plain(at.error[0].value) and not at.exception
    assert bars(press(at, "Try again"))
    followed(at, lambda at: at.metric)
    assert not at.error and not at.info


def test_an_error_of_the_work_is_its_sentence() -> None:
    at = followed(app(**DIGITS | {"model": "least-squares", "l2": "0"}), lambda at: at.error)
    assert "all-zero columns" in plain(at.error[0].value) and not at.exception
    assert at.button(key="measure").label == "Try again"


def test_an_answer_that_could_not_be_kept_is_worked_out_on_the_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path / "file"))
    at = followed(app(**DIGITS), lambda at: at.warning)
    assert "cannot be written" in plain(at.warning[0].value) and not at.metric
    press(at, "Try again")
    assert at.metric and not at.exception


def swept() -> None:
    """A page that asks for three answers, of which one cannot be and one takes minutes."""
    import streamlit as st

    from fil_core import DataSpec, FilRequest, Irfil, IrfilRequest, ModelSpec
    from pages.common import compute

    two, model = DataSpec(classes=("0", "1")), ModelSpec(kind="logistic")
    requests = [
        FilRequest(data=two, model=model),
        FilRequest(model=ModelSpec(l2=1e-3)),
        IrfilRequest(data=two, model=model, weights=Irfil(iterations=1000)),
    ]
    found = compute.sweep(requests, "Ask all three", key="three", names=("quick", "wrong", "long"))
    st.write("There is: " + ", ".join(str(i) for i, answer in enumerate(found) if answer is not None))


def test_of_many_answers_those_that_are_finished_are_shown_while_the_others_are_at_work() -> None:
    at = AppTest.from_function(swept, default_timeout=60).run()
    assert not compute.jobs().all() and not bars(at)
    press(at, "Ask all three")
    assert len(bars(at)) == 1
    followed(at, lambda at: bars(at)[0].startswith("3 of 3"))
    assert "There is: 0" in words(at) and "2 of 3 finished" in bars(at)[0]
    press(at, "Cancel")
    assert plain(at.info[0].value) == "Cancelled. What was finished is kept."
    assert plain(at.error[0].value).startswith("wrong: model: Digits") and len(at.error) == 1
    assert "There is: 0" in words(at) and not at.exception
    assert bars(press(at, "Ask all three"))
    assert len(compute.jobs().all()[0].requests) == 2  # what is there is not asked again
