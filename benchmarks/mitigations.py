"""The rows about reweighting and the other mitigations: published rounds, seconds, memory, the next leakiest."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd

from benchmarks.fil import close
from benchmarks.reference import dense_eta
from benchmarks.rows import Row, best_of, extra_memory, mib, sample
from fil_core import (
    Dataset,
    DataSpec,
    Irfil,
    ModelSpec,
    ReleaseRequest,
    Reweighting,
    Store,
    compared_releases,
    deciles,
    evenly_ranked,
    fil,
    fit,
    infer,
    irfil,
    load,
    successors,
    without_leakiest,
)
from fil_core.attacks.attribute import attribute_of
from fil_core.engine import Engine
from fil_core.specs import ModelKind

_FIFTEEN = Irfil()
_PUBLISHED: dict[tuple[ModelKind, float], dict[str, list[float]]] = {
    ("least-squares", 0.0): {
        "standard deviation": [0.0137902, 0.0061637, 0.0036045, 0.0021052, 0.0012141],
        "mean": [0.04050, 0.04697],
        "maximum": [0.11519, 0.04698],
    },
    ("logistic", 8e-4): {"standard deviation": [0.0124449, 0.0016601, 0.00031430], "mean": [0.02670, 0.02376]},
}
_IWPC = {"standard deviation": [1.6466e-3, 4.5018e-4, 2.1839e-4], "mean": [1.8319e-3, 1.6799e-3]}
_FIGURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "standard deviation": lambda eta: eta.std(1, ddof=1),
    "mean": lambda eta: eta.mean(1),
    "maximum": lambda eta: eta.max(1),
}


def reweighting(data_dir: str | None) -> Iterator[Row]:
    """15 rounds on MNIST 0/1, 10 on IWPC: published figures, seconds at 20 and 784 features, memory."""
    zeros_ones = {"name": "mnist", "classes": ("0", "1"), "data_dir": data_dir}
    small, large = load(DataSpec(pca=20, **zeros_ones)), load(DataSpec(**zeros_ones))  # type: ignore[arg-type]
    for (kind, l2), figures in _PUBLISHED.items():
        what, model = f"MNIST 0/1, 20 components, {kind}", ModelSpec(kind=kind, l2=l2)
        found, seconds = best_of(3, lambda model=model: _reweight(model, small))  # type: ignore[misc]
        yield from _rounds(what, found, figures)
        last = float(found.eta[-1].std(ddof=1))
        limit = 2.27e-6 if kind == "least-squares" else 1e-9
        yield Row(f"{what}: standard deviation, round 15", f"<= {limit:g}", f"{last:.3g}", "", last <= limit)
        yield _price(what, found)
        yield _timed(f"{what}: fit, 15 rounds", 3.0, seconds, model, small)
    for kind in ("least-squares", "logistic"):
        model = ModelSpec(kind=kind, l2=1e-3)  # type: ignore[arg-type]
        _, seconds = best_of(1, lambda model=model: _reweight(model, large))  # type: ignore[misc]
        yield _timed(f"MNIST 0/1, 784 pixels, {kind}: fit, 15 rounds", 60.0, seconds, model, large)
    extra = extra_memory(_reweight, ModelSpec(l2=1e-3), DataSpec(**zeros_ones))  # type: ignore[arg-type]
    yield Row("– memory, 784 pixels, least squares", "O(n d)", mib(extra), f"X itself {mib(large.X.nbytes)}")
    iwpc = load(DataSpec(name="iwpc", data_dir=data_dir))
    attribute = attribute_of(iwpc, "vkorc1")
    found = _reweight(ModelSpec(l2=1e-2), iwpc, Irfil(iterations=10), attribute.columns)
    yield from _rounds("IWPC, VKORC1, l2 = 0.01", found, _IWPC)
    last = float(found.eta[-1].std(ddof=1))
    yield close("IWPC, VKORC1: standard deviation, round 10", last, 3.222e-6, 1e-3, ".3e")
    for when, weights in (("before", None), ("after", found.weights[-1])):
        success = infer(
            fit(ModelSpec(l2=1e-2), iwpc, weights=weights), iwpc, attribute, attackers=("whitebox",), sigmas=(1e-3,)
        ).success["whitebox"][:, 0]
        shares = [float(success[g].mean()) for g in deciles(found.eta[0])]
        target = "≈ .37 rising to ≈ .84" if when == "before" else "flat, ≈ .50 to .59"
        shown = f"{min(shares):.3f} to {max(shares):.3f}, first {shares[0]:.3f}, last {shares[-1]:.3f}"
        yield Row(f"– white box at σ = 1e-3 by deciles of η, {when}", target, shown, "closed form")
    digits = load(DataSpec(name="digits"))
    found, seconds = best_of(1, lambda: _reweight(ModelSpec(kind="softmax"), digits))
    fall = float(found.eta[0].std() / found.eta[-1].std())
    yield Row(
        "digits, ten classes, softmax: fall of the spread", ">= 100", f"{fall:.2g}", f"{seconds:.1f} s", fall >= 100
    )


def mitigations(data_dir: str | None) -> Iterator[Row]:
    """All mitigations on MNIST 0/1, and the leakiest examples once others are left out."""
    data = DataSpec(name="mnist", classes=("0", "1"), pca=20, data_dir=data_dir)
    dataset = load(data)
    eta = fil(fit(ModelSpec(), dataset), dataset).numpy()
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Store(folder))
        before = engine.dataset(data)
        ids = evenly_ranked(_series(eta, before), 20)
        base = ReleaseRequest(data=data, sigma=1e-4, ids=ids)
        reweightings = [Irfil(method=method) for method in ("sample", "class", "hybrid")]  # type: ignore[arg-type]
        compared = compared_releases(base, n=dataset.n, irfil=reweightings)
        _, seconds = best_of(1, lambda: [engine.get(m.release) for m in compared])
    yield Row(f"MNIST 0/1, 20 components: {len(compared)} releases compared", "", f"{seconds:.1f} s", "20 reconstructed in each")  # noqa: E501 # fmt: skip
    k = round(dataset.n / 100)
    after = fil(fit(ModelSpec(), dataset, weights=without_leakiest(eta, k)), dataset).numpy()
    next_ones = successors(_series(eta, dataset), _series(after, dataset), k)
    rose = float((after[after > 0] > eta[after > 0]).mean())
    yield Row(
        f"– without the top {k}: largest eta", "", f"{eta.max():.4f} → {after.max():.4f}",
        f"{rose:.0%} of the others leak more; the new first was #{next_ones['rank_before'].iloc[0]}",
    )  # fmt: skip


def _series(values: np.ndarray, dataset: Dataset) -> pd.Series:
    return pd.Series(values, index=dataset.ids)


def _reweight(
    model: ModelSpec, dataset: Dataset, weights: Irfil = _FIFTEEN, columns: tuple[int, ...] = ()
) -> Reweighting:
    return irfil(fit(model, dataset), dataset, weights, columns=columns)


def _rounds(what: str, found: Reweighting, figures: dict[str, list[float]]) -> Iterator[Row]:
    """The first rounds of the standard deviation; the first and last of the others."""
    for name, targets in figures.items():
        values = _FIGURES[name](found.eta)
        rounds = range(len(targets)) if name == "standard deviation" else (0, len(values) - 1)
        for t, target in zip(rounds, targets, strict=True):
            # As many digits as were printed.
            yield close(f"{what}: {name} of eta, round {t}", float(values[t]), target, 2e-4, ".4g")


def _price(what: str, found: Reweighting) -> Row:
    first, last = found.test_score[0], found.test_score[-1]
    return Row(f"{what}: test accuracy, rounds 0 and 15", "", f"{first:.4f}, {last:.4f}", "test images scaled as the training images")  # noqa: E501 # fmt: skip


def _timed(what: str, limit: float, seconds: float, model: ModelSpec, dataset: Dataset) -> Row:
    fitted = fit(model, dataset)
    _, each = dense_eta(fitted, dataset, sample(dataset.n, 3))
    dense = f"eta alone, dense: {each * dataset.n * 16:,.0f} s"
    return Row(what, f"<= {limit:g} s", f"{seconds:.2f} s", dense, seconds <= limit)


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {"irfil": reweighting, "mitigations": mitigations}
