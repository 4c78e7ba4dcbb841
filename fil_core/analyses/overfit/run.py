"""Leakage beside the train-test gap: each model trained, measured, and put beside the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.health import conditioning
from fil_core.analyses.overfit.checks import kept_out
from fil_core.analyses.overfit.request import DEGREE, L2, WIDTH, OverfitRequest, axis, models_of, runs_of
from fil_core.analyses.overfit.rows import Row, of_features, of_network, of_powers
from fil_core.dataset import Dataset
from fil_core.errors import FilError
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.shift.overfitting import SUMMARIES, associations
from fil_core.shift.polynomials import highest_powers
from fil_core.specs import Request

_SINGLE = ("eta", "leverage", "unique", "held_out")  # numbers of single examples that are kept


def parts(request: OverfitRequest, dataset: object, answers: object) -> Sequence[Request]:
    """The training of each network, and its unique information; none of linear models.

    Args:
        request: what is asked.
        dataset: not used.
        answers: not used.
    """
    return [part for pair in runs_of(request) for part in pair]


def run(request: OverfitRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """One row for each model, and how its numbers go together with the gap.

    The arrays hold by model `eta`, `leverage` and `unique` (R, n) and `held_out` (R, m), in the order of `ids` (n,).

    Args:
        request: what is asked.
        inputs: the data, and the answers to its parts.
        progress: called with (models done, models, what).
    """
    data = inputs.dataset
    rows = list(_rows(request, inputs, progress))
    table = pd.DataFrame([row.columns for row in rows], index=pd.RangeIndex(len(rows), name="model")).astype(float)
    arrays = {name: np.stack([getattr(row.leaks, name) for row in rows]) for name in _SINGLE} | {"ids": data.ids}
    summary = {
        "n": data.n, "d": data.d, "held_out": arrays["held_out"].shape[1], "over": request.over, "models": len(rows),
        "score": "accuracy" if data.class_names else "mean squared error", "summaries": list(SUMMARIES),
        "spearman": _plain(associations(table, draws=request.draws, seed=request.bootstrap_seed)),
        "rows": [_plain(row) for row in table.to_dict("records")],
    }  # fmt: skip
    told = [warning for row in rows for warning in row.warnings]
    told += _notes(request, data, table)
    return Result(table, arrays, summary, {"warnings": list(dict.fromkeys(told))})


def _rows(request: OverfitRequest, inputs: Inputs, progress: Progress | None) -> list[Row]:
    """The row of every model."""
    found, models = [], axis(request)
    for i, (value, l2) in enumerate(models):
        try:
            found.append(_row(request, inputs, i, _at(progress, i, len(models), f"{request.over} {value:g}")))
        except FilError as error:
            raise type(error)(f"values: {request.over} {value:g} at l2 = {l2:g}: {error}") from error
    return found


def _at(progress: Progress | None, done: int, total: int, which: str) -> Progress | None:
    return None if progress is None else lambda _done, _total, what: progress(done, total, f"{which}: {what}")


def _row(request: OverfitRequest, inputs: Inputs, i: int, progress: Progress | None) -> Row:
    """The row of the i-th model."""
    held_out, value = kept_out(request, inputs.dataset), axis(request)[i][0]
    if request.over == WIDTH:
        trained, unique = runs_of(request)[i]
        return of_network(
            trained.network, inputs, inputs.part(trained), inputs.parts[unique], len(held_out[1]), progress
        )
    spec = models_of(request)[i]
    if request.over == L2:
        return of_features(value, spec, inputs, held_out, progress)
    return of_powers(int(value), spec, inputs, held_out, progress)


def _notes(request: OverfitRequest, data: Dataset, table: pd.DataFrame) -> list[str]:
    """What a reader must know of the models: their inputs, and of networks what eta stands for."""
    told = conditioning(float(table["condition"].max())) if request.over != WIDTH else []
    if request.over == DEGREE:
        most = int(max(request.values))
        told.append(
            f"The inputs are the powers 1 to {most} of each feature, standardised on the training rows before and "
            "after it is raised, without products of features; η is about the features themselves."
        )
        few = int(((highest_powers(data.X, most) < most) & (np.ptp(data.X, axis=0) > 0)).sum())
        if few:
            told.append(
                f"{few:,} of {data.d:,} columns have too few different values for all powers, further ones would be "
                "copies: one with v different values has v - 1."
            )
    if request.over == WIDTH:
        told.append(
            "η of a network is approximate: by the Gauss-Newton matrix at the weights that training reached, which are "
            "no exact optimum. Unique information is that of the network linearised at its start."
        )
    return told


def _plain(values: dict[Any, Any]) -> dict[str, Any]:
    """Numbers by name, None for what is not defined."""
    return {
        str(name): _plain(value) if isinstance(value, dict) else None if math.isnan(value) else float(value)
        for name, value in values.items()
    }
