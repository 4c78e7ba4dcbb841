"""Work that outlives the page that asked for it: requests in processes of their own, with progress and an end.

A job is one process. It says on a pipe how far it is; its answers are in the store, where everybody finds them. While
it is queued or running, a record of it is kept beside the results, which says what a server left that was ended.
"""

from __future__ import annotations

import atexit
import dataclasses
import logging
import subprocess
import threading
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from fil_core.engine.jobs.job import KEPT, Job, Records, State
from fil_core.engine.jobs.processes import Tail, Watch, death, kill, message, spawn
from fil_core.errors import BadRequest
from fil_core.specs import Request
from fil_core.specs.checks import count, positive

_LOG = logging.getLogger(__name__)
_LISTED = 50  # jobs that ended and are still listed
_SHARE = 0.75  # of the free memory, for a job without a limit of its own
_SECONDS = 6 * 3600.0


class Jobs:
    """The jobs of one server.

    Args:
        store_root: folder of the results, the same for the processes.
        running: how many run at once; others wait.
        waiting: how many may wait.
        memory_bytes: what one job may take; None for three quarters of what is free when it starts.
        seconds: how long one may run.
    """

    def __init__(
        self,
        store_root: Path,
        *,
        running: int = 1,
        waiting: int = 20,
        memory_bytes: int | None = None,
        seconds: float = _SECONDS,
    ) -> None:
        count("running", running)
        count("waiting", waiting)
        count("memory_bytes", memory_bytes)
        positive("seconds", seconds)
        self._root, self._running, self._waiting = store_root, running, waiting
        self._memory, self._seconds = memory_bytes, seconds
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._records = Records(store_root / "jobs")
        for job in self._records.left_over():
            self._jobs[job.id] = job
        atexit.register(self.close)

    @property
    def memory_limit(self) -> int:
        """Bytes that a job started now may take."""
        return self._memory or int(_SHARE * psutil.virtual_memory().available)

    @property
    def seconds(self) -> float:
        """How long a job may run."""
        return self._seconds

    def submit(self, requests: Sequence[Request], *, title: str = "") -> Job:
        """Start a job, or put it in the queue; equal requests that are there already are not asked twice.

        Raises:
            BadRequest: no requests, or the queue is full.
        """
        asked = tuple(requests)
        if not asked:
            raise BadRequest("job: expected at least one request; got none.")
        with self._lock:
            for job in self._jobs.values():
                if job.requests == asked and not job.over:
                    return job
            if sum(job.state == "queued" for job in self._jobs.values()) >= self._waiting:
                raise BadRequest(
                    f"job: expected a free place in the queue; {self._waiting} are waiting. Try again later, or "
                    "cancel one on the page Results."
                )
            job = Job(uuid.uuid4().hex[:12], title, asked, "queued", datetime.now(UTC), what="waiting for its turn")
            self._jobs[job.id] = job
            self._records.write(job)
            self._forget_old(asked)
        self._start_next()
        return self._snapshot(job.id) or job

    def find(self, requests: Sequence[Request]) -> Job | None:
        """The newest job for exactly these requests."""
        asked = tuple(requests)
        return next((job for job in self.all() if job.requests == asked), None)

    def latest(self, requests: Sequence[Request]) -> Job | None:
        """The newest job that was asked all of these, perhaps with others."""
        asked = set(requests)
        return next((job for job in self.all() if asked <= set(job.requests)), None)

    def all(self) -> list[Job]:
        """Every job, the newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def cancel(self, id: str) -> None:
        """End a job; what it has finished is kept."""
        with self._lock:
            job = self._jobs.get(id)
            if job is None or job.over:
                return
            self._put(id, state="cancelled", what=KEPT, ended=datetime.now(UTC))
            process = self._processes.get(id)
            self._records.remove(id)
        if process is not None:
            kill(process)
        self._start_next()

    def forget(self, id: str) -> None:
        """Take a job that is over off the list."""
        with self._lock:
            if id in self._jobs and self._jobs[id].over:
                del self._jobs[id]
                self._records.remove(id)

    def close(self) -> None:
        """End everything that is queued or running."""
        with self._lock:
            going = [job.id for job in self._jobs.values() if not job.over]
        for id in reversed(going):  # those that wait first, or each would be started by the end of the one before
            self.cancel(id)

    def _snapshot(self, id: str) -> Job | None:
        with self._lock:
            return self._jobs.get(id)

    def _put(self, id: str, **changes: Any) -> None:
        """Change a job; the lock is held."""
        if id in self._jobs:
            self._jobs[id] = dataclasses.replace(self._jobs[id], **changes)

    def _forget_old(self, asked: tuple[Request, ...]) -> None:
        """Drop the oldest that are over, and what a server left that is now asked again; the lock is held."""
        over = [id for id, job in self._jobs.items() if job.over]
        again = [id for id in over if self._jobs[id].state == "interrupted" and self._jobs[id].requests == asked]
        kept = [id for id in over if id not in again]
        for id in again + kept[: max(0, len(kept) - _LISTED)]:
            del self._jobs[id]
            self._records.remove(id)  # or it would be back when the server starts anew

    def _start_next(self) -> None:
        with self._lock:
            going = sum(job.state == "running" for job in self._jobs.values())
            waiting = [job for job in self._jobs.values() if job.state == "queued"]
            begun = waiting[: max(0, self._running - going)]
            for job in begun:
                self._put(job.id, state="running", what="starting a process", started=datetime.now(UTC))
        for job in begun:
            try:
                threading.Thread(target=self._run, args=(job,), daemon=True, name=f"job {job.id}").start()
            except RuntimeError as error:  # the system starts no more of them
                self._end(job.id, f"It could not be started ({error}).")

    def _run(self, job: Job) -> None:
        """The life of one job, in a thread of its own; whatever goes wrong here, the job comes to an end."""
        try:
            self._follow(job)
        except Exception as error:
            with self._lock:
                process = self._processes.pop(job.id, None)
            if process is not None:
                kill(process)
                process.wait()
            self._end(job.id, f"The process could not be followed ({type(error).__name__}: {error}). {KEPT}")
            raise

    def _follow(self, job: Job) -> None:
        try:
            process = spawn(job.requests, self._root)
        except OSError as error:
            self._end(job.id, f"The process could not be started ({error.strerror or error}).")
            return
        with self._lock:
            self._processes[job.id] = process
            cancelled = self._jobs[job.id].over if job.id in self._jobs else True
        if cancelled:  # between the decision to start and the start
            kill(process)
        watch = Watch(
            process,
            memory_bytes=self.memory_limit,
            seconds=self._seconds,
            measured=lambda size: self._measured(job.id, size),
        )
        watch.start()
        errors_said = Tail(process)
        errors_said.start()
        finished = False
        assert process.stdout is not None
        for line in process.stdout:
            finished = self._receive(job.id, message(line)) or finished
        code = process.wait()
        errors_said.join(1.0)
        watch.stop()
        with self._lock:
            self._processes.pop(job.id, None)
        self._end(job.id, watch.why or ("" if finished else death(code)))
        ended = self._snapshot(job.id)
        if ended is not None and ended.errors and errors_said.text:  # for who runs the server, not for the browser
            _LOG.warning("job %s: its process said\n%s", job.id, errors_said.text.rstrip())

    def _receive(self, id: str, said: dict[str, Any]) -> bool:
        """Take in a line of the process; True for its last."""
        with self._lock:
            job = self._jobs.get(id)
            if job is None or job.over:
                return False
            if "progress" in said:
                done, total, what = said["progress"]
                self._put(id, done=done, total=total, what=what)
            if "answered" in said:
                errors = job.errors | ({said["answered"]: said["error"]} if "error" in said else {})
                self._put(id, finished=job.finished + 1, errors=errors)
            if "notice" in said:
                self._put(id, notice=said["notice"])
        return "done" in said

    def _end(self, id: str, why: str) -> None:
        with self._lock:
            job = self._jobs.get(id)
            if job is not None and not job.over:
                # What was not answered has this for its answer; a limit reached after the last answer harms nobody.
                lost = dict.fromkeys(range(job.finished, len(job.requests)), why) if why else {}
                errors = job.errors | lost
                state: State = "failed" if lost or len(errors) == len(job.requests) else "done"
                self._put(id, state=state, errors=errors, what=KEPT if lost else "", ended=datetime.now(UTC))
            self._records.remove(id)
        self._start_next()

    def _measured(self, id: str, size: int) -> None:
        with self._lock:
            if id in self._jobs and size > self._jobs[id].memory_bytes:
                self._put(id, memory_bytes=size)
