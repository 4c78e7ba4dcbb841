"""What can go wrong around a result: nothing stored is lost or wrong, and the next request is answered."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.table import key
from fil_core.data import resolve
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.specs import DataSpec, ModelSpec, plain

ROOT = Path(__file__).parents[2]
DIGITS = DataSpec(classes=("3", "8"))
ASKED = FilRequest(data=DIGITS, model=ModelSpec(kind="logistic", l2=1e-2))
BEFORE = FilRequest(data=DIGITS, model=ModelSpec(kind="logistic", l2=1e-1))
FILES = ("table.parquet", "arrays.npz", "manifest.json")


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """What the answer is, from a store that nothing happened to."""
    return Engine(Store(tmp_path_factory.mktemp("truth"))).get(ASKED).table


def same(found: pd.DataFrame, truth: pd.DataFrame) -> None:
    assert found.index.equals(truth.index)
    np.testing.assert_allclose(found["eta"], truth["eta"], rtol=1e-9)  # threads may add up in another order


def process(code: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, **options)


def folders(root: Path) -> list[Path]:
    return [path for path in root.glob("[0-9a-f][0-9a-f]/*") if path.is_dir()]


# A process that is killed when half of the bytes of a file of its second result (the first is the model) are written.
HALF_WRITTEN = """
import json, os, signal, sys
from pathlib import Path
from fil_core.engine import Engine
from fil_core.engine.store import folders
from fil_core.engine.store import Store
from fil_core.analyses.table import request_of

whole, seen = folders.write_synced, []
def half(path, content):
    seen.append(path.name)
    if seen.count(sys.argv[3]) < 2:
        return whole(path, content)
    whole(path, content[:len(content) // 2])
    os.kill(os.getpid(), signal.SIGKILL)
folders.write_synced = half
engine = Engine(Store(sys.argv[1]))
request = request_of(json.loads(sys.argv[2]))
engine.compute(request)
"""


@pytest.mark.parametrize("file", FILES)
def test_a_worker_that_is_killed_in_the_middle_of_writing_leaves_nothing_half(file, tmp_path, truth):
    before = Engine(Store(tmp_path)).get(BEFORE).table
    ended = process(HALF_WRITTEN, tmp_path, json.dumps(plain(ASKED)), file)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert list((tmp_path / "tmp").iterdir())  # what it left, out of everybody's sight
    engine = Engine(Store(tmp_path))
    assert engine.find(ASKED) is None
    same(engine.find(BEFORE).table, before)
    same(engine.get(ASKED).table, truth)
    same(Engine(Store(tmp_path)).find(ASKED).table, truth)
    assert engine.store.notice is None


@pytest.mark.parametrize("file", FILES)
def test_a_result_that_was_damaged_is_set_aside_and_computed_again(file, tmp_path, truth):
    engine = Engine(Store(tmp_path))
    engine.get(ASKED)
    asked = dataclasses.replace(ASKED, data=resolve(DIGITS))
    name = key(asked, engine.dataset(DIGITS).fingerprint)
    path = tmp_path / name[:2] / name / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    engine = Engine(Store(tmp_path))
    assert engine.find(ASKED) is None
    assert "was damaged" in engine.store.notice
    assert [p.name for p in (tmp_path / "damaged").iterdir()] == [f"{name}-0"]
    same(engine.get(ASKED).table, truth)
    same(Engine(Store(tmp_path)).find(ASKED).table, truth)


# A disk on which no file may grow beyond some bytes: the system says so in the middle of writing, as a full one does.
FULL = """
import errno, json, resource, signal, sys
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.analyses.table import request_of

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
engine = Engine(Store(sys.argv[1]))
request = request_of(json.loads(sys.argv[2]))
result = engine.get(request)
again = engine.find(request)
print(json.dumps([len(result.table), again is not None, engine.store.notice]))
"""


def test_a_full_disk_is_said_and_the_answer_is_given_all_the_same(tmp_path, truth):
    before = Engine(Store(tmp_path)).get(BEFORE).table
    ended = process(FULL, tmp_path, json.dumps(plain(ASKED)))
    assert ended.returncode == 0, ended.stderr
    rows, again, notice = json.loads(ended.stdout)
    assert rows == len(truth)
    assert again  # from memory
    assert "cannot be written" in notice
    engine = Engine(Store(tmp_path))
    assert engine.find(ASKED) is None
    same(engine.find(BEFORE).table, before)
    assert not list((tmp_path / "tmp").iterdir())  # what did not fit was taken away again
    same(engine.get(ASKED).table, truth)


# A server with jobs of its own; it waits for the other to be ready, so that both write at the same time.
SERVER = """
import json, sys, time
from pathlib import Path
from fil_core.engine.jobs.jobs import Jobs
from fil_core.analyses.table import request_of

jobs = Jobs(Path(sys.argv[1]))
requests = [request_of(values) for values in json.loads(sys.argv[2])]
Path(sys.argv[3]).write_text("ready")
while not Path(sys.argv[4]).exists():
    time.sleep(0.005)
job = jobs.submit(requests)
while not jobs.find(requests).over:
    time.sleep(0.02)
done = jobs.find(requests)
print(json.dumps([done.state, len(done.errors), done.notice]))
"""


def test_two_servers_on_one_store_get_the_same_answers(tmp_path, truth):
    root, environment = tmp_path / "store", os.environ | {"PYTHONPATH": str(ROOT)}
    asked = json.dumps([plain(ASKED), plain(BEFORE)])
    flags = [tmp_path / "one", tmp_path / "two"]
    servers = [
        subprocess.Popen(
            [sys.executable, "-c", SERVER, root, asked, own, other], env=environment, stdout=subprocess.PIPE, text=True
        )
        for own, other in (flags, flags[::-1])
    ]
    said = [json.loads(server.communicate(timeout=120)[0]) for server in servers]
    assert said == [["done", 0, ""]] * 2
    engine = Engine(Store(root))
    same(engine.find(ASKED).table, truth)
    assert engine.find(BEFORE) is not None
    assert len(folders(root)) == 4  # each result, and the model behind it, once
    assert not list((root / "tmp").iterdir())
    assert not (root / "damaged").exists()


def test_what_killed_writers_left_is_taken_away_after_a_while(tmp_path):
    left = tmp_path / "tmp" / "left"
    left.mkdir(parents=True)
    hours_ago = time.time() - 2 * 3600
    os.utime(left, (hours_ago, hours_ago))
    Store(tmp_path)
    assert not left.exists()
