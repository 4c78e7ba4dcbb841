"""The rows about toys, shift and over-fitting: golden values, areas on MNIST, and how fast they are answered."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.own import own_store
from benchmarks.rows import Row, best_of
from fil_core import DataSpec, DataUnavailable, Engine, FilRequest, ModelSpec, Request, Result
from fil_core.analyses.eta_parts.request import EtaPartsRequest
from fil_core.analyses.failure.request import FailureRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.analyses.ood.request import OF_MODEL, OodRequest
from fil_core.analyses.overfit.request import OverfitRequest
from fil_core.data.points import LINE
from fil_core.specs.weights import Irfil

_LINE = (1.7958, 2.5778, 1.5399, 1.3731, 1.2940, 1.3181, 0.1388, 0.3781, 0.9843, 1.3226)
_AUROC = (0.968976, 0.968993, 0.971226, 0.581669, 0.540878, 0.969946, 0.546918, 0.894557)
_FPR = (0.1739, 0.1739, 0.1684, 0.6006, 0.9756, 0.1348, 0.9999, 0.5039)
_EDIT, _PCA, _PIXELS = 0.3, 5.0, 60.0  # seconds


def shift(data_dir: str | None) -> Iterator[Row]:
    """Toys; then MNIST where it is."""
    with own_store():
        yield from _toys()
        yield from _over_fitting()
        if not (Path(data_dir or os.environ.get("FIL_DATA_DIR", "")) / "MNIST/raw").exists():
            raise DataUnavailable("MNIST is not in the data directory")
        yield from _mnist(data_dir)


def _timed(request: Request) -> tuple[Result, float]:
    start = time.perf_counter()
    result = Engine().get(request)
    return result, time.perf_counter() - start


def _toys() -> Iterator[Row]:
    line, classes = DataSpec(name="toy-line"), DataSpec(name="toy-classes")
    logistic = ModelSpec(kind="logistic", l2=0.01)
    away = np.abs(Engine().get(FilRequest(data=line, model=ModelSpec(l2=0.0))).table["eta"] - _LINE).max()
    yield Row("Toy, line: η of ten points, largest difference", "<= 1e-4", f"{away:.1e}", "", bool(away <= 1e-4))
    even = Engine().get(IrfilRequest(data=classes, model=logistic, weights=Irfil(iterations=15))).table["eta_after"]
    said = f"{even.min():.4f} to {even.max():.4f}"
    yield Row("Toy, classes: all η after 15 rounds", "1.5405", said, "", said == "1.5405 to 1.5405")
    edits = iter(range(100))

    def edit() -> object:
        points = LINE.with_rows([*LINE.rows[:-1], (9.0, 40.0 + next(edits))])
        return Engine().get(EtaPartsRequest(data=DataSpec(name=points.name), model=ModelSpec(l2=0.0), lood=True))

    _, seconds = best_of(5, edit)
    yield Row("- an edited point: fit, η and its parts, LOOD, store", f"<= {_EDIT:g} s", f"{seconds:.3f} s", "", seconds <= _EDIT)  # noqa: E501 # fmt: skip


def _over_fitting() -> Iterator[Row]:
    found, seconds = _timed(OverfitRequest(data=DataSpec(name="diabetes"), model=ModelSpec(l2=0.0)))
    s = found.summary["spearman"]["eta_mean"]
    said = f"{s['spearman']:.2f} [{s['low']:.2f}, {s['high']:.2f}]"
    yield Row("Diabetes, degree 1 to 6: mean η beside the gap, Spearman", "", f"{said}, {seconds:.1f} s")


def _mnist(data_dir: str | None) -> Iterator[Row]:
    data = DataSpec(name="mnist", classes=("0", "1"), pca=20, data_dir=data_dir)
    model = ModelSpec(kind="logistic", l2=8e-4)
    found, seconds = _timed(OodRequest(data=data, model=model))
    s = found.summary
    areas, rates = (np.array([s[name][score] for score in OF_MODEL]) for name in ("auroc", "fpr95"))
    away, late = np.abs(areas - _AUROC).max(), np.abs(rates - _FPR).max()
    what = "MNIST 0/1 against all other test digits, 20 components"
    yield Row(f"{what}: eight AUROCs", "within 1e-6", f"{away:.1e}", "", bool(away <= 1.001e-6))
    yield Row("- eight FPR@95", "within 1e-4", f"{late:.1e}", "", bool(late <= 1.001e-4))
    yield Row(
        "- 10,000 digits: reading, training, all scores", f"<= {_PCA:g} s", f"{seconds:.1f} s", "", seconds <= _PCA
    )
    pixels = DataSpec(name="mnist", classes=("0", "1"), data_dir=data_dir)
    found, seconds = _timed(OodRequest(data=pixels, model=model))
    s = found.summary
    said = f"best {s['best']}, {s['auroc'][s['best']]:.3f}"
    yield Row("- all 784 pixels", f"<= {_PIXELS:g} s", f"{seconds:.1f} s", said, seconds <= _PIXELS)
    coded = DataSpec(name="mnist", classes=("5", "8"), pca=20, data_dir=data_dir)
    found, seconds = _timed(FailureRequest(data=coded, mode="label-coding"))
    s = found.summary
    said = f"{s['logistic_spearman']:.3f}; {s['logistic_auroc_other']:.3f}, {s['logistic_auroc']:.3f}"
    what = "MNIST 5/8, labels coded 5 and 8, logistic: Spearman with the right η; its area for the class, wrong, right"
    yield Row(what, "", said, f"{seconds:.1f} s")


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {"shift": shift}
