"""The only place where pages reach the engine, and the only `st.cache_*` calls."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Sequence
from typing import Literal

import numpy as np
import streamlit as st

from fil_core import (
    AttributeRequest,
    Dataset,
    DataSpec,
    Engine,
    ExampleRequest,
    FilError,
    FilRequest,
    GivenWeights,
    Irfil,
    IrfilRequest,
    ReconstructionRequest,
    ReleaseRequest,
    Result,
    attribute_of,
    expected_accuracy,
    expected_squared_error,
    keep_weights,
    read_weights,
    sigma_for_success,
    success_column,
    success_probability,
)
from pages.common import text

Question = FilRequest | AttributeRequest | ReconstructionRequest | IrfilRequest | ReleaseRequest

# Answered at once below this many multiply-adds (a few seconds on two cores); above it a person is asked first.
_AT_ONCE = 1e11
_TOO_LONG = 1e13
_DEFAULT_SIGMAS = 13  # of an attack's own grid
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


def result(request: Question) -> Result:
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


def stored(request: Question) -> Result | None:
    """The answer if it is there, without any work."""
    return engine().find(request)


def sweep(
    requests: Sequence[Question], label: str, *, key: str, names: Sequence[str] = (), eager: bool = False
) -> list[Result | None]:
    """The stored answers to many questions, with a button that computes the others one by one.

    Whoever stops it, or leaves, keeps what is finished: each answer is stored before the next is begun. One that has
    no answer says why, under its name, and does not stop the others. With `eager` what takes a few seconds is not
    asked about.
    """
    found = [engine().find(request) for request in requests]
    missing = [i for i, answer in enumerate(found) if answer is None]
    if not missing:
        return found
    work = sum(_multiply_adds(requests[i], dataset(requests[i].data)) for i in missing)
    at_once = eager and work <= _AT_ONCE
    if work / _PER_SECOND > 10:
        st.caption(f"What is missing takes {_roughly(work / _PER_SECOND)} on two cores; it can be stopped.")
    controls = st.empty()
    pressed = at_once
    if not at_once:
        with controls:
            pressed = _pressed(label, tuple(requests), key=key)
    if pressed:
        with controls:  # any click ends this run, and with it the sweep
            st.button("Stop, and keep what is finished", icon=":material/stop:", key=f"{key}-stop")
        with _Progress() as progress:
            for done, i in enumerate(missing):
                try:
                    found[i] = engine().compute(requests[i], _Part(progress, done, len(missing)))
                except FilError as error:
                    named = f"{names[i]}: {error}" if names else str(error)
                    st.error(text.safe(named), icon=":material/error:")
        controls.empty()
    return found


class _Part:
    """The progress of one piece of a sweep, as progress of the whole."""

    def __init__(self, progress: _Progress, done: int, total: int) -> None:
        self._progress, self._done, self._total = progress, done, total
        progress(done, total, f"{done + 1} of {total}")

    def __call__(self, done: int, total: int | None, what: str) -> None:
        self._progress(self._done, self._total, f"{self._done + 1} of {self._total}: {what}")


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


def _pressed(label: str, request: object, *, key: str, kind: Literal["primary", "secondary"] = "secondary") -> bool:
    """A button for one request, which is not pressed any more when the request has changed meanwhile."""

    def press() -> None:
        st.session_state[f"{key}-pressed"] = request

    st.button(label, type=kind, icon=":material/play_arrow:", key=key, on_click=press)
    return st.session_state.pop(f"{key}-pressed", None) == request


def _compute(request: Question) -> Result:
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
def noise_curve(request: FilRequest, sigmas: tuple[float, ...]) -> list[float]:
    """Expected test score of one model under several noises."""
    found = engine().get(request)
    return [expected_score(found, sigma) for sigma in sigmas]


@st.cache_data(max_entries=32, show_spinner=False)
def round_scores(request: IrfilRequest, sigma: float) -> list[float]:
    """Expected test score of every round of a reweighting under output noise."""
    data, found = engine().dataset(request.data), engine().get(request)
    norms, accuracy = np.linalg.norm(data.X_test, axis=1), found.summary["score"] == "accuracy"
    scores = [data.X_test @ theta.T for theta in found.arrays["theta"]]
    if accuracy:
        return [expected_accuracy(z, norms, data.y_test, sigma) for z in scores]
    return [expected_squared_error(z - data.y_test, norms, sigma) for z in scores]


def given_weights(spec: DataSpec, name: str, content: bytes) -> GivenWeights:
    """Weights out of a file that was handed in, kept in the store."""
    return keep_weights(engine(), read_weights(name, content), dataset(spec))


@st.cache_data(max_entries=32, show_spinner=False)
def utility_curve(request: FilRequest) -> tuple[np.ndarray, np.ndarray]:
    """Expected test score from noise that changes nothing to noise that drowns the parameters."""
    found = engine().get(request)
    size = float(np.sqrt(np.mean(np.square(found.arrays["theta"])))) or 1.0
    sigmas = size * np.logspace(-3, 2, 21)
    return sigmas, np.array([expected_score(found, float(sigma)) for sigma in sigmas])


def success(found: Result, attacker: str, sigma: float) -> np.ndarray:
    """Each example's chance that a white-box attacker guesses rightly: in closed form, or of a noise that was drawn."""
    if "gram" not in found.arrays:
        return found.table[success_column(attacker, sigma)].to_numpy()
    prior = found.arrays["prior"] if attacker == "whitebox-prior" else None
    return success_probability(found.arrays["gram"], found.arrays["codes"], sigma, prior)


@st.cache_data(max_entries=32, show_spinner=False)
def success_curve(request: AttributeRequest, attacker: str, sigmas: tuple[float, ...]) -> list[float]:
    """Its mean over the examples for each noise."""
    found = engine().get(request)
    return [float(success(found, attacker, sigma).mean()) for sigma in sigmas]


@st.cache_data(max_entries=64, show_spinner=False)
def noise_for_success(request: AttributeRequest, attacker: str, target: float) -> float:
    """Noise that brings a white-box attacker's mean success down to a target, where it has a closed form."""
    arrays = engine().get(request).arrays
    return sigma_for_success(
        arrays["gram"], arrays["codes"], target, arrays["prior"] if attacker == "whitebox-prior" else None
    )


def _asked(request: Question, data: Dataset, work: float) -> bool:
    """The state before the first measurement of something large."""
    st.subheader("Not measured yet")
    st.write(
        f"{data.title}: {data.n:,} training examples with {data.d:,} features, {request.model.kind}. This takes "
        f"{_roughly(work / _PER_SECOND)} on two cores, less on a GPU; the result is kept."
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


def _multiply_adds(request: Question, data: Dataset) -> float:
    """Size of the work, in multiply-adds."""
    return _fitting(request, data) * _rounds(request) + _attacking(request, data)


def _rounds(request: Question) -> int:
    """How many models are trained and measured on the way."""
    if isinstance(request, IrfilRequest):
        return 1 + request.weights.iterations
    how = request.model.weights
    if how is None:
        return 1
    if not isinstance(how, Irfil):
        return 2
    base = request.model.equally_weighted
    reweighting = IrfilRequest(data=request.data, model=base, weights=how, device=request.device)
    return 1 if engine().find(reweighting) else 2 + how.iterations


def _attacking(request: Question, data: Dataset) -> float:
    if isinstance(request, ReleaseRequest):
        attack = _attack_of(request)
        return _attacking(attack, data) if attack else 0.0
    if isinstance(request, AttributeRequest):
        return _inferring(request, data)
    return _reconstructing(request, data) if isinstance(request, ReconstructionRequest) else 0.0


def _attack_of(release: ReleaseRequest) -> AttributeRequest | ReconstructionRequest | None:
    """The attack that a release runs, as a request of its own."""
    common = {"data": release.data, "model": release.model, "sigmas": (release.sigma,), "trials": release.trials}
    if release.attribute:
        return AttributeRequest(attribute=release.attribute, attackers=("whitebox",), **common)  # type: ignore[arg-type]
    return ReconstructionRequest(ids=release.ids, **common) if release.ids else None  # type: ignore[arg-type]


def _inferring(request: AttributeRequest, data: Dataset) -> float:
    """Trials of every attacker, the ideal one's training, and for logistic models passes over the data by candidate."""
    n, d, k = data.n, data.d, attribute_of(data, request.attribute, bins=request.bins).k
    trials = 15.0 * n * k * request.trials * (len(request.sigmas) or _DEFAULT_SIGMAS) * len(request.attackers)
    ideal = 10.0 * n * (d * k) ** 2 if "ideal" in request.attackers else 0.0
    return trials + ideal + (20.0 * n * n * d * (k - 1) if request.model.kind == "logistic" else 0.0)


def _reconstructing(request: ReconstructionRequest, data: Dataset) -> float:
    """Two eigenproblems an example, and an integral for each release."""
    releases = request.trials * (len(request.sigmas) or _DEFAULT_SIGMAS)
    rounds = 3 if request.model.kind == "logistic" else 1
    return len(request.ids) * (20.0 * data.d**3 + rounds * releases * data.d * (1e5 + data.n))


def _fitting(request: Question, data: Dataset) -> float:
    """Gram matrices, one factorisation, and the measures of everyone."""
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
