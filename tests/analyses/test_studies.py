"""Studies: their entries, how they stand, and their answers in one table."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest

from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.study.request import StudyRequest
from fil_core.analyses.study.studies import STUDIES
from fil_core.analyses.study.study import Entry, Study
from fil_core.data import resolve
from fil_core.data.images import MNIST_FILES
from fil_core.engine import Engine
from fil_core.engine.jobs.jobs import Jobs
from fil_core.engine.store import Store
from fil_core.engine.studies import at_hand, seconds, states
from fil_core.errors import BadRequest, DataUnavailable
from fil_core.specs import DataSpec, ModelSpec

DIGITS, LOGISTIC = DataSpec(classes=("3", "8"), subset=80), ModelSpec(kind="logistic", l2=0.01)
WORKS = Entry("works", "η of two digits", FilRequest(data=DIGITS, model=LOGISTIC), 1.0)
FAILS = Entry("fails", "no such attribute", AttributeRequest(data=DIGITS, model=LOGISTIC, attribute="sex"), 2.0)
GONE = Entry("gone", "deleted data", FilRequest(data=DataSpec(name="own:gone-0123456789ab")), 4.0)
EACH = [pytest.param(entry, id=f"{study.name}: {entry.name}") for study in STUDIES.values() for entry in study.entries]


@pytest.fixture
def small(monkeypatch) -> StudyRequest:
    """A study of one entry that is answered, one that is refused and one without data."""
    monkeypatch.setitem(STUDIES, "patients", Study("patients", "Small", "For tests.", (WORKS, FAILS, GONE)))
    return StudyRequest(name="patients")


def test_there_are_five_and_no_entry_is_there_twice():
    assert list(STUDIES) == [
        "figures-of-the-paper", "ten-digits", "airplane-or-automobile", "patients", "deep-features",
    ]  # fmt: skip
    for name, study in STUDIES.items():
        assert study.name == name and study.title and study.says.endswith(".")
        assert (
            len({one.name for one in study.entries}) == len({one.label for one in study.entries}) == len(study.entries)
        )
        assert len({one.request for one in study.entries}) == len(study.entries)


@pytest.mark.parametrize("entry", EACH)
def test_an_entry_is_a_request_of_known_data(entry):
    assert resolve(entry.request.data).name and entry.seconds > 0 and 0 < len(entry.label) <= 48  # a line
    of = next(name for name, study in STUDIES.items() if entry in study.entries)
    asked = StudyRequest(name=of, of=(entry.name,), device="cpu", data=DataSpec(data_dir="/elsewhere"))
    (only,) = asked.entries
    assert (only.request.data.data_dir, only.request.device) == ("/elsewhere", "cpu")
    assert asked.study.entry(entry.name) == entry


def test_all_entries_in_any_order_are_one_request():
    names = tuple(reversed([one.name for one in STUDIES["patients"].entries]))
    assert StudyRequest(name="patients", of=names) == StudyRequest(name="patients")
    assert StudyRequest(name="patients", of=("irfil", "eta")).of == ("eta", "irfil")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "patient"}, "study: expected one of figures-of-the-paper"),
        ({"name": "patients", "of": ("eta", "nothing")}, "of: expected some of eta, .* got nothing"),
        ({"data": DataSpec(name="mnist")}, "every entry of a study names its own; got mnist"),
        ({"data": DataSpec(subset=20)}, "data: expected none"),
    ],
)
def test_what_no_study_has_is_refused(values, said):
    with pytest.raises(BadRequest, match=said):
        StudyRequest(**values)


def test_one_row_for_each_entry_and_the_reason_where_one_fails(small):
    engine = Engine()
    result = engine.get(small)
    table = result.table
    assert table["state"].to_dict() == {"works": "computed", "fails": "failed", "gone": "failed"}
    assert "expected a table" in table.loc["fails", "error"] and "own:gone" in table.loc["gone", "error"]
    eta = engine.get(WORKS.request).summary
    assert f"eta_max {eta['eta_max']:.3f}" in table.loc["works", "numbers"] and "n 80" in table.loc["works", "numbers"]
    assert "is the most exposed" in table.loc["works", "result"]
    assert (result.summary["entries"], result.summary["failed"]) == (3, 2)
    assert result.provenance["data"]["title"] == "Small"


def test_how_entries_stand_before_and_after_one_is_computed(small):
    engine = Engine()
    before = states(small, engine)
    assert [(one.stored, one.to_compute, bool(one.missing)) for one in before] == [
        (False, True, False), (False, True, False), (False, False, True),
    ]  # fmt: skip
    assert seconds(before) == 3.0  # of the first two
    assert at_hand(small, before).of == ("works", "fails")
    engine.get(WORKS.request)
    engine.get(dataclasses.replace(WORKS.request, data=dataclasses.replace(DIGITS, subset=60)))
    after = states(small, engine)
    assert [one.stored for one in after] == [True, False, False]
    assert seconds(after) == 2.0
    assert not any(one.stored for one in states(StudyRequest(name="ten-digits"), engine))


def test_without_any_data_nothing_is_asked(tmp_path):
    request = StudyRequest(name="patients", data=DataSpec(data_dir=str(tmp_path)))
    found = states(request, Engine())
    assert all("iwpc-scaled.csv" in one.missing for one in found) and seconds(found) == 0
    with pytest.raises(DataUnavailable, match="expected the data of one entry at least"):
        at_hand(request, found)


def test_the_command_leaves_out_what_is_not_here_and_says_so(run, tmp_path, monkeypatch):
    monkeypatch.setitem(STUDIES, "patients", Study("patients", "Small", "For tests.", (WORKS, GONE)))
    code, out, err = run("study", "--name", "patients", "--data-dir", tmp_path, "--json")
    assert code == 0 and "left out: gone" in err and "1 result to compute, a few seconds" in err
    found = json.loads(out.splitlines()[-1])
    assert (found["entries"], found["failed"], found["notes"]) == (1, 0, [found["notes"][0]])
    assert Store().entries()[0].analysis == "study"
    code, _, err = run("study", "--name", "patients", "--subset", 20)
    assert code == 2 and "expected none" in err


def test_one_job_computes_what_it_can(tmp_path):
    """In a process of its own; the files of MNIST are there, and damaged."""
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    for file in MNIST_FILES:
        (tmp_path / file).write_bytes(b"damaged")
    data = DataSpec(data_dir=str(tmp_path))
    request = StudyRequest(name="ten-digits", of=("small", "leakiest"), data=data)
    jobs = Jobs(tmp_path / "store")
    try:
        job = jobs.submit([request], title="Ten digits")
        deadline = time.monotonic() + 60
        while not (done := next(one for one in jobs.all() if one.id == job.id)).over:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        jobs.close()
    assert done.state == "done" and not done.errors
    table = Engine(Store(tmp_path / "store")).get(request).table
    assert table["state"].to_dict() == {"small": "computed", "leakiest": "failed"}
    assert [one.stored for one in states(request, Engine(Store(tmp_path / "store")))] == [True, False]
