"""The only place where pages reach the engine, and the only `st.cache_*` calls."""

from __future__ import annotations

import importlib
import threading
from typing import Literal

import numpy as np
import streamlit as st

from fil_core import (
    Dataset,
    DataSpec,
    Engine,
    ExampleRequest,
    FilRequest,
    Result,
    expected_accuracy,
    expected_squared_error,
)

# Answered at once below this many multiply-adds (a second or two on two cores); above it a person is asked first.
_AT_ONCE = 4e10
_TOO_LONG = 1e13
_PER_SECOND = 2e10  # multiply-adds of two cores

# Seconds after which torch is loaded behind the first pages, which show stored numbers and do not need it: whoever then
# asks for something new does not wait for the import, and whoever looks around at once is not slowed by it.
_TORCH_AFTER = 20.0


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """One engine for the whole server: its store and the data sets in use."""
    threading.Timer(_TORCH_AFTER, importlib.import_module, ["torch"]).start()
    return Engine()


def dataset(spec: DataSpec) -> Dataset:
    """The examples of a spec, read on first use with progress shown."""
    with _Progress() as progress:
        return engine().dataset(spec, progress)


def result(request: FilRequest) -> Result:
    """The answer to a request: stored, or computed here and now, or, when that takes long, after a click.

    Ends the page where there is nothing to show yet.
    """
    data = dataset(request.data)
    found = engine().find(request)
    if found is None:
        work = _multiply_adds(request, data)
        if work > _AT_ONCE and not _asked(request, data, work):
            st.stop()
        found = _compute(request)
    return found


def offered(request: FilRequest, label: str, *, key: str) -> Result | None:
    """The stored answer to a side question, or a button that computes it; None until it was pressed."""
    found = engine().find(request)
    if found is None:
        seconds = _multiply_adds(request, dataset(request.data)) / _PER_SECOND
        if seconds > 10:
            st.caption(f"This takes {_roughly(seconds)} on two cores.")
        if _pressed(label, request, key=key):
            found = _compute(request)
    return found


def _pressed(label: str, request: FilRequest, *, key: str, kind: Literal["primary", "secondary"] = "secondary") -> bool:
    """A button for one request, which is not pressed any more when the request has changed meanwhile."""

    def press() -> None:
        st.session_state[f"{key}-pressed"] = request

    st.button(label, type=kind, icon=":material/play_arrow:", key=key, on_click=press)
    return st.session_state.pop(f"{key}-pressed", None) == request


def _compute(request: FilRequest) -> Result:
    with _Progress() as progress:
        progress(0, None, "starting")  # loading torch for the first time takes seconds that nobody else reports
        return engine().compute(request, progress)


def notices(found: Result) -> list[str]:
    """What a reader of a result must know: its own warnings, and the state of the store."""
    return [*found.provenance["warnings"], *filter(None, [engine().store.notice])]


def example(request: ExampleRequest) -> Result:
    """What one example gives away; the model is stored, so this is quick."""
    return engine().get(request)


def expected_score(found: Result, sigma: float) -> float:
    """Expected test accuracy, or squared error, under output noise, in closed form."""
    scores, norms, targets = (found.arrays[f"test_{name}"] for name in ("scores", "norms", "targets"))
    if found.summary["score"] == "accuracy":
        return expected_accuracy(scores, norms, targets, sigma)
    return expected_squared_error(scores - targets, norms, sigma)


@st.cache_data(max_entries=32, show_spinner=False)
def utility_curve(request: FilRequest) -> tuple[np.ndarray, np.ndarray]:
    """Expected test score from noise that changes nothing to noise that drowns the parameters."""
    found = engine().get(request)
    size = float(np.sqrt(np.mean(np.square(found.arrays["theta"])))) or 1.0
    sigmas = size * np.logspace(-3, 2, 21)
    return sigmas, np.array([expected_score(found, float(sigma)) for sigma in sigmas])


def _asked(request: FilRequest, data: Dataset, work: float) -> bool:
    """The state before the first measurement of something large."""
    st.subheader("Not measured yet")
    st.write(
        f"{data.title}: {data.n:,} training examples with {data.d:,} features, {request.model.kind}. Measuring them "
        f"all takes {_roughly(work / _PER_SECOND)} on two cores, less on a GPU; the result is kept."
    )
    if work > _TOO_LONG:
        st.write("Fewer rows, or some twenty principal components, make it a matter of seconds: see the sidebar.")
    return _pressed("Measure", request, key="measure", kind="primary")


def _roughly(seconds: float) -> str:
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {seconds:.0f} seconds"
    return f"about {seconds / 60:.0f} minutes" if seconds < 5400 else f"about {seconds / 3600:.0f} hours"


def _multiply_adds(request: FilRequest, data: Dataset) -> float:
    """Size of the work: Gram matrices, one factorisation, and the measures."""
    n, d, C = data.n, data.d, max(1, len(data.class_names))
    if request.model.kind == "softmax":
        return 6 * n * d * d * C * C + 10.0 * (C * d) ** 3 + 20.0 * n * (d + C) ** 3
    steps = {"least-squares": 1, "logistic": 8}[request.model.kind]
    return (1 + steps) * n * d * d + 10.0 * d**3 + 200.0 * n * d


class _Progress:
    """A progress bar that appears when there is something to report and goes when the work is done."""

    def __enter__(self) -> _Progress:
        self._slot = st.empty()
        return self

    def __call__(self, done: int, total: int | None, what: str) -> None:
        what = what[:1].upper() + what[1:]
        self._slot.progress(min(1.0, done / total) if total else 0.0, f"{what}…")

    def __exit__(self, *error: object) -> None:
        self._slot.empty()
