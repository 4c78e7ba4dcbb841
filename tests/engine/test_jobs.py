"""Jobs: progress, answers, errors, limits and ends, in real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from fil_core.engine import Engine
from fil_core.engine.job import Job
from fil_core.engine.jobs import Jobs
from fil_core.engine.store import Store
from fil_core.errors import BadRequest
from fil_core.specs import DataSpec, FilRequest, ModelSpec, plain

ROOT = Path(__file__).parents[2]
DIGITS = DataSpec(classes=("0", "1"))
QUICK = FilRequest(data=DIGITS, model=ModelSpec(kind="logistic", l2=1e-3))
OTHER = FilRequest(data=DIGITS, model=ModelSpec(kind="least-squares", l2=1e-3))
WRONG = FilRequest(model=ModelSpec(kind="least-squares"))  # of ten classes
LONG = FilRequest(data=DataSpec(name="synthetic:10000x3000"), model=ModelSpec(l2=1e-3))  # half a minute
LONGER = FilRequest(data=DataSpec(name="synthetic:10000x3000"), model=ModelSpec(l2=1e-2))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[..., Jobs]]:
    """Makes the jobs of a server, which are ended with the test."""
    made: list[Jobs] = []

    def make(**options: object) -> Jobs:
        made.append(Jobs(tmp_path / "store", **options))
        return made[-1]

    yield make
    for jobs in made:
        jobs.close()
    until(lambda: not workers(), "workers ended")


def workers() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "fil_core.engine.worker" in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def until(there: Callable[[], object], what: str, seconds: float = 60.0) -> float:
    start = time.monotonic()
    while not there():
        assert time.monotonic() - start < seconds, f"waited {seconds} s for: {what}"
        time.sleep(0.01)
    return time.monotonic() - start


def now(jobs: Jobs, job: Job) -> Job:
    return next(j for j in jobs.all() if j.id == job.id)


def over(jobs: Jobs, job: Job) -> Job:
    until(lambda: now(jobs, job).over, f"{job.title} over; it is {now(jobs, job)}")
    return now(jobs, job)


def computing(jobs: Jobs, job: Job) -> None:
    until(lambda: now(jobs, job).what not in ("waiting for its turn", "starting a process", "loading"), "work begun")


def test_a_job_answers_what_it_can_and_says_why_it_cannot_the_rest(server, tmp_path):
    jobs = server()
    seen: list[tuple[str, int]] = []
    start = time.monotonic()
    job = jobs.submit([QUICK, WRONG, OTHER], title="three")
    assert job.state == "running"
    assert job.what  # a word at once
    assert time.monotonic() - start < 1
    assert jobs.submit([QUICK, WRONG, OTHER]).id == job.id  # the same question is asked once

    def finished() -> bool:
        state = now(jobs, job)
        seen.append((state.what, state.finished))
        return state.over

    until(finished, "three answers")
    done = now(jobs, job)
    assert done.state == "done"
    assert done.finished == 3
    assert list(done.errors) == [1]
    assert "expected softmax, got least-squares" in done.errors[1]
    assert any(what.startswith("1 of 3: ") for what, _ in seen)
    assert {finished for _, finished in seen} >= {0, 3}
    assert done.memory_bytes > 50 * 2**20
    assert done.started is not None
    assert done.ended is not None
    engine = Engine(Store(tmp_path / "store"))
    for request in (QUICK, OTHER):
        stored = engine.find(request)
        direct = Engine(Store(tmp_path / "direct")).get(request)
        assert stored is not None
        assert stored.table["eta"].to_numpy() == pytest.approx(direct.table["eta"].to_numpy(), rel=1e-9)
    assert jobs.find([QUICK, WRONG, OTHER]) == done
    assert jobs.latest([OTHER]) == done
    assert jobs.find([OTHER]) is None
    assert not list((tmp_path / "store/jobs").glob("*.json"))  # nothing is left to be taken up
    jobs.forget(job.id)
    assert jobs.all() == []


def test_a_job_of_which_nothing_has_an_answer_has_failed(server):
    jobs = server()
    assert over(jobs, jobs.submit([WRONG])).state == "failed"


def test_cancelling_ends_the_process_within_two_seconds_and_lets_the_next_begin(server, tmp_path):
    jobs = server(waiting=1)
    first, second = jobs.submit([LONG], title="first"), jobs.submit([QUICK], title="second")
    assert (now(jobs, first).state, second.state) == ("running", "queued")
    with pytest.raises(BadRequest, match="expected a free place in the queue; 1 are waiting"):
        jobs.submit([LONGER])
    assert len(list((tmp_path / "store/jobs").glob("*.json"))) == 2
    computing(jobs, first)
    process = workers()[0]
    jobs.cancel(first.id)
    assert now(jobs, first).state == "cancelled"
    assert until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "gone") < 2
    assert over(jobs, second).state == "done"
    assert now(jobs, first).state == "cancelled"  # the end of its process has changed nothing
    assert Engine(Store(tmp_path / "store")).find(LONG) is None


def test_what_waits_can_be_cancelled(server):
    jobs = server()
    first, second = jobs.submit([LONG]), jobs.submit([QUICK])
    jobs.cancel(second.id)
    assert now(jobs, second).state == "cancelled"
    assert now(jobs, first).state == "running"
    jobs.cancel("nobody")  # nothing happens


def test_a_process_that_is_killed_is_a_failed_job_and_what_was_finished_is_kept(server, tmp_path):
    jobs = server()
    job = jobs.submit([QUICK, LONG])
    until(lambda: now(jobs, job).finished == 1 and now(jobs, job).what.startswith("2 of 2"), "the first answer")
    workers()[0].kill()
    failed = over(jobs, job)
    assert failed.state == "failed"
    assert list(failed.errors) == [1]
    assert "ended by the system (signal 9)" in failed.errors[1]
    assert Engine(Store(tmp_path / "store")).find(QUICK) is not None
    assert over(jobs, jobs.submit([QUICK])).state == "done"  # the server goes on


def test_a_job_that_takes_too_much_memory_is_ended_in_words(server):
    jobs = server(memory_bytes=200 * 2**20)
    failed = over(jobs, jobs.submit([LONG]))
    assert failed.state == "failed"
    assert "memory: it needed more than the 0.2 GiB that a job may take" in failed.errors[0]


def test_a_job_that_takes_too_long_is_ended_in_words(server):
    jobs = server(seconds=0.5)
    failed = over(jobs, jobs.submit([LONG]))
    assert failed.state == "failed"
    assert "time: it took more than" in failed.errors[0]


def test_closing_ends_everything(server):
    jobs = server()
    first, second = jobs.submit([LONG]), jobs.submit([LONGER])
    until(workers, "a process")
    jobs.close()
    assert {now(jobs, first).state, now(jobs, second).state} == {"cancelled"}
    assert until(lambda: not workers(), "gone") < 2


def test_a_store_that_cannot_be_written_is_said(server, tmp_path):
    (tmp_path / "store").write_text("in the way")
    jobs = server()
    done = over(jobs, jobs.submit([QUICK]))
    assert "cannot be written" in done.notice


def test_only_so_many_ended_jobs_are_listed(server, monkeypatch):
    monkeypatch.setattr("fil_core.engine.jobs._LISTED", 2)
    jobs = server()
    running = jobs.submit([LONG])
    for i in range(4):
        jobs.cancel(jobs.submit([QUICK], title=str(i)).id)
    jobs.submit([OTHER])
    titles = [job.title for job in jobs.all() if job.over]
    assert titles == ["3", "2"]
    jobs.forget(running.id)  # not over: it stays
    assert now(jobs, running).state == "running"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"running": 0}, "running"),
        ({"waiting": 0}, "waiting"),
        ({"memory_bytes": 0}, "memory"),
        ({"seconds": 0}, "sec"),
    ],
)
def test_limits_must_be_limits(options, text, tmp_path):
    with pytest.raises(BadRequest, match=text):
        Jobs(tmp_path, **options)


def test_a_job_needs_a_question(server):
    with pytest.raises(BadRequest, match="at least one request"):
        server().submit([])


SERVER = """
import sys, time
from pathlib import Path
from fil_core.engine.jobs import Jobs
from fil_core.specs import request_of
import json
jobs = Jobs(Path(sys.argv[1]))
job = jobs.submit([request_of(values) for values in json.loads(sys.argv[2])], title="left over")
while True:
    state = jobs.all()[0]
    print(json.dumps([state.state, state.what, state.finished]), flush=True)
    time.sleep(0.05)
"""


def another_server(store: Path, *requests: FilRequest) -> subprocess.Popen[str]:
    asked = json.dumps([plain(request) for request in requests])
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", SERVER, str(store), asked], stdout=subprocess.PIPE, text=True, env=environment
    )


def test_a_server_that_is_killed_takes_its_worker_along_and_leaves_a_record(server, tmp_path):
    theirs = another_server(tmp_path / "store", QUICK, LONG)
    for line in theirs.stdout:
        _, what, finished = json.loads(line)
        if finished == 1 and what.startswith("2 of 2"):
            break
    worker = workers()[0]
    alive = server()
    assert alive.all() == []  # the job of a server that lives is its own
    theirs.send_signal(signal.SIGKILL)
    theirs.wait()
    gone = until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, "the worker gone", 10)
    assert gone < 2
    (tmp_path / "store/jobs/0123456789ab.json").write_text('{"server": {')  # a record that was torn
    found = server().all()
    assert [(job.state, job.title, job.requests) for job in found] == [("interrupted", "left over", (QUICK, LONG))]
    assert not (tmp_path / "store/jobs/0123456789ab.json").exists()
    stored = Engine(Store(tmp_path / "store"))
    assert stored.find(QUICK) is not None  # whole, and read with its checks
    assert stored.find(LONG) is None
    jobs = server()
    jobs.forget(jobs.all()[0].id)
    assert server().all() == []
