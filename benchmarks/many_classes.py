"""The rows about softmax models at full size: ten digits of all pixels, attacks on them, and features of a network."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.own import ZIP, own_store
from benchmarks.rows import Row, extra_memory, mib, sample
from fil_core import (
    Dataset,
    DataSpec,
    DataUnavailable,
    Engine,
    FilRequest,
    Fitted,
    ModelSpec,
    PullbackRequest,
    Store,
    attribute_of,
    fil,
    fit,
    infer,
    load,
    reconstruct,
)
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.fit.run import restore
from fil_core.data.own import Choices, add
from fil_core.leakage.fil import jacobians

_SIX_MINUTES, _MOST, _MEMORY = 360.0, 2_700.0, 8 * 2**30
_SOFTMAX = ModelSpec(kind="softmax", l2=1e-3)
_DENSE = 50  # examples whose Gram matrices are decomposed


def ten_digits(data_dir: str | None) -> Iterator[Row]:
    """Ten classes of 784 pixels: 5,000 and all 60,000 training digits, the whole request in a process of its own."""
    for subset, limit in ((5_000, _SIX_MINUTES), (None, _MOST)):
        request = FilRequest(data=DataSpec(name="mnist", subset=subset, data_dir=data_dir), model=_SOFTMAX)
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            extra = extra_memory(_compute, request, folder)
            seconds = time.perf_counter() - start
            engine = Engine(Store(folder))
            eta, dataset = engine.get(request).table["eta"].to_numpy(), engine.dataset(request.data)
            error = _worst_of_dense(engine, request, dataset, eta)
        what = f"MNIST, 10 classes, 784 pixels, softmax, {dataset.n:,} examples"
        yield Row(f"{what}: whole request", f"<= {limit:,.0f} s", f"{seconds:,.0f} s", "", seconds <= limit)
        yield Row(f"{what}: memory", f"<= {mib(_MEMORY)}", mib(extra), "", extra <= _MEMORY)
        yield Row(f"{what}: error of eta", "<= 1e-9 relative", f"{error:.1e}", f"worst of {_DENSE}", error <= 1e-9)


def _compute(request: FilRequest, folder: str) -> None:
    Engine(Store(folder)).compute(request)


def _worst_of_dense(engine: Engine, request: FilRequest, dataset: Dataset, eta: np.ndarray) -> float:
    """Largest relative error beside all eigenvalues of some Gram matrices, of the model that is stored."""
    fitted, worst = _stored(engine, request), 0.0
    rows = torch.tensor(sample(dataset.n, _DENSE))
    for part in rows.split(10):
        dense = torch.linalg.eigvalsh(jacobians(fitted.terms(dataset), part).gram.dense())[:, -1].sqrt().numpy()
        worst = max(worst, float(np.abs(eta[part.numpy()] / dense - 1).max()))
    return worst


def _stored(engine: Engine, request: FilRequest) -> Fitted:
    asked = FitRequest(data=request.data, model=request.model)
    return restore(engine.get(asked), request.model, torch.device("cpu"))


def softmax_attacks(data_dir: str | None) -> Iterator[Row]:
    """A digit of every class read off the bare parameters; two classes of softmax beside logistic on Adult."""
    for pca, subset in ((20, None), (None, 5_000)):
        dataset = load(DataSpec(name="mnist", pca=pca, subset=subset, data_dir=data_dir))
        fitted = fit(_SOFTMAX, dataset)
        rows = [int(np.flatnonzero(dataset.y == c)[0]) for c in range(10)]
        start = time.perf_counter()
        found = reconstruct(fitted, dataset, rows, sigmas=[0.0], prior_std=0.1)
        each = (time.perf_counter() - start) / len(rows)
        psnr = min(_psnr(dataset, row, one.guess[0]) for row, one in zip(rows, found, strict=True))
        what = f"MNIST, 10 classes, {f'{pca} components' if pca else '784 pixels'}, {dataset.n:,} examples"
        said = f"{psnr:.0f} dB, {each:.1f} s each"
        yield Row(f"{what}: worst PSNR of a digit of every class, no noise", ">= 60 dB", said, "", psnr >= 60)
    yield from _two_classes(data_dir)


def _psnr(dataset: Dataset, row: int, guess: np.ndarray) -> float:
    """Of a reconstruction, in dB, beside the picture as the model saw it."""
    pixels = [dataset.preprocessing.backward(x) / dataset.pixel_max for x in (dataset.X[row], guess)]
    return float(-10 * np.log10(max(np.square(pixels[0] - pixels[1]).mean(), 1e-300)))


def _two_classes(data_dir: str | None) -> Iterator[Row]:
    """Softmax with (l2, sigma) and logistic with (l2 / 2, sqrt(2) sigma): the same model, the same attacks."""
    dataset = load(DataSpec(name="uci-adult", data_dir=data_dir))
    attribute, sigma, root = attribute_of(dataset, "marital-status"), 1e-3, 2**0.5
    of_softmax, of_logistic = (
        fit(ModelSpec(kind=kind, l2=l2), dataset) for kind, l2 in (("softmax", 2e-3), ("logistic", 1e-3))
    )
    start = time.perf_counter()
    one = infer(of_softmax, dataset, attribute, sigmas=[sigma], trials=20)
    seconds = time.perf_counter() - start
    other = infer(of_logistic, dataset, attribute, sigmas=[root * sigma], trials=20, seed=1)
    away = max(float(np.abs(one.success[name] - other.success[name]).max()) for name in one.exact)
    what = f"UCI Adult, {dataset.n:,}, two-class softmax against logistic"
    yield Row(f"{what}: closed forms of success", "<= 1e-8", f"{away:.1e}, {seconds:.0f} s", "", away <= 1e-8)
    drawn = "fredrikson14"
    error = float(np.hypot(one.standard_error[drawn][0], other.standard_error[drawn][0]))
    off = abs(float(one.accuracy[drawn][0] - other.accuracy[drawn][0])) / error
    yield Row(f"{what}: accuracy of the black box, other draws", "<= 3 s.e.", f"{off:.1f} s.e.", "", off <= 3)


def deep(data_dir: str | None) -> Iterator[Row]:
    """Airplanes and automobiles: a cnn trained on half, a logistic head, eta of features and pixels, from nothing."""
    archive = Path(data_dir or os.environ.get("FIL_DATA_DIR", "")) / ZIP
    if not archive.is_file():
        raise DataUnavailable(f"{ZIP} is not in the data directory")
    with own_store():
        name = add(archive, Choices()).name
        data = DataSpec(name=name, features_from="cnn")
        model = ModelSpec(kind="logistic", l2=1e-4)
        start = time.perf_counter()
        found = Engine().get(FilRequest(data=data, model=model))
        first = time.perf_counter() - start
        score = found.summary["test_score"]
        said = f"{first:.0f} s, test accuracy {score:.3f}"
        yield Row("CIFAR plane/car, cnn of half, logistic head: eta of all", "<= 600 s", said, "", first <= 600)
        start = time.perf_counter()
        Engine().get(PullbackRequest(data=data, model=model))
        yield Row("- eta of pixels, and of a model on raw pixels", "", f"{time.perf_counter() - start:.0f} s")


def cuda(data_dir: str | None) -> Iterator[Row]:
    """All 60,000 digits in ten classes of 784 pixels on a GPU."""
    what, target = "CUDA, MNIST, 10 classes, 784 pixels, softmax: fit + eta of 60,000", "<= 60 s"
    if not torch.cuda.is_available():
        yield Row(what, target, "no CUDA GPU here")
        return
    dataset = load(DataSpec(name="mnist", data_dir=data_dir))
    start = time.perf_counter()
    found = _fit_and_fil(dataset, torch.device("cuda"))
    seconds = time.perf_counter() - start
    yield Row(what, target, f"{seconds:.0f} s, largest {float(found.max()):.4g}", "", seconds <= 60)


def _fit_and_fil(dataset: Dataset, device: torch.device) -> Tensor:
    return fil(fit(_SOFTMAX, dataset, device=device), dataset).cpu()


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {
    "ten-digits": ten_digits,
    "softmax-attacks": softmax_attacks,
    "deep": deep,
    "ten-digits-cuda": cuda,
}
