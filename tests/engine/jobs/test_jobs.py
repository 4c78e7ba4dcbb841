"""Jobs: progress, answers, errors, limits and ends, in real processes."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.engine import Engine
from fil_core.engine.jobs import job as job_module
from fil_core.engine.jobs.job import Job, Records
from fil_core.engine.jobs.jobs import Jobs
from fil_core.engine.jobs.processes import message
from fil_core.engine.store import Store
from fil_core.errors import BadRequest
from fil_core.specs import DataSpec, ModelSpec, Request, plain
from fil_core.specs.weights import Irfil

ROOT = Path(__file__).parents[3]
DIGITS = DataSpec(classes=("0", "1"))
QUICK = FilRequest(data=DIGITS, model=ModelSpec(kind="logistic", l2=1e-3))
OTHER = FilRequest(data=DIGITS, model=ModelSpec(kind="least-squares", l2=1e-3))
WRONG = FilRequest(model=ModelSpec(kind="least-squares"))  # of ten classes
LONG = IrfilRequest(data=DIGITS, model=QUICK.model, weights=Irfil(iterations=1000))  # a minute or two
LONGER = IrfilRequest(data=DIGITS, model=OTHER.model, weights=Irfil(iterations=1000))


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
            if "fil_core.engine.jobs.worker" in process.cmdline():
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
    with pytest.raises(BadRequest, match="expected a free place in the queue; got a queue of 1"):
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
    assert failed.memory_bytes > 200 * 2**20


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


# What a library, or an error in this software, may do inside a process; Python runs a file of this name as it starts.
UNRULY = """
import os, signal, time
from pathlib import Path
print("printed before the process begins", flush=True)
from fil_core.engine.run import Engine
usual = Engine.get
def get(self, request, **how):
    print("printed by a library", flush=True)
    os.write(1, b"and written past Python")
    if request.model.kind == "least-squares":
        raise ZeroDivisionError("a patient's number")
    if request.model.l2 == 0.5:
        if not os.fork():
            time.sleep(60)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    return usual(self, request, **how)
Engine.get = get
"""


def test_what_goes_wrong_inside_a_process_leaves_its_words_and_the_other_answers_whole(
    server, tmp_path, monkeypatch, caplog
):
    (tmp_path / "sitecustomize.py").write_text(UNRULY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    jobs = server()
    deadly = FilRequest(data=DIGITS, model=ModelSpec(kind="logistic", l2=0.5))
    job = jobs.submit([OTHER, QUICK, deadly])
    until(workers, "a process")
    group = os.getpgid(workers()[0].pid)
    failed = over(jobs, job)
    assert list(failed.errors) == [0, 2]
    assert failed.errors[0] == "This ended with an error in the program (ZeroDivisionError)."
    assert "signal 9" in failed.errors[2]
    until(lambda: caplog.text, "its words are in the log")
    assert "printed by a library" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "worker.py" in caplog.text  # where it went wrong
    assert "a patient's number" not in caplog.text
    assert Engine(Store(tmp_path / "store")).find(QUICK) is not None
    until(lambda: not alive(group), "its child ended, which held its pipe open", 2)


def alive(group: int) -> bool:
    """Whether a process of this group still runs; one that has ended and is not yet collected does not."""
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                return True
        except (psutil.Error, ProcessLookupError):
            continue
    return False


@pytest.mark.parametrize("line", ['{"progress": [1, 2, "tr', "a library's words\n", "3\n", ""])
def test_a_line_that_was_torn_or_is_no_message_says_nothing(line):
    assert message(line) == {}
    assert message('{"done": true}\n') == {"done": True}


def test_only_so_many_ended_jobs_are_listed(server, monkeypatch):
    monkeypatch.setattr("fil_core.engine.jobs.jobs._LISTED", 2)
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
from fil_core.engine.jobs.jobs import Jobs
from fil_core.analyses.table import request_of
import json
jobs = Jobs(Path(sys.argv[1]))
job = jobs.submit([request_of(values) for values in json.loads(sys.argv[2])], title="left over")
while True:
    state = jobs.all()[0]
    print(json.dumps([state.state, state.what, state.finished]), flush=True)
    time.sleep(0.05)
"""


def another_server(store: Path, *requests: Request) -> subprocess.Popen[str]:
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
    found = server().all()
    assert [(job.state, job.title, job.requests) for job in found] == [("interrupted", "left over", (QUICK, LONG))]
    stored = Engine(Store(tmp_path / "store"))
    assert stored.find(QUICK) is not None  # whole, and read with its checks
    assert stored.find(LONG) is None


def record(folder: Path, id: str, **changes: object) -> Path:
    """What a server leaves that was ended: its number is another process's by now."""
    record = {
        "server": {"pid": os.getpid(), "started": 1e9},
        "title": id,
        "submitted": "2026-01-02T03:04:05+00:00",
        "requests": [plain(QUICK)],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{id}.json"
    path.write_text(json.dumps(record | changes))
    return path


def test_what_a_server_left_can_be_forgotten_or_asked_again(server, tmp_path):
    for id, request in (("aaaaaaaaaaaa", QUICK), ("bbbbbbbbbbbb", LONG)):
        record(tmp_path / "store/jobs", id, requests=[plain(request)])
    jobs = server()
    assert {job.id: job.state for job in jobs.all()} == {"aaaaaaaaaaaa": "interrupted", "bbbbbbbbbbbb": "interrupted"}
    jobs.forget("aaaaaaaaaaaa")
    again = jobs.submit([LONG])
    assert [job.id for job in jobs.all()] == [again.id]
    jobs.cancel(again.id)
    assert server().all() == []  # nor does the next server find them


@pytest.mark.parametrize(
    "changes",
    [
        {"server": None},
        {"server": {"pid": "12", "started": 0}},
        {"server": {"pid": 12}},
        {"requests": 5},
        {"requests": [{"type": "FilRequest", "asked": "in another version"}]},
        {"requests": [{"type": "os.system"}]},
        {"submitted": "yesterday"},
        {"submitted": 1},
        {"title": None},
        {"submitted": "0001-01-01T00:00:00+23:59"},
        {"submitted": "9999-12-31T23:59:59-23:59"},
        {"server": {"pid": 1, "started": 10**400}},
        {"server": [1, 2]},
        {"requests": [{"type": "FilRequest", "data": [[]]}]},
        {"requests": [{"type": "FilRequest", "model": "linear"}]},
    ],
)
def test_a_record_that_cannot_be_read_is_taken_away(changes, tmp_path):
    path = record(tmp_path, "0123456789ab", **changes)
    assert Records(tmp_path).left_over() == []
    assert not path.exists()


def test_a_torn_record_is_taken_away_and_what_is_none_is_left_alone(tmp_path):
    torn, other = record(tmp_path, "0123456789ab"), record(tmp_path, "notes")
    torn.write_text(torn.read_text()[:40])
    assert Records(tmp_path).left_over() == []
    assert (torn.exists(), other.exists()) == (False, True)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"server":' * 100_000, "\x00", "\ud800", "1e999", ""])
def test_a_record_that_no_parser_takes_is_taken_away(text, tmp_path):
    path = record(tmp_path, "0123456789ab")
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert Records(tmp_path).left_over() == []
    assert not path.exists()


def test_a_job_knows_for_how_long_it_has_made_no_progress(server):
    jobs = server()
    job = jobs.submit([LONG])
    queued = jobs.submit([LONGER])
    computing(jobs, job)
    (worker,) = workers()
    worker.suspend()
    time.sleep(0.3)  # what it sent before arrives
    one = now(jobs, job).still_seconds
    time.sleep(0.5)
    two = now(jobs, job).still_seconds
    assert 0.45 < two - one < 5
    assert now(jobs, queued).still_seconds == 0  # it waits
    assert now(jobs, job).memory_bytes > 0  # its memory is measured meanwhile, which is no progress
    worker.resume()
    until(lambda: now(jobs, job).still_seconds < 0.2, "progress again")
    jobs.cancel(job.id)
    jobs.cancel(queued.id)
    assert now(jobs, job).still_seconds == 0


def waiting() -> Job:
    return Job("0123456789ab", "waiting", (QUICK,), "queued", datetime.now(UTC))


def test_a_record_is_for_its_owner_and_of_a_server_that_lives(tmp_path):
    records = Records(tmp_path / "store/jobs")
    records.write(waiting())
    assert (tmp_path / "store/jobs").stat().st_mode & 0o077 == 0
    assert Records(tmp_path / "store/jobs").left_over() == []
    assert [path.name for path in (tmp_path / "store/jobs").iterdir()] == ["0123456789ab.json"]
    records.remove("0123456789ab")
    assert not list((tmp_path / "store/jobs").iterdir())


def test_a_record_for_which_the_disk_has_no_room_is_done_without(tmp_path, monkeypatch):
    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(job_module, "write_synced", full)
    Records(tmp_path / "jobs").write(waiting())
    assert not list((tmp_path / "jobs").iterdir())


def test_what_a_job_leaves_on_the_disk_is_its_owners_alone(server, tmp_path):
    server().submit([LONG])  # the first that this store hears of
    made = [tmp_path / "store", tmp_path / "store/jobs"]
    assert [path.stat().st_mode & 0o777 for path in made] == [0o700, 0o700]


def test_the_job_of_another_users_server_is_left_alone(server, tmp_path, monkeypatch):
    theirs = another_server(tmp_path / "store", LONG)
    try:
        json.loads(theirs.stdout.readline())  # the record is there by now

        def denied(_: psutil.Process) -> float:
            raise psutil.AccessDenied(theirs.pid)

        with monkeypatch.context() as system:
            records = Records(tmp_path / "store/jobs")
            system.setattr(psutil.Process, "create_time", denied)
            assert records.left_over() == []
        assert len(list((tmp_path / "store/jobs").glob("*.json"))) == 1
    finally:
        theirs.kill()
        theirs.wait()
