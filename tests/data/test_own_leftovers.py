"""What a killed process leaves in the folder of own data is removed; what a living one writes is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from file_parts import ILL, patients_in

from fil_core.data.own import Choices, add, register
from fil_core.data.own.directory import clear_leftovers, own_directory, temporary_folder
from fil_core.data.own.uploads import kept_for_visitors, save_upload, temporary_upload, tidy

ROOT = Path(__file__).parents[2]
WRITER = """
import sys, time
from pathlib import Path
import numpy as np
from fil_core.data.own import Choices, add
save = np.save
def slow(path, array, **options):
    save(path, array, **options)
    print("saved", flush=True)
    sys.stdin.readline()
np.save = slow
print(add(Path(sys.argv[1]), Choices(target="ill")).name)
"""


@pytest.fixture
def patients(tmp_path) -> Path:
    return patients_in(tmp_path)


@pytest.fixture
def writer(patients):
    """A process that is in the middle of keeping rows."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(patients)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout.readline() == "saved\n"
    yield process
    process.kill()
    process.communicate()


def left() -> list[Path]:
    return sorted((own_directory() / "tmp").rglob("*"))


def test_rows_of_a_killed_writer_are_removed(writer):
    assert any(path.name == "X.npy" for path in left())
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert any(path.name == "X.npy" for path in left())
    clear_leftovers()
    assert left() == []


def test_what_a_living_process_writes_stays(writer):
    before = left()
    clear_leftovers()
    assert left() == before
    out, _ = writer.communicate("\n" * 20, timeout=60)
    assert [entry.name for entry in register.registered()] == [out.splitlines()[-1]]
    assert left() == []


def test_deleting_for_good_and_starting_a_command_remove_what_was_left(patients, run, tmp_path):
    entry = add(patients, Choices(**ILL))
    folder = own_directory() / "tmp" / "of an earlier version"
    for clear in (lambda: register.remove(entry.name), tidy, lambda: run("fil", "--data", patients, "--target", "ill")):
        folder.mkdir()
        np.save(folder / "X.npy", np.zeros(3))
        clear()
        assert left() == []


def test_half_written_uploads_are_removed():
    path = save_upload(b"a,b\n1,2\n", ".csv")
    half = path.with_name(".0123456789abcdef")
    half.write_bytes(b"a,b\n1")
    tidy()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_temporary_upload_is_there_only_while_it_is_read():
    with temporary_upload(b"a,b\n1,2\n", ".csv", "mine.csv") as path:
        tidy()
        assert path.read_bytes() == b"a,b\n1,2\n"
        assert path.parent.stat().st_mode & 0o077 == 0
    assert left() == []


def test_a_lock_that_another_process_removes_is_made_anew(monkeypatch):
    """The moment between the making of a lock file and its locking."""
    made, real = [], os.open

    def opened(path, *arguments, **options):
        handle = real(path, *arguments, **options)
        if str(path).endswith(".lock") and not made:
            made.append(path)
            clear_leftovers()
        return handle

    monkeypatch.setattr(os, "open", opened)
    with temporary_folder() as folder:
        monkeypatch.setattr(os, "open", real)
        assert made and folder.name != Path(made[0]).stem
        clear_leftovers()
        assert folder.is_dir()


START = """
from pathlib import Path
from fil_core.data.own import sandbox
import sys
print("started", flush=True)
sandbox.preview_in_sandbox(Path(sys.argv[1]))
"""
SLEEPING = """
import os
from pathlib import Path
from fil_core.data.own import sandbox
def busy(*_):
    Path({told!r}).write_text(str(os.getpid()))
    {how}
sandbox.preview = busy
sandbox.main()
"""


@pytest.mark.parametrize("how", ["import time; time.sleep(600)", "import re; re.fullmatch('(a*)*b', 'a' * 60)"])
def test_a_reader_ends_with_the_process_that_started_it(how, patients, tmp_path):
    """Also one that holds Python's lock, as a parser may."""
    told, script, python = tmp_path / "pid", tmp_path / "patched.py", tmp_path / "python"
    script.write_text(SLEEPING.format(told=str(told), how=how))
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}"\n')
    python.chmod(0o755)
    start = START.replace("import sys\n", f"import sys\nsandbox.sys.executable = {str(python)!r}\n")
    server = subprocess.Popen([sys.executable, "-c", start, str(patients)], env=os.environ | {"PYTHONPATH": str(ROOT)})
    try:
        wait_for(lambda: told.exists() and told.read_text())
        reader = psutil.Process(int(told.read_text()))
        server.send_signal(signal.SIGKILL)
        server.wait()
        start_of_waiting = time.monotonic()
        wait_for(lambda: not reader.is_running() or reader.status() == psutil.STATUS_ZOMBIE, seconds=5)
        assert time.monotonic() - start_of_waiting < 3
    finally:
        server.kill()
        if told.exists() and psutil.pid_exists(int(told.read_text())):
            os.kill(int(told.read_text()), signal.SIGKILL)


def wait_for(condition, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_visitors_of_a_killed_server_left_goes_at_the_next_start():
    kept, left = (save_upload(f"a,b\n{i},2\n".encode(), ".csv") for i in range(2))
    with kept_for_visitors(lambda: {kept.name}):
        assert (kept.exists(), left.exists()) == (True, False)
        again = save_upload(b"a,b\n7,8\n", ".csv")
        code = (
            "import sys; from fil_core.data.own.uploads import kept_for_visitors\n"
            "with kept_for_visitors(set): print('begun', flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        ) as other:  # fmt: skip
            assert other.stdout.readline() == "begun\n"
            assert again.exists()  # two servers share the folder: the visitor of the first one is still there
            other.stdin.close()
            assert other.wait(20) == 0
    with kept_for_visitors(set):
        assert not again.exists()
