"""The rows about Fisher information loss: speed, memory, agreement with dense values and with published numbers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor

from benchmarks.reference import dense_eta
from benchmarks.rows import SEED, Row, best_of, extra_memory, mib, sample
from fil_core import (
    Dataset,
    DataSpec,
    DataUnavailable,
    Engine,
    FilRequest,
    Fitted,
    ModelSpec,
    Store,
    fil,
    fit,
    load,
    top,
)
from fil_core.out_of_core.streaming import fil_of_blocks
from fil_core.specs import ModelKind


def worst_error(found: Tensor, true: Tensor) -> float:
    """Largest relative error."""
    return float(((found - true).abs() / true).max())


def fit_and_fil(spec: ModelSpec, dataset: Dataset, device: torch.device | None = None) -> tuple[Fitted, Tensor]:
    """The work that is timed: training with the factorisation, then eta of all examples, copied to the CPU.

    Args:
        spec: the model.
        dataset: its training examples.
        device: where to compute; None for the CPU.
    """
    fitted = fit(spec, dataset, device=device)
    return fitted, fil(fitted, dataset).cpu()


# --- rows ---------------------------------------------------------------------------------------------------------


def mnist_pixels(data_dir: str | None) -> Iterator[Row]:
    """All 784 pixels of MNIST 0/1, least squares: faster than dense SVDs, in little memory, and as exact."""
    data, model = DataSpec(name="mnist", classes=("0", "1"), data_dir=data_dir), ModelSpec(l2=1e-3)
    dataset, what = load(data), "MNIST 0/1, 784 pixels, least squares"
    (fitted, eta), seconds = best_of(3, lambda: fit_and_fil(model, dataset))
    rows = sample(dataset.n, 10)
    dense, each = dense_eta(fitted, dataset, rows)
    ratio, error = each * dataset.n / seconds, worst_error(eta[rows], dense)
    yield Row(
        f"{what}: fit + eta of all {dataset.n:,}",
        ">= 300 x dense",
        f"{ratio:,.0f} x ({seconds:.2f} s, best of 3)",
        f"dense J + SVD {each:.3f} s each, best of 10: {each * dataset.n:,.0f} s",
        ratio >= 300,
    )
    yield Row(f"{what}: error of eta", "<= 1e-9 relative", f"{error:.1e}", "worst of 10 dense SVDs", error <= 1e-9)
    extra = extra_memory(fit_and_fil, model, data)
    all_at_once = 8.0 * dataset.n * dataset.d * (dataset.d + 1)
    yield Row(
        f"{what}: memory for fit + eta",
        "<= 1 GiB",
        mib(extra),
        f"all J at once {all_at_once / 2**30:,.0f} GiB; X itself {mib(dataset.X.nbytes)}",
        extra <= 2**30,
    )


_PUBLISHED: dict[tuple[ModelKind, float], tuple[float, float, float]] = {
    ("least-squares", 0.0): (0.0404992, 0.0137902, 0.1151910),
    ("logistic", 8e-4): (0.0267017, 0.0124449, 0.1098688),
}
_OVERLAP = 147
_VKORC1 = {1e-5: 2.606e-3, 1e-3: 2.450e-3, 1e-1: 7.69e-4, 1.0: 1.473e-4}


def published(data_dir: str | None) -> Iterator[Row]:
    """The numbers of the authors' code, which computes in float32."""
    dataset = load(DataSpec(name="mnist", classes=("0", "1"), pca=20, data_dir=data_dir))
    etas = {}
    for (kind, l2), figures in _PUBLISHED.items():
        etas[kind] = eta = fil(fit(ModelSpec(kind=kind, l2=l2), dataset), dataset).numpy()
        found = [float(value) for value in (eta.mean(), eta.std(ddof=1), eta.max())]
        names = zip(("mean", "standard deviation", "maximum"), found, figures, strict=True)
        yield from (close(f"MNIST 0/1, 20 components, {kind}: {n} of eta", v, t, 1e-5, ".7f") for n, v, t in names)
    shared = len(set(top(etas["least-squares"], 500)) & set(top(etas["logistic"], 500)))
    yield Row("MNIST 0/1, both models: shared among the top 500", str(_OVERLAP), str(shared), "", shared == _OVERLAP)
    dataset = load(DataSpec(name="iwpc", data_dir=data_dir))
    for l2, true in _VKORC1.items():
        eta = fil(fit(ModelSpec(l2=l2), dataset), dataset, columns=dataset.columns(("vkorc1",)))
        yield close(f"IWPC, VKORC1, l2 = {l2:g}: mean of eta", float(eta.mean()), true, 1e-3, ".3e")


def close(what: str, found: float, true: float, tolerance: float, form: str) -> Row:
    """The row of a figure that should equal a known one.

    Args:
        what: name of the figure.
        found, true: the figure and the known one.
        tolerance: largest relative error.
        form: format of both numbers, as for `format`.
    """
    error = abs(found / true - 1)
    return Row(what, f"{true:{form}}, {tolerance:g} rel.", f"{found:{form}} ({error:.0e} off)", "", error <= tolerance)


_WIDE: tuple[ModelKind, ...] = ("least-squares", "logistic")


def wide(data_dir: str | None) -> Iterator[Row]:
    """10,000 examples of 3,072 features, the whole request: data, fit, every measure, and the store."""
    for kind in _WIDE:
        request = FilRequest(data=DataSpec(name="synthetic:10000x3072"), model=ModelSpec(kind=kind, l2=1e-3))
        yield from _whole_request(request, f"10,000 x 3,072, {kind}", limit=60, dense=2)


def ten_classes(data_dir: str | None) -> Iterator[Row]:
    """All of MNIST and its ten classes, the whole request."""
    data = DataSpec(name="mnist", pca=20, data_dir=data_dir)
    request = FilRequest(data=data, model=ModelSpec(kind="softmax", l2=1e-3))
    yield from _whole_request(request, "MNIST, 10 classes, 20 components, softmax", limit=15, dense=10)


def _whole_request(request: FilRequest, what: str, *, limit: float, dense: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Store(folder))
        result, seconds = best_of(1, lambda: engine.compute(request))
        dataset = engine.dataset(request.data)
        eta = torch.tensor(result.table["eta"].to_numpy())
    rows = sample(dataset.n, dense)
    true, each = dense_eta(fit(request.model, dataset), dataset, rows)
    yield Row(
        f"{what}: whole request, {dataset.n:,} examples",
        f"<= {limit:g} s",
        f"{seconds:.1f} s",
        f"dense J + SVD of eta alone {each:.2g} s each: {each * dataset.n:,.0f} s",
        seconds <= limit,
    )
    error = worst_error(eta[rows], true)
    yield Row(
        f"{what}: error of eta", "<= 1e-9 relative", f"{error:.1e}", f"worst of {dense} dense SVDs", error <= 1e-9
    )


# --- streaming and CUDA -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeededBlocks:
    """Standard normal rows and a noisy linear label, made block by block; the same rows whenever they are asked for."""

    n: int
    d: int
    rows: int
    device: str = "cpu"

    def __call__(self) -> Iterable[tuple[Tensor, Tensor]]:
        """One pass."""
        for start in range(0, self.n, self.rows):
            generator = torch.Generator(self.device).manual_seed(SEED + start)
            shape = (min(self.rows, self.n - start), self.d)
            X = torch.randn(shape, generator=generator, dtype=torch.float64, device=self.device)
            noise = torch.randn(shape[0], generator=generator, dtype=torch.float64, device=self.device)
            yield X, torch.where(X[:, 0] + noise > 0, 1.0, -1.0).to(X)


def stream(blocks: SeededBlocks) -> Tensor:
    """eta in two passes."""
    return fil_of_blocks(blocks, l2=1e-3)[2]


def at_once(blocks: SeededBlocks) -> Tensor:
    """eta of the same rows in one block, which holds them all."""
    X, y = (torch.cat(parts) for parts in zip(*blocks(), strict=True))
    return fil_of_blocks(lambda: [(X, y)], l2=1e-3)[2]


def streaming(data_dir: str | None) -> Iterator[Row]:
    """Rows that come in blocks, on the CPU."""
    blocks = SeededBlocks(n=200_000, d=100, rows=10_000)
    what = f"{blocks.n:,} x {blocks.d} in blocks of {blocks.rows:,}, least squares"
    eta, seconds = best_of(5, lambda: stream(blocks))
    whole, beside = best_of(5, lambda: at_once(blocks))
    yield Row(f"{what}: both passes", "", f"{seconds:.2f} s, best of 5", f"{beside:.2f} s with all rows in one block")
    error = worst_error(eta, whole)
    yield Row(
        f"{what}: difference of eta", "<= 1e-12 relative", f"{error:.1e}", "all rows in one block", error <= 1e-12
    )
    extra, size = extra_memory(stream, blocks), 8.0 * blocks.n * blocks.d
    beside = extra_memory(at_once, blocks)
    yield Row(
        f"{what}: memory",
        f"< {mib(size)}, X itself",
        mib(extra),
        f"{mib(beside)} with all rows in one block",
        extra < size,
    )


def cuda(data_dir: str | None) -> Iterator[Row]:
    """The same closed forms on a GPU."""
    whats = (
        "CUDA against CPU: error of eta",
        "CUDA, 12,665 x 784, least squares: fit + eta of all",
        "CUDA, 8,000,000 x 784 in blocks, least squares: both passes",
    )
    targets = ("<= 1e-9 relative", "<= 0.2 s", "<= 10 s")
    if not torch.cuda.is_available():
        yield from (Row(what, target, "no CUDA GPU here") for what, target in zip(whats, targets, strict=True))
        return
    gpu = torch.device("cuda")
    for kind in get_args(ModelKind):
        dataset, spec = load(DataSpec(name="synthetic:5000x100")), ModelSpec(kind=kind, l2=1e-3)
        error = worst_error(fit_and_fil(spec, dataset, gpu)[1], fit_and_fil(spec, dataset)[1])
        yield Row(f"{whats[0]}, {kind}, 5,000 x 100", targets[0], f"{error:.1e}", "", error <= 1e-9)
    dataset, source = _mnist_or_stand_in(data_dir)
    fit_and_fil(ModelSpec(l2=1e-3), dataset, gpu)  # warm-up: libraries load and pick their kernels
    _, seconds = best_of(3, lambda: fit_and_fil(ModelSpec(l2=1e-3), dataset, gpu))
    _, beside = best_of(3, lambda: fit_and_fil(ModelSpec(l2=1e-3), dataset))
    yield Row(f"{whats[1]} ({source})", targets[1], f"{seconds:.3f} s", f"CPU {beside:.2f} s", seconds <= 0.2)
    blocks = SeededBlocks(n=8_000_000, d=784, rows=100_000, device="cuda")
    _, seconds = best_of(1, lambda: stream(blocks).cpu())
    peak = torch.cuda.max_memory_allocated()
    yield Row(
        whats[2], targets[2], f"{seconds:.1f} s", f"{mib(peak)} on the GPU; X has {mib(8e6 * 784 * 8)}", seconds <= 10
    )


def _mnist_or_stand_in(data_dir: str | None) -> tuple[Dataset, str]:
    try:
        return load(DataSpec(name="mnist", classes=("0", "1"), data_dir=data_dir)), "MNIST 0/1"
    except DataUnavailable:
        return load(DataSpec(name="synthetic:12665x784")), "synthetic stand-in, no MNIST files here"


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {
    "mnist-pixels": mnist_pixels,
    "published": published,
    "wide": wide,
    "ten-classes": ten_classes,
    "streaming": streaming,
    "cuda": cuda,
}
