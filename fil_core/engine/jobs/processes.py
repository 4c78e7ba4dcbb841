"""The process behind a job: starting it, watching what it takes, ending it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from fil_core.engine.jobs.job import KEPT
from fil_core.specs import Request, plain

_ROOT = Path(__file__).parents[3]
_LOOK_SECONDS = 0.1  # how often memory and time are looked at
_TAIL = 4000  # characters of what a process wrote to stderr that are kept


class Watch(threading.Thread):
    """Ends a process that takes more memory or time than it may; `why` then says so.

    Args:
        process: with its children.
        memory_bytes, seconds: the limits.
        measured: told the bytes that they take, again and again.
    """

    def __init__(
        self,
        process: subprocess.Popen[str],
        *,
        memory_bytes: int,
        seconds: float,
        measured: Callable[[int], None],
    ) -> None:
        super().__init__(daemon=True)
        self.why = ""
        self._process, self._measured = process, measured
        self._limit, self._until, self._seconds = memory_bytes, time.monotonic() + seconds, seconds
        self._over = threading.Event()

    def run(self) -> None:
        """Look until the process is over, then end what is left of it."""
        while not self._over.wait(_LOOK_SECONDS) and self._process.poll() is None:
            size = _resident(self._process.pid)
            self._measured(size)
            if size > self._limit:
                self.why = (
                    f"memory: it needed more than the {self._limit / 2**30:.1f} GiB that a job may take, and "
                    f"was ended. Take fewer rows or features. {KEPT}"
                )
            elif time.monotonic() > self._until:
                self.why = f"time: it took more than the {self._seconds / 3600:.2g} hours that a job may take. {KEPT}"
            if self.why:
                kill(self._process)
        kill(self._process)  # its children: they would hold its end of the pipe open, and memory

    def stop(self) -> None:
        """Look no more; the process is over."""
        self._over.set()


class Tail(threading.Thread):
    """Reads what a process complains of, lest the pipe fill up, and keeps its end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self.text = ""
        self._process = process

    def run(self) -> None:
        """Read until the process is over."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.text = (self.text + line)[-_TAIL:]


def spawn(requests: Sequence[Request], store_root: Path) -> subprocess.Popen[str]:
    """Start a process on some requests.

    Raises:
        OSError: the system starts no more of them.
    """
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "fil_core.engine.jobs.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace", bufsize=1,
        env=os.environ | {"PYTHONPATH": path}, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    asked = {"store": str(store_root), "requests": [plain(request) for request in requests]}
    with contextlib.suppress(BrokenPipeError):  # it ended at once; its exit code will say so
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
    return process


def message(line: str) -> dict[str, Any]:
    """What a line of a process says; nothing, where it was torn by its end or printed before the process began."""
    with contextlib.suppress(ValueError):
        said = json.loads(line)
        return said if isinstance(said, dict) else {}
    return {}


def kill(process: subprocess.Popen[str]) -> None:
    """End a process and its children at once; its results appear whole or not at all, so it can go at any moment."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _resident(pid: int) -> int:
    """Bytes of memory of a process and its children."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        return sum(_size(p) for p in (process, *process.children(recursive=True)))
    return 0


def _size(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def death(code: int) -> str:
    """What to say of a process that ended without a last word."""
    cause = f"signal {-code}" if code < 0 else f"exit code {code}"
    return (
        f"The process that computed this ended by itself or was ended by the system ({cause}); perhaps the machine "
        f"had no memory left. {KEPT}"
    )
