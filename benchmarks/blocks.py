"""The rows about data that need not fit in memory: 2,000,000 x 100 from a file, in blocks, by a pool of processes."""

from __future__ import annotations

import multiprocessing.connection
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.fil import worst_error
from benchmarks.rows import SEED, Row, mib
from fil_core import ModelSpec
from fil_core.engine.fan_out.executors import executor
from fil_core.out_of_core.measures import measure_in_blocks
from fil_core.out_of_core.source import RowSource
from fil_core.out_of_core.streaming import fil_of_blocks
from fil_core.specs import ModelKind

_ROWS, _FEATURES = 2_000_000, 100
_LIMIT = 2 * 2**30
_KINDS: tuple[ModelKind, ...] = ("least-squares", "logistic")


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: its seconds, the most memory of all its processes together, theta and some of eta."""

    seconds: float
    peak: float
    eta: np.ndarray
    theta: np.ndarray


def write_rows(folder: Path, n: int, d: int, rows: int = 20_000) -> RowSource:
    """A matrix of standard normal rows and a file of noisy linear labels, written block by block.

    Args:
        folder: where the two files are written.
        n, d: rows and features.
        rows: rows per block.
    """
    X, y = folder / "X.npy", folder / "y.npy"
    with open(X, "wb") as features, open(y, "wb") as targets:
        for file, shape in ((features, (n, d)), (targets, (n,))):
            np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
        for start in range(0, n, rows):
            block, noise = seeded(start, min(rows, n - start), d)
            block.tofile(features)
            (block[:, 0] + noise > 0).astype(np.float64).tofile(targets)
    return RowSource(features=str(X), target=str(y), classes=(0.0, 1.0))


def seeded(start: int, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (m, d) and noise (m,) of one block, the same at every call.

    Args:
        start: number of the block's first row, which seeds the draw.
        m: rows in the block. d: features.
    """
    rng = np.random.default_rng([SEED, start])
    return rng.standard_normal((m, d)), rng.standard_normal(m)


def measured(source: RowSource, model: ModelSpec, workers: int) -> Measured:
    """A run in a fresh process with its own pool, and the memory of all its processes together.

    Args:
        source: the rows.
        model: what is trained on them.
        workers: processes in the pool.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(there, source, model, workers))
    process.start()
    there.close()
    watch = _Watch(process.pid or 0)
    seconds, eta, theta = here.recv()
    peak = watch.stop()
    process.join()
    return Measured(seconds, peak, eta, theta)


def _run(answer: multiprocessing.connection.Connection, source: RowSource, model: ModelSpec, workers: int) -> None:
    start = time.perf_counter()
    with executor(workers=workers) as pool:
        found = measure_in_blocks(source, model, preprocess="standardise", executor=pool)
    seconds = time.perf_counter() - start
    answer.send((seconds, found.table["eta"].to_numpy()[: 2**16], found.arrays["theta"]))


class _Watch:
    """The peak over time of the memory of a process and all that it started, as Linux counts it."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._over = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._over.set()
        self._thread.join()
        return self._peak

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self._peak = max(self._peak, sum(map(proportional, family(self._pid))))


def family(pid: int) -> list[int]:
    """A process and all below it."""
    try:
        children = Path(f"/proc/{pid}/task").glob("*/children")
        found = [int(child) for each in children for child in each.read_text().split()]
    except OSError:
        return []
    return [pid, *(one for child in found for one in family(child))]


def proportional(pid: int) -> float:
    """Resident bytes of a process, those it shares with m others counted by 1/m: Linux's Pss, pages of files too."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended
        return 0.0
    return next((float(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0.0)


def blocks(data_dir: str | None) -> Iterator[Row]:
    """Least squares and logistic regression on 1.6 GB of rows: seconds, memory, and eta against rows in memory."""
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        source = write_rows(Path(folder), _ROWS, _FEATURES)
        size = Path(source.features).stat().st_size
        for kind in _KINDS:
            what = f"{_ROWS:,} x {_FEATURES} from a file, {kind}, standardised, {workers} processes"
            found = measured(source, ModelSpec(kind=kind, l2=1e-3), workers)
            yield Row(f"{what}: every measure of everyone", "", f"{found.seconds:.1f} s", f"{mib(size)} of rows")
            yield Row(
                f"{what}: memory",
                f"<= {mib(_LIMIT)}",
                mib(found.peak),
                "peak Pss of all processes together, pages of the file included",
                found.peak <= _LIMIT,
            )
            if kind == "least-squares":
                error = _error(source, found)
                yield Row(f"{what}: error of eta", "<= 1e-9 relative", f"{error:.1e}", "two passes in one process", error <= 1e-9)  # noqa: E501 # fmt: skip


def _error(source: RowSource, found: Measured) -> float:
    """Against the sequential `fil_of_blocks` on rows standardised from the whole columns."""
    X, y = np.load(source.features, mmap_mode="r"), np.load(str(source.target))
    mean, std = X.mean(axis=0), X.std(axis=0)

    def passes() -> Iterable[tuple[torch.Tensor, torch.Tensor]]:
        for start in range(0, len(X), 20_000):
            rows = slice(start, start + 20_000)
            yield torch.from_numpy((X[rows] - mean) / std), torch.from_numpy(2 * y[rows] - 1)

    eta = fil_of_blocks(passes, l2=1e-3)[2][: len(found.eta)]
    return worst_error(torch.from_numpy(found.eta), eta)


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {"blocks": blocks}
