"""Guesses of one example, and how they lie to the Cramér–Rao bound."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import chi2

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.guesses.request import GuessesRequest
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.leakage.fil import fil
from fil_core.learn.guesses import informed_guesses
from fil_core.models.checks import check_task
from fil_core.progress import Progress
from fil_core.result import Result

_FAMILIES = ("least-squares", "logistic")
_MOST_ROWS, _MOST_FEATURES = 500, 6
_QUARTILES = 1.3489795  # between those of a normal distribution of standard deviation 1
LEVEL = 0.95


def check(request: GuessesRequest, dataset: Dataset) -> None:
    """Refuse what takes a search too long, and an example that is not there.

    Raises:
        BadRequest: a model of another family, or too many examples or features.
        BadData: no such example, or a model that the data do not have.
    """
    if request.model.kind not in _FAMILIES:
        raise BadRequest(f"model: expected {' or '.join(_FAMILIES)}; got {request.model.kind}.")
    check_task(request.model, dataset)
    if dataset.n > _MOST_ROWS or dataset.d > _MOST_FEATURES:
        raise BadRequest(
            f"data: expected at most {_MOST_ROWS} examples of at most {_MOST_FEATURES} features, such as --data "
            f"toy-line; got {dataset.n:,} of {dataset.d:,}. Take --subset and --pca, or the command reconstruction."
        )
    dataset.row(request.example)


def run(request: GuessesRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """One guess for each release.

    Args:
        request: the example, the noise and the number of releases.
        inputs: the data and the model at its optimum.
        progress: not used.

    Raises:
        BadData: the parameters do not determine the example.
    """
    data, fitted = inputs.dataset, inputs.fitted
    row = data.row(request.example)
    constant = tuple(int(j) for j in np.flatnonzero(np.ptp(data.X, axis=0) == 0)) if data.n > 1 else ()
    found = informed_guesses(
        fitted, data, row, sigma=request.sigma, draws=request.trials, seed=request.noise_seed, known=constant
    )
    names = [name for j, name in enumerate(data.feature_names) if j not in constant]
    names += [] if fitted.spec.kind == "logistic" else [data.target_name]
    distance = found.distance()
    limit = float(chi2.ppf(LEVEL, len(names)))
    columns = {f"guess_{name}": found.guesses[:, k] for k, name in enumerate(names)}
    table = pd.DataFrame(
        columns | {"distance": distance, "inside": distance <= limit, "misfit": found.misfit},
        index=pd.RangeIndex(request.trials, name="release"),
    )
    known = ~np.isnan(distance)
    low, high = np.quantile(found.guesses[known], (0.25, 0.75), axis=0) if known.any() else (np.nan, np.nan)
    spread = np.broadcast_to((high - low) / _QUARTILES, len(names)).tolist()  # a few guesses lie far out
    summary = {
        "example": request.example,
        "names": names,
        "sigma": request.sigma,
        "eta": float(fil(fitted, data, sigma=request.sigma)[row]),
        "trials": request.trials,
        "failed": int((~known).sum()),
        "inside": float(np.mean(distance[known] <= limit)) if known.any() else float("nan"),
        "bound": dict(zip(names, np.sqrt(np.diag(found.covariance)).tolist(), strict=True)),
        "spread": dict(zip(names, spread, strict=True)),
    }
    told = [f"{summary['failed']:,} searches did not come to an end; they are left out."] if summary["failed"] else []
    return Result(table, {"truth": found.truth, "covariance": found.covariance}, summary, {"warnings": told})
