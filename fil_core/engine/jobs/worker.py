"""The process in which a job runs: requests as JSON on stdin, what becomes of them as JSON lines on what was stdout.

It ends when its stdin closes, for then whoever asked is gone, and takes its own children with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from fil_core.errors import FilError, where

_LINES_A_SECOND = 10.0


def main() -> None:
    """Answer the requests one after the other; each answer is in the store before the next is begun."""
    say = _Speaker()
    with contextlib.suppress(OSError):  # Linux: out of memory, the system should take this process and not the server
        Path("/proc/self/oom_score_adj").write_text("1000")
    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    say(progress=[0, None, "loading"])
    from fil_core.analyses.table import request_of
    from fil_core.engine.run import Engine
    from fil_core.engine.store import Store

    engine = Engine(Store(asked["store"]))
    requests = asked["requests"]
    for i, values in enumerate(requests):
        progress = _Progress(say, i, len(requests))
        try:
            engine.get(request_of(values), progress=progress)
            say(answered=i)
        except FilError as error:
            say(answered=i, error=str(error))
        except MemoryError:
            say(answered=i, error="memory: this machine has no more of it. Take fewer rows or features.")
        except Exception as error:  # the others still have an answer; its words may hold values out of the data
            sys.stderr.write(where(type(error), error.__traceback__) + "\n")
            say(answered=i, error=f"This ended with an error in the program ({type(error).__name__}).")
    if engine.store.notice:
        say(notice=engine.store.notice)
    say(done=True)


class _Speaker:
    """Writes lines to what was stdout; what libraries print goes to stderr, and cannot be taken for one."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def __call__(self, **what: Any) -> None:
        self._out.write(json.dumps(what) + "\n")
        self._out.flush()


class _Progress:
    """The progress of one request among several, a few times a second."""

    def __init__(self, say: _Speaker, i: int, total: int) -> None:
        self._say, self._last, self._what = say, 0.0, ""
        self._before = f"{i + 1} of {total}: " if total > 1 else ""

    def __call__(self, done: int, total: int | None, what: str) -> None:
        now = time.monotonic()
        if now - self._last < 1 / _LINES_A_SECOND and what == self._what:
            return
        self._last, self._what = now, what
        self._say(progress=[done, total, self._before + what])


def _end_with_stdin() -> None:
    # Nothing more is ever sent: this ends when the other end closes, even by kill -9. `sys.stdin` would be locked
    # meanwhile, which the interpreter may not survive at its exit.
    while os.read(0, 1024):
        pass
    with contextlib.suppress(OSError, AttributeError):
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
