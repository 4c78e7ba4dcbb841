"""The rows about own data and jobs: images in a zip, a table of 100 MB, a job's first message and its end."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.browser import job_rows
from benchmarks.rows import SEED, Row
from fil_core import DataSpec, DataUnavailable, Engine, FilRequest, ModelSpec, Store
from fil_core.data.own import Choices, add
from fil_core.data.own.sandbox import preview_in_sandbox
from fil_core.engine.jobs.job import Job
from fil_core.engine.jobs.jobs import Jobs

ZIP = "cifar10-plane-car-jpeg.zip"
_FIGURES = {
    "least-squares": (0.0, (0.24846, 0.08012, 0.78221)),
    "logistic": (8e-5, (0.31599, 0.15131, 0.81112)),
}
_ALL_VALUES, _PREVIEW, _MESSAGE, _END = 60.0, 10.0, 1.0, 2.0  # seconds


@contextmanager
def own_store() -> Iterator[Path]:
    """A fresh store and register, until the block ends."""
    before = os.environ.get("FIL_STORE_DIR")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FIL_STORE_DIR"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop("FIL_STORE_DIR")
            if before is not None:
                os.environ["FIL_STORE_DIR"] = before


def own_images(data_dir: str | None) -> Iterator[Row]:
    """Airplanes and automobiles out of a zip: the published figures, and all values of every image."""
    path = Path(data_dir or os.environ.get("FIL_DATA_DIR", "")) / ZIP
    if not path.is_file():
        raise DataUnavailable(f"{ZIP} is not in the data directory")
    with own_store() as folder:
        engine = Engine(Store(folder))
        start = time.perf_counter()
        name = add(path, Choices()).name
        read = time.perf_counter() - start
        for kind, (l2, wanted) in _FIGURES.items():
            request = FilRequest(data=DataSpec(name=name, pca=20), model=ModelSpec(kind=kind, l2=l2))  # type: ignore[arg-type]
            s = engine.get(request).summary
            found = tuple(round(s[f"eta_{part}"], 5) for part in ("mean", "std", "max"))
            what = f"own images, {kind}, PCA 20: mean, std, max of eta"
            yield Row(what, "{} {} {}".format(*wanted), "{} {} {}".format(*found), "", found == wanted)
        start = time.perf_counter()
        engine.get(FilRequest(data=DataSpec(name=name), model=ModelSpec(l2=1e-3)))
        seconds = read + time.perf_counter() - start
        what = "own images, all 3,072 values of 10,000, zip to every measure"
        yield Row(what, f"<= {_ALL_VALUES:g} s", f"{seconds:.1f} s", f"reading {read:.1f} s", seconds <= _ALL_VALUES)


def own_table(data_dir: str | None) -> Iterator[Row]:
    """A CSV of more than 100 MB, previewed as on the page."""
    rng = np.random.default_rng(SEED)
    frame = pd.DataFrame(rng.normal(size=(500_000, 12)), columns=[f"c{j}" for j in range(12)])
    frame["region"] = rng.choice(["north", "south", "west"], len(frame))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.csv"
        frame.to_csv(path, index=False)
        start = time.perf_counter()
        found = preview_in_sandbox(path)
        seconds = time.perf_counter() - start
        what = f"own table, preview of a CSV of {path.stat().st_size / 1e6:.0f} MB"
        yield Row(what, f"<= {_PREVIEW:g} s", f"{seconds:.1f} s", f"{found['rows']:,} rows", seconds <= _PREVIEW)


def jobs(data_dir: str | None) -> Iterator[Row]:
    """The time until a job reports progress, and until its process has ended once it is cancelled."""
    import psutil

    with own_store() as folder:
        server = Jobs(folder)
        request = FilRequest(data=DataSpec(name="synthetic:10000x3072"), model=ModelSpec(l2=1e-3))
        start = time.perf_counter()
        job = server.submit([request], title="benchmark")
        first = _until(lambda: _now(server, job).what != "waiting for its turn", start)
        yield Row(
            "job: from submission to its first message", f"<= {_MESSAGE:g} s", f"{first:.2f} s", "", first <= _MESSAGE
        )
        computing = _until(lambda: _now(server, job).what not in ("starting a process", "loading"), start)
        yield Row("job: from submission to the work itself", "", f"{computing:.1f} s", "a process, torch and the data")
        start = time.perf_counter()
        server.cancel(job.id)
        end = _until(lambda: not psutil.Process().children(recursive=True), start)
        yield Row("job: from cancelling to the end of its process", f"<= {_END:g} s", f"{end:.2f} s", "", end <= _END)
    yield from job_rows(data_dir)


def _now(server: Jobs, job: Job) -> Job:
    return next(j for j in server.all() if j.id == job.id)


def _until(there: Callable[[], bool], start: float, most: float = 60.0) -> float:
    while not there() and time.perf_counter() - start < most:
        time.sleep(0.005)
    return time.perf_counter() - start


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {
    "own-images": own_images,
    "own-table": own_table,
    "jobs": jobs,
}
