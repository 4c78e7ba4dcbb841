"""The leakage and the utility of one release of the parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.health import caveats, feature_spread, health, score_name, summarise
from fil_core.analyses.release.request import ReleaseRequest
from fil_core.attacks.attackers import WHITE_BOX
from fil_core.attacks.attribute import attribute_of
from fil_core.attacks.inference import infer
from fil_core.attacks.reconstruction import reconstruct, unseen_error
from fil_core.attacks.success import by_value
from fil_core.dataset import Dataset
from fil_core.display.numbers import counted
from fil_core.leakage.fil import fil
from fil_core.leakage.utility import drawn_scores, expected_accuracy, expected_squared_error
from fil_core.models import Fitted
from fil_core.progress import Progress
from fil_core.result import Result


def check_release(request: ReleaseRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for an attribute that cannot be attacked, or an example that does not exist."""
    feature_spread(dataset)
    if request.attribute:
        attribute_of(dataset, request.attribute)
    for id in request.ids:
        dataset.row(id)


def run_release(request: ReleaseRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """The leakage and the utility of a release.

    The table has `label`, `weight`, `eta` (at the request's sigma, of its attribute where it names one) and, for the
    examples that are attacked, `attack`: the probability that their attribute is guessed correctly (by the white box
    that infers more, without or with the prior), or the error of their reconstruction relative to the error without the
    release.

    Args:
        request: the noise, and what is attacked.
        inputs: the data, and the model at its optimum.
        progress: called with (done, total, what).
    """
    dataset, fitted = inputs.dataset, inputs.fitted
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
        summarise(eta[weight > 0])  # examples left out have eta 0, which would distort the figures of the others
        | health(fitted, dataset)
        | _utility(request, dataset, fitted)
        | {"sigma": request.sigma, "trained_on": int((weight > 0).sum()), "attack": attack}
    )
    return Result(table, {}, summary, {"warnings": caveats(fitted, dataset)})


def _utility(request: ReleaseRequest, dataset: Dataset, fitted: Fitted) -> dict[str, Any]:
    """Scores without noise, the expected test score with noise, and its standard deviation among releases."""
    theta, y = fitted.theta.cpu().numpy(), dataset.y_test
    X, scores = (value.cpu().numpy() for value in (fitted.design(dataset.X_test), fitted.scores(dataset.X_test)))
    norms = np.linalg.norm(X, axis=1)
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
        "test_score": fitted.score(dataset.X_test, y),
        "expected_score": expected,
        # Exactly 0 for equal scores, whose computed deviation has rounding errors; unknown for a single score.
        "score_std": (float(drawn.std(ddof=1)) if np.ptp(drawn) else 0.0) if len(drawn) > 1 else None,
        "draws": request.draws,
        "score": score_name(fitted),
    }


def _attack(
    request: ReleaseRequest, dataset: Dataset, fitted: Fitted, progress: Progress | None
) -> tuple[np.ndarray, dict[str, Any]]:
    """The column `attack`, and the attack's entry in the summary."""
    if request.attribute:
        return _infer(request, dataset, fitted, progress)
    return _reconstruct(request, dataset, fitted, progress) if request.ids else (np.empty(0), {})


def _infer(
    request: ReleaseRequest, dataset: Dataset, fitted: Fitted, progress: Progress | None
) -> tuple[np.ndarray, dict[str, Any]]:
    """The white-box attack that infers more at this noise, without or with the prior, on all examples."""
    attribute = attribute_of(dataset, request.attribute)
    inference = infer(
        fitted, dataset, attribute, attackers=WHITE_BOX, sigmas=(request.sigma,), trials=request.trials,
        seed=request.seed, progress=progress,
    )  # fmt: skip
    attacker = max(WHITE_BOX, key=lambda name: inference.success[name].mean())
    success = inference.success[attacker][:, 0]
    found = by_value(success, attribute.codes, inference.guessed[attacker][0])
    return success, {
        "kind": "attribute",
        "name": attribute.name,
        "attacker": attacker,
        "value": float(success.mean()),
        "balanced": found.balanced_accuracy,
        "nothing_learnt": float(attribute.prior.max()),
        "closed_form": bool(inference.exact),
    }


def _reconstruct(
    request: ReleaseRequest, dataset: Dataset, fitted: Fitted, progress: Progress | None
) -> tuple[np.ndarray, dict[str, Any]]:
    """The attack with a prior, on the request's examples; an example of weight 0 keeps its error without the release.

    Examples that equal the mean of the others of their label are left out, since their error is 0 without the release.
    """
    rows = np.array([dataset.row(id) for id in request.ids])
    unseen = unseen_error(fitted, dataset, rows.tolist())
    error = unseen.copy()
    known = unseen == 0  # the mean of the others of the label: the release reveals nothing new
    trained_on = (fitted.weights.cpu().numpy()[rows] > 0) & ~known
    if trained_on.any():
        attacks = reconstruct(
            fitted, dataset, rows[trained_on].tolist(), sigmas=(request.sigma,), trials=request.trials,
            seed=request.seed, prior_std=feature_spread(dataset), progress=progress,
        )  # fmt: skip
        error[trained_on] = [attack.squared_error_prior[0].mean() for attack in attacks]
    column = np.full(dataset.n, np.nan)
    column[rows] = np.sqrt(error / np.where(known, np.nan, unseen))
    error, unseen = error[~known], unseen[~known]
    if not unseen.size:
        return column, {}
    return column, {
        "kind": "reconstruction",
        "name": counted(len(unseen), "example"),
        "value": float(np.sqrt(error.sum() / unseen.sum())),
        "nothing_learnt": 1.0,
        "closed_form": False,
    }
