"""Parts of the summary that several analyses share: sizes, quality of the optimum, and warnings."""

from __future__ import annotations

from typing import Any

import numpy as np

from fil_core.dataset import Dataset
from fil_core.display.numbers import percent
from fil_core.errors import BadData
from fil_core.models import Fitted
from fil_core.specs.weights import Dropping

_ILL_CONDITIONED = 1e8  # a condition number above which eta has lost more than half of float64's digits
_ROUNDING = 1e-12  # of the length of the parameters
_DIGITS = 3  # of the noises of a grid
STILL_IN_SCALE = "The examples left out still count in the scaling of the features and in their principal components."
CONSTANT_WEIGHTS = (
    "Eta takes the weights as constants. They were computed from the examples themselves, and what they reveal is not "
    "counted."
)


def health(fitted: Fitted, dataset: Dataset) -> dict[str, Any]:
    """Sizes, whether the model is at an optimum, and the condition number of the curvature there."""
    return {
        "n": dataset.n,
        "d": dataset.d,
        "converged": fitted.optimum.converged,
        "grad_norm": fitted.optimum.grad_norm,
        "tolerance": fitted.optimum.tolerance,
        "iterations": fitted.optimum.iterations,
        "condition": fitted.curvature.condition,
    }


def summarise(eta: np.ndarray) -> dict[str, float]:
    """Mean, standard deviation (n - 1), minimum, median and maximum of eta, (n,)."""
    deviation = float(eta.std(ddof=1)) if eta.size > 1 else 0.0
    figures = {"mean": eta.mean(), "std": deviation, "min": eta.min(), "median": np.median(eta), "max": eta.max()}
    return {f"eta_{name}": float(value) for name, value in figures.items()}


def feature_spread(dataset: Dataset) -> float:
    """Root mean variance of the training features: the prior uncertainty of an attacker who knows their distribution.

    Raises:
        BadData: all training examples are the same, so that the spread is 0.
    """
    std = float(np.sqrt(dataset.X.var(axis=0).mean()))
    if std == 0:
        raise BadData(f"training rows: expected at least two that differ; got {dataset.n:,}, all the same.")
    return std


def caveats(fitted: Fitted, dataset: Dataset) -> list[str]:
    """Warnings for every result: a model worse than guessing, an ill-conditioned curvature, weights that leak too."""
    weighting = fitted.spec.weights
    warnings = [_moved(fitted.moved)] if fitted.moved > _ROUNDING else []
    warnings += conditioning(fitted.curvature.condition) + ([CONSTANT_WEIGHTS] if weighting is not None else [])
    if fitted.classes:
        remedy = "A smaller l2 may mend it." if fitted.intercept else "A constant term (--intercept) may mend it."
        accuracy = fitted.score(dataset.X, dataset.y)
        warnings += no_better_than_guessing(accuracy, dataset.y, remedy)
    return warnings + ([STILL_IN_SCALE] if isinstance(weighting, Dropping) else [])


def no_better_than_guessing(accuracy: float, y: np.ndarray, remedy: str) -> list[str]:
    """A warning where a classifier is worse on its own training rows than guessing their most frequent class.

    >>> no_better_than_guessing(0.75, np.array([0, 0, 0, 1]), "")
    []

    Args:
        accuracy: on the training rows.
        y: (n,) their class codes.
        remedy: a sentence on what may mend it.
    """
    share = float(np.bincount(y.astype(int)).max() / len(y))
    if accuracy >= share:
        return []
    return [
        f"The model is correct for {percent(accuracy)} of the training rows, fewer than the {percent(share)} that "
        f"guessing the most frequent class would get. {remedy}"
    ]


def _moved(share: float) -> str:
    return (
        f"The given parameters are {share:.2g} of their length away from the optimum of the stated objective, to which "
        "they were moved: what is measured is the optimum."
    )


def conditioning(condition: float) -> list[str]:
    """A warning where the curvature is so ill-conditioned that eta loses digits."""
    if condition <= _ILL_CONDITIONED:
        return []
    return [
        f"The curvature's condition number is {condition:.1e}: about {np.log10(condition):.0f} of 16 digits of eta are "
        "lost. Set a larger l2 to keep them."
    ]


def noise_grid(values: np.ndarray) -> tuple[float, ...]:
    """The noises of a default grid: 0, and these values rounded to three digits, without repetitions."""
    return tuple(dict.fromkeys([0.0, *(float(f"{v:.{_DIGITS - 1}e}") for v in values)]))


def score_name(fitted: Fitted) -> str:
    """The measure of the test score."""
    return "accuracy" if fitted.classes else "mean squared error"
