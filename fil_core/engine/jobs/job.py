"""One piece of long work as it stands, and the record of it that a server leaves behind."""

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
from fil_core.engine.store.folders import write_synced
from fil_core.errors import FilError
from fil_core.specs import Request, plain

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
ENDED: tuple[State, ...] = ("done", "failed", "cancelled", "interrupted")
KEPT = "What was finished is kept."


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it stands.

    Attributes:
        requests: what is asked, in order.
        done, total, what: how far the work is; total is None where nobody knows.
        finished: how many of the requests are answered, rightly or with an error.
        errors: why a request has no answer, by its position.
        notice: what to know about the disk that its answers are on.
        memory_bytes: the most that its processes took together.
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

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ENDED


class Records:
    """What is queued or running, as small files beside the results: a server that was ended cannot say it itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = {"pid": os.getpid(), "started": psutil.Process().create_time()}

    def write(self, job: Job) -> None:
        """Note a job; on a disk that cannot be written it goes without, for the job itself is none the worse."""
        record = {
            "server": self._server, "title": job.title, "submitted": job.submitted.isoformat(),
            "requests": [plain(request) for request in job.requests],
        }  # fmt: skip
        temporary = self._folder / f".{uuid.uuid4().hex}"
        try:
            # Each by itself: the mode is not for parents, and the results around this are as private as the data.
            self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.mkdir(mode=0o700, exist_ok=True)
            write_synced(temporary, json.dumps(record).encode())
            os.replace(temporary, self._folder / f"{job.id}.json")
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)  # half of it may be there

    def remove(self, id: str) -> None:
        """Forget a job."""
        with contextlib.suppress(OSError):
            (self._folder / f"{id}.json").unlink(missing_ok=True)

    def left_over(self) -> list[Job]:
        """Jobs of servers that are gone, oldest first; those of a server that lives are its own."""
        found = []
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if re.fullmatch(r"[0-9a-f]{12}\.json", path.name) and (job := self._read(path)) is not None:
                    found.append(job)
        return sorted(found, key=lambda job: job.submitted)

    def _read(self, path: Path) -> Job | None:
        try:
            record = json.loads(path.read_text())
            if _lives(record["server"]):
                return None
            requests = tuple(request_of(values) for values in record["requests"])
            submitted = datetime.fromisoformat(record["submitted"]).astimezone(UTC)
            if not isinstance(record["title"], str):
                raise TypeError("title")
            return Job(
                path.stem, record["title"], requests, "interrupted", submitted,
                what=f"The server ended while it was under way. {KEPT}",
            )  # fmt: skip
        except OSError:  # taken away meanwhile, or another user's
            return None
        except (ValueError, KeyError, TypeError, FilError):
            # Torn, or of another version of this software: nothing can be started again from it.
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            return None


def _lives(server: dict[str, Any]) -> bool:
    pid, started = server["pid"], float(server["started"])  # both, whoever lives: half a record is none
    try:
        # Process numbers are given out again; the time of the start tells two of them apart.
        return abs(psutil.Process(pid).create_time() - started) < 1.0
    except psutil.AccessDenied:  # it is there, but another user's; its job is not ours to take up
        return True
    except psutil.Error:
        return False
