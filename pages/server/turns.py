"""Whose page is drawn now, where many are asked for at once.

Threads that draw pages at the same time hold each other up: the interpreter runs one of them at a time, and changing
between them takes about as long again as the drawing. They draw in the order in which they came instead.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_SWITCH_SECONDS = 0.03


def let_threads_finish() -> None:
    """Let a thread go on for longer before the interpreter changes to another, as it does every 5 ms by itself.

    A page that is drawn wakes the server's own thread with each of its hundred messages. It takes a fifth less time
    where that one waits for a moment, which nobody sees.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)


class Turns:
    """A few places and a queue in front of them, first come first served.

    Args:
        places: how many may be at it at once.
        seconds: after which somebody's place is free again, although they go on: a page that takes this long computes
            or reads, mostly outside the interpreter.
    """

    def __init__(self, places: int, *, seconds: float) -> None:
        self._places, self._seconds = places, seconds
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._begun: dict[object, float] = {}

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a place; it is given up at the end of the block."""
        me = object()
        with self._changed:
            self._queue.append(me)
            while self._queue[0] is not me:
                self._changed.wait()
            while (left := self._until_free()) > 0:
                self._changed.wait(left)
            self._queue.popleft()
            self._begun[me] = time.monotonic()
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                del self._begun[me]
                self._changed.notify_all()

    def _until_free(self) -> float:
        """Seconds until a place is free, if nobody leaves before; 0 where one is."""
        now = time.monotonic()
        left = sorted(until for begun in self._begun.values() if (until := begun + self._seconds - now) > 0)
        return left[-self._places] if len(left) >= self._places else 0.0
