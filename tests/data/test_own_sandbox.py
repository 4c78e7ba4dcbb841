"""Files that are looked into in a process of their own: the same answers, and limits that hold."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psutil
import pytest
from file_parts import ILL, csv, table

from fil_core.data.own import Choices, registered
from fil_core.data.own import sandbox as aside
from fil_core.data.own.reading import preview
from fil_core.data.own.sandbox import add_aside, preview_aside
from fil_core.data.own.uploads import keep_upload
from fil_core.errors import BadData


@pytest.fixture
def patients(tmp_path) -> Path:
    path = tmp_path / "patients.csv"
    path.write_bytes(csv(table()))
    return path


@pytest.fixture
def other_side(tmp_path, monkeypatch):
    """Python that runs some lines in the process aside before its work."""

    def changed(lines: str) -> None:
        script = tmp_path / "other_side.py"
        script.write_text(f"import fil_core.data.own.sandbox as aside\n{lines}\naside.main()\n")
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}"\n')
        python.chmod(0o755)
        monkeypatch.setattr(aside.sys, "executable", str(python))

    return changed


@pytest.fixture
def left():
    """The processes that a test has started and that still run; other tests' do not count."""
    before = set(psutil.Process().children(recursive=True))

    def since() -> list[psutil.Process]:
        now = set(psutil.Process().children(recursive=True)) - before
        return [child for child in now if child.status() != psutil.STATUS_ZOMBIE]

    return since


def test_what_is_found_aside_is_what_is_found_here(patients, left):
    found = preview_aside(patients)
    assert found == json.loads(json.dumps(preview(patients)))
    assert found["rows"] == 40
    told = []
    entry = add_aside(patients, Choices(**ILL), title="Ward 3.csv", progress=lambda *far: told.append(far))
    assert registered() == [entry]
    assert (entry.title, entry.rows) == ("Ward 3.csv", 32)
    assert told
    assert left() == []


def test_a_bad_file_goes_by_the_name_that_a_person_knows():
    path = keep_upload(csv(table())[:-9], ".csv")
    with pytest.raises(BadData, match=r"^Ward 3\.csv: expected 4 entries in the last row") as refusal:
        add_aside(path, Choices(**ILL), title="Ward 3.csv")
    assert path.name not in str(refusal.value)
    assert registered() == []


def test_a_reader_that_does_not_end_is_ended(patients, other_side, left):
    other_side("import time; aside.preview = lambda *_: time.sleep(600)")
    with pytest.raises(BadData, match="took more than 2 seconds. Give a smaller part of it"):
        preview_aside(patients, seconds=2)
    assert left() == []


def test_a_reader_that_takes_too_much_memory_is_said(patients, other_side):
    other_side(f"aside._LEAST_MEMORY = aside._MOST_MEMORY = {2**31}\naside.preview = lambda *_: bytes({2**32})")
    with pytest.raises(BadData, match="expected one that fits in 2 GiB of memory"):
        preview_aside(patients)


def test_a_reader_that_the_system_ends_is_said(patients, other_side):
    other_side("import os; aside.preview = lambda *_: os.kill(os.getpid(), 9)")
    with pytest.raises(BadData, match="it took more than . GiB of memory"):
        preview_aside(patients)


def test_the_words_of_a_parser_stay_there(patients, other_side):
    other_side("def stop(*_): raise KeyError('/root/secret')\naside.preview = stop")
    with pytest.raises(BadData, match="expected one that can be read; its reader stopped") as refusal:
        preview_aside(patients)
    assert "secret" not in str(refusal.value)


def test_what_libraries_print_is_no_answer(patients, other_side):
    other_side(
        "import os\nreal = aside.preview\n"
        "def loud(*given):\n    print('hello')\n    os.write(1, b'{}\\n')\n    return real(*given)\n"
        "aside.preview = loud"
    )
    assert preview_aside(patients)["rows"] == 40


def test_the_other_side_finds_the_library_wherever_this_one_was_started(patients, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(tmp_path)
    assert preview_aside(patients)["rows"] == 40


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("import os; aside.preview = lambda *_: os.abort()", "it took more than . GiB of memory"),
        ("import os, signal; aside.preview = lambda *_: os.kill(os.getpid(), signal.SIGSEGV)", "ended .signal 11."),
        ("import os; aside.preview = lambda *_: os._exit(3)", "its reader ended .exit code 3., for want of memory or"),
    ],
    ids=["aborted", "a fault of memory", "an exit"],
)
def test_a_reader_that_dies_is_said_as_it_died(lines, why, patients, other_side):
    other_side(lines)
    with pytest.raises(BadData, match=f"expected one that can be looked into; .*{why}"):
        preview_aside(patients)
