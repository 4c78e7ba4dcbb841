"""The options --workers and --scheduler, and how the parts of a request are answered with them."""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from fil_core.analyses.analysis import Answer
from fil_core.cli.options import Run, whole
from fil_core.errors import FilError
from fil_core.progress import Progress
from fil_core.specs import Request

if TYPE_CHECKING:
    from fil_core.engine.fan_out.answers import OnAnswer

_WORTH_SECONDS = 20.0  # processes take about five to start and to read the data


def fan_out_options(parser: argparse.ArgumentParser) -> None:
    """Where several answers, or blocks of rows, are computed at a time."""
    own = parser.add_argument_group("fan-out")
    own.add_argument(
        "--workers",
        metavar="N",
        type=whole,
        help="processes; 1 computes in this one (default: one per core where it is worth it)",
    )
    own.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of dask, tcp://HOST:PORT, in the place of processes here (default: FIL_SCHEDULER)",
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
    with executor(workers=options.workers, scheduler=options.scheduler) as found:
        yield found


class FanOut:
    """Answers the parts of a command's request, for as long as the block lasts.

    With --workers or --scheduler they are computed there. With neither they are computed here one by one, and as soon
    as those that are left would take longer than twenty seconds at the pace so far, they go to one process per core.
    """

    def __init__(self, run: Run) -> None:
        """Takes the command's work."""
        self._run, self._stack = run, contextlib.ExitStack()
        self._executor: Executor | None = None

    def __enter__(self) -> FanOut:
        """Refuses a scheduler that is not there before any work."""
        options = self._run.options
        if options.scheduler or (options.workers or 0) > 1 or (options.workers is None and _scheduler_set()):
            self._open()
        elif options.workers is not None:
            from fil_core.specs.checks import count

            count("workers", options.workers)
        return self

    def __exit__(self, *error: Any) -> bool | None:
        """Ends the processes."""
        return self._stack.__exit__(*error)

    def answer_all(
        self, requests: Sequence[Request], progress: Progress | None, force: bool, stop: bool
    ) -> list[Answer]:
        """A result for each request in turn, or the error that says why there is none; see `Engine.get`."""
        from fil_core.engine.run import within

        found: list[Answer] = []
        start = time.perf_counter()
        for i, request in enumerate(requests):
            executor = self._elsewhere(time.perf_counter() - start, i, len(requests) - i)
            if executor is not None:
                return found + self._answer_elsewhere(executor, requests[i:], force, stop)
            try:
                found.append(self._run.engine.get(request, force=force, progress=within(progress, i, len(requests))))
            except FilError as error:
                if stop:
                    raise
                found.append(error)
        return found

    def _elsewhere(self, seconds: float, done: int, left: int) -> Executor | None:
        """The other processes, where there are any or it is worth starting them."""
        free = self._executor is None and self._run.options.workers is None and (os.cpu_count() or 1) > 1
        if free and done and left > 1 and seconds / done * left > _WORTH_SECONDS:
            self._open()
        return self._executor

    def _open(self) -> None:
        self._executor = self._stack.enter_context(open_executor(self._run.options))

    def _answer_elsewhere(
        self, executor: Executor, requests: Sequence[Request], force: bool, stop: bool
    ) -> list[Answer]:
        from fil_core.engine.fan_out.answers import answer_all

        def raise_error(_: int, answer: Answer) -> None:
            if isinstance(answer, FilError):
                raise answer

        on_answer: OnAnswer | None = raise_error if stop else None
        engine = self._run.engine
        return answer_all(
            requests,
            store_root=engine.store.root,
            executor=executor,
            progress=self._run.progress,
            on_answer=on_answer,
            engine=engine,
            force=force,
        )


def _scheduler_set() -> bool:
    return bool(os.environ.get("FIL_SCHEDULER"))
