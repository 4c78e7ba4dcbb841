"""How far measures of each record predict what attacks on trained networks find."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.measures.sources import COLUMNS, source
from fil_core.analyses.mia_against.parts import attacks, measured, sources_of, variants
from fil_core.analyses.mia_against.request import AgainstRequest
from fil_core.analyses.mia_against.words import AUC
from fil_core.analyses.network_mia.run import check as check_attacks
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.influence.judging import fisher_interval, slope
from fil_core.leakage.comparison import agreement
from fil_core.progress import Progress
from fil_core.result import Result

_FEWEST = 4  # records, for an interval
# A measure that is half a squared difference of predictions: both are compared as differences.
_DIFFERENCES = ("mean_lood",)


def check(request: AgainstRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for networks, kernels or sources that the data do not have."""
    for name, one in variants(request).items():
        check_attacks(attacks(one), dataset)
        for each in sources_of(request, name):
            entry = source(each)
            if why := entry.why_not(dataset):
                raise BadRequest(f"of: expected sources that this data set has; {each} is none of them: {why}.")
            entry.analysis.check(measured(one, each, dataset), dataset)


def run(request: AgainstRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """One row for each measure and activation: its correlation with the AUC that attacks on the networks reach.

    Args:
        request: what is asked.
        inputs: the data, and the answers to its parts.
        progress: not used.
    """
    data, rows, arrays, means = inputs.dataset, [], {}, []
    arrays["ids"] = data.ids
    for name, one in variants(request).items():
        found = inputs.part(attacks(one))
        truth = found.table
        columns = pd.concat(
            [source(each).joined(inputs.part(measured(one, each, data)).table) for each in sources_of(request, name)],
            axis=1,
        )
        arrays[f"{name}:auc"] = truth["auc"].to_numpy()
        arrays[f"{name}:prediction"] = np.sqrt(2 * truth["prediction_change"].to_numpy())
        compared = [(str(c), columns[c].to_numpy(dtype=float)) for c in columns]
        for column, values in compared:
            arrays[f"{name}:{column}"] = values
            rows.append(_row(name, column, values, truth["auc"].to_numpy(), AUC))
            if column in _DIFFERENCES:
                difference = arrays[f"{name}:prediction"]
                rows.append(_row(name, column, np.sqrt(2 * values), difference, "difference of predictions"))
        means.append(_means(name, found, columns))
    table = pd.DataFrame([row for row in rows if row is not None], index=None)
    table.index = pd.RangeIndex(len(table), name="comparison")
    summary = {
        "n": data.n, "d": data.d, "models": request.ensemble.models, "score": found.summary["score"],
        "auc_error": float(np.nanmean(truth["auc_error"])), "activations": means,
        "comparisons": table.to_dict("records"),
    }  # fmt: skip
    return Result(table, arrays, summary, {"dtype": request.network.precision})


def _oriented(column: str, values: np.ndarray) -> np.ndarray:
    """A column so that larger means more exposed; of influences, which have signs, their size."""
    if "influence" in column and not COLUMNS[column].more:
        return np.abs(values)
    return values * (COLUMNS[column].more or 1)


def _row(name: str, column: str, values: np.ndarray, true: np.ndarray, beside: str) -> dict[str, Any] | None:
    """How far a measure agrees with what the networks show; None where it does not vary."""
    known = np.isfinite(values) & np.isfinite(true)
    if known.sum() < _FEWEST or not np.ptp(values[known]) or not np.ptp(true[known]):
        return None
    both = agreement(_oriented(column, values[known]), true[known], k=max(1, int(known.sum()) // 10))
    low, high = fisher_interval(both.pearson, both.n)
    return {
        "activation": name, "measure": column, "title": COLUMNS[column].title, "beside": beside,
        "pearson": both.pearson,
        "low": low, "high": high, "spearman": both.spearman, "overlap": both.overlap / both.k, "records": both.n,
        "slope": slope(values[known], true[known]) if beside != AUC else np.nan,
    }  # fmt: skip


def _means(name: str, found: Result, columns: pd.DataFrame) -> dict[str, Any]:
    """What an activation shows on average: by attacks, and in the closed form where it is asked."""
    s = found.summary
    told = {"activation": name, "auc": float(found.table["auc"].mean()), "test_score": s["test_score"]}
    told |= {"tpr_at_fpr": s["tpr_at_fpr"]["lira"], "attack_auc": s["auc"]["lira"]}
    return told | ({"lood_auc": float(columns["lood_auc"].mean())} if "lood_auc" in columns else {})
