"""Fisher information loss of rows in a file that need not fit in memory, as a Result like any other."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fil_core.data import magnitudes
from fil_core.data.dependence import MOST_WORK, dependences, few
from fil_core.display.numbers import counted
from fil_core.engine.fan_out.executors import readable_loss
from fil_core.engine.run import versions
from fil_core.errors import BadData, BadRequest, SingularCurvature
from fil_core.leakage.calibration import membership_auc
from fil_core.out_of_core.source import RowSource
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import ModelSpec, Preprocess, canonical
from fil_core.specs.checks import choice, count, positive

if TYPE_CHECKING:
    from fil_core.linalg import Curvature
    from fil_core.models import Fitted
    from fil_core.models.newton import Optimum
    from fil_core.out_of_core.fits import Rows
    from fil_core.out_of_core.moments import Moments

_KINDS = ("least-squares", "logistic")


def measure_in_blocks(
    source: RowSource,
    model: ModelSpec,
    *,
    preprocess: Preprocess = "none",
    pca: int | None = None,
    sigma: float = 1.0,
    prior_std: float | None = None,
    executor: Executor,
    rows_per_block: int | None = None,
    progress: Progress | None = None,
) -> Result:
    """Every measure of `FilRequest` for every row of a file; n is bounded by the disk, not by memory.

    This process holds the table and a few (d, d) matrices; each process of the executor holds a block as well.

    Args:
        source: the rows and their targets; every machine of the executor must see the files.
        model: least squares (regression or two classes) or logistic, with equal weights.
        preprocess: unit-ball, standardise or none, fitted on these rows; standardise includes a regression's target.
        pca: number k of principal directions, 1 <= k <= min(n, d); None keeps the coordinates.
        sigma: standard deviation of the Gaussian output perturbation, > 0, in units of theta.
        prior_std: standard deviation per feature of an attacker's Gaussian prior, > 0; None for the root mean variance
            of the features.
        executor: where to compute; the numbers do not depend on its number of processes.
        rows_per_block: rows of a block, >= 1; None for 8 MB of them.
        progress: called with (rows done, rows, text) in each pass.

    Returns:
        The table, summary and arrays of a `FilRequest` without test rows; `id` is the row's number in the file.

    Raises:
        BadData: the files do not fit each other, or an entry cannot be used.
        BadRequest: another model, or a number out of range.
        NotConverged, SingularCurvature: no optimum, with what to change.
        WorkersUnavailable: the system ended processes twice during one part of the rows.
    """
    _check(source, model, preprocess, pca, sigma, prior_std, rows_per_block)
    start = time.perf_counter()
    with readable_loss():
        result, digest, units = _measure(
            source, model, preprocess, pca, sigma, prior_std, _Execution(executor, rows_per_block, progress)
        )
    request = {
        "type": "RowSource", **asdict(source), "model": canonical(model), "preprocess": preprocess, "pca": pca,
        "sigma": sigma, "prior_std": prior_std,
    }  # fmt: skip
    provenance = _provenance(request, source, digest, _notes(source, units), time.perf_counter() - start)
    return replace(result, provenance=provenance | result.provenance)


@dataclass(frozen=True, slots=True)
class _Execution:
    """What does not change the numbers."""

    executor: Executor
    rows_per_block: int | None
    progress: Progress | None


def _measure(
    source: RowSource, model: ModelSpec, kind: Preprocess, pca: int | None, sigma: float, prior_std: float | None,
    execution: _Execution,
) -> tuple[Result, str, tuple[float, float]]:  # fmt: skip
    """The result without its origin, the fingerprint of the rows, and the units of their targets."""
    from fil_core.models import Fitted
    from fil_core.out_of_core import moments as m
    from fil_core.out_of_core.fits import Rows, measure_rows

    moments, digest = m.moments(
        source, executor=execution.executor, rows_per_block=execution.rows_per_block, progress=execution.progress
    )
    _check_targets(source, moments)
    _check_features(moments)
    _check_magnitudes(source, moments, kind)
    map, units = m.preprocessing(moments, kind=kind, pca=pca), _units(source, moments, kind)
    mapped = moments.through(map).in_units(*units)
    rows = Rows(source, map, moments.n, len(mapped.mean) - 1, units, execution.rows_per_block)
    prior = prior_std or _spread(mapped)
    optimum, curvature = _fit(model, rows, mapped, execution)
    columns = measure_rows(
        rows, model.kind, optimum, curvature, ridge=moments.n * model.penalty, sigma=sigma, prior_std=prior,
        executor=execution.executor, progress=execution.progress,
    )  # fmt: skip
    fitted = Fitted(model, optimum, curvature, len(source.classes), optimum.theta.new_ones(moments.n))
    longest, shift = float(columns.pop("longest").max()), columns["loo_shift"]
    exact = model.family.exact_leave_one_out
    error = 0.0 if exact else longest * float(shift[np.isfinite(shift)].max(initial=0)) / 2
    return _result(_table(columns, source, sigma), fitted, rows, prior, error), digest, units


def _check(
    source: RowSource, model: ModelSpec, preprocess: str, pca: int | None, sigma: float, prior_std: float | None,
    rows_per_block: int | None,
) -> None:  # fmt: skip
    allowed = _KINDS if source.classes else _KINDS[:1]
    if model.kind not in allowed or model.weights is not None:
        weighted = f" with {model.weights.text}" if model.weights is not None else ""
        raise BadRequest(
            f"model: expected {' or '.join(allowed)} with equal weights, for rows that come in blocks; got "
            f"{model.kind}{weighted}."
        )
    if model.intercept:
        raise BadRequest("intercept: expected none, for rows that come in blocks; measure rows that fit in memory.")
    choice("preprocess", preprocess, ("unit-ball", "standardise", "none"))
    count("pca", pca)
    count("rows_per_block", rows_per_block)
    positive("sigma", sigma)
    if prior_std is not None:
        positive("prior_std", prior_std)


def _check_targets(source: RowSource, moments: Moments) -> None:
    if source.classes and len(moments.distinct) < 2:
        raise BadData(f"target: expected both classes; every one of {moments.n:,} rows has {moments.distinct[0]:g}.")


def _check_features(moments: Moments) -> None:
    """Raises BadData for columns that are constant: they would leave the model, and no row can be cut here."""
    constant = np.flatnonzero(moments.least[:-1] == moments.most[:-1])
    if constant.size:
        columns = ",".join(map(str, constant[:20]))
        raise BadData(
            f"features: expected columns that vary; {counted(constant.size, 'column')} with the same value in every "
            f"row ({columns}{', …' if constant.size > 20 else ''}, counted from 0 among the features) would "
            "multiply η. Leave them out."
        )


def _check_magnitudes(source: RowSource, moments: Moments, kind: Preprocess) -> None:
    """As `data.loading`: raises BadData for numbers beyond what float64 can square and multiply."""
    columns = [str(j) for j in range(len(moments.least) - 1)]
    magnitudes.check_features(columns, moments.least[:-1], moments.most[:-1], scaled=kind != "none")
    if not source.classes:
        ends = np.array([moments.least[-1], moments.most[-1]])
        magnitudes.check_target("target", ends, scaled=kind == "standardise")


def _units(source: RowSource, moments: Moments, kind: Preprocess) -> tuple[float, float]:
    """Origin and unit of the targets: of two classes the codes 0 and 1; a standardised regression has both."""
    if source.classes:
        zero, one = source.classes
        return zero, one - zero
    if kind != "standardise":
        return 0.0, 1.0
    if len(moments.distinct) < 2:
        raise BadData(f"target: expected values that differ; all {moments.n:,} rows have {moments.distinct[0]:g}.")
    return float(moments.mean[-1]), float(np.sqrt(moments.scatter[-1, -1] / moments.n))


def _spread(mapped: Moments) -> float:
    """As `analyses.spread`, of the moments."""
    variance = float(mapped.scatter.diagonal()[:-1].mean()) / mapped.n
    if not variance > 0:
        raise BadData(f"rows: expected at least two that differ; got {mapped.n:,}, all the same.")
    return variance**0.5


def _fit(model: ModelSpec, rows: Rows, mapped: Moments, execution: _Execution) -> tuple[Optimum, Curvature]:
    from fil_core.out_of_core import fits as row_fits

    ridge, classes = mapped.n * model.penalty, bool(rows.source.classes)
    fits: dict[str, Callable[[], tuple[Optimum, Curvature]]] = {
        "least-squares": lambda: row_fits.fit_least_squares(mapped, classes=classes, ridge=ridge),
        "logistic": lambda: row_fits.fit_logistic(
            rows, ridge=ridge, executor=execution.executor, progress=execution.progress
        ),
    }
    try:
        return fits[model.kind]()
    except SingularCurvature as error:
        raise SingularCurvature(
            f"{error} Set l2 > 0 (for instance 1e-3), take principal components (pca), or leave out columns that are "
            f"constant or depend on others{_dependent(rows, mapped)}."
        ) from error


def _dependent(rows: Rows, mapped: Moments) -> str:
    """The fewest columns, by number, without which the curvature would not be singular; empty where nobody knows."""
    mean, d = mapped.mean[:-1], rows.d
    if rows.map.basis is not None or d**3 > MOST_WORK:
        return ""
    values, vectors = np.linalg.eigh(mapped.scatter[:-1, :-1] + mapped.n * np.outer(mean, mean))
    root = np.sqrt(values.clip(0))[:, None] * vectors.T  # (d, d) with the same Gram matrix as the rows
    found = dependences(root, condition=1 / (d * np.finfo(float).eps))
    names = [f"column {j}" for j in rows.source.columns()]
    return f": {few([names[one.column] for one in found])}" if found else ""


def _table(columns: dict[str, np.ndarray], source: RowSource, sigma: float) -> pd.DataFrame:
    n = len(columns["eta"])
    if source.classes:
        names = np.asarray(source.class_names)
        names = names.astype(np.int64) if all(map(str.isdecimal, source.class_names)) else names
        columns = columns | {name: names[columns[name]] for name in ("label", "prediction")}
    columns |= {"membership_auc": membership_auc(columns["loo_shift"], sigma), "weight": np.ones(n)}
    # Without a copy: the columns are most of what this process holds.
    return pd.DataFrame(columns, index=pd.RangeIndex(source.start, source.start + n, name="id"), copy=False)


def _result(table: pd.DataFrame, fitted: Fitted, rows: Rows, prior_std: float, loo_error: float) -> Result:
    from fil_core.analyses.fil.run import warnings_of
    from fil_core.analyses.health import conditioning, guessing_is_better, summarise

    optimum, scored = fitted.optimum, "accuracy" if fitted.classes else "mean squared error"
    hit = table["correct"] if fitted.classes else (table["score"] - table["label"]) ** 2
    summary: dict[str, Any] = summarise(table["eta"].to_numpy()) | {
        "n": rows.n, "d": rows.d, "converged": optimum.converged, "grad_norm": optimum.grad_norm,
        "tolerance": optimum.tolerance, "iterations": optimum.iterations, "condition": fitted.curvature.condition,
        "train_score": float(hit.mean()), "test_score": float("nan"), "score": scored, "prior_std": prior_std,
        "columns": [], "scale": None,
    }  # fmt: skip
    nothing = np.empty(0)
    arrays = {"theta": fitted.theta.numpy(), "test_scores": nothing, "test_norms": nothing, "test_targets": nothing}
    warnings = conditioning(fitted.curvature.condition) + warnings_of(table, loo_error)
    if fitted.classes:
        share = float(table["label"].value_counts(normalize=True).max())
        told = guessing_is_better(summary["train_score"], share, f"{rows.n:,} training rows", accuracy=True)
        warnings += [told] if told else []
    return Result(table, arrays, summary, {"warnings": warnings})


def _notes(source: RowSource, units: tuple[float, float]) -> list[str]:
    origin, unit = units
    notes = [
        "Read, summed and measured in row blocks.",
        "No held-out rows: the utility of a model cannot be measured.",
        "The model has no intercept.",
    ]
    if not source.classes and units != (0.0, 1.0):
        notes.append(f"The target is (target - {origin:.4g}) / {unit:.4g}, mean and deviation of the training rows.")
    return notes


def _provenance(
    request: dict[str, Any], source: RowSource, digest: str, notes: list[str], seconds: float
) -> dict[str, Any]:
    """With the keys that the engine writes; the request is the source, for no `Request` has one."""
    return {
        "analysis": "fil",
        "request": request,
        "data": {"title": Path(source.features).name, "fingerprint": digest, "notes": notes},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
        "device": "cpu",
        "dtype": "float64",
        "versions": versions(),
        "warnings": [],
    }
