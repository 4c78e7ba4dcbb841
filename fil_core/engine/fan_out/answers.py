"""Many requests answered by other processes, whichever is free.

Requests travel as plain JSON values, so that whoever receives them validates them again; answers travel as the files of
the store.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fil_core import data
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.table import analysis_of, key, request_of
from fil_core.engine.fan_out.executors import gone, lost
from fil_core.engine.run import Engine
from fil_core.engine.store import Store
from fil_core.engine.store.encoding import Files, decode, encode
from fil_core.errors import BadData, FilError
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import ModelRequest, Request, plain

Answer = Result | FilError
OnAnswer = Callable[[int, Answer], None]

_POLL_SECONDS = 0.2  # how soon a person's cancel is seen
_TRIES = 2  # of a request whose process was ended by the system


def answer_all(
    requests: Sequence[Request],
    *,
    store_root: Path,
    executor: Executor,
    progress: Progress | None = None,
    on_answer: OnAnswer | None = None,
    engine: Engine | None = None,
    force: bool = False,
) -> list[Answer]:
    """The answers to many requests, each computed by whichever process is free, all of them in the store.

    Args:
        requests: what is asked; equal ones are computed once, stored ones not at all.
        store_root: folder of the store, here and in each process; machines need not share it.
        executor: where to compute.
        progress: told (done, total, what) several times a second. What it raises cancels what has not begun.
        on_answer: told (position in `requests`, answer) as soon as it is known, and in the store.
        engine: one on that store that holds the data already; None makes one.
        force: compute also what is stored, and put it in its place.

    Returns:
        A result each, or the FilError that says why there is none. Other errors are raised, with the request in a note.
    """
    sweep = _Sweep(requests, engine or Engine(Store(store_root)), executor, progress, on_answer, force)
    return sweep.run()


@dataclass(slots=True)
class _Task:
    """One request, wherever it stands in the list."""

    request: Request
    key: str
    fit: str | None  # the key of the model it needs, where that is not stored
    positions: list[int] = field(default_factory=list)
    tries: int = 0


class _Sweep:
    """What `answer_all` keeps track of."""

    def __init__(
        self, requests: Sequence[Request], engine: Engine, executor: Executor, progress: Progress | None,
        on_answer: OnAnswer | None, force: bool,
    ) -> None:  # fmt: skip
        self.requests, self.engine, self.executor, self.force = requests, engine, executor, force
        self.progress, self.on_answer = progress, on_answer
        self.answers: dict[int, Answer] = {}
        self.pending: dict[Future[Any], _Task] = {}
        self.followers: dict[str, list[_Task]] = {}

    def run(self) -> list[Answer]:
        try:
            self._begin(self._tasks())
            while self.pending:
                self._tell()
                wait(self.pending, _POLL_SECONDS, FIRST_COMPLETED)
                # Not what `wait` returns: a future that somebody cancelled is done, but not always said to be.
                for future in [each for each in self.pending if each.done()]:
                    self._take(future)
            self._tell()
        except BaseException:
            for future in self.pending:
                future.cancel()
            raise
        return [self.answers[i] for i in range(len(self.requests))]

    def _tell(self) -> None:
        if self.progress:
            self.progress(len(self.answers), len(self.requests), "answering in other processes")

    def _tasks(self) -> list[_Task]:
        """What is to be computed, after settling what is stored or cannot be asked."""
        tasks: dict[str, _Task] = {}
        for i, asked in enumerate(self.requests):
            try:
                request = replace(asked, data=data.resolve(asked.data))
                content = self.engine.dataset(request.data, self.progress).fingerprint
            except FilError as error:
                self._settle([i], error)
                continue
            name = key(request, content)
            stored = None if self.force else self.engine.store.get(name)
            if stored is not None:
                self._settle([i], stored)
                continue
            tasks.setdefault(name, _Task(request, name, self._model(request, content))).positions.append(i)
        return list(tasks.values())

    def _model(self, request: Request, content: str) -> str | None:
        """The key of the trained model that a request needs, where that is not stored."""
        if analysis_of(request).needs != "optimum" or not isinstance(request, ModelRequest):
            return None
        found = key(FitRequest(data=request.data, model=request.model), content)
        return found if self.force or found not in self.engine.store else None

    def _begin(self, tasks: list[_Task]) -> None:
        # Of requests that need the same new model one goes first: the others then find it in the store, where all at
        # once would each train it.
        for task in tasks:
            if task.fit in self.followers:
                self.followers[task.fit].append(task)
                continue
            if task.fit is not None:
                self.followers[task.fit] = []
            self._submit(task)

    def _submit(self, task: _Task) -> None:
        task.tries += 1
        carried = _carried(task.request, self.engine.store)
        arguments = (str(self.engine.store.root), plain(task.request), task.key, carried, self.force)
        try:
            self.pending[self.executor.submit(_answer, *arguments)] = task
        except (BrokenExecutor, OSError, RuntimeError) as error:
            self._settle(task.positions, gone(error))

    def _take(self, future: Future[Any]) -> None:
        task = self.pending.pop(future)
        try:
            outcome = future.result()
        except lost() as error:
            if task.tries < _TRIES:
                self._submit(task)
                return
            outcome = gone(error)
        except Exception as error:
            error.add_note(f"while answering {analysis_of(task.request).name}: {plain(task.request)}")
            raise
        self._settle(task.positions, outcome if isinstance(outcome, FilError) else self._keep(task.key, outcome))
        for follower in self.followers.pop(task.fit, []) if task.fit is not None else []:
            self._submit(follower)

    def _settle(self, positions: list[int], answer: Answer) -> None:
        for i in positions:
            self.answers[i] = answer
            if self.on_answer:
                self.on_answer(i, answer)

    def _keep(self, name: str, files: Files) -> Result:
        """The answer, from now on in the store of this machine too."""
        result, store = decode(name, files), self.engine.store
        if self.force:
            store.delete(name)
            if name in store:  # on a disk that cannot be written the old one stays, but is not what was asked for
                return result
        return store.put(name, result)


def _answer(root: str, values: dict[str, Any], name: str, carried: dict[str, Files], force: bool) -> Files | FilError:
    """What a process does with a request: answer it from its own engine, and send the files of the result."""
    try:
        request, engine = request_of(values), _engine(root)
        if name != key(request, engine.dataset(request.data).fingerprint):
            raise BadData(
                f"data: a worker on {socket.gethostname()} sees other data, or has another version of this software. "
                "Give all machines the same files and the same release."
            )
        for digest, files in carried.items():
            engine.store.put(digest, decode(digest, files))
        return encode(name, engine.get(request, force=force))
    except FilError as error:
        return error


@functools.lru_cache(maxsize=4)
def _engine(root: str) -> Engine:
    """One a process, for it holds the data between requests."""
    return Engine(Store(root))


def _carried(request: Request, store: Store) -> dict[str, Files]:
    """What a person uploaded that a request needs: it is in this machine's store, and nobody else can compute it."""
    found = {one.digest: store.get(one.digest) for one in request.uploads}
    return {digest: encode(digest, stored) for digest, stored in found.items() if stored is not None}
