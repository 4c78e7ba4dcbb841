"""Fisher information loss, and the measures beside it, of every training example."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.fil.parts import parts
from fil_core.analyses.fil.request import FilRequest, LeakageRequest
from fil_core.analyses.health import caveats, feature_spread, health, score_name, summarise
from fil_core.dataset import Dataset
from fil_core.display.numbers import count, counted, percent
from fil_core.errors import BadRequest
from fil_core.leakage.fil import completed, measured
from fil_core.leakage.scaling import eta_through_scale
from fil_core.models import Fitted
from fil_core.models.leave_one_out import CLOSE
from fil_core.progress import Progress
from fil_core.result import Result


def check_fil(request: LeakageRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for an attribute that does not exist, or for data without any spread."""
    feature_spread(dataset)
    attribute_columns(dataset, request)


def run_fil(request: FilRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Every measure of docs/maths.md, sections 1 to 4, with one number per example, and the test scores.

    Where the data name sensitive attributes, a column `eta_NAME` has eta of each, unless the request itself is about
    one attribute.

    Args:
        request: sigma, the attribute and the prior.
        inputs: the data, and the model at its optimum.
        progress: called with (done, total, what).
    """
    dataset, fitted = inputs.dataset, inputs.fitted
    columns = attribute_columns(dataset, request)
    prior_std = request.prior_std or feature_spread(dataset)
    asked = parts(request, dataset, {})
    if asked:
        tables = [inputs.part(part).table for part in asked]
        by_column = {name: np.concatenate([table[name].to_numpy() for table in tables]) for name in tables[0]}
    else:
        by_column = measured_rows(request, inputs, slice(0, dataset.n), progress)
    table = completed(by_column, fitted, dataset, sigma=request.sigma, prior_std=prior_std, progress=progress)
    summary = (
        summarise(table["eta"].to_numpy()[table["weight"].to_numpy() > 0])  # an example left out leaks nothing
        | health(fitted, dataset)
        | {
            "train_score": fitted.score(dataset.X, dataset.y),
            "test_score": fitted.score(dataset.X_test, dataset.y_test),
            "score": score_name(fitted),
            "prior_std": prior_std,
            "columns": list(columns),
            "scale": _scale(request, fitted, dataset, columns),
        }
    )
    warnings = caveats(fitted, dataset) + warnings_of(table, table.attrs.pop("loo_error"))
    return Result(table, _test_arrays(fitted, dataset), summary, {"warnings": warnings})


def measured_rows(
    request: LeakageRequest, inputs: Inputs, rows: slice, progress: Progress | None
) -> dict[str, np.ndarray]:
    """What follows from the Jacobians of consecutive training examples, by column, (m,) each."""
    dataset = inputs.dataset
    columns = attribute_columns(dataset, request)
    sensitive = () if columns else dataset.sensitive
    return measured(
        inputs.fitted, dataset, rows, sigma=request.sigma, columns=columns, simplex=request.simplex,
        prior_std=request.prior_std or feature_spread(dataset),
        attributes={f"eta_{name}": dataset.columns((name,)) for name in sensitive}, progress=progress,
    )  # fmt: skip


def _scale(request: FilRequest, fitted: Fitted, dataset: Dataset, columns: tuple[int, ...]) -> dict[str, list] | None:
    """The rows that set the unit ball, and their eta through it; None where no row sets the scale."""
    rows = eta_through_scale(fitted, dataset, sigma=request.sigma, columns=columns, simplex=request.simplex)
    return None if rows is None else {"ids": list(rows.ids), "eta": list(rows.eta)}


def attribute_columns(dataset: Dataset, request: LeakageRequest) -> tuple[int, ...]:
    """The columns of the request's attribute, checked.

    Raises:
        BadRequest: the simplex constraint on a single column, or on a coding without a column for every level.
        BadData: there is no such attribute.
    """
    columns = dataset.columns(request.attribute)
    left_out = [g.name for g in dataset.groups.values() if g.dropped is not None and set(g.columns) & set(columns)]
    if request.simplex and left_out:
        raise BadRequest(
            f"simplex: expected an attribute with a column for every level; {', '.join(left_out)} leaves one out, "
            "so its columns do not sum to a constant. Leave simplex out."
        )
    if request.simplex and len(columns) < 2:
        raise BadRequest(f"simplex: expected an attribute of at least two columns; got {len(columns)}.")
    return columns


def _test_arrays(fitted: Fitted, dataset: Dataset) -> dict[str, np.ndarray]:
    """What the closed forms of the expected score need for other values of sigma, without the model."""
    return {
        "theta": fitted.theta.cpu().numpy(),
        "test_scores": fitted.scores(dataset.X_test).cpu().numpy(),
        "test_norms": fitted.design(dataset.X_test).norm(dim=1).cpu().numpy(),
        "test_targets": dataset.y_test,
    }


def warnings_of(table: pd.DataFrame, loo_error: float) -> list[str]:
    """Warnings about the columns of the table, whose `loo_shift` has an estimated relative error."""
    warnings = []
    if loo_error > CLOSE:
        warnings.append(
            "loo_shift and membership_auc take one Newton step, as there are too many examples to leave out each of "
            f"them exactly: a shift is off by about {percent(loo_error, 1)} of itself at most."
        )
    if alone := int(table["loo_shift"].isna().sum()):
        warnings.append(
            f"loo_shift and membership_auc do not exist for {counted(alone, 'example')}: without it the optimum is not "
            "unique, or there is none, as where it is the only one of its class beside an intercept. Choose l2 > 0 "
            "and classes of two examples or more."
        )
    trained_on = table["weight"] > 0
    infinite = int(np.isinf(table["bound_unbiased"][trained_on]).sum())
    if infinite:
        warnings.append(
            f"bound_unbiased is infinite for {counted(infinite, 'example')}, whose residual is zero or too small for "
            "its square to be a number."
        )
    if few := int(table["bound_prior"].isna().sum()):
        warnings.append(
            f"bound_unbiased and bound_prior are told of the {count(len(table) - few)} examples of largest eta, since "
            "each takes a factorisation of its own in a model of so many parameters; Examples has those of any one."
        )
    elif unknown := int(table["bound_unbiased"].isna().sum()):
        warnings.append(
            f"bound_unbiased is unknown for {counted(unknown, 'example')}, whose Jacobian is too ill-conditioned for "
            "float64. A larger l2 helps."
        )
    return warnings
