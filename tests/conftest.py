"""Small problems that several files share, and a result store of each test's own."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

# Before anything loads a library that reads it, and for the servers and jobs that tests start: nearly all matrices here
# are so small that a second thread only waits, and makes what is measured depend on what else the machine does.
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pytest

from fil_core.dataset import AttributeGroup, Dataset, Preprocessing
from fil_core.models import Fitted, fit
from fil_core.specs import ModelSpec
from tests.reference import Reference

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where FIL_FORBID_SKIPS is set, a real-data or browser test that skips has failed."""
    report = yield
    needed = any(item.get_closest_marker(name) for name in ("realdata", "browser"))
    if report.skipped and needed and os.environ.get("FIL_FORBID_SKIPS"):
        report.outcome, report.longrepr = "failed", f"skipped where no skip is allowed: {report.longrepr}"
    return report


# Files that take minutes, begun first: one of them begun last would keep one process busy while the other has no work.
_LONG = ("tests/browser/", "test_fuzz_readers", "test_completeness", "test_truth", "test_cost", "tests/pages/", "jobs/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first, otherwise in the order in which they were found."""
    items.sort(key=lambda item: not any(name in item.nodeid for name in _LONG))


@pytest.fixture(autouse=True)
def own_store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads what another, or the person who runs it, has stored."""
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path_factory.mktemp("store")))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for every test that needs one: Playwright refuses to run twice at once."""
    from chromium import find
    from driving import running

    executable = find()
    if executable is None:
        pytest.skip("no Chromium: none on this machine, and neither the package manager nor Playwright gave one")
    with running(executable) as opened:
        yield opened


@pytest.fixture
def run(capsys):
    """`python -m fil_core` in this process: exit code, stdout and stderr for some arguments."""

    from fil_core.__main__ import main

    def call(*arguments):
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:  # argparse's way out
            code = stop.code
        found = capsys.readouterr()
        return code, found.out, found.err

    return call


def dataset_of(X: np.ndarray, y: np.ndarray, *, classes: int = 0, **more) -> Dataset:
    """Training arrays as a Dataset; the test split is the training split's first rows, moved a little."""
    n, d = X.shape
    y = np.asarray(y, dtype=np.float64)
    names = tuple(f"x{j}" for j in range(d))
    given = {
        "X": np.ascontiguousarray(X, dtype=np.float64), "y": y, "ids": np.arange(n) * 3 + 1,
        "X_test": X[: n // 2] + 0.01, "y_test": y[: n // 2],
        "task": "classification" if classes else "regression",
        "class_names": tuple("abcdefgh"[:classes]), "feature_names": names, "source": X, "source_names": names,
        "preprocessing": Preprocessing(np.asarray(1.0), np.asarray(0.0)), "title": "A test's own data",
    }  # fmt: skip
    return Dataset(**(given | more))


def random_dataset(*, classes: int = 0, n: int = 40, d: int = 5, seed: int = 0, condition: float = 10.0) -> Dataset:
    """Correlated features whose singular values span `condition`, and targets no linear model fits.

    Labels cycle through the classes with noise, so that every class is there and none is separable.
    """
    rng = np.random.default_rng(seed)
    left, _ = np.linalg.qr(rng.standard_normal((n, d)))
    right, _ = np.linalg.qr(rng.standard_normal((d, d)))
    X = np.sqrt(n) * (left * np.geomspace(1, 1 / condition, d)) @ right
    if not classes:
        return dataset_of(X, X @ rng.standard_normal(d) + 0.7 * rng.standard_normal(n))
    pull = X @ rng.standard_normal((d, classes)) + 2 * rng.gumbel(size=(n, classes))
    y = pull.argmax(1)
    y[: 2 * classes] = np.arange(2 * classes) % classes
    return dataset_of(X, y, classes=classes)


@pytest.fixture
def make_dataset() -> Callable[..., Dataset]:
    """`random_dataset`, for tests that choose sizes and conditions themselves."""
    return random_dataset


@pytest.fixture
def from_arrays() -> Callable[..., Dataset]:
    """`dataset_of`, for tests that bring their own numbers."""
    return dataset_of


@pytest.fixture
def with_attribute(make_dataset: Callable[..., Dataset]) -> Callable[..., Dataset]:
    """Makes a data set of which the first columns are a one-hot attribute `kind` of k values, the last all zeros."""

    def make(*, classes: int = 0, k: int = 3, n: int = 40, d: int = 4, seed: int = 0) -> Dataset:
        data = make_dataset(classes=classes, n=n, d=d, seed=seed)
        codes = np.random.default_rng(seed + 1).integers(0, k, n)
        codes[:k] = np.arange(k)
        X = np.ascontiguousarray(np.hstack([np.eye(k)[:, : k - 1][codes], data.X]))
        names = tuple(f"kind={c}" for c in range(k - 1)) + data.feature_names
        group = AttributeGroup("kind", tuple(range(k - 1)), tuple(map(str, range(k - 1))), str(k - 1))
        return dataclasses.replace(
            data, X=X, X_test=X[: n // 2], source=X, feature_names=names, source_names=names, groups={"kind": group}
        )

    return make


@dataclass(frozen=True)
class Problem:
    """One model on one data set with unequal weights, beside its slow reference."""

    spec: ModelSpec
    dataset: Dataset
    weights: np.ndarray

    @cached_property
    def fitted(self) -> Fitted:
        return fit(self.spec, self.dataset, weights=self.weights)

    @cached_property
    def reference(self) -> Reference:
        return reference_of(self.spec, self.dataset, self.weights)


def reference_of(spec: ModelSpec, dataset: Dataset, weights: np.ndarray | None = None) -> Reference:
    """The slow reference of a request, in the model's own coding of the targets."""
    classes = len(dataset.class_names)
    coded = 2 * dataset.y - 1 if classes and spec.kind == "least-squares" else dataset.y
    T = np.eye(classes)[dataset.y.astype(int)] if spec.kind == "softmax" else coded
    w = np.ones(dataset.n) if weights is None else weights
    return Reference(spec.kind, dataset.X, T, w, dataset.n * spec.penalty)


@pytest.fixture
def make_reference() -> Callable[..., Reference]:
    """`reference_of`, for tests that make their own problem."""
    return reference_of


def _problem(kind: str, classes: int, l2: float, **size) -> Problem:
    dataset = random_dataset(classes=classes, **size)
    weights = np.random.default_rng(7).uniform(0.3, 2.0, dataset.n)
    weights[3] = 0.0
    return Problem(ModelSpec(kind=kind, l2=l2), dataset, weights)


_PROBLEMS = {
    "regression": lambda: _problem("least-squares", 0, 0.0),
    "regression-ridge-one-feature": lambda: _problem("least-squares", 0, 0.05, d=1),
    "least-squares-two-classes": lambda: _problem("least-squares", 2, 0.01, n=30, d=6, condition=100.0),
    "logistic": lambda: _problem("logistic", 2, 0.01),
    "logistic-without-penalty": lambda: _problem("logistic", 2, 0.0, n=60, d=3),
    "softmax-three-classes": lambda: _problem("softmax", 3, 0.01, d=4),
    "softmax-two-classes": lambda: _problem("softmax", 2, 0.05, n=25, d=3),
}


@pytest.fixture(scope="session", params=_PROBLEMS)
def problem(request: pytest.FixtureRequest) -> Problem:
    """Every model in turn, weights between 0.3 and 2 and one of them 0; made once, never written to."""
    return _problem_once(request.param)


_made: dict[str, Problem] = {}


def _problem_once(name: str) -> Problem:
    if name not in _made:
        _made[name] = _PROBLEMS[name]()
    return _made[name]


@pytest.fixture(scope="session")
def three() -> list[Problem]:
    """One problem of each model."""
    return [_problem_once(name) for name in ("regression", "logistic", "softmax-three-classes")]
