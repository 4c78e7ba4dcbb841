"""The rows about attacks that are run: an ensemble together and one by one, what it finds, and what LOOD says of it."""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch

from benchmarks.own import own_store
from benchmarks.rows import Row
from fil_core import DataSpec, Engine, FilError, load
from fil_core.analyses.mia_against.request import AgainstRequest
from fil_core.analyses.network_mia.request import NetworkMiaRequest
from fil_core.models.networks.build import network
from fil_core.models.networks.ensemble import Course, train
from fil_core.models.networks.losses import cross_entropy
from fil_core.models.networks.order import batches
from fil_core.models.networks.problem import problem
from fil_core.models.networks.training import trainable
from fil_core.result import Result
from fil_core.specs import EnsembleSpec, KernelSpec, NetworkSpec
from fil_core.specs.networks import Shape

_MODELS, _SECONDS = 128, 300.0
_AGAINST_SECONDS = 900.0
_TIMES_FASTER, _TOGETHER, _ALONE = 5.0, 64, 4
_NETWORK = NetworkSpec(width=128, lr=0.5, time=800, batch=32, precision="float32")
_WIDE = NetworkSpec(width=256, lr=2.0, time=1500, batch=32, precision="float32", no_bias=True)
_NOISE = 0.03


def membership(data_dir: str | None) -> Iterator[Row]:
    """The built-in digits; MNIST where it is, for LOOD."""
    yield from _together()
    with own_store():
        yield from _digits()
        yield from _against(data_dir)


def _timed(request: object) -> tuple[Result, float]:
    start = time.perf_counter()
    result = Engine().get(request)  # type: ignore[arg-type]
    return result, time.perf_counter() - start


def _digits() -> Iterator[Row]:
    spec = DataSpec(name="digits", label_noise=_NOISE)
    found, seconds = _timed(NetworkMiaRequest(data=spec, network=_NETWORK, ensemble=EnsembleSpec(models=_MODELS)))
    s, flipped = found.summary, load(spec).flipped
    assert flipped is not None
    at = {name: s["tpr_at_fpr"][name]["0.01"] for name in s["attacks"]}
    what = f"Digits, {_MODELS} networks of 128 units on halves, 800 steps: training and attacks"
    rates = "; ".join(f"{name} {value:.4f} [{low:.4f}, {high:.4f}]" for name, (value, low, high) in at.items())
    yield Row(what, f"<= {_SECONDS:g} s", f"{seconds:.0f} s", "", seconds <= _SECONDS)
    yield Row("- TPR at FPR .01: LiRA above the loss threshold", "above", f"{at['lira'][0]:.4f}", rates, at["lira"][0] > at["loss"][0])  # noqa: E501 # fmt: skip
    exposure = found.table["lira"].to_numpy()
    first = flipped[np.argsort(-exposure)]
    planted = int(flipped.sum())
    above = float((exposure[flipped][:, None] > exposure[~flipped]).mean())
    ranges = found.table["loss_range"].to_numpy()
    trace = float((ranges[flipped][:, None] > ranges[~flipped]).mean())
    yield Row(
        f"- {planted} planted labels among the {planted} most exposed, and AUROC", "most exposed",
        f"{int(first[:planted].sum())}; {above:.4f}",
        f"{int(first[:20].sum())} of the first 20; AUROC by the range of losses in a training {trace:.4f}", above > 0.9,
    )  # fmt: skip


def _against(data_dir: str | None) -> Iterator[Row]:
    spec = DataSpec(name="mnist", classes=("3", "8"), subset=600, data_dir=data_dir)
    try:
        load(spec)
    except FilError:
        spec = DataSpec(name="digits", classes=("3", "8"))
    request = AgainstRequest(
        data=spec, network=_WIDE, kernel=KernelSpec(kind="relu", depth=1), ensemble=EnsembleSpec(models=_MODELS)
    )
    found, seconds = _timed(request)
    rows = found.table.set_index(["measure", "beside"])
    for measure, beside in (("lood_auc", "membership AUC"), ("mean_lood", "difference of predictions")):
        row = rows.loc[(measure, beside)]
        yield Row(
            f"LOOD of {int(row['records'])} records of {spec.name} beside {_MODELS} networks: {measure}, {beside}",
            f"<= {_AGAINST_SECONDS:g} s", f"Pearson {row['pearson']:.3f} [{row['low']:.3f}, {row['high']:.3f}]",
            f"Spearman {row['spearman']:.3f}; {seconds:.0f} s; an AUC of the networks has an error of "
            f"{found.summary['auc_error']:.3f}", seconds <= _AGAINST_SECONDS,
        )  # fmt: skip


def _together() -> Iterator[Row]:
    """The same networks one after the other by an optimiser of PyTorch, and together, in one run."""
    data, rows = load(DataSpec(name="digits")), {}
    for precision in ("float32", "float64"):
        spec = dataclasses.replace(_NETWORK, precision=precision, time=200 if precision == "float32" else 50)
        at = problem(spec, data, torch.device("cpu"))
        generator = torch.Generator().manual_seed(0)
        drawn = [torch.randperm(len(at.X), generator=generator) for _ in range(_TOGETHER)]
        halves = torch.stack([one[: len(one) // 2].sort().values for one in drawn])
        modules = [
            network(dataclasses.replace(spec, init_seed=seed), Shape(at.X.shape[1], at.Y.shape[1]))
            for seed in range(_TOGETHER)
        ]
        starts = [trainable(module) for module in modules]
        stacked = {name: torch.stack([one[name] for one in starts]) for name in starts[0]}
        course = Course(spec.lr, int(spec.time), spec.batch)
        seeds = list(range(_TOGETHER))
        short = dataclasses.replace(course, steps=2)  # what is loaded and set up once is not counted
        train(at.module, stacked, at.X, at.Y, halves, short, losses=cross_entropy, seeds=seeds)
        start = time.perf_counter()
        done = train(at.module, stacked, at.X, at.Y, halves, course, losses=cross_entropy, seeds=seeds)
        together = (time.perf_counter() - start) / _TOGETHER
        trained = [
            trainable(_alone(copy.deepcopy(modules[b]), at.X, at.Y, halves[b], course, b)) for b in range(_ALONE)
        ]
        alone = min(
            _one_by_one(modules, at.X, at.Y, halves, course, threads) for threads in (1, torch.get_num_threads())
        )
        apart = max(
            float((done.weights[name][b] - value).abs().max())
            for b in range(_ALONE)
            for name, value in trained[b].items()
        )
        rows[precision] = together, alone, apart
    together, alone, _ = rows["float32"]
    yield Row(
        f"{_TOGETHER} networks together, one after the other, per network and step",
        f">= {_TIMES_FASTER:g} x", f"{alone / together:.1f} x",
        f"{1e3 * together / 200:.3f} ms and {1e3 * alone / 200:.3f} ms; in float64 {rows['float64'][1] / rows['float64'][0]:.1f} x, "  # noqa: E501
        f"weights apart by {rows['float64'][2]:.1e} after 50 steps", alone / together >= _TIMES_FASTER,
    )  # fmt: skip


def _one_by_one(
    modules: list[torch.nn.Module], X: torch.Tensor, Y: torch.Tensor, rows: torch.Tensor, course: Course, threads: int
) -> float:
    """Seconds per network; small matrices are often faster on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        start = time.perf_counter()
        for b in range(_ALONE):
            _alone(copy.deepcopy(modules[b]), X, Y, rows[b], course, b)
        return (time.perf_counter() - start) / _ALONE
    finally:
        torch.set_num_threads(before)


def _alone(module: torch.nn.Module, X: torch.Tensor, Y: torch.Tensor, rows: torch.Tensor, course: Course, seed: int) -> torch.nn.Module:  # noqa: E501 # fmt: skip
    descent = torch.optim.SGD(module.parameters(), lr=course.lr)
    for at in batches(len(rows), course.batch or len(rows), course.steps, seed):
        descent.zero_grad()
        seen = rows[at]
        cross_entropy(module(X[seen]), Y[seen]).mean().backward()
        descent.step()
    return module


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {"membership": membership}
