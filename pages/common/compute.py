"""The engine for pages: stored results, work in the page's own thread, and jobs."""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Sequence
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fil_core import (
    Dataset,
    DataSpec,
    Engine,
    ExampleRequest,
    FilError,
    Request,
    Result,
    analysis_of,
)
from fil_core.data.own.sandbox import end_readers
from fil_core.data.own.uploads import tidy
from fil_core.display.numbers import duration
from fil_core.engine import cost
from fil_core.engine.cost import PER_SECOND
from fil_core.engine.jobs.job import Job
from fil_core.engine.jobs.jobs import Jobs
from fil_core.specs import ModelRequest
from pages.common import environment, job_status, text
from pages.common.once import Once
from pages.common.progress import PartProgress, Progress

# In multiply-adds; two cores do `PER_SECOND`. Work of up to about two seconds is done in the page's own thread, longer
# work is a job; work of more than a few seconds starts only after a click.
_IN_PAGE = 4e10
_AT_ONCE = 1e11
_TOO_LONG = 1e13

# Seconds after which torch is imported in the background. The first pages show stored numbers and do not need it; when
# something new is computed, the import is usually done.
_TORCH_AFTER = 20.0


@Once
def engine() -> Engine:
    """One engine for the whole server: its store and the data sets in use."""
    warm_up = threading.Timer(_TORCH_AFTER, _warm_up)
    warm_up.daemon = True  # does not delay the end of the server
    warm_up.start()
    tidy()
    return Engine()


def _warm_up() -> None:
    """Import torch, then exclude everything loaded so far from garbage collection.

    Going through every object of the libraries, as each full collection would, takes longer than a page.
    """
    importlib.import_module("torch")
    gc.collect()
    gc.freeze()


def dataset(spec: DataSpec) -> Dataset:
    """The examples of a spec, read on first use, with a progress bar.

    Where they are features of a network that nobody has asked for before, these are computed first, as any result is:
    the page stops until they are there.
    """
    with Progress() as progress:
        lacking = engine().lacking(spec, progress)
    if lacking is not None:
        result(lacking)
    with Progress() as progress:
        return engine().dataset(spec, progress)


@Once
def jobs() -> Jobs:
    """The jobs of this server, within the limits of its environment."""
    memory = environment.limit("FIL_JOB_MEMORY_GIB")
    return Jobs(
        engine().store.root,
        running=int(environment.limit("FIL_JOBS_RUNNING", whole=True) or 1),
        memory_bytes=None if memory is None else int(memory * 2**30),
        seconds=3600 * (environment.limit("FIL_JOB_HOURS") or 6.0),
    )


def close() -> None:
    """Cancel running jobs and end the processes that read files, as the server ends."""
    jobs().close()
    end_readers()


def result(request: Request) -> Result:
    """The result of a request: stored, computed in the page, or, where that takes long, computed by a job.

    Stops the page where there is nothing to show yet.
    """
    data = dataset(request.source_data)
    job = jobs().find([request])  # before the store: a job that ends in between has stored its result
    known = engine().find(request)
    if known is not None:
        return known
    if job is not None and not job.over:
        job_status.follow(jobs, job)
        st.stop()
    size = cost.work(request, data, engine())
    place = st.empty()  # the button is replaced by the progress
    with place.container():
        if not _confirmed(request, data, size, job):
            st.stop()
    place.empty()
    # A job whose store could not be written has kept nothing; the page can at least keep the result in memory.
    if size <= _IN_PAGE or (job is not None and job.notice):
        return _compute(request)
    job_status.follow(jobs, submit([request], _title(request, data)))
    st.stop()


def _confirmed(request: Request, data: Dataset, size: float, job: Job | None) -> bool:
    """Whether to start: at once if it is quick, after a click if it takes long or has failed before."""
    if job is not None:
        job_status.failed(job)
    if size > _IN_PAGE:
        cost.check_memory(request, data, jobs().memory_limit)
        cost.check_time(request, data, engine(), jobs().seconds)
    if size <= _AT_ONCE and job is None:
        return True
    return _start_button(request, data, size, retry=job is not None)


def _title(request: Request, data: Dataset) -> str:
    return ", ".join(filter(None, [analysis_of(request).name, data.title, request.subject]))


def submit(requests: Sequence[Request], title: str) -> Job:
    """Start a job, after checking memory and time of the requests that have no stored result.

    Raises:
        BadRequest: more memory or time than a job may take, or too many jobs wait.
        FilError: the data of a request cannot be read.
    """
    for request in requests:
        if engine().find(request) is None:
            data = engine().dataset(request.source_data)
            cost.check_memory(request, data, jobs().memory_limit)
            cost.check_time(request, data, engine(), jobs().seconds)
    return jobs().submit(requests, title=title)


def stored(request: Request) -> Result | None:
    """The result if it is stored, else None; nothing is computed."""
    return _found(request)


def _found(request: Request) -> Result | None:
    """The stored result, after what its data lack has been computed."""
    if request.source_data.features_from is not None:
        dataset(request.source_data)
    return engine().find(request)


def sweep(
    requests: Sequence[Request], label: str, *, key: str, names: Sequence[str] = (), eager: bool = False,
    seconds: float | None = None,
) -> list[Result | None]:  # fmt: skip
    """The stored results of many requests, with a button that computes the missing ones.

    Each result is stored before the next is computed, so stopping or leaving keeps what is finished. A request that
    fails shows its error and does not stop the others. Long work is one job, whose results appear as they come.

    Args:
        requests: in the order of the results.
        label: of the button.
        key: of the button.
        names: of the requests, for error messages.
        eager: start work of a few seconds without a click.
        seconds: how long it takes on two cores, where that does not follow from the sizes of the requests' data.
    """
    results = [_found(request) for request in requests]
    missing = [i for i, result in enumerate(results) if result is None]
    if not missing:
        return results
    job = jobs().latest([requests[i] for i in missing])
    if job is not None and job.over:  # it may have ended since the store was read
        results = [result or engine().find(request) for result, request in zip(results, requests, strict=True)]
        missing = [i for i, result in enumerate(results) if result is None]
        if not missing:
            return results
    place = st.empty()  # one place for the button and the progress, or both would be visible for a moment
    if job is not None and not job.over:
        with place.container():
            job_status.follow(jobs, job)
        return results
    size = _work([requests[i] for i in missing]) if seconds is None else seconds * PER_SECOND
    pressed = eager and size <= _AT_ONCE and job is None
    if not pressed:
        with place.container():
            if job is not None:
                job_status.failed(job, dict(zip(requests, names, strict=False)))
            if size / PER_SECOND > 10:
                st.caption(
                    f"Computing the missing results takes {duration(size / PER_SECOND)} on two cores; you can stop it."
                )
            pressed = _pressed(label, tuple(requests), key=key)
    if pressed and size > _IN_PAGE:
        with place.container():
            job_status.follow(jobs, submit([requests[i] for i in missing], label))
    elif pressed:
        _compute_missing(requests, missing, results, place, key=key, names=names)
    return results


def _work(requests: Sequence[Request]) -> float:
    """The work of requests that have no stored result, in multiply-adds."""
    return sum(cost.work(request, dataset(request.source_data), engine()) for request in requests)


def _compute_missing(
    requests: Sequence[Request],
    missing: list[int],
    results: list[Result | None],
    place: DeltaGenerator,
    *,
    key: str,
    names: Sequence[str],
) -> None:
    """Compute the missing results in the page's own thread and put them into `results`."""
    with place:  # any click ends this run of the page, and with it the sweep
        st.button("Stop and keep what is finished", icon=":material/stop:", key=f"{key}-stop")
    with Progress() as progress:
        for done, i in enumerate(missing):
            try:
                results[i] = engine().compute(requests[i], PartProgress(progress, done, len(missing)))
            except FilError as error:
                message = f"{names[i]}: {error}" if names else str(error)
                st.error(text.safe(message), icon=":material/error:")
    place.empty()


def offered(request: Request, label: str, *, key: str) -> Result | None:
    """The stored result of a secondary request, or a button that computes it; None until it is stored."""
    return sweep([request], label, key=key)[0]


def _pressed(label: str, request: object, *, key: str, kind: Literal["primary", "secondary"] = "secondary") -> bool:
    """A button for one request; a press does not count once the request has changed."""

    def press() -> None:
        st.session_state[f"{key}-pressed"] = request

    st.button(label, type=kind, icon=":material/play_arrow:", key=key, on_click=press)
    return st.session_state.pop(f"{key}-pressed", None) == request


def _compute(request: Request) -> Result:
    with Progress() as progress:
        progress(0, None, "starting")  # the first import of torch takes seconds
        return engine().compute(request, progress)


def notices(result: Result) -> list[str]:
    """Warnings of a result, and of the store."""
    return [*result.provenance["warnings"], *filter(None, [engine().store.notice, engine().store.exposure])]


def example(request: ExampleRequest) -> Result:
    """The analysis of one example; quick, since the model is stored."""
    return engine().get(request)


def _start_button(request: Request, data: Dataset, size: float, *, retry: bool) -> bool:
    """The button before long work, with an estimate of its time; "Try again" after a failure."""
    if retry:
        return _pressed("Try again", request, key="measure", kind="primary")
    st.subheader("Not measured yet")
    st.write(
        f"{data.title}: {data.n:,} training examples with {data.d:,} features. "
        f"{text.capitalised(request.subject)}: this takes {duration(size / PER_SECOND)} on two cores, "
        "less on a GPU; the result is stored."
    )
    if size > _TOO_LONG:
        fewer = ", or about twenty principal components," if isinstance(request, ModelRequest) else ""
        st.write(f"With fewer rows{fewer} it takes seconds: see the sidebar.")
    return _pressed("Measure", request, key="measure", kind="primary")
