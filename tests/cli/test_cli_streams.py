"""The command as a process: readers that go away, streams that are closed or full, interrupts, and its very end."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fil_core
from fil_core.cli import terminal
from fil_core.engine import Engine
from fil_core.engine.store import Store
from tests.analyses.example_requests import REQUESTS

ROOT = Path(__file__).parents[2]
NEIGHBOURS = REQUESTS["neighbours"]["regression"]
COMMAND = [sys.executable, "-m", "fil_core", "neighbours", "--data", "diabetes", "--subset", "80", "--json", "--out"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells and signals of POSIX")


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    """Of processes that find the result of `COMMAND` in a store."""
    store = tmp_path_factory.mktemp("stored")
    Engine(Store(store)).get(NEIGHBOURS)
    return os.environ | {"FIL_STORE_DIR": str(store), "PYTHONPATH": str(ROOT)}


def shell(command: str, environment: dict[str, str], out: Path) -> subprocess.CompletedProcess[str]:
    words = " ".join([*COMMAND, str(out)])
    script = command.replace("COMMAND", words)
    return subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("command", "code", "printed"),
    [
        ("{ sleep 0.3; COMMAND; } 2>&1 >/dev/null | true; exit ${PIPESTATUS[0]}", 0, False),
        ("COMMAND 2>&1 | head -c 10; exit ${PIPESTATUS[0]}", 0, False),
        ("{ sleep 0.3; COMMAND; } | true; exit ${PIPESTATUS[0]}", 0, False),
        ("COMMAND 2>&-", 0, True),
        ("COMMAND <&-", 0, True),
        ("COMMAND >&-", 2, False),
        ("COMMAND >&- 2>&-", 2, False),
        ("COMMAND <&- >&- 2>&-", 2, False),
        ("COMMAND >/dev/full", 2, False),
        ("COMMAND 2>/dev/full", 0, True),
    ],
)
def test_the_file_is_written_whoever_reads_what_is_printed(command, code, printed, environment, tmp_path):
    out = tmp_path / "out.csv"
    done = shell(command, environment, out)
    assert done.returncode == code, done.stderr
    assert len(pd.read_csv(out)) == 80 and os.listdir(tmp_path) == ["out.csv"]
    assert bool(printed) == (done.stdout.startswith("{") and json.loads(done.stdout)["n"] == 80)
    own = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
    silent = code == 0 or "2>&-" in command or "2>/dev/full" in command
    assert len(own) == (0 if silent else 1) and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("python -m fil_core --help | true; exit ${PIPESTATUS[0]}", 0),
        ("python -m fil_core fil --help >/dev/full", 2),
        ("python -m fil_core data >&-", 2),
        ("python -m fil_core fil --none 2>&-", 2),
    ],
)
def test_help_and_lists_need_a_reader_no_more(command, code, environment, tmp_path):
    done = shell(command.replace("python", sys.executable, 1), environment, tmp_path)
    assert done.returncode == code and "Traceback" not in done.stderr and len(done.stderr.splitlines()) <= 1


def test_a_broken_connection_is_no_reader_that_has_gone(run, monkeypatch):
    def broken(*_, **__):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(Engine, "dataset", broken)
    code, out, err = run("fil", "--data", "diabetes", "--l2", "0.1")
    assert (code, out) == (2, "") and err.startswith("fil_core: ")


def test_streams_that_are_not_there_take_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    terminal.err("x")
    assert not terminal.is_terminal()
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OSError, match="closed"):
        terminal.out("x")


# --- interrupts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "imported", ["fil_core.errors", "numpy", "pandas._libs.lib", "fil_core.cli.program", "pyarrow.lib"]
)
def test_an_interrupt_during_imports_is_one_line(imported, environment, tmp_path):
    command = [sys.executable, "-X", "importtime", *COMMAND[1:], str(tmp_path / "out.csv")]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as done:
        assert done.stderr is not None
        said = []
        for line in done.stderr:
            said.append(line)
            if re.fullmatch(rf"import time:.*\| +{re.escape(imported)}\n", line):
                done.send_signal(signal.SIGINT)
    own = [line for line in said if line.strip() and not line.startswith(("import time:", "note: "))]
    assert done.returncode == 130 and len(own) == 1 and own[0].startswith("fil_core: stopped"), own


def test_an_ignored_interrupt_stays_ignored(environment, tmp_path):
    """As a shell has it for a program that it starts in the background."""
    done = shell("trap '' INT; COMMAND & sleep 0.5; kill -INT $!; wait $!", environment, tmp_path / "out.csv")
    assert done.returncode == 0 and (tmp_path / "out.csv").is_file()


# --- the end ----------------------------------------------------------------------------------------------------------


def test_commands_at_once_end_as_they_should(environment, tmp_path):
    def code(i: int) -> int:
        return shell("COMMAND", environment, tmp_path / f"{i}.parquet").returncode

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(code, range(8))) == [0] * 8


ENDED = """
import atexit, sys
from fil_core import __main__ as program
from fil_core.cli import program as commands
class Late:
    def __del__(self): print("the interpreter was cleaned up")
late = Late()
atexit.register(print, "exit functions ran", flush=True)
commands.run = lambda argv: 7
program._program()
"""


def test_the_process_ends_without_the_clean_up_in_which_threads_can_abort_it(environment):
    done = subprocess.run(
        [sys.executable, "-c", ENDED], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "exit functions ran\n", "")


def test_arrow_is_never_given_a_python_file_or_bytes():
    """What it holds on to would call the interpreter when it is let go of, by whichever thread and however late."""
    banned = {"py_buffer", "PythonFile", "read_parquet", "to_parquet", "read_feather", "read_table"}
    for path in Path(fil_core.__path__[0]).rglob("*.py"):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        named = [(f.value, f.attr) for f in calls if isinstance(f, ast.Attribute)]
        for value, attribute in named:
            arrow = (isinstance(value, ast.Name) and value.id in ("pa", "pq", "pd")) or attribute == "to_parquet"
            assert not (arrow and attribute in banned), f"{path}: {attribute}"


def test_a_table_that_was_read_uses_no_memory_of_python(tmp_path):
    from fil_core.engine.store.encoding import decode, encode
    from fil_core.result import Result

    table = pd.DataFrame({"eta": np.arange(5.0), "label": list("abcde")}, index=pd.RangeIndex(5, name="id"))
    key, counted = "a" * 64, sys.getrefcount
    files = encode(key, Result(table, {}, {}, {}))
    before = [counted(content) for content in files.values()]
    read = decode(key, files)
    assert [counted(content) for content in files.values()] == before and read.table.equals(table)
