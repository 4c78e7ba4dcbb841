"""The rows about leave-one-out distinguishability: all records from one factorisation, beside refitting for each."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.own import ZIP, own_store
from benchmarks.rows import Row, extra_memory, mib, processor_seconds, sample
from fil_core import DataSpec, load
from fil_core.analyses.analysis import Inputs
from fil_core.analyses.lood.request import LoodRequest
from fil_core.analyses.lood.run import run
from fil_core.analyses.lood_query.request import LoodQueryRequest
from fil_core.analyses.lood_query.run import run as find
from fil_core.data.own import Choices, add
from fil_core.dataset import Dataset
from fil_core.lood.process import process
from fil_core.result import Result

_SECONDS = {1_000: 3.0, 3_000: 25.0}
_QUERIES = {1: 20.0, 20: 120.0}
_ALL, _ALL_SECONDS, _ALL_MEMORY = 10_000, 300.0, 6 * 2**30
_REFITTED, _REFITS, _TIMES_FASTER = 3_000, 5, 100


def lood(data_dir: str | None) -> Iterator[Row]:
    """Airplanes and automobiles out of the zip where it is, else synthetic data of the same size."""
    path = Path(data_dir or os.environ.get("FIL_DATA_DIR", "")) / ZIP
    with own_store():
        own = add(path, Choices()).name if path.is_file() else None

        def of(n: int) -> DataSpec:
            if own is None:
                return DataSpec(name=f"synthetic:{n}x3072")
            return DataSpec(name=own, subset=n if n < _ALL else None)

        yield from _small(of)
        yield from _queries(of(1_000))
        yield _whole(of(_ALL))


def _small(of: Callable[[int], DataSpec]) -> Iterator[Row]:
    for n, most in _SECONDS.items():
        data = load(of(n))
        start = time.perf_counter()
        result, work = processor_seconds(lambda data=data: _measured(data))  # type: ignore[misc]
        seconds = time.perf_counter() - start
        yield Row(f"LOOD, {_size(data)}: kernel and all columns", f"<= {most:g} s", f"{seconds:.1f} s", f"{work:.1f} s of processor", seconds <= most)  # noqa: E501 # fmt: skip
        if n == _REFITTED:
            yield from _beside_refits(data, result, work / n)


def _size(data: Dataset) -> str:
    return f"{data.n:,} x {data.d:,}, {len(data.class_names)} classes"


def _measured(data: Dataset) -> Result:
    return run(LoodRequest(), Inputs(data, torch.device("cpu")))


def _queries(spec: DataSpec) -> Iterator[Row]:
    """One optimised query, and some together."""
    data = load(spec)
    for many, most in _QUERIES.items():
        request = LoodQueryRequest(data=spec, ids=tuple(map(int, data.ids[sample(data.n, many)])), start="noise")
        start = time.perf_counter()
        table = find(request, Inputs(data, torch.device("cpu"))).table
        seconds = time.perf_counter() - start
        similar = float(table["similarity"].min())
        reached = bool(table["reached"].all())
        what = f"LOOD queries of {many} of {_size(data)} from noise, training included"
        beside = (
            f"{int(table['reached'].sum())} of {many} as high as at the record; least kernel correlation {similar:.9f}"
        )
        yield Row(what, f"<= {most:g} s", f"{seconds:.1f} s", beside, seconds <= most and reached)


def _whole(spec: DataSpec) -> Row:
    start = time.perf_counter()
    memory = extra_memory(_measured, spec)
    seconds = time.perf_counter() - start
    return Row(
        f"LOOD, {_ALL:,} records in a fresh process: kernel and all columns",
        f"<= {_ALL_SECONDS:g} s, {mib(_ALL_MEMORY)}", f"{seconds:.0f} s, {mib(memory)}",
        "start and reading the data included in the seconds", seconds <= _ALL_SECONDS and memory <= _ALL_MEMORY,
    )  # fmt: skip


def _beside_refits(data: Dataset, result: Result, each: float) -> Iterator[Row]:
    """A sample of records by a Cholesky factor of the kernel with each and one without it, the kernel given."""
    p = process(LoodRequest().kernel, data, torch.device("cpu"))
    rows = sample(data.n, _REFITS)
    refits = [processor_seconds(lambda row=row: _refitted(p.K, p.Y, p.noise, row)) for row in rows]  # type: ignore[misc]
    naive = sum(seconds for _, seconds in refits) / len(refits)
    found = result.table["kl_lood"].to_numpy()[rows]
    apart = max(abs(float(kl) / one - 1) for (kl, _), one in zip(refits, found, strict=True))
    what = f"LOOD, {data.n:,} records: one run beside two Cholesky factors a record"
    beside = f"{naive:.2f} s of processor a record, of {len(rows)}; {each * 1e3:.1f} ms in one run"
    faster = naive / each
    yield Row(what, f">= {_TIMES_FASTER} times faster", f"{faster:,.0f} times", beside, faster >= _TIMES_FASTER)
    yield Row("– largest relative difference of the KL", "<= 1e-8", f"{apart:.1e}", "", apart <= 1e-8)


def _refitted(K: Tensor, Y: Tensor, noise: float, row: int) -> float:
    """KL of the outputs at a record without it from those with it."""
    others = torch.arange(len(K)) != row
    mean, variance = zip(*[_outputs(K, Y, noise, row, kept) for kept in (others | True, others)], strict=True)
    ratio, shift = variance[1] / variance[0], (mean[1] - mean[0]).square().sum() / variance[0]
    return float((Y.shape[1] * (ratio - 1 - math.log(ratio)) + shift) / 2)


def _outputs(K: Tensor, Y: Tensor, noise: float, row: int, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Mean, (C,), and variance at a record of a process that is trained on some."""
    trained = K[kept][:, kept]
    trained.diagonal().add_(noise)
    L = torch.linalg.cholesky(trained)
    cross = K[row, kept, None]
    solved = torch.cholesky_solve(cross, L)[:, 0]
    return solved @ Y[kept], K[row, row] - solved @ cross[:, 0]


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {"lood": lood}
