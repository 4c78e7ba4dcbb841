"""The processes that read files: as many at once as fit in memory, one time limit each, none outlives the server."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from fil_core.progress import Progress

_MAX_MEMORY = 8 * 2**30  # bytes of address space, of which libraries reserve one or two GiB without using them
_MIN_MEMORY = 4 * 2**30
_SHARE = 0.75  # of the available memory
_POLL = 0.1  # seconds between looks at the free memory, which other programs take and give back
_PR_SET_PDEATHSIG = 1  # of Linux: the signal that a process gets when its parent dies


def memory_limit() -> int:
    """Bytes of address space that a reader may take now."""
    return int(min(_MAX_MEMORY, max(_MIN_MEMORY, _SHARE * available())))


def available() -> int:
    """Bytes of memory that are free on this machine."""
    return int(psutil.virtual_memory().available)


class Queue:
    """Readers in the order in which they came, as many at once as their memory limits fit in the free memory.

    What a running reader may still take counts as taken. One may always run, however little memory is free.

    Args:
        free: the free memory in bytes.
    """

    def __init__(self, free: Callable[[], int] = available) -> None:
        self._free = free
        self._changed = threading.Condition()
        self._waiting: list[object] = []
        self._running: dict[object, tuple[int, subprocess.Popen[str] | None]] = {}
        self._ended: set[object] = set()  # readers that are to end before their process was known

    @contextmanager
    def place(self, memory: int, progress: Progress | None = None) -> Iterator[Callable[[subprocess.Popen[str]], None]]:
        """Wait until a reader may run; its place is free again at the end of the context.

        Args:
            memory: its limit in bytes.
            progress: told again and again that it waits, where it does; what it raises ends the waiting.

        Yields:
            What is to be called with its process once that runs.
        """
        me = object()
        with self._changed:
            self._waiting.append(me)
        try:
            while not self._admitted(me, memory):
                if progress:
                    progress(0, None, "waiting until other files are read")
            yield lambda process: self._started(me, memory, process)
        finally:
            with self._changed:
                self._running.pop(me, None)
                self._ended.discard(me)
                if me in self._waiting:
                    self._waiting.remove(me)
                self._changed.notify_all()

    def _admitted(self, me: object, memory: int) -> bool:
        """Whether it is this reader's turn and there is memory for it; looks again after a moment."""
        with self._changed:
            first = self._waiting[0] is me
            if first and (not self._running or memory <= self._free() - self._promised()):
                self._waiting.remove(me)
                self._running[me] = (memory, None)
                self._changed.notify_all()
                return True
            self._changed.wait(_POLL)
            return False

    def _started(self, me: object, memory: int, process: subprocess.Popen[str]) -> None:
        with self._changed:
            self._running[me] = (memory, process)
            ended = me in self._ended
        if ended:
            process.kill()

    def _promised(self) -> int:
        """Bytes that running readers may take beyond what they have."""
        return sum(max(0, memory - _resident(process)) for memory, process in self._running.values())

    def end(self) -> None:
        """Kill every reader that runs."""
        with self._changed:
            self._ended.update(self._running)
            processes = [process for _, process in self._running.values() if process is not None]
        for process in processes:
            process.kill()


QUEUE = Queue()


def _resident(process: subprocess.Popen[str] | None) -> int:
    """Bytes of memory that a process has."""
    with contextlib.suppress(psutil.Error):
        return 0 if process is None else int(psutil.Process(process.pid).memory_info().rss)
    return 0


def end_with_parent() -> None:
    """In a reader: end when the process ends that started it, in whichever way.

    Its end closes the other side of stdin. A thread alone would not see that while a parser holds Python's lock, so
    that the system is asked as well where it can do so.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def wait() -> None:
        while os.read(0, 2**16):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def limit_memory(memory: int) -> None:
    """In a reader: refuse to take more address space than this, in bytes."""
    try:
        import resource
    except ImportError:  # not available on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
