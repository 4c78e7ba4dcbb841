"""The state of one job, and the record of it that outlives the server."""

from __future__ import annotations

import contextlib
import json
import os
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil

from fil_core.analyses.table import request_of
from fil_core.data import private
from fil_core.engine.store.folders import write_synced
from fil_core.specs import Request, plain

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
ENDED: tuple[State, ...] = ("done", "failed", "cancelled", "interrupted")
KEPT = "What was finished is kept."


@dataclass(frozen=True, slots=True)
class Job:
    """The state of one job at one moment.

    Attributes:
        id: 12 lower-case hex characters.
        title: how a page names it.
        requests: what it computes, in order.
        state: queued or running, or how it ended.
        submitted, started, ended: UTC; None for what has not happened yet.
        done, total, what: progress of the current request; total is None where it is unknown.
        finished: how many of the requests have a result or an error.
        errors: why a request has no result, by its position.
        notice: a warning about the disk that holds the results; empty for none.
        memory_bytes: peak memory of its processes together.
        moved: when its progress changed last; None before it has any.
    """

    id: str
    title: str
    requests: tuple[Request, ...]
    state: State
    submitted: datetime
    done: int = 0
    total: int | None = None
    what: str = ""
    finished: int = 0
    errors: dict[int, str] = field(default_factory=dict)
    started: datetime | None = None
    ended: datetime | None = None
    notice: str = ""
    memory_bytes: int = 0
    moved: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state in ENDED

    @property
    def still_seconds(self) -> float:
        """For how long a running job has made no progress; 0 for any other."""
        since = self.moved or self.started
        return (datetime.now(UTC) - since).total_seconds() if self.state == "running" and since else 0.0


class Records:
    """Records of the queued and running jobs, as small files beside the results.

    A server that was killed leaves them behind, so that the next one can list its jobs as interrupted.

    Args:
        folder: where the files are; created when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = {"pid": os.getpid(), "started": psutil.Process().create_time()}

    def write(self, job: Job) -> None:
        """Record a job; on a disk that cannot be written the job runs without a record."""
        record = {
            "server": self._server, "title": job.title, "submitted": job.submitted.isoformat(),
            "requests": [plain(request) for request in job.requests],
        }  # fmt: skip
        temporary = self._folder / f".{uuid.uuid4().hex}"
        try:
            private.make(self._folder)
            write_synced(temporary, json.dumps(record).encode())
            os.replace(temporary, self._folder / f"{job.id}.json")
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)  # it may have been written in part

    def remove(self, id: str) -> None:
        """Remove the record of a job."""
        with contextlib.suppress(OSError):
            (self._folder / f"{id}.json").unlink(missing_ok=True)

    def left_over(self) -> list[Job]:
        """Jobs of servers that have ended, oldest first; jobs of other running servers are left out."""
        jobs = []
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if re.fullmatch(r"[0-9a-f]{12}\.json", path.name) and (job := self._read(path)) is not None:
                    jobs.append(job)
        return sorted(jobs, key=lambda job: job.submitted)

    def _read(self, path: Path) -> Job | None:
        try:
            record = json.loads(path.read_text())
            if _is_running(record["server"]):
                return None
            requests = tuple(request_of(values) for values in record["requests"])
            submitted = datetime.fromisoformat(record["submitted"]).astimezone(UTC)
            if not isinstance(record["title"], str):
                raise TypeError("title")
            return Job(
                path.stem, record["title"], requests, "interrupted", submitted,
                what=f"The server ended while this was queued or running. {KEPT}",
            )  # fmt: skip
        except OSError:  # removed meanwhile, or another user's
            return None
        except Exception:
            # Incomplete, of another version of this software, or of anybody's making, by which a parser may raise
            # anything (a list in a list ten thousand times, the year 1): the job cannot be started again from it.
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            return None


def _is_running(server: dict[str, Any]) -> bool:
    pid, started = server["pid"], float(server["started"])  # read both first: an incomplete record raises
    try:
        # Process numbers are reused; two processes with the same number differ in their start time.
        return abs(psutil.Process(pid).create_time() - started) < 1.0
    except psutil.AccessDenied:  # another user's process, which is running
        return True
    except psutil.Error:
        return False
