"""The process of a job: starting it, watching its memory and time, ending it."""

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
_CHECK_SECONDS = 0.1  # how often memory and time are checked
_TAIL = 4000  # last characters of a process's stderr that are kept


class Watch(threading.Thread):
    """Kills a process that exceeds its memory or time limit.

    Attributes:
        reason: which limit it exceeded, in a sentence; empty for none.

    Args:
        process: the process; its children count as well.
        memory_bytes, seconds: the limits.
        measured: called again and again with the bytes of memory that they take.
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
        self.reason = ""
        self._process, self._measured = process, measured
        self._limit, self._until, self._seconds = memory_bytes, time.monotonic() + seconds, seconds
        self._over = threading.Event()

    def run(self) -> None:
        """Check until the process has ended, then kill children that it left."""
        while not self._over.wait(_CHECK_SECONDS) and self._process.poll() is None:
            size = _resident(self._process.pid)
            self._measured(size)
            if size > self._limit:
                self.reason = (
                    f"memory: it needed more than the {self._limit / 2**30:.1f} GiB that a job may take, and "
                    f"was ended. Take fewer rows or features. {KEPT}"
                )
            elif time.monotonic() > self._until:
                self.reason = (
                    f"time: it took more than the {self._seconds / 3600:.2g} hours that a job may take. {KEPT}"
                )
            if self.reason:
                kill(self._process)
        kill(self._process)  # its children, which would keep the pipe open and memory in use

    def stop(self) -> None:
        """Stop checking: the process has ended."""
        self._over.set()


class StderrTail(threading.Thread):
    """Reads the stderr of a process, so that the pipe never fills up, and keeps the end of it as `text`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self.text = ""
        self._process = process

    def run(self) -> None:
        """Read until the process ends."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.text = (self.text + line)[-_TAIL:]


def spawn(requests: Sequence[Request], store_root: Path) -> subprocess.Popen[str]:
    """Start a process that answers requests.

    Raises:
        OSError: the system could not start it.
    """
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "fil_core.engine.jobs.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace", bufsize=1,
        env=os.environ | {"PYTHONPATH": path}, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    task = {"store": str(store_root), "requests": [plain(request) for request in requests]}
    with contextlib.suppress(BrokenPipeError):  # it ended at once; its exit code is reported later
        process.stdin.write(json.dumps(task) + "\n")
        process.stdin.flush()
    return process


def follow(
    process: subprocess.Popen[str],
    *,
    memory_bytes: int,
    seconds: float,
    received: Callable[[dict[str, Any]], bool],
    measured: Callable[[int], None],
) -> tuple[str, str]:
    """Receive the messages of a process until it ends.

    Args:
        process: as `spawn` started it.
        memory_bytes: its memory limit.
        seconds: its time limit.
        received: called with each message; True for the last one.
        measured: called again and again with the bytes of memory that it takes.

    Returns:
        Why it ended before its last message, in a sentence (empty where it did not), and the end of its stderr.
    """
    watch = Watch(process, memory_bytes=memory_bytes, seconds=seconds, measured=measured)
    watch.start()
    stderr = StderrTail(process)
    stderr.start()
    finished = False
    assert process.stdout is not None
    for line in process.stdout:
        finished = received(message(line)) or finished
    code = process.wait()
    stderr.join(1.0)
    watch.stop()
    return watch.reason or ("" if finished else unexpected_end(code)), stderr.text


def message(line: str) -> dict[str, Any]:
    """The message in a line of a process's stdout; empty for a line that is incomplete or not a message."""
    with contextlib.suppress(ValueError):
        content = json.loads(line)
        return content if isinstance(content, dict) else {}
    return {}


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a process and its children; safe at any moment, since results are stored whole or not at all."""
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


def unexpected_end(code: int) -> str:
    """The error of a process that ended without reporting that it was done, from its exit code."""
    cause = f"signal {-code}" if code < 0 else f"exit code {code}"
    return (
        f"The process that computed this ended unexpectedly or was ended by the system ({cause}); perhaps the machine "
        f"had no memory left. {KEPT}"
    )
