"""Requests answered by a pool of processes: the same numbers, whatever happens to the processes."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
import types
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fil_core.analyses.fil.request import FilRequest
from fil_core.engine import Engine
from fil_core.engine.fan_out.answers import answer_all
from fil_core.engine.fan_out.executors import WorkersUnavailable, executor
from fil_core.engine.fan_out.pools import ThisProcess, Workers
from fil_core.engine.store import Store
from fil_core.engine.weights import keep_weights
from fil_core.errors import BadData, BadRequest
from fil_core.specs import DataSpec, ModelSpec

ROOT = Path(__file__).parents[3]
DIGITS = DataSpec(name="digits", classes=("3", "8"), subset=80)
ROUNDING = {"rtol": 1e-9, "atol": 1e-12}  # one thread there, as many as there are cores here


def request(l2=1e-3, **more):
    return FilRequest(data=DIGITS, model=ModelSpec(kind="logistic", l2=l2), **more)


SWEEP = [request(l2) for l2 in (1e-3, 1e-2, 1e-1)] + [request(sigma=2.0), request()]


@pytest.fixture(scope="module")
def pool():
    with executor(workers=2) as found:
        yield found


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    engine = Engine(Store(tmp_path_factory.mktemp("expected")))
    return [engine.get(each) for each in SWEEP]


class Counting(ThisProcess):
    """Counts what is submitted, and by how many at once nothing was waited for."""

    def __init__(self):
        self.submitted = 0

    def submit(self, fn, /, *args, **kwargs):
        self.submitted += 1
        return super().submit(fn, *args, **kwargs)


class Later(Executor):
    """Keeps what is submitted until it is told to go on."""

    def __init__(self):
        self.kept = []

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self.kept.append((future, fn, args, kwargs))
        return future

    def do(self, i):
        future, fn, args, kwargs = self.kept[i]
        future.set_result(fn(*args, **kwargs))


# --- same numbers -----------------------------------------------------------------------------------------------------


def test_a_pool_gives_the_same_answers_and_stores_them(pool, expected, tmp_path):
    told, seen = [], []
    found = answer_all(
        SWEEP, store_root=tmp_path, executor=pool, progress=lambda *p: told.append(p),
        on_answer=lambda i, answer: seen.append((i, answer)),
    )  # fmt: skip
    for got, true in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(got.table, true.table, **ROUNDING)
        np.testing.assert_allclose(got.arrays["theta"], true.arrays["theta"], **ROUNDING)
    assert sorted(i for i, _ in seen) == list(range(len(SWEEP)))
    assert all(answer is found[i] for i, answer in seen)
    assert told[0][:2] == (0, len(SWEEP))
    assert told[-1][:2] == (len(SWEEP), len(SWEEP))
    engine = Engine(Store(tmp_path))
    for each, got in zip(SWEEP, found, strict=True):
        pd.testing.assert_frame_equal(engine.find(each).table, got.table)


def test_what_is_stored_is_not_computed_again_unless_forced(tmp_path):
    executor = Counting()
    answer_all(SWEEP, store_root=tmp_path, executor=executor)
    assert executor.submitted == 4  # two of the five are the same
    before = Engine(Store(tmp_path)).find(SWEEP[0]).provenance
    answer_all(SWEEP, store_root=tmp_path, executor=executor)
    assert executor.submitted == 4
    forced = answer_all(SWEEP[:1], store_root=tmp_path, executor=executor, force=True)
    assert executor.submitted == 5
    after = Engine(Store(tmp_path)).find(SWEEP[0]).provenance
    assert after["seconds"] == forced[0].provenance["seconds"] != before["seconds"]


def test_errors_of_the_library_are_answers_and_do_not_stop_the_others(pool, tmp_path):
    wrong = [request(attribute=("nobody",)), FilRequest(data=DataSpec(name="digits", classes=("3", "z")))]
    first, second, good = answer_all([*wrong, request()], store_root=tmp_path, executor=pool)
    assert isinstance(first, BadData)
    assert "nobody" in str(first)
    assert isinstance(second, BadData)
    assert good.summary["n"] == 80


def broken(*_):
    raise ZeroDivisionError("an error that nobody expected")


def test_other_errors_are_raised_with_the_request_named(tmp_path, monkeypatch):
    monkeypatch.setattr("fil_core.engine.fan_out.answers._answer", broken)
    with pytest.raises(ZeroDivisionError) as caught:
        answer_all([request()], store_root=tmp_path, executor=ThisProcess())
    assert "FilRequest" in caught.value.__notes__[0]


def test_a_process_with_a_store_of_its_own_sends_its_answers(tmp_path, monkeypatch):
    """As on a machine that does not share our disk, to which the weights of a person have to be sent as well."""
    engine = Engine(Store(tmp_path / "here"))
    dataset = engine.dataset(DIGITS)
    weights = pd.DataFrame({"id": dataset.ids, "weight": np.linspace(0.5, 1.5, dataset.n)})
    model = ModelSpec(kind="logistic", weights=keep_weights(engine.store, weights, dataset))
    asked = FilRequest(data=DIGITS, model=model)
    there = Engine(Store(tmp_path / "there"))
    monkeypatch.setattr("fil_core.engine.fan_out.answers._engine", lambda root: there)
    (found,) = answer_all([asked], store_root=tmp_path / "here", executor=ThisProcess())
    np.testing.assert_allclose(found.table["weight"], weights["weight"])
    assert Engine(Store(tmp_path / "here")).find(asked) is not None


def test_a_process_that_sees_other_data_is_refused(tmp_path, monkeypatch):
    there = Engine(Store(tmp_path / "there"))
    other = there.dataset(DataSpec(name="digits", classes=("3", "8"), subset=81))
    monkeypatch.setattr(there, "dataset", lambda *_: other)
    monkeypatch.setattr("fil_core.engine.fan_out.answers._engine", lambda root: there)
    (found,) = answer_all([request()], store_root=tmp_path / "here", executor=ThisProcess())
    assert isinstance(found, BadData)
    assert "has others" in str(found)


# --- order, cancelling ------------------------------------------------------------------------------------------------


def test_requests_that_share_a_new_model_wait_for_the_first_of_them(tmp_path):
    executor, counts = Later(), []

    def step(done, total, what):
        counts.append(len(executor.kept))
        for i, (future, *_) in enumerate(executor.kept):
            if not future.done():
                executor.do(i)
                return

    asked = [request(), request(sigma=2.0), request(sigma=3.0), request(l2=0.1)]
    answer_all(asked, store_root=tmp_path, executor=executor, progress=step)
    assert counts[:2] == [2, 4]  # one for each of two models; when the first is done, those that need its model
    second = Later()
    more = [request(sigma=4.0), request(sigma=5.0)]
    with pytest.raises(KeyboardInterrupt):
        answer_all(more, store_root=tmp_path, executor=second, progress=interrupt_when(lambda: second.kept))
    assert len(second.kept) == 2  # their model is stored, so that both may begin


def interrupt_when(ready):
    def progress(*_):
        if ready():
            raise KeyboardInterrupt

    return progress


def test_what_progress_raises_cancels_what_has_not_begun(tmp_path):
    executor = Later()
    with pytest.raises(KeyboardInterrupt):
        answer_all(SWEEP, store_root=tmp_path, executor=executor, progress=interrupt_when(lambda: executor.kept))
    assert executor.kept
    assert all(future.cancelled() for future, *_ in executor.kept)


# --- processes that end -----------------------------------------------------------------------------------------------


def pid(_):
    return os.getpid()


def end_once(flag):
    """Ends the process that it runs in as the system would, the first time."""
    if not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "there"


def test_a_pool_that_lost_a_process_is_made_anew(pool, tmp_path):
    with pytest.raises(BrokenExecutor):
        pool.submit(end_once, str(tmp_path / "flag")).result(timeout=60)
    assert pool.submit(end_once, str(tmp_path / "flag")).result(timeout=60) == "there"


def test_a_killed_process_costs_no_answer(pool, expected, tmp_path):
    """The processes of the pool are killed while they work; the requests are answered by new ones."""
    killed = []

    def kill(*_):
        if not killed:
            killed.extend(child.pid for child in multiprocessing.active_children())
            for each in killed:
                os.kill(each, signal.SIGKILL)

    pool.submit(pid, 0).result(timeout=60)
    found = answer_all(SWEEP, store_root=tmp_path, executor=pool, progress=kill)
    assert killed
    for got, true in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(got.table, true.table, **ROUNDING)


class Dying(Executor):
    """A pool whose processes never live long."""

    submitted = 0

    def submit(self, fn, /, *args, **kwargs):
        self.submitted += 1
        future = Future()
        future.set_exception(BrokenExecutor("a process ended abruptly"))
        return future


def test_what_ends_its_process_twice_is_an_error_that_a_person_can_read(tmp_path):
    executor = Dying()
    (found,) = answer_all([request()], store_root=tmp_path, executor=executor)
    assert isinstance(found, WorkersUnavailable)
    assert "ended by the system, twice" in str(found)
    assert executor.submitted == 2


class Gone(Executor):
    """A scheduler that is lost with everything it was given, and takes nothing more."""

    submitted = 0

    def submit(self, fn, /, *args, **kwargs):
        self.submitted += 1
        if self.submitted > 1:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future = Future()
        future.cancel()
        return future


def test_a_scheduler_that_goes_away_is_said_in_words(tmp_path):
    executor = Gone()
    first, second = answer_all([request(), request(l2=0.1)], store_root=tmp_path, executor=executor)
    assert isinstance(first, WorkersUnavailable)
    assert isinstance(second, WorkersUnavailable)
    assert "the connection was lost" in str(first)


_PARENT = """
import os, time
from fil_core.engine.fan_out.pools import Workers

def who(_):
    return os.getpid()

if __name__ == "__main__":
    pool = Workers(1)
    print(pool.submit(who, 0).result(), flush=True)
    time.sleep(60)
"""


def test_workers_end_when_their_parent_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        worker = int(parent.stdout.readline())
        assert running(worker)
    finally:
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 5
    while running(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not running(worker)


def running(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_leaving_by_an_error_ends_processes_in_the_middle_of_their_work():
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt), executor(workers=1) as pool:
        worker = pool.submit(pid, 0).result(timeout=60)
        pool.submit(time.sleep, 300)
        raise KeyboardInterrupt
    assert time.monotonic() - start < 60
    assert not running(worker)


# --- options ----------------------------------------------------------------------------------------------------------


def test_each_process_computes_in_one_thread(pool):
    assert pool.submit(threads).result(timeout=60) == (1, {1})


def threads():
    import threadpoolctl
    import torch

    return torch.get_num_threads(), {each["num_threads"] for each in threadpoolctl.threadpool_info()}


@pytest.mark.parametrize("workers", [0, -1, 1.5, True])
def test_numbers_of_workers_that_are_none_are_refused(workers):
    with pytest.raises(BadRequest, match="workers: expected"), executor(workers=workers):
        pass


def test_workers_and_a_scheduler_exclude_each_other():
    with pytest.raises(BadRequest, match="expected one of them"), executor(workers=2, scheduler="tcp://127.0.0.1:1"):
        pass


def test_no_pool_starts_inside_a_server_of_pages(monkeypatch):
    runtime = types.ModuleType("streamlit.runtime")
    runtime.exists = lambda: True
    monkeypatch.setitem(sys.modules, "streamlit.runtime", runtime)
    with pytest.raises(BadRequest, match="submit a job instead"):
        Workers(2)
    runtime.exists = lambda: False
    Workers(2).shutdown()


def test_a_store_that_vanishes_meanwhile_is_no_failure(tmp_path):
    root = tmp_path / "store"

    def remove(*_):
        shutil.rmtree(root, ignore_errors=True)

    (found,) = answer_all([request()], store_root=root, executor=ThisProcess(), on_answer=remove)
    assert found.summary["n"] == 80
