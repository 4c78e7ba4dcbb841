"""Executors on this machine: a pool of processes that survives the loss of one, and the current process."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from multiprocessing.connection import Connection
from typing import ParamSpec, TypeVar

from fil_core.errors import BadRequest
from fil_core.specs.checks import MOST_WORKERS, count

P = ParamSpec("P")
T = TypeVar("T")


class ThisProcess(Executor):
    """Computes in the current process, before `submit` returns."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Compute now; returns a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Workers(Executor):
    """A pool of spawned processes that is created anew when the system has ended one of them.

    Its processes hold one end of a pipe. The pipe closes when this process ends, even by kill -9, and they end too.

    Args:
        workers: how many processes, >= 1, started as they are needed. Each computes in one thread, so that results
            are equal to the last bit for any number of them.

    Raises:
        BadRequest: inside a Streamlit server, where a spawned process would run the page again.
    """

    def __init__(self, workers: int) -> None:
        count("workers", workers, most=MOST_WORKERS)
        _refuse_streamlit()
        self._workers = workers
        self._lock = threading.Lock()
        self._child_end, self._parent_end = multiprocessing.Pipe(duplex=False)
        self._pool = self._start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """See `Executor.submit`."""
        with self._lock:
            try:
                return self._submit(fn, *args, **kwargs)
            except BrokenExecutor:
                self._pool.shutdown(wait=False)
                self._pool = self._start()
                return self._submit(fn, *args, **kwargs)

    def _submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _no_interrupts():
            return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `Executor.shutdown`."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def end(self) -> None:
        """Kill the processes, also in the middle of a computation."""
        self._parent_end.close()
        self._pool.shutdown(cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, context, initializer=_begin, initargs=(self._child_end,))


@contextlib.contextmanager
def _no_interrupts() -> Iterator[None]:
    """Processes started in this block ignore Ctrl-C from their start: the parent decides what to end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin(parent: Connection) -> None:
    """Set up a process of the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal signals the whole group; the parent decides
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    import threadpoolctl  # type: ignore[import-untyped]
    import torch

    torch.set_num_threads(1)
    threadpoolctl.threadpool_limits(1)  # of libraries that were loaded before the variables were set, such as NumPy's


def _end_with(parent: Connection) -> None:
    parent.poll(None)  # nothing is ever sent: it returns when the other end closes
    os._exit(1)


def _refuse_streamlit() -> None:
    """Streamlit replaces the main module by a page, which a spawned process would import and run."""
    runtime = sys.modules.get("streamlit.runtime")
    if runtime is not None and runtime.exists():
        raise BadRequest("workers: expected a process without a web server to start others from; submit a job instead.")
