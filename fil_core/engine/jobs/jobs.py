"""Work that outlives the page that started it: requests in processes of their own, with progress, limits and cancel.

A job is one process. It reports its progress on a pipe and puts its results into the store. While it is queued or
running, a record of it is kept beside the results, so that the next server can list it as interrupted.
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
from fil_core.engine.jobs.processes import follow, kill, spawn
from fil_core.errors import BadRequest
from fil_core.specs import Request
from fil_core.specs.checks import count, positive

_LOG = logging.getLogger(__name__)
_LISTED = 50  # ended jobs that stay in the list
_SHARE = 0.75  # of the free memory, for a job without a limit of its own
_SECONDS = 6 * 3600.0  # default time limit


class Jobs:
    """The jobs of one server.

    Args:
        store_root: folder of the store, also for the processes.
        running: how many jobs run at once, >= 1; others wait.
        waiting: how many jobs may wait, >= 1.
        memory_bytes: what one job may take; None for three quarters of what is free when it starts.
        seconds: how long one job may run, > 0.
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
        """Start a job, or queue it; a queued or running job for the same requests is returned instead.

        Raises:
            BadRequest: no requests, or the queue is full.
        """
        wanted = tuple(requests)
        if not wanted:
            raise BadRequest("job: expected at least one request; got none.")
        with self._lock:
            for job in self._jobs.values():
                if job.requests == wanted and not job.over:
                    return job
            if sum(job.state == "queued" for job in self._jobs.values()) >= self._waiting:
                raise BadRequest(
                    f"job: expected a free place in the queue; got a queue of {self._waiting}. Try again later, or "
                    "cancel one on the page Results."
                )
            job = Job(uuid.uuid4().hex[:12], title, wanted, "queued", datetime.now(UTC), what="waiting for its turn")
            self._jobs[job.id] = job
            self._records.write(job)
            self._forget_old(wanted)
        self._start_next()
        return self._snapshot(job.id) or job

    def find(self, requests: Sequence[Request]) -> Job | None:
        """The newest job for exactly these requests, in this order; None if there is none."""
        wanted = tuple(requests)
        return next((job for job in self.all() if job.requests == wanted), None)

    def latest(self, requests: Sequence[Request]) -> Job | None:
        """The newest job that has all of these requests, perhaps among others; None if there is none."""
        wanted = set(requests)
        return next((job for job in self.all() if wanted <= set(job.requests)), None)

    def all(self) -> list[Job]:
        """Every job, the newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def cancel(self, id: str) -> None:
        """Cancel a job; results that it has finished are kept."""
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
        """Remove a job that has ended from the list."""
        with self._lock:
            if id in self._jobs and self._jobs[id].over:
                del self._jobs[id]
                self._records.remove(id)

    def close(self) -> None:
        """Cancel all queued and running jobs."""
        with self._lock:
            active = [job.id for job in self._jobs.values() if not job.over]
        for id in reversed(active):  # the queued ones first, since the end of a running one would start them
            self.cancel(id)

    def _snapshot(self, id: str) -> Job | None:
        with self._lock:
            return self._jobs.get(id)

    def _put(self, id: str, **changes: Any) -> None:
        """Change a job. The caller holds the lock."""
        if id in self._jobs:
            self._jobs[id] = dataclasses.replace(self._jobs[id], **changes)

    def _forget_old(self, submitted: tuple[Request, ...]) -> None:
        """Drop the oldest ended jobs, and interrupted ones that are submitted again. The caller holds the lock."""
        ended = [id for id, job in self._jobs.items() if job.over]
        repeated = [
            id for id in ended if self._jobs[id].state == "interrupted" and self._jobs[id].requests == submitted
        ]
        kept = [id for id in ended if id not in repeated]
        for id in repeated + kept[: max(0, len(kept) - _LISTED)]:
            del self._jobs[id]
            self._records.remove(id)  # else the next server would list it again

    def _start_next(self) -> None:
        with self._lock:
            running = sum(job.state == "running" for job in self._jobs.values())
            queued = [job for job in self._jobs.values() if job.state == "queued"]
            next_jobs = queued[: max(0, self._running - running)]
            for job in next_jobs:
                self._put(job.id, state="running", what="starting a process", started=datetime.now(UTC))
        for job in next_jobs:
            try:
                threading.Thread(target=self._run, args=(job,), daemon=True, name=f"job {job.id}").start()
            except RuntimeError as error:  # no more threads can be started
                self._end(job.id, f"It could not be started ({error}).")

    def _run(self, job: Job) -> None:
        """Run one job in a thread of its own; whatever error occurs here, the job ends."""
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
        if cancelled:  # while its process was being started
            kill(process)
        reason, stderr = follow(
            process,
            memory_bytes=self.memory_limit,
            seconds=self._seconds,
            received=lambda message: self._receive(job.id, message),
            measured=lambda size: self._measured(job.id, size),
        )
        with self._lock:
            self._processes.pop(job.id, None)
        self._end(job.id, reason)
        ended = self._snapshot(job.id)
        if ended is not None and ended.errors and stderr:  # in the server's log, not in the browser
            _LOG.warning("job %s: its process wrote to stderr\n%s", job.id, stderr.rstrip())

    def _receive(self, id: str, received: dict[str, Any]) -> bool:
        """Update a job by one message of its process; True for the last message."""
        with self._lock:
            job = self._jobs.get(id)
            if job is None or job.over:
                return False
            if "progress" in received:
                done, total, what = received["progress"]
                if (done, total, what) != (job.done, job.total, job.what):
                    self._put(id, done=done, total=total, what=what, moved=datetime.now(UTC))
            if "answered" in received:
                errors = job.errors | ({received["answered"]: received["error"]} if "error" in received else {})
                self._put(id, finished=job.finished + 1, errors=errors, moved=datetime.now(UTC))
            if "notice" in received:
                self._put(id, notice=received["notice"])
        return "done" in received

    def _end(self, id: str, reason: str) -> None:
        """End a job; a reason other than an empty one becomes the error of every request without a result."""
        with self._lock:
            job = self._jobs.get(id)
            if job is not None and not job.over:
                # A limit that is exceeded after the last result loses nothing.
                lost = dict.fromkeys(range(job.finished, len(job.requests)), reason) if reason else {}
                errors = job.errors | lost
                state: State = "failed" if lost or len(errors) == len(job.requests) else "done"
                self._put(id, state=state, errors=errors, what=KEPT if lost else "", ended=datetime.now(UTC))
            self._records.remove(id)
        self._start_next()

    def _measured(self, id: str, size: int) -> None:
        with self._lock:
            if id in self._jobs and size > self._jobs[id].memory_bytes:
                self._put(id, memory_bytes=size)
