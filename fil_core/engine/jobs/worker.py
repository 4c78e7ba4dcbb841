"""The process of a job: reads requests as JSON on stdin, and reports on them as JSON lines on its original stdout.

When its stdin closes, the server has ended; the process then ends too, together with its own children.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fil_core.errors import FilError, where

if TYPE_CHECKING:
    from fil_core.engine.run import AnswerAll, Engine

_LINES_PER_SECOND = 10.0


def main() -> None:
    """Answer the requests one after the other; each result is in the store before the next request is started."""
    send = _Sender()
    with contextlib.suppress(OSError):  # Linux: out of memory, the system should kill this process, not the server
        Path("/proc/self/oom_score_adj").write_text("1000")
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    send(progress=[0, None, "loading"])
    from fil_core.analyses.table import request_of
    from fil_core.engine.run import Engine
    from fil_core.engine.store import Store

    engine = Engine(Store(task["store"]))
    requests = task["requests"]
    for i, values in enumerate(requests):
        progress = _Progress(send, i, len(requests))
        try:
            with _other_processes(engine) as answer_all:
                engine.get(request_of(values), progress=progress, answer_all=answer_all)
            send(answered=i)
        except FilError as error:
            send(answered=i, error=str(error))
        except MemoryError:
            send(answered=i, error="memory: this machine has no more of it. Take fewer rows or features.")
        except Exception as error:  # the other requests go on; the message is left out, as it may quote the data
            sys.stderr.write(where(type(error), error.__traceback__) + "\n")
            send(answered=i, error=f"This ended with an error in the program ({type(error).__name__}).")
    if engine.store.notice:
        send(notice=engine.store.notice)
    send(done=True)


@contextlib.contextmanager
def _other_processes(engine: Engine) -> Iterator[AnswerAll | None]:
    """Where the parts of a request are answered: by the workers of a dask scheduler if the environment names one.

    Raises:
        WorkersUnavailable: the scheduler is not there.
    """
    if not os.environ.get("FIL_SCHEDULER"):
        yield None
        return
    from fil_core.engine.fan_out.answers import answer_in
    from fil_core.engine.fan_out.executors import executor

    with executor() as workers:
        yield answer_in(engine, workers)


class _Sender:
    """Writes messages to the original stdout; whatever libraries print goes to stderr instead."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def __call__(self, **message: Any) -> None:
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()


class _Progress:
    """Sends the progress of one of several requests, at most ten times per second."""

    def __init__(self, send: _Sender, i: int, total: int) -> None:
        self._send, self._last, self._what = send, 0.0, ""
        self._before = f"{i + 1} of {total}: " if total > 1 else ""

    def __call__(self, done: int, total: int | None, what: str) -> None:
        now = time.monotonic()
        if now - self._last < 1 / _LINES_PER_SECOND and what == self._what:
            return
        self._last, self._what = now, what
        self._send(progress=[done, total, self._before + what])


def _end_with_stdin() -> None:
    # Nothing more is ever sent: reading returns when the other end closes, even by kill -9. `os.read`, because
    # `sys.stdin` would stay locked meanwhile, which can abort the interpreter at its exit.
    while os.read(0, 1024):
        pass
    with contextlib.suppress(OSError, AttributeError):
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
