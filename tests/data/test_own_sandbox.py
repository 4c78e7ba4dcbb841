"""The sandbox: the same results as without it, limits on memory and time, and crashes that are reported."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psutil
import pytest
from file_parts import ILL, csv, patients_in, table

from fil_core.data.own import Choices, readers, registered, sandbox
from fil_core.data.own.reading import preview
from fil_core.data.own.sandbox import add_in_sandbox, preview_in_sandbox
from fil_core.data.own.uploads import save_upload
from fil_core.errors import BadData


@pytest.fixture
def patients(tmp_path) -> Path:
    return patients_in(tmp_path)


@pytest.fixture
def run_first(tmp_path, monkeypatch):
    """Make the sandbox execute some lines of Python before its task."""

    def patch(lines: str) -> None:
        script = tmp_path / "patched.py"
        script.write_text(f"import fil_core.data.own.sandbox as sandbox\n{lines}\nsandbox.main()\n")
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}"\n')
        python.chmod(0o755)
        monkeypatch.setattr(sandbox.sys, "executable", str(python))

    return patch


@pytest.fixture
def running():
    """The processes that this test has started and that are still running."""
    before = set(psutil.Process().children(recursive=True))

    def since() -> list[psutil.Process]:
        now = set(psutil.Process().children(recursive=True)) - before
        return [child for child in now if child.status() != psutil.STATUS_ZOMBIE]

    return since


def test_results_are_those_without_the_sandbox(patients, running):
    content = preview_in_sandbox(patients)
    assert content == json.loads(json.dumps(preview(patients)))
    assert content["rows"] == 40
    reports = []
    entry = add_in_sandbox(
        patients, Choices(**ILL), title="Ward 3.csv", progress=lambda *report: reports.append(report)
    )
    assert registered() == [entry]
    assert (entry.title, entry.rows) == ("Ward 3.csv", 32)
    assert reports
    assert running() == []


def test_an_error_names_the_file_by_its_title():
    path = save_upload(csv(table())[:-9], ".csv")
    with pytest.raises(BadData, match=r"^Ward 3\.csv: expected 4 entries in the last row") as refusal:
        add_in_sandbox(path, Choices(**ILL), title="Ward 3.csv")
    assert path.name not in str(refusal.value)
    assert registered() == []


def test_a_timeout_ends_the_process(patients, run_first, running):
    run_first("import time; sandbox.preview = lambda *_: time.sleep(600)")
    with pytest.raises(BadData, match="more than 2 seconds"):
        preview_in_sandbox(patients, seconds=2)
    assert running() == []


def test_the_memory_limit_is_reported(patients, run_first, monkeypatch):
    for name in ("_MIN_MEMORY", "_MAX_MEMORY"):
        monkeypatch.setattr(readers, name, 2**31)
    run_first(f"sandbox.preview = lambda *_: bytes({2**32})")
    with pytest.raises(BadData, match="fits in 2 GiB of memory"):
        preview_in_sandbox(patients)


def test_a_killed_process_is_reported_as_out_of_memory(patients, run_first):
    run_first("import os; sandbox.preview = lambda *_: os.kill(os.getpid(), 9)")
    with pytest.raises(BadData, match="more than . GiB of memory"):
        preview_in_sandbox(patients)


def test_an_unexpected_error_is_reported_by_its_type_alone(patients, run_first):
    run_first("def stop(*_): raise KeyError('/root/secret')\nsandbox.preview = stop")
    with pytest.raises(BadData, match=r"failed \(KeyError\)") as refusal:
        preview_in_sandbox(patients)
    assert "secret" not in str(refusal.value)


def test_output_of_libraries_is_not_part_of_the_answer(patients, run_first):
    run_first(
        "import os\nreal = sandbox.preview\n"
        "def loud(*arguments):\n    print('hello')\n    os.write(1, b'{}\\n')\n    return real(*arguments)\n"
        "sandbox.preview = loud"
    )
    assert preview_in_sandbox(patients)["rows"] == 40


def test_the_sandbox_finds_the_library_from_any_working_directory(patients, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(tmp_path)
    assert preview_in_sandbox(patients)["rows"] == 40


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        ("import os; sandbox.preview = lambda *_: os.abort()", "more than . GiB of memory"),
        ("import os, signal; sandbox.preview = lambda *_: os.kill(os.getpid(), signal.SIGSEGV)", "signal 11"),
        ("import os; sandbox.preview = lambda *_: os._exit(3)", "exit code 3"),
    ],
    ids=["abort", "segmentation fault", "exit"],
)
def test_a_crash_is_reported_with_its_cause(lines, cause, patients, run_first):
    run_first(lines)
    with pytest.raises(BadData, match=cause):
        preview_in_sandbox(patients)
