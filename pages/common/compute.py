"""Where pages reach the engine: stored answers, work on the page, and jobs."""

from __future__ import annotations

import gc
import importlib
import os
import threading
from collections.abc import Sequence
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fil_core import (
    BadRequest,
    Dataset,
    DataSpec,
    Engine,
    ExampleRequest,
    FilError,
    GivenWeights,
    Request,
    Result,
    analysis_of,
    keep_weights,
    read_weights,
)
from fil_core.data.own.uploads import delete_old_uploads
from fil_core.engine import cost
from fil_core.engine.cost import PER_SECOND
from fil_core.engine.jobs.job import Job
from fil_core.engine.jobs.jobs import Jobs
from pages.common import job_status, text

# In multiply-adds, of which two cores do `PER_SECOND`. Up to about two seconds are done in the page's own thread; what
# takes longer is a job; before more than a few seconds a person is asked first.
_IN_PAGE = 4e10
_AT_ONCE = 1e11
_TOO_LONG = 1e13

# Seconds after which torch is loaded behind the first pages, which show stored numbers and do not need it: whoever then
# asks for something new does not wait for the import, and whoever looks around at once is not slowed by it.
_TORCH_AFTER = 20.0


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """One engine for the whole server: its store and the data sets in use."""
    settling = threading.Timer(_TORCH_AFTER, _settle)
    settling.daemon = True  # a server that ends does not wait for it
    settling.start()
    delete_old_uploads()
    return Engine()


def _settle() -> None:
    """Load what is large, then spare the garbage collector all that will stay.

    Streamlit collects after every run of a page, and would look through every object of the libraries each
    time, which takes longer than the page.
    """
    importlib.import_module("torch")
    gc.collect()
    gc.freeze()


def dataset(spec: DataSpec) -> Dataset:
    """The examples of a spec, read on first use with progress shown."""
    with Progress() as progress:
        return engine().dataset(spec, progress)


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The jobs of this server, as many and as large as its environment allows."""
    memory = _setting("FIL_JOB_MEMORY_GIB")
    return Jobs(
        engine().store.root,
        running=int(_setting("FIL_JOBS_RUNNING", whole=True) or 1),
        memory_bytes=None if memory is None else int(memory * 2**30),
        seconds=3600 * (_setting("FIL_JOB_HOURS") or 6.0),
    )


def close() -> None:
    """End what is at work; as the server ends."""
    jobs().close()


def _setting(name: str, *, whole: bool = False) -> float | None:
    """A limit out of the environment; None where it is not set."""
    given = os.environ.get(name, "")
    kind = "a whole number" if whole else "a number"
    try:
        value = float(given) if given else None
    except ValueError:
        raise BadRequest(f"{name}: expected {kind}; got {given!r}.") from None
    if value is not None and not (0 < value < 1e6 and (value.is_integer() or not whole)):
        raise BadRequest(f"{name}: expected {kind} above 0; got {given!r}.")
    return value


def result(request: Request) -> Result:
    """The answer to a request: stored, or computed here and now, or, when that takes long, by a job.

    Ends the page where there is nothing to show yet.
    """
    data = dataset(request.data)
    job = jobs().find([request])  # before the store: what ends in between has its answer there
    found = engine().find(request)
    if found is not None:
        return found
    if job is not None and not job.over:
        job_status.follow(jobs, job)
        st.stop()
    size = cost.work(request, data, engine())
    place = st.empty()  # what asks gives way to what happens
    with place.container():
        if not _wanted(request, data, size, job):
            st.stop()
    place.empty()
    # A job whose store could not be written has kept nothing; this process has its memory at least.
    if size <= _IN_PAGE or (job is not None and job.notice):
        return _compute(request)
    job_status.follow(jobs, submit([request], _title(request, data)))
    st.stop()


def _wanted(request: Request, data: Dataset, size: float, job: Job | None) -> bool:
    """Whether to begin: at once with what is soon done, after a click with what takes long or came to nothing."""
    if job is not None:
        job_status.failed(job)
    if size > _IN_PAGE:
        cost.check_memory(request, data, jobs().memory_limit)
        cost.check_time(request, data, engine(), jobs().seconds)
    if size <= _AT_ONCE and job is None:
        return True
    return _asked(request, data, size, again=job is not None)


def _title(request: Request, data: Dataset) -> str:
    return ", ".join(filter(None, [analysis_of(request).name, data.title, request.subject]))


def submit(requests: Sequence[Request], title: str) -> Job:
    """Start a job, after a look at what those of its requests need that have no answer yet.

    Raises:
        BadRequest: more memory or time than a job may take, or too many jobs wait.
        FilError: the data of a request cannot be read.
    """
    for request in requests:
        if engine().find(request) is None:
            data = engine().dataset(request.data)
            cost.check_memory(request, data, jobs().memory_limit)
            cost.check_time(request, data, engine(), jobs().seconds)
    return jobs().submit(requests, title=title)


def stored(request: Request) -> Result | None:
    """The answer if it is there, without any work."""
    return engine().find(request)


def sweep(
    requests: Sequence[Request], label: str, *, key: str, names: Sequence[str] = (), eager: bool = False
) -> list[Result | None]:
    """The stored answers to many questions, with a button that computes the others.

    Whoever stops it, or leaves, keeps what is finished: each answer is stored before the next is begun. One that has
    no answer says why, under its name, and does not stop the others. With `eager` what takes a few seconds is not
    asked about. What takes longer than a page may wait for is one job, whose answers appear as they come.
    """
    found = [engine().find(request) for request in requests]
    missing = [i for i, answer in enumerate(found) if answer is None]
    if not missing:
        return found
    job = jobs().latest([requests[i] for i in missing])
    if job is not None and job.over:  # perhaps since the store was looked into
        found = [answer or engine().find(request) for answer, request in zip(found, requests, strict=True)]
        missing = [i for i, answer in enumerate(found) if answer is None]
        if not missing:
            return found
    place = st.empty()  # one place for what asks and for what happens, or both would be seen for a moment
    if job is not None and not job.over:
        with place.container():
            job_status.follow(jobs, job)
        return found
    size = sum(cost.work(requests[i], dataset(requests[i].data), engine()) for i in missing)
    pressed = eager and size <= _AT_ONCE and job is None
    if not pressed:
        with place.container():
            if job is not None:
                job_status.failed(job, dict(zip(requests, names, strict=False)))
            if size / PER_SECOND > 10:
                st.caption(f"What is missing takes {_roughly(size / PER_SECOND)} on two cores; it can be stopped.")
            pressed = _pressed(label, tuple(requests), key=key)
    if pressed and size > _IN_PAGE:
        with place.container():
            job_status.follow(jobs, submit([requests[i] for i in missing], label))
    elif pressed:
        _here(requests, missing, found, place, key=key, names=names)
    return found


def _here(
    requests: Sequence[Request],
    missing: list[int],
    found: list[Result | None],
    place: DeltaGenerator,
    *,
    key: str,
    names: Sequence[str],
) -> None:
    """Answer what is missing in the page's own thread, in its place in `found`."""
    with place:  # any click ends this run, and with it the sweep
        st.button("Stop, and keep what is finished", icon=":material/stop:", key=f"{key}-stop")
    with Progress() as progress:
        for done, i in enumerate(missing):
            try:
                found[i] = engine().compute(requests[i], _Part(progress, done, len(missing)))
            except FilError as error:
                named = f"{names[i]}: {error}" if names else str(error)
                st.error(text.safe(named), icon=":material/error:")
    place.empty()


class _Part:
    """The progress of one piece of a sweep, as progress of the whole."""

    def __init__(self, progress: Progress, done: int, total: int) -> None:
        self._progress, self._done, self._total = progress, done, total
        progress(done, total, f"{done + 1} of {total}")

    def __call__(self, done: int, total: int | None, what: str) -> None:
        self._progress(self._done, self._total, f"{self._done + 1} of {self._total}: {what}")


def offered(request: Request, label: str, *, key: str) -> Result | None:
    """The stored answer to a side question, or a button that computes it; None until it is there."""
    return sweep([request], label, key=key)[0]


def _pressed(label: str, request: object, *, key: str, kind: Literal["primary", "secondary"] = "secondary") -> bool:
    """A button for one request, which is not pressed any more when the request has changed meanwhile."""

    def press() -> None:
        st.session_state[f"{key}-pressed"] = request

    st.button(label, type=kind, icon=":material/play_arrow:", key=key, on_click=press)
    return st.session_state.pop(f"{key}-pressed", None) == request


def _compute(request: Request) -> Result:
    with Progress() as progress:
        progress(0, None, "starting")  # loading torch for the first time takes seconds that nobody else reports
        return engine().compute(request, progress)


def notices(found: Result) -> list[str]:
    """What a reader of a result must know: its own warnings, and the state of the store."""
    return [*found.provenance["warnings"], *filter(None, [engine().store.notice])]


def example(request: ExampleRequest) -> Result:
    """What one example gives away; the model is stored, so this is quick."""
    return engine().get(request)


def given_weights(spec: DataSpec, name: str, content: bytes) -> GivenWeights:
    """Weights out of a file that was handed in, kept in the store."""
    return keep_weights(engine().store, read_weights(name, content), dataset(spec))


def _asked(request: Request, data: Dataset, size: float, *, again: bool) -> bool:
    """The state before the first measurement of something large, or the next one of what came to nothing."""
    if again:
        return _pressed("Try again", request, key="measure", kind="primary")
    st.subheader("Not measured yet")
    st.write(
        f"{data.title}: {data.n:,} training examples with {data.d:,} features. {request.subject}: this takes "
        f"{_roughly(size / PER_SECOND)} on two cores, less on a GPU; the result is kept."
    )
    if size > _TOO_LONG:
        st.write("Fewer rows, or some twenty principal components, make it a matter of seconds: see the sidebar.")
    return _pressed("Measure", request, key="measure", kind="primary")


def _roughly(seconds: float) -> str:
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {seconds:.0f} seconds"
    return f"about {seconds / 60:.0f} minutes" if seconds < 5400 else f"about {seconds / 3600:.0f} hours"


class Progress:
    """A progress bar that appears when there is something to report and goes when the work is done."""

    def __enter__(self) -> Progress:
        self._slot = st.empty()
        return self

    def __call__(self, done: int, total: int | None, what: str) -> None:
        """Show how far the work is."""
        what = what[:1].upper() + what[1:]
        self._slot.progress(min(1.0, done / total) if total else 0.0, f"{what}…")

    def __exit__(self, *error: object) -> None:
        self._slot.empty()
