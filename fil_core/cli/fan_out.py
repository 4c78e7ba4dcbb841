"""The options --workers and --scheduler, and how the parts of a request are answered with them."""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import Any

from fil_core.analyses.analysis import Answer
from fil_core.cli.command import Command
from fil_core.cli.options import whole
from fil_core.errors import FilError
from fil_core.progress import Progress
from fil_core.specs import Request
from fil_core.specs.checks import MOST_WORKERS, count

_LONG_SECONDS = 20.0  # other processes take about five to start and to read the data


def fan_out_options(parser: argparse.ArgumentParser) -> None:
    """Declare where several requests, or blocks of rows, are computed at the same time."""
    group = parser.add_argument_group("fan-out")
    group.add_argument(
        "--workers",
        metavar="N",
        type=whole,
        help="number of processes; 1 computes in this one (default: one per core once the work is long enough)",
    )
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a dask scheduler, tcp://HOST:PORT, instead of processes on this machine (default: FIL_SCHEDULER)",
    )


@contextlib.contextmanager
def open_executor(options: argparse.Namespace) -> Iterator[Executor]:
    """Where to compute, as the options say: this process, a pool of one process per core, or a scheduler's workers.

    Raises:
        BadRequest, WorkersUnavailable: as `fil_core.engine.fan_out.executors.executor`.
    """
    from fil_core.engine.fan_out.executors import executor
    from fil_core.engine.fan_out.pools import ThisProcess

    if options.workers == 1 and not options.scheduler:
        yield ThisProcess()
        return
    with executor(workers=options.workers, scheduler=options.scheduler) as opened:
        yield opened


class FanOut:
    """Answers the parts of a command's request, for as long as the block lasts.

    With --workers or --scheduler they are computed there. With neither they are computed here one by one; once the
    rest would take longer than twenty seconds at the speed so far, it goes to a pool of one process per core.
    """

    def __init__(self, command: Command) -> None:
        """Starts no processes yet."""
        self._command, self._stack = command, contextlib.ExitStack()
        self._executor: Executor | None = None

    def __enter__(self) -> FanOut:
        """Connects to a scheduler, or refuses one that cannot be reached, before any work."""
        options = self._command.options
        count("workers", options.workers, most=MOST_WORKERS)
        if options.scheduler or (options.workers or 0) > 1 or (options.workers is None and _scheduler_set()):
            self._open()
        return self

    def __exit__(self, *error: Any) -> bool | None:
        """Ends the processes."""
        return self._stack.__exit__(*error)

    def answer_all(
        self, requests: Sequence[Request], progress: Progress | None, force: bool, stop: bool
    ) -> list[Answer]:
        """A result for each request in turn, or the error that says why there is none.

        Args:
            requests: the parts of the command's request.
            progress: called with (done, total, what).
            force: compute also what is stored.
            stop: raise the first error instead of returning it.
        """
        from fil_core.engine.fan_out.answers import answer_in
        from fil_core.engine.run import progress_of_part

        answers: list[Answer] = []
        start = time.perf_counter()
        for i, request in enumerate(requests):
            executor = self._other_processes(time.perf_counter() - start, i, len(requests) - i)
            if executor is not None:
                return answers + list(answer_in(self._command.engine, executor)(requests[i:], progress, force, stop))
            try:
                part = progress_of_part(progress, i, len(requests))
                answers.append(self._command.engine.get(request, force=force, progress=part))
            except FilError as error:
                if stop:
                    raise
                answers.append(error)
        return answers

    def _other_processes(self, seconds: float, done: int, left: int) -> Executor | None:
        """The executor, opened now if the requests that are left would take long enough; None to compute here."""
        free = self._executor is None and self._command.options.workers is None and (os.cpu_count() or 1) > 1
        if free and done and left > 1 and seconds / done * left > _LONG_SECONDS:
            self._open()
        return self._executor

    def _open(self) -> None:
        self._executor = self._stack.enter_context(open_executor(self._command.options))


def _scheduler_set() -> bool:
    return bool(os.environ.get("FIL_SCHEDULER"))
