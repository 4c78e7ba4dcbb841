"""The engine: a request in, a result out, from the store if it is there."""

from __future__ import annotations

import dataclasses
import functools
import platform
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from fil_core import data
from fil_core.analyses.analysis import Analysis, Answer, Inputs
from fil_core.analyses.applicable import check
from fil_core.analyses.features.request import FeaturesRequest
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.table import analysis_of, key
from fil_core.data.features import Features, of_features
from fil_core.data.outside import Outside, load_outside, resolve_outside
from fil_core.dataset import Dataset, fingerprint
from fil_core.engine import uploads
from fil_core.engine.store import Store
from fil_core.errors import FilError
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import DataSpec, ModelRequest, Request, canonical
from fil_core.specs.outside import OutsideSpec

if TYPE_CHECKING:
    import torch

    from fil_core.models import Fitted

# Answers several requests: (requests, progress, force, stop) to a result or an error for each, in order; with `stop`
# the first error is raised instead.
AnswerAll = Callable[[Sequence[Request], Progress | None, bool, bool], Sequence[Answer]]

_Held = tuple[DataSpec, OutsideSpec | None]

_DATASETS_HELD = 2  # at least: a page looks at one data set, a comparison at two; MNIST's 60,000 rows are 376 MB
_BYTES_HELD = 256 * 2**20  # of all of them, unless two are more: many sessions look at many small ones


class Engine:
    """Answers requests: reads their results from a store, or computes and stores them.

    Attributes:
        store: where results are kept.
    """

    def __init__(self, store: Store | None = None) -> None:
        """Opens the user's own store where none is passed."""
        self.store = store or Store()
        self._held: OrderedDict[_Held, Dataset | Outside] = OrderedDict()
        self._lock = threading.Lock()  # the sessions of a server share one engine
        self._computing = threading.local()  # the model that a request and its parts are about, while they are computed

    def dataset(self, spec: DataSpec, progress: Progress | None = None) -> Dataset:
        """The examples of a spec; the last two stay in memory, and those before as long as all are small.

        Features of a network are read from the store, or else computed and stored, which may take minutes.
        """
        spec = data.resolve(spec)
        dataset = self._holding((spec, None), lambda: self._loaded(spec, progress))
        assert isinstance(dataset, Dataset)
        return dataset

    def lacking(self, spec: DataSpec, progress: Progress | None = None) -> Request | None:
        """What must be computed before the examples of a spec are there: features that are not stored; else None."""
        spec = data.resolve(spec)
        with self._lock:
            held = (spec, None) in self._held
        if held or spec.features_from is None:
            return None
        request = FeaturesRequest(data=spec)
        return None if self.find(request, progress) is not None else request

    def _loaded(self, spec: DataSpec, progress: Progress | None) -> Dataset:
        if spec.features_from is None:
            return data.load(spec, progress)
        request = FeaturesRequest(data=spec)
        found = self.get(request, progress=progress)
        network = found.summary["fingerprint"]
        features = Features(found.arrays["train"], found.arrays["test"], found.arrays["public"], network)
        return of_features(self.dataset(request.source_data, progress), spec, features)

    def outside(self, spec: DataSpec, outside: OutsideSpec, progress: Progress | None = None) -> Outside:
        """The examples that a model of the first spec was not trained on; they stay in memory as data sets do."""
        spec = data.resolve(spec)
        outside = resolve_outside(outside, spec)
        dataset = self.dataset(spec, progress)
        found = self._holding((spec, outside), lambda: self._outside(spec, outside, dataset, progress))
        assert isinstance(found, Outside)
        return found

    def _outside(self, spec: DataSpec, outside: OutsideSpec, dataset: Dataset, progress: Progress | None) -> Outside:
        if spec.features_from is None:
            return load_outside(spec, outside, progress, fitted=dataset.preprocessing)
        from fil_core.models.extractor import restored

        pixels = self.outside(spec.of_pixels, outside, progress)
        network = restored(self.get(FeaturesRequest(data=spec), progress=progress))
        X = np.ascontiguousarray(dataset.preprocessing.forward(network.of(pixels.X)))
        return dataclasses.replace(pixels, X=X, fingerprint=fingerprint(pixels.fingerprint, network.fingerprint))

    def _holding(self, key: _Held, load: Callable[[], Dataset | Outside]) -> Dataset | Outside:
        """What is in memory, or else is loaded; the least recently used go first."""
        with self._lock:
            cached = self._held.get(key)
        # Read outside the lock: a long download in one session must not stop the others.
        found = cached or load()
        with self._lock:
            self._held[key] = found
            self._held.move_to_end(key)
            size = sum(held.nbytes for held in self._held.values())
            while len(self._held) > _DATASETS_HELD and size > _BYTES_HELD:
                size -= self._held.popitem(last=False)[1].nbytes
        return found

    def forget(self, name: str) -> None:
        """Let go of the examples of a data set, because its rows were deleted."""
        with self._lock:
            for spec, outside in list(self._held):
                if name in (spec.name, outside.name if outside is not None else None):
                    del self._held[spec, outside]

    def key(self, request: Request, progress: Progress | None = None) -> str:
        """Name of a request's result in the store; reads the data, since the name depends on their content.

        Raises:
            FilError: the request or the data are not usable.
        """
        request, dataset, outside = self._prepare(request, progress)
        return key(request, _fingerprint(dataset, outside))

    def find(self, request: Request, progress: Progress | None = None) -> Result | None:
        """The stored result, or None.

        Raises:
            FilError: the request or the data are not usable.
        """
        return self.store.get(self.key(request, progress))

    def get(
        self,
        request: Request,
        *,
        force: bool = False,
        progress: Progress | None = None,
        answer_all: AnswerAll | None = None,
    ) -> Result:
        """The result of a request: from the store, else computed and stored.

        Args:
            request: what to measure.
            force: compute even if it is stored, its parts included.
            progress: called with (done, total, what).
            answer_all: answers the parts of a request, perhaps in other processes; None answers them here in turn.

        Raises:
            FilError: the request or the data are not usable, or the model has no optimum.
        """
        stored = None if force else self.find(request, progress)
        return stored or self.compute(request, progress, replace=force, answer_all=answer_all)

    def compute(
        self,
        request: Request,
        progress: Progress | None = None,
        *,
        replace: bool = False,
        answer_all: AnswerAll | None = None,
    ) -> Result:
        """Compute and store; parts that are stored already are not computed again.

        Args:
            request: what to measure.
            progress: called with (done, total, what).
            replace: replace stored results of the request and of its parts by new ones.
            answer_all: as for `get`.

        Raises:
            FilError: the request or the data are not usable, or the model has no optimum.
        """
        with self._sharing_optimum():
            return self._compute(request, progress, replace, answer_all)

    def _compute(
        self, request: Request, progress: Progress | None, replace: bool, answer_all: AnswerAll | None
    ) -> Result:
        request, dataset, outside = self._prepare(request, progress)
        analysis = analysis_of(request)
        check(request, dataset)  # first, since training the model may take minutes
        start = time.perf_counter()
        uploaded = {upload.digest: uploads.load(self.store, upload) for upload in request.uploads}
        with uploads.naming_all(uploaded.values()):
            parts = self._parts(analysis, request, dataset, progress, replace, answer_all)
            made = self._features(request, progress)
            inputs = Inputs(dataset, _device(request), parts, uploaded, outside=outside, features=made)
            if analysis.needs == "optimum":
                assert isinstance(request, ModelRequest)
                inputs = dataclasses.replace(inputs, optimum=self._optimum(request, progress, replace))
            result = analysis.run(request, inputs, progress)
        provenance = _provenance(request, dataset, _named(inputs.device), time.perf_counter() - start)
        name = key(request, _fingerprint(dataset, outside))
        return self._keep(analysis, name, result, provenance, replace=replace)

    def _features(self, request: Request, progress: Progress | None) -> Result | None:
        """What made the examples of a request features; None where they are none."""
        if request.source_data.features_from is None:
            return None
        return self.get(FeaturesRequest(data=request.source_data), progress=progress)

    def _prepare(self, request: Request, progress: Progress | None) -> tuple[Request, Dataset, Outside | None]:
        if request.device == "cuda":
            _device(request)  # refuse a missing device even where the result is stored
        request = dataclasses.replace(request, data=data.resolve(request.data))
        if request.outside is None:
            return request, self.dataset(request.source_data, progress), None
        named: dict[str, Any] = {"outside": resolve_outside(request.outside, request.data)}
        request, dataset = dataclasses.replace(request, **named), self.dataset(request.source_data, progress)
        check(request, dataset)  # before rows are read that the data may not have
        return request, dataset, self.outside(request.data, named["outside"], progress)

    def _parts(
        self,
        analysis: Analysis,
        request: Request,
        dataset: Dataset,
        progress: Progress | None,
        replace: bool,
        answer_all: AnswerAll | None,
    ) -> dict[Request, Answer]:
        """The answers to all parts of a request, in steps: which parts there are may follow from earlier answers."""
        answers: dict[Request, Answer] = {}
        while True:
            parts = dict.fromkeys(analysis.parts.of(request, dataset, answers))
            missing = [part for part in parts if part not in answers]
            if not missing:
                return answers
            new = (answer_all or self._one_by_one)(missing, progress, replace, not analysis.parts.may_fail)
            answers |= dict(zip(missing, new, strict=True))

    def _one_by_one(
        self, requests: Sequence[Request], progress: Progress | None, force: bool, stop: bool
    ) -> list[Answer]:
        """The answers, computed here one after the other."""
        answers: list[Answer] = []
        for done, request in enumerate(requests):
            try:
                part = progress_of_part(progress, done, len(requests))
                answers.append(self.get(request, force=force, progress=part))
            except FilError as error:
                if stop:
                    raise
                answers.append(error)
        return answers

    def _optimum(self, request: ModelRequest, progress: Progress | None, replace: bool) -> Fitted:
        """The trained model: the stored one unless it is to be replaced."""
        from fil_core.analyses.fit.run import restore

        fit_request = FitRequest(data=request.data, model=request.model, device=request.device)
        held: dict[FitRequest, Fitted] = self._computing.optimum
        if fit_request not in held:
            stored = self.get(fit_request, force=replace, progress=progress)
            held.clear()  # a request and its parts are about one model, others about several in turn
            held[fit_request] = restore(stored, request.model, _device(request))
        return held[fit_request]

    @contextmanager
    def _sharing_optimum(self) -> Iterator[None]:
        """Keep the last model in memory while a request is computed, its parts included."""
        if hasattr(self._computing, "optimum"):
            yield
            return
        self._computing.optimum = {}
        try:
            yield
        finally:
            del self._computing.optimum

    def _keep(
        self, analysis: Analysis, name: str, result: Result, provenance: dict[str, Any], *, replace: bool
    ) -> Result:
        complete = dataclasses.replace(result, provenance=provenance | result.provenance)
        if analysis.limit is not None and sum(array.nbytes for array in result.arrays.values()) > analysis.limit:
            return complete
        if replace:
            self.store.delete(name)
            if name in self.store:  # on a disk that cannot be written the old result stays, and `put` would return it
                return complete
        return self.store.put(name, complete)


def progress_of_part(progress: Progress | None, done: int, total: int) -> Progress | None:
    """A callback for one of several requests that reports how many of them are done.

    Args:
        progress: called with (requests done, requests, what); None reports nothing.
        done: requests that are done already, >= 0.
        total: number of requests, >= 1; the progress of a single one is passed on as it is.
    """
    if progress is None or total == 1:
        return progress
    progress(done, total, f"{done + 1} of {total}")
    return lambda _done, _total, what: progress(done, total, f"{done + 1} of {total}: {what}")


def _fingerprint(dataset: Dataset, outside: Outside | None) -> str:
    """Of all examples that a request is about."""
    return dataset.fingerprint if outside is None else fingerprint(dataset.fingerprint, outside.fingerprint)


def _device(request: Request) -> torch.device:
    from fil_core.models.fitted import device_of

    return device_of(request.device)


def _named(device: torch.device) -> str:
    """A device with its number, as what is computed there has it."""
    import torch

    return str(torch.empty(0, device=device).device)


def _provenance(request: Request, dataset: Dataset, device: str, seconds: float) -> dict[str, Any]:
    return {
        "analysis": analysis_of(request).name,
        "request": canonical(request),
        "data": {"title": dataset.title, "fingerprint": dataset.fingerprint, "notes": list(dataset.notes)},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
        "device": device,
        "dtype": "float64",
        "versions": versions(),
        "warnings": [],
    }


@functools.cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute, for provenance."""
    packages = {name: version(name) for name in ("torch", "numpy", "pandas", "scikit-learn")}
    return {"python": platform.python_version()} | packages


def get(request: Request, *, force: bool = False, progress: Progress | None = None) -> Result:
    """Answer a request with the user's own store.

    Args:
        request: what to measure.
        force: compute even if it is stored, its parts included.
        progress: called with (done, total, what).

    Raises:
        FilError: see `Engine.get`.
    """
    return Engine().get(request, force=force, progress=progress)
