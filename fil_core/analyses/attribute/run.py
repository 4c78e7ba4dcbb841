"""Attribute inference: every attacker against every example at every noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.health import caveats, health, noise_grid
from fil_core.attacks.attribute import Attribute, attribute_of
from fil_core.attacks.inference import Inference, infer
from fil_core.attacks.success import by_value, success_column
from fil_core.dataset import Dataset
from fil_core.leakage.fil import fil
from fil_core.progress import Progress
from fil_core.result import Result

_GRID = np.logspace(-1.5, 1.5, 13)  # of noise, as multiples of the attribute's mean eta


def check_attribute(request: AttributeRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for an attribute that cannot be attacked."""
    attribute_of(dataset, request.attribute, bins=request.bins)


def run_attribute(request: AttributeRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Every attacker against every example at every noise.

    The table has `label`, `value` (the true one), `eta` (of the attribute, at sigma = 1) and a column
    `success_ATTACKER_SIGMA` for each pair. The arrays hold what the closed forms need for other values of sigma:
    `codes`, `prior`, and for two or three values `gram`; and `guessed_ATTACKER`, the share of the guesses that name
    each value at each noise.

    Args:
        request: the attribute, the attackers and the noises.
        inputs: the data, and the model at its optimum.
        progress: called with (done, total, what).
    """
    dataset, fitted = inputs.dataset, inputs.fitted
    attribute = attribute_of(dataset, request.attribute, bins=request.bins)
    eta = fil(fitted, dataset, columns=attribute.columns).cpu().numpy()
    sigmas = request.sigmas or noise_grid(_GRID * eta.mean())
    inference = infer(
        fitted,
        dataset,
        attribute,
        attackers=request.attackers,
        sigmas=sigmas,
        trials=request.trials,
        seed=request.seed,
        intercept=request.intercept,
        progress=progress,
    )
    levels = np.asarray(attribute.levels)
    table = pd.DataFrame({"label": dataset.labels, "value": levels[attribute.codes], "eta": eta})
    table = pd.concat([table, pd.DataFrame(_success_columns(inference, sigmas))], axis=1)
    table.index = pd.Index(dataset.ids, name="id")
    arrays = {"codes": attribute.codes, "prior": attribute.prior}
    arrays |= {f"guessed_{name}": shares for name, shares in inference.guessed.items()}
    if inference.gram is not None:
        arrays["gram"] = inference.gram
    summary = health(fitted, dataset) | {
        "attribute": attribute.name,
        "levels": list(attribute.levels),
        "prior": attribute.prior.tolist(),
        "sigmas": list(sigmas),
        "accuracy": _lists(inference.accuracy),
        "standard_error": _lists(inference.standard_error),
        "exact": _lists(inference.exact),
        "eta_mean": float(eta.mean()),
        "trials": request.trials,
    }
    summary |= _by_value(inference, attribute)
    return Result(table, arrays, summary, {"warnings": caveats(fitted, dataset) + _notes(attribute)})


def _success_columns(inference: Inference, sigmas: tuple[float, ...]) -> dict[str, np.ndarray]:
    return {
        success_column(name, sigma): column
        for name, shares in inference.success.items()
        for sigma, column in zip(sigmas, shares.T, strict=True)
    }


def _by_value(inference: Inference, attribute: Attribute) -> dict[str, Any]:
    """Balanced accuracy, and recall and precision of the rarest value, by attacker and noise."""
    rarest = int(attribute.prior.argmin())
    found = {}
    for name, share in inference.success.items():
        pairs = zip(share.T, inference.guessed[name], strict=True)
        found[name] = [by_value(right, attribute.codes, guessed) for right, guessed in pairs]
    return {
        "rarest": rarest,
        "balanced_accuracy": _lists({name: [v.balanced_accuracy for v in values] for name, values in found.items()}),
        "recall": _lists({name: [v.recall[rarest] for v in values] for name, values in found.items()}),
        "precision": _lists({name: [v.precision[rarest] for v in values] for name, values in found.items()}),
    }


def _lists(values: Mapping[str, Sequence[float] | np.ndarray]) -> dict[str, list[float | None]]:
    """Arrays as lists, with None for NaN and infinities, which JSON lacks."""
    return {name: [float(v) if np.isfinite(v) else None for v in array] for name, array in values.items()}


def _notes(attribute: Attribute) -> list[str]:
    if not attribute.binned:
        return []
    return [
        f"{attribute.name} is continuous: the attackers guess one of {attribute.k} quantile bins "
        f"({', '.join(attribute.levels)}), each tried with its median."
    ]
