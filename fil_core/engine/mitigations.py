"""Reweighting, and what any release gives away and is worth, as analyses: a Result without provenance out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fil_core.attacks.attribute import attribute_of
from fil_core.attacks.inference import infer
from fil_core.attacks.reconstruction import reconstruct, unseen_error
from fil_core.dataset import Dataset
from fil_core.engine.analyses import CONSTANT_WEIGHTS, caveats, conditioning, health, spread, summarise
from fil_core.leakage.fil import fil
from fil_core.leakage.utility import drawn_scores, expected_accuracy, expected_squared_error
from fil_core.mitigations.irfil import check_method, irfil
from fil_core.models import Fitted
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import IrfilRequest, ReleaseRequest


def check_irfil(request: IrfilRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for an attribute or classes that are not there, or data without any spread."""
    spread(dataset)
    check_method(request.weights, dataset)
    dataset.columns(request.weights.attribute)


def run_irfil(request: IrfilRequest, dataset: Dataset, fitted: Fitted, progress: Progress | None = None) -> Result:
    """Every round of the reweighting.

    The table has `label`, `eta_before`, `eta_after`, `weight`; the arrays `eta` and `weights` (T + 1, n) and `theta`
    (T + 1, ...) hold all rounds, the summary their mean, spread, maximum and scores as lists, at sigma = 1.
    """
    found = irfil(
        fitted, dataset, request.weights, columns=dataset.columns(request.weights.attribute), progress=progress
    )
    table = pd.DataFrame(
        {"label": dataset.labels, "eta_before": found.eta[0], "eta_after": found.eta[-1], "weight": found.weights[-1]},
        index=pd.Index(dataset.ids, name="id"),
    )
    rounds = [summarise(eta) for eta in found.eta]
    worst = float(found.condition.max())
    summary = (
        {name: [one[name] for one in rounds] for name in rounds[0]}
        | health(fitted, dataset)
        | {
            "train_score": found.train_score.tolist(),
            "test_score": found.test_score.tolist(),
            "score": _score(fitted),
            "converged": found.converged,
            "why": found.why,
            "condition": worst,
            "conditions": found.condition.tolist(),
            "failed": found.weights.shape[0] == 1 and not found.converged,
            "more_leaky": int((found.eta[-1] > found.eta[0]).sum()),
        }
    )
    warnings = [*conditioning(worst), CONSTANT_WEIGHTS, *([] if found.converged else [found.why])]
    arrays = {"eta": found.eta, "weights": found.weights, "theta": found.theta}
    return Result(table, arrays, summary, {"warnings": warnings})


def check_release(request: ReleaseRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for an attribute that cannot be attacked, or an example that is not there."""
    spread(dataset)
    if request.attribute:
        attribute_of(dataset, request.attribute)
    for id in request.ids:
        dataset.row(id)


def run_release(request: ReleaseRequest, dataset: Dataset, fitted: Fitted, progress: Progress | None = None) -> Result:
    """What a release gives away and what it is worth.

    The table has `label`, `weight`, `eta` (at the request's sigma, of its attribute where it names one) and, for the
    examples that are attacked, `attack`: the chance that their attribute is guessed rightly, or the error of their
    reconstruction as a share of the error of who has not seen the release.
    """
    columns = attribute_of(dataset, request.attribute).columns if request.attribute else ()
    eta = fil(fitted, dataset, sigma=request.sigma, columns=columns, progress=progress).cpu().numpy()
    weight = fitted.weights.cpu().numpy()
    table = pd.DataFrame(
        {"label": dataset.labels, "weight": weight, "eta": eta}, index=pd.Index(dataset.ids, name="id")
    )
    attacked, attack = _attack(request, dataset, fitted, progress)
    if attack:
        table["attack"] = attacked
    summary = (
        summarise(eta[weight > 0])  # who was left out leaks nothing, which says nothing of the others
        | health(fitted, dataset)
        | _worth(request, dataset, fitted)
        | {"sigma": request.sigma, "trained_on": int((weight > 0).sum()), "attack": attack}
    )
    return Result(table, {}, summary, {"warnings": caveats(fitted)})


def _score(fitted: Fitted) -> str:
    return "accuracy" if fitted.classes else "mean squared error"


def _worth(request: ReleaseRequest, dataset: Dataset, fitted: Fitted) -> dict[str, Any]:
    """Scores without noise, the expected one with it, and the spread of that from release to release."""
    theta, X, y = fitted.theta.cpu().numpy(), dataset.X_test, dataset.y_test
    scores, norms = fitted.scores(X).cpu().numpy(), np.linalg.norm(X, axis=1)
    expected = (
        expected_accuracy(scores, norms, y, request.sigma)
        if fitted.classes
        else expected_squared_error(scores - y, norms, request.sigma)
    )
    drawn = drawn_scores(
        theta, X, y, request.sigma, accuracy=bool(fitted.classes), draws=request.draws, seed=request.seed
    )
    return {
        "train_score": fitted.score(dataset.X, dataset.y),
        "test_score": fitted.score(X, y),
        "expected_score": expected,
        # Equal scores have no spread, where summing them would leave one of rounding; a single one has none to know.
        "score_std": (float(drawn.std(ddof=1)) if np.ptp(drawn) else 0.0) if len(drawn) > 1 else None,
        "draws": request.draws,
        "score": _score(fitted),
    }


def _attack(
    request: ReleaseRequest, dataset: Dataset, fitted: Fitted, progress: Progress | None
) -> tuple[np.ndarray, dict[str, Any]]:
    """Each example's entry in the column `attack`, and what stands over it."""
    if request.attribute:
        return _infer(request, dataset, fitted, progress)
    return _reconstruct(request, dataset, fitted, progress) if request.ids else (np.empty(0), {})


def _infer(
    request: ReleaseRequest, dataset: Dataset, fitted: Fitted, progress: Progress | None
) -> tuple[np.ndarray, dict[str, Any]]:
    """The white box without the prior, on everyone."""
    attribute = attribute_of(dataset, request.attribute)
    found = infer(
        fitted, dataset, attribute, attackers=("whitebox",), sigmas=(request.sigma,), trials=request.trials,
        seed=request.seed, progress=progress,
    )  # fmt: skip
    success = found.success["whitebox"][:, 0]
    return success, {
        "kind": "attribute",
        "name": attribute.name,
        "value": float(success.mean()),
        "nothing_learnt": float(attribute.prior.max()),
        "closed_form": bool(found.exact),
    }


def _reconstruct(
    request: ReleaseRequest, dataset: Dataset, fitted: Fitted, progress: Progress | None
) -> tuple[np.ndarray, dict[str, Any]]:
    """The attack with a prior, on the request's examples; of one that has no weight nothing is learnt.

    Examples that their likes tell already, to the last feature, are left out.
    """
    rows = np.array([dataset.row(id) for id in request.ids])
    unseen = unseen_error(fitted, dataset, rows.tolist())
    error = unseen.copy()
    known = unseen == 0  # all others of the label are the same: nothing is left to learn of it
    trained_on = (fitted.weights.cpu().numpy()[rows] > 0) & ~known
    if trained_on.any():
        found = reconstruct(
            fitted, dataset, rows[trained_on].tolist(), sigmas=(request.sigma,), trials=request.trials,
            seed=request.seed, prior_std=spread(dataset), progress=progress,
        )  # fmt: skip
        error[trained_on] = [one.squared_error_prior[0].mean() for one in found]
    column = np.full(dataset.n, np.nan)
    column[rows] = np.sqrt(error / np.where(known, np.nan, unseen))
    error, unseen = error[~known], unseen[~known]
    if not unseen.size:
        return column, {}
    return column, {
        "kind": "reconstruction",
        "name": f"{len(unseen)} examples",
        "value": float(np.sqrt(error.sum() / unseen.sum())),
        "nothing_learnt": 1.0,
        "closed_form": False,
    }
