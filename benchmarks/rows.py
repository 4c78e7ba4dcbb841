"""Shared by all groups of benchmarks: a row, and how seconds, bytes and samples are taken."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fil_core import DataSpec, load

SEED = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        what: what was measured.
        target: what the figure should be; empty for no target.
        measured: the figure with its unit.
        reference: what it is compared with, with its own figure.
        passed: whether the target is met; None where there is none or it could not be measured.
    """

    what: str
    target: str
    measured: str
    reference: str = ""
    passed: bool | None = None


def best_of(times: int, work: Callable[[], Any]) -> tuple[Any, float]:
    """The last result and the fewest seconds, since other work on the machine only ever adds time."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return result, min(seconds)


def processor_seconds(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result and the seconds that this process computed, all threads together: the same on a busy machine."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def sample(n: int, size: int) -> list[int]:
    """Positions of some training examples, drawn with the seed of all benchmarks."""
    return np.random.default_rng(SEED).choice(n, size, replace=False).tolist()


def extra_memory(work: Callable[..., Any], *prepared: Any) -> float:
    """Bytes that a fresh process needs on top of its inputs: peak resident memory during `work` less that before it.

    Args:
        work: a module-level function; its result counts as well.
        prepared: its arguments; a DataSpec is loaded in the process, before the measurement.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_peak_growth, work, prepared).result()


def _peak_growth(work: Callable[..., Any], prepared: tuple[Any, ...]) -> float:
    arguments = [load(a) if isinstance(a, DataSpec) else a for a in prepared]
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak starts again from what is resident now
    before = _resident("VmRSS")
    result = work(*arguments)
    peak = _resident("VmHWM")
    del result
    return peak - before


def _resident(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def mib(size: float) -> str:
    """Bytes in MiB, as text."""
    return f"{size / 2**20:,.0f} MiB"
