"""The rows about reconstruction: exactness without noise, errors beside their bounds, and time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd

from benchmarks.rows import Row, best_of, sample
from fil_core import (
    Dataset,
    DataSpec,
    Fitted,
    ModelSpec,
    ReconstructionRequest,
    Result,
    fit,
    load,
    reconstruct,
)
from fil_core.analyses.analysis import Inputs
from fil_core.analyses.reconstruction.parts import one_by_one
from fil_core.analyses.reconstruction.run import run_reconstruction, together
from fil_core.specs import ModelKind

_KINDS: tuple[ModelKind, ...] = ("least-squares", "logistic")
_TRIALS = 100  # releases per noise
_SMALL_SIGMA = 1e-9  # a noise so small that the attack is nearly linear
_EXACT = 1e-6  # of |x|; a reconstruction with a smaller error counts as the example itself


def reconstruction(data_dir: str | None) -> Iterator[Row]:
    """Digits 0 and 1 of MNIST, from 20 principal components and from all pixels."""
    for pca, examples, trials in ((20, 20, 100), (None, 2, 20)):
        dataset = load(DataSpec(name="mnist", classes=("0", "1"), pca=pca, data_dir=data_dir))
        for kind in _KINDS:
            fitted = fit(ModelSpec(kind=kind, l2=1e-3), dataset)
            what = f"MNIST 0/1, {f'{pca} components' if pca else '784 pixels'}, {kind}"
            yield _exact_row(what, fitted, dataset)
            if pca:
                yield _picked_row(what, fitted, dataset)
                yield _bound_row(what, fitted, dataset)
            yield from _noise_rows(what, fitted, dataset, examples, trials)


def _digits(dataset: Dataset, each: int) -> list[int]:
    """Positions of `each` examples per class, in the order of the seeded sample."""
    order = np.array(sample(dataset.n, dataset.n))
    return [int(i) for c in range(2) for i in order[dataset.y[order] == c][:each]]


def _attack(fitted: Fitted, dataset: Dataset, rows: list[int], sigmas: tuple[float, ...], trials: int) -> Result:
    ids = tuple(int(dataset.ids[i]) for i in rows)
    request = ReconstructionRequest(model=fitted.spec, ids=ids, sigmas=sigmas, trials=trials)
    inputs = Inputs(dataset, fitted.theta.device, optimum=fitted)
    return together([run_reconstruction(one, inputs) for one in one_by_one(request)])


def _exact_row(what: str, fitted: Fitted, dataset: Dataset) -> Row:
    rows = _digits(dataset, 6)
    psnr = _attack(fitted, dataset, rows, (0.0,), 1).table["psnr"]
    low, middle = float(psnr.min()), float(psnr.median())
    measured, beside = f"{low:.0f} dB", f"lowest of {len(rows)} digits; median {middle:.0f} dB"
    return Row(f"{what}: PSNR without noise", ">= 60 dB", measured, beside, low >= 60)


def _picked(fitted: Fitted, dataset: Dataset, rows: list[int]) -> np.ndarray:
    """Whether the attack takes the right one of the two explanations of a release without noise, (m,)."""
    found = reconstruct(fitted, dataset, rows, sigmas=(0.0,), trials=1, prior_std=1.0)
    return np.array([np.linalg.norm(one.guess[0] - one.truth) <= _EXACT * np.linalg.norm(one.truth) for one in found])


def _picked_row(what: str, fitted: Fitted, dataset: Dataset) -> Row:
    rows = _digits(dataset, 100)
    right = _picked(fitted, dataset, rows)
    by_class = [f"{right[dataset.y[rows] == c].sum()} of digit {c}" for c in range(2)]
    return Row(
        f"{what}: exact explanation picked right",
        "",
        f"{right.mean():.1%} of {len(rows)}",
        f"{' and '.join(by_class)} among 100 each",
    )


def _bound_row(what: str, fitted: Fitted, dataset: Dataset) -> Row:
    """One digit of each class, the first whose explanation is picked right: the bound holds near the example only."""
    rows = _digits(dataset, 6)
    right = np.array(rows)[_picked(fitted, dataset, rows)]
    rows = [int(right[dataset.y[right] == c][0]) for c in range(2)]
    table = _attack(fitted, dataset, rows, (_SMALL_SIGMA,), 2000).table
    ratio, error = table["mse"] / table["bound_unbiased"], table["mse_error"] / table["bound_unbiased"]
    return Row(
        f"{what}: mse / bound_unbiased, sigma = {_SMALL_SIGMA:g}",
        "0.9 to 1.1",
        ", ".join(f"{r:.3f}" for r in ratio),
        f"2,000 releases of one digit of each class; standard error {error.max():.3f}",
        bool(ratio.between(0.9, 1.1).all()),
    )


def _noise_rows(what: str, fitted: Fitted, dataset: Dataset, examples: int, trials: int) -> Iterator[Row]:
    """The default noises of the command: 0, and 11 from nearly 0 to ten times eta times the features' spread."""
    rows, times = _digits(dataset, examples // 2), 2 if trials == _TRIALS else 1
    result, seconds = best_of(times, lambda: _attack(fitted, dataset, rows, (), trials))
    table = result.table[result.table["sigma"] > 0]
    sigmas = sorted(set(table["sigma"]))
    yield Row(
        f"{what}: {len(sigmas)} sigmas x {trials} releases",
        "",
        f"{seconds / len(rows):.2f} s per example",
        f"over {len(rows)} digits, what they share included; best of {times}",
    )
    if trials < _TRIALS:
        return
    middle = sigmas[len(sigmas) // 2]
    at = table[table["sigma"] == middle]
    psnr = f"PSNR {at['psnr_prior'].mean():.1f} dB, unbiased {at['psnr'].mean():.1f} dB"
    beside = f"geometric mean of {len(rows)} digits, sigma = {middle:g}"
    yield Row(f"{what}: mse_prior / bound_prior", "", _geometric(at, "mse_prior", "bound_prior"), beside)
    yield Row(f"{what}: mse / mse_prior", "", _geometric(at, "mse", "mse_prior"), f"{beside}; {psnr}")


def _geometric(table: pd.DataFrame, above: str, below: str) -> str:
    ratio = table[above] / table[below]
    return f"{np.exp(np.log(ratio).mean()):.2f} ({ratio.min():.2f} to {ratio.max():.2f})"


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {"reconstruction": reconstruction}
