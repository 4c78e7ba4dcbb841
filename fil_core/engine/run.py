"""The engine: a request in, a result out, from the store if it is there."""

from __future__ import annotations

import dataclasses
import functools
import platform
import threading
import time
from collections import OrderedDict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fil_core import data
from fil_core.dataset import Dataset
from fil_core.engine.registry import ANALYSES, check, key, runner
from fil_core.engine.store import Store
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import (
    AttributeRequest,
    DataSpec,
    ExampleRequest,
    FilRequest,
    FitRequest,
    IrfilRequest,
    ReconstructionRequest,
    ReleaseRequest,
    canonical,
)

if TYPE_CHECKING:
    import torch

    from fil_core.models import Fitted

Question = FilRequest | ExampleRequest | AttributeRequest | ReconstructionRequest | IrfilRequest | ReleaseRequest

_DATASETS_HELD = 2  # a page looks at one data set, a comparison at two; MNIST's 60,000 rows are 376 MB
_LARGEST_FIT = 2**30  # bytes of curvature worth keeping on disk; larger ones are factorised again


class Engine:
    """Answers requests.

    Attributes:
        store: where results are kept.
    """

    def __init__(self, store: Store | None = None) -> None:
        """Takes a store; None opens the user's own."""
        self.store = store or Store()
        self._datasets: OrderedDict[DataSpec, Dataset] = OrderedDict()
        self._lock = threading.Lock()  # the sessions of a server share one engine

    def dataset(self, spec: DataSpec, progress: Progress | None = None) -> Dataset:
        """The examples of a spec, read once while they are in use."""
        spec = data.resolve(spec)
        with self._lock:
            held = self._datasets.get(spec)
        # Read outside the lock: a long download for one person must not stop the others.
        found = held or data.load(spec, progress)
        with self._lock:
            self._datasets[spec] = found
            self._datasets.move_to_end(spec)
            while len(self._datasets) > _DATASETS_HELD:
                self._datasets.popitem(last=False)
        return found

    def find(self, request: Question, progress: Progress | None = None) -> Result | None:
        """The stored result, or None; reads the data, whose content is part of the name.

        Raises:
            FilError: the request or the data are not usable.
        """
        request, dataset = self._prepare(request, progress)
        return self.store.get(key(request, dataset.fingerprint))

    def compute(self, request: Question, progress: Progress | None = None, *, replace: bool = False) -> Result:
        """Compute and store.

        Args:
            request: what is asked.
            progress: told (done, total, what).
            replace: put the new result in the place of one that is stored; otherwise the stored one stays.

        Raises:
            FilError: the request or the data are not usable, or the model has no optimum.
        """
        request, dataset = self._prepare(request, progress)
        check(request, dataset)
        start = time.perf_counter()
        fitted = self._fitted(request, dataset, progress, replace=replace)
        result = runner(request)(request, dataset, fitted, progress)
        seconds = time.perf_counter() - start
        provenance = _provenance(request, dataset, str(fitted.theta.device), seconds)
        return self._keep(key(request, dataset.fingerprint), result, provenance, replace=replace)

    def get(self, request: Question, *, force: bool = False, progress: Progress | None = None) -> Result:
        """The answer to a request: from the store, else computed and stored.

        Args:
            request: what is asked.
            force: compute even if it is stored.
            progress: told (done, total, what).

        Raises:
            FilError: the request or the data are not usable, or the model has no optimum.
        """
        found = None if force else self.find(request, progress)
        return found or self.compute(request, progress, replace=force)

    def _prepare(self, request: Any, progress: Progress | None) -> tuple[Any, Dataset]:
        if request.device == "cuda":
            from fil_core.models.fitted import device_of

            device_of("cuda")  # a stored result does not excuse asking for a device that is not there
        request = dataclasses.replace(request, data=data.resolve(request.data))
        return request, self.dataset(request.data, progress)

    def _fitted(self, asked: Any, dataset: Dataset, progress: Progress | None, *, replace: bool) -> Fitted:
        """The trained model, from the store if it is there and may be used."""
        from fil_core.engine.analyses import restore_fit, run_fit
        from fil_core.models import fit
        from fil_core.models.fitted import device_of

        where: torch.device = device_of(asked.device)
        request = FitRequest(data=asked.data, model=asked.model, device=asked.device)
        name = key(request, dataset.fingerprint)
        if not replace and (stored := self.store.get(name)):
            return restore_fit(stored, asked.model, where)
        weights = None
        if asked.model.weights is not None:
            from fil_core.engine.weights import weights_of

            weights = weights_of(self, asked, dataset, progress, force=replace)
        start = time.perf_counter()
        if asked.model.parameters is not None:
            from fil_core.engine.uploads import parameters_of
            from fil_core.models.given import fit_at

            theta = parameters_of(self, asked.model.parameters)
            fitted = fit_at(asked.model, dataset, theta, weights=weights, device=where)
        else:
            fitted = fit(asked.model, dataset, weights=weights, device=where, progress=progress)
        if fitted.curvature.vectors.nbytes <= _LARGEST_FIT:
            provenance = _provenance(request, dataset, str(where), time.perf_counter() - start)
            self._keep(name, run_fit(fitted), provenance, replace=replace)
        return fitted

    def _keep(self, name: str, result: Result, provenance: dict[str, Any], *, replace: bool) -> Result:
        whole = dataclasses.replace(result, provenance=provenance | result.provenance)
        if replace:
            self.store.delete(name)
            if name in self.store:  # on a disk that cannot be written the old one stays, but is not what was asked for
                return whole
        return self.store.put(name, whole)


def _provenance(request: Any, dataset: Dataset, device: str, seconds: float) -> dict[str, Any]:
    return {
        "analysis": ANALYSES[type(request)].name,
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
    """What computes here, for provenance."""
    packages = {name: version(name) for name in ("torch", "numpy", "pandas", "scikit-learn")}
    return {"python": platform.python_version()} | packages


def get(request: Question, *, force: bool = False, progress: Progress | None = None) -> Result:
    """Answer a request from the user's own store; see `Engine.get`."""
    return Engine().get(request, force=force, progress=progress)
