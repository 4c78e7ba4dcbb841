"""Many requests answered by the processes of an executor.

Requests are sent as plain JSON values, which the receiving process validates again; results are sent back as the files
of the store.
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
from fil_core.analyses.features.request import FeaturesRequest
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.table import analysis_of, key, request_of
from fil_core.engine.fan_out.executors import loss_errors, workers_unavailable
from fil_core.engine.run import AnswerAll, Engine
from fil_core.engine.store import Store
from fil_core.engine.store.encoding import Files, decode, encode
from fil_core.errors import BadData, FilError
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import ModelRequest, Request, plain

Answer = Result | FilError
OnAnswer = Callable[[int, Answer], None]

_POLL_SECONDS = 0.2  # how soon a cancellation takes effect
_TRIES = 2  # attempts at a request whose process was ended by the system


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
    """The answers to many requests, computed by the processes of an executor and stored.

    Args:
        requests: equal ones are computed once, stored ones not at all.
        store_root: folder of the store, here and in each process; machines need not share it.
        executor: where to compute.
        progress: called with (done, total, what) several times per second. An error that it raises cancels the
            requests that have not been started.
        on_answer: called with (position in `requests`, answer) as soon as an answer is known and stored.
        engine: an engine with this store that has the data in memory already; None creates one.
        force: compute stored requests as well, and replace their results.

    Returns:
        For each request its result, or the FilError that was raised instead. Other errors are raised here, with the
        request in a note.
    """
    sweep = _Sweep(requests, engine or Engine(Store(store_root)), executor, progress, on_answer, force)
    return sweep.run()


def answer_in(engine: Engine, executor: Executor) -> AnswerAll:
    """How an engine has the parts of a request answered by the processes of an executor; see `Engine.get`."""

    def answer_parts(requests: Sequence[Request], progress: Progress | None, force: bool, stop: bool) -> list[Answer]:
        def raise_error(_: int, answer: Answer) -> None:
            if isinstance(answer, FilError):
                raise answer

        return answer_all(
            requests,
            store_root=engine.store.root,
            executor=executor,
            progress=progress,
            on_answer=raise_error if stop else None,
            engine=engine,
            force=force,
        )

    return answer_parts


@dataclass(slots=True)
class _Task:
    """One request to compute, once for all its positions in the list."""

    request: Request
    key: str
    fit: str | None  # the key of the model that it needs, where that is not stored
    positions: list[int] = field(default_factory=list)
    tries: int = 0


class _Sweep:
    """The state of one call of `answer_all`."""

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
                self._report()
                wait(self.pending, _POLL_SECONDS, FIRST_COMPLETED)
                # Not the futures that `wait` returns: it does not always report a cancelled one as done.
                for future in [each for each in self.pending if each.done()]:
                    self._take(future)
            self._report()
        except BaseException:
            for future in self.pending:
                future.cancel()
            raise
        return [self.answers[i] for i in range(len(self.requests))]

    def _report(self) -> None:
        if self.progress:
            self.progress(len(self.answers), len(self.requests), "answering in other processes")

    def _tasks(self) -> list[_Task]:
        """The requests to compute, after settling those that are stored or refused."""
        tasks: dict[str, _Task] = {}
        for i, unresolved in enumerate(self.requests):
            try:
                request = replace(unresolved, data=data.resolve(unresolved.data))
                content = self.engine.dataset(request.source_data, self.progress).fingerprint
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
        """The key of the trained model that a request needs; None where it needs none or the model is stored."""
        if analysis_of(request).needs != "optimum" or not isinstance(request, ModelRequest):
            return None
        model = key(FitRequest(data=request.data, model=request.model), content)
        return model if self.force or model not in self.engine.store else None

    def _begin(self, tasks: list[_Task]) -> None:
        # Of requests that need the same new model one goes first; the others wait and then find the model in the
        # store. Started together, each would train it.
        for task in tasks:
            if task.fit in self.followers:
                self.followers[task.fit].append(task)
                continue
            if task.fit is not None:
                self.followers[task.fit] = []
            self._submit(task)

    def _submit(self, task: _Task) -> None:
        task.tries += 1
        carried = _carried(task.request, self.engine)
        arguments = (str(self.engine.store.root), plain(task.request), task.key, carried, self.force)
        try:
            self.pending[self.executor.submit(_answer, *arguments)] = task
        except (BrokenExecutor, OSError, RuntimeError) as error:
            self._settle(task.positions, workers_unavailable(error))

    def _take(self, future: Future[Any]) -> None:
        task = self.pending.pop(future)
        try:
            outcome = future.result()
        except loss_errors() as error:
            if task.tries < _TRIES:
                self._submit(task)
                return
            outcome = workers_unavailable(error)
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
        """Store a result on this machine too."""
        result, store = decode(name, files), self.engine.store
        if self.force:
            store.delete(name)
            if name in store:  # on a disk that cannot be written the old result stays, and `put` would return it
                return result
        return store.put(name, result)


def _answer(root: str, values: dict[str, Any], name: str, carried: dict[str, Files], force: bool) -> Files | FilError:
    """Run in another process: answer a request with that process's engine; returns the files of the result."""
    try:
        request, engine = request_of(values), _engine(root)
        for digest, files in carried.items():  # first: the features of a network are a part of the data
            engine.store.put(digest, decode(digest, files))
        if name != engine.key(request):
            raise BadData(
                f"data: expected the same data and the same version of this software on all machines; a worker on "
                f"{socket.gethostname()} has others. Install the same release and the same files everywhere."
            )
        return encode(name, engine.get(request, force=force))
    except FilError as error:
        return error


@functools.lru_cache(maxsize=4)
def _engine(root: str) -> Engine:
    """One engine per process and store, which keeps the data in memory between requests."""
    return Engine(Store(root))


def _carried(request: Request, engine: Engine) -> dict[str, Files]:
    """The uploads that a request needs, and the features that its data are: they are in this machine's store.

    No process can compute an upload, and a network that another machine trains differs in its last digits.
    """
    names = [upload.digest for upload in request.uploads]
    if request.source_data.features_from is not None:
        names.append(engine.key(FeaturesRequest(data=request.source_data)))
    found = {name: engine.store.get(name) for name in names}
    return {name: encode(name, stored) for name, stored in found.items() if stored is not None}
