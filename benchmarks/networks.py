"""The rows about networks: closed forms beside loops, and unique information beside true retraining."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.rows import Row, best_of, sample
from fil_core import DataSpec, GroundTruthRequest, Store, UniqueInfoRequest, load
from fil_core.data.own import Choices, add
from fil_core.engine import Engine
from fil_core.influence.descent import descent
from fil_core.influence.kernels import kernels
from fil_core.influence.unique import unique_information
from fil_core.models.networks.problem import problem
from fil_core.result import Result
from fil_core.specs import NetworkSpec

_LOOPED = 3  # examples of the loop that is timed; the rest would take as long each
_PAPER = NetworkSpec(width=1024, lr=1e-3, time=2000)


def closed_forms(data_dir: str | None) -> Iterator[Row]:
    """n = m = 1,000 and 2,000 steps: the kernel, all examples at once, and a loop over examples beside it."""
    spec = DataSpec(name="mnist", classes=("4", "9"), subset=1000, preprocess="none", data_dir=data_dir)
    at = problem(_PAPER, load(spec), torch.device("cpu"))
    found, seconds = best_of(3, lambda: kernels(at.module, at.X, at.X_test[:1000]))
    yield Row(
        "MLP kernel of 1,000 MNIST digits and 1,000 test rows, width 1,024", "<= 2 s", f"{seconds:.2f} s",
        f"{found.mode}; no n × p Jacobian ({8 * 1000 * found.parameters / 2**30:.0f} GiB)", seconds <= 2,
    )  # fmt: skip
    with torch.no_grad():
        residuals = at.module(at.X) - at.Y

    def all_at_once() -> Tensor:
        factorised = descent(found.train, residuals, lr=_PAPER.lr, l2=0.0)
        return unique_information(factorised, found.cross, torch.arange(1000)[:, None], [2000]).f_si[0]

    measured, seconds = best_of(2, all_at_once)
    yield Row("unique information of all of them, 2,000 steps", "<= 10 s", f"{seconds:.2f} s", "", seconds <= 10)
    rows, everyone = sample(1000, _LOOPED), torch.arange(1000)
    full = _by_powers(found.train, found.cross, residuals[:, 0], everyone)
    start = time.perf_counter()
    without = [_by_powers(found.train, found.cross, residuals[:, 0], everyone[everyone != row]) for row in rows]
    looped = [float((outputs - full).square().mean()) / 2 for outputs in without]
    loop = (time.perf_counter() - start) / _LOOPED * 1000
    wrong = max(abs(float(measured[row]) / one - 1) for row, one in zip(rows, looped, strict=True))
    yield Row(
        "the same by a loop over examples that recomputes matrix powers", ">= 50 times slower",
        f"{loop / seconds:,.0f} times", f"{loop:,.0f} s, from {_LOOPED} examples; they agree to {wrong:.0e}",
        loop >= 50 * seconds and wrong <= 1e-8,
    )  # fmt: skip


def _by_powers(K: Tensor, cross: Tensor, residuals: Tensor, kept: Tensor) -> Tensor:
    """Changes of the validation outputs by descent on some examples, through the power of a matrix."""
    K_kept, rate = K[kept][:, kept], _PAPER.lr / len(kept)
    power = torch.linalg.matrix_power(torch.eye(len(kept), dtype=K.dtype) - rate * K_kept, 2000)
    return -cross[:, kept] @ torch.linalg.solve(K_kept, residuals[kept] - power @ residuals[kept])


def real_networks(data_dir: str | None) -> Iterator[Row]:
    """True retraining beside unique information: two Gaussians, digits, and the setting of the paper."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Store(Path(folder) / "store"))
        name = add(gaussians(Path(folder)), Choices()).name
        spec = DataSpec(name=name, preprocess="none")
        network = NetworkSpec(width=512, lr=0.02, time=200)
        yield from _truth(
            engine, "two Gaussians in 102 dimensions, width 512, 150 of 150 retrained",
            GroundTruthRequest(data=spec, network=network), at_least=0.97, seconds=60.0,
        )  # fmt: skip
        digits = DataSpec(name="digits", classes=("4", "9"))
        yield from _truth(
            engine, "digits 4/9, width 1,024, 48 retrained",
            GroundTruthRequest(data=digits, network=NetworkSpec(width=1024, lr=0.3, time=100), examples=48),
            at_least=0.95,
        )  # fmt: skip
        mnist = DataSpec(name="mnist", classes=("4", "9"), subset=200, preprocess="none", data_dir=data_dir)
        paper = GroundTruthRequest(data=mnist, network=_PAPER, validation_size=1000, examples=16)
        yield from _truth(engine, "MNIST 4/9, n = 200, the paper's setting, 16 retrained", paper, published=".987, .993 at n = 1,000")  # noqa: E501 # fmt: skip
        noisy = DataSpec(name="digits", classes=("4", "9"), label_noise=0.1)
        found = engine.get(UniqueInfoRequest(data=noisy, network=NetworkSpec(width=1024, lr=0.3, time=100))).summary
        areas = ", ".join(f"{measure} {area:.3f}" for measure, area in found["auroc"].items() if measure != "random")
        yield Row("digits 4/9, 10 % of the labels replaced: AUROC", "", areas, f"random 0.5 ± {found['auroc_chance']:.3f}")  # noqa: E501 # fmt: skip


def gaussians(folder: Path) -> Path:
    """Two Gaussians that differ in two of 102 dimensions, a tenth of the 150 training labels replaced."""
    draw = np.random.default_rng(0)
    n, m = 150, 200
    y = draw.integers(0, 2, n + m)
    X = draw.normal(size=(n + m, 102))
    X[:, :2] += np.where(y, 1.5, -1.5)[:, None]
    y[draw.choice(n, n // 10, replace=False)] ^= 1
    np.savez(folder / "gaussians.npz", X=X[:n], y=y[:n], X_test=X[n:], y_test=y[n:])
    return folder / "gaussians.npz"


def _truth(
    engine: Engine, what: str, request: GroundTruthRequest, *, at_least: float | None = None,
    seconds: float | None = None, published: str = "",
) -> Iterator[Row]:  # fmt: skip
    result, took = best_of(1, lambda: engine.get(request))
    s = result.summary
    pair = f"{s['pearson_weights']:.4f}, {s['pearson_predictions']:.4f}"
    beside = f"step × curvature {s['step_eigenvalue']:.2f}, {'monotone' if s['monotone'] else 'not monotone'}"
    slopes = f"; slopes {s['slope_weights']:.2f}, {s['slope_predictions']:.2f}"
    yield Row(
        f"{what}: Pearson of weights, predictions", f">= {at_least}" if at_least else "",
        pair, f"published {published}" if published else beside + slopes,
        None if at_least is None else min(s["pearson_weights"], s["pearson_predictions"]) >= at_least,
    )  # fmt: skip
    target = f"<= {seconds:.0f} s" if seconds else ""
    yield Row(f"{what}: seconds", target, f"{took:.0f} s", _per_run(result, took), None if seconds is None else took <= seconds)  # noqa: E501 # fmt: skip


def _per_run(result: Result, seconds: float) -> str:
    runs = len(result.table)
    everyone = seconds / runs * result.summary["n"]
    return f"about {everyone:,.0f} s for all {result.summary['n']:,}" if runs < result.summary["n"] else ""


GROUPS: dict[str, Callable[[str | None], Iterable[Any]]] = {
    "unique-information": closed_forms,
    "retraining": real_networks,
}
