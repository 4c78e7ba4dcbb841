"""Parts of the summary that several analyses share: sizes, quality of the optimum, and warnings."""

from __future__ import annotations

from typing import Any

import numpy as np

from fil_core.dataset import Dataset
from fil_core.display.numbers import count, number, percent
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
    warnings += worse_than_guessing(fitted, dataset)
    return warnings + ([STILL_IN_SCALE] if isinstance(weighting, Dropping) else [])


def worse_than_guessing(fitted: Fitted, dataset: Dataset) -> list[str]:
    """A warning where a model does worse than an answer that is the same for everyone, on training or on test rows.

    That answer is the most frequent class of the training rows, or the mean of their targets.
    """
    answer = np.bincount(dataset.y.astype(int)).argmax() if fitted.classes else dataset.y.mean()
    remedy = "" if fitted.intercept else " A constant term (--intercept) may mend it."
    for name, X, y in (("training", dataset.X, dataset.y), ("test", dataset.X_test, dataset.y_test)):
        if not len(y):
            continue
        guess = float(np.mean(y == answer)) if fitted.classes else float(np.mean((y - answer) ** 2))
        if told := guessing_is_better(fitted.score(X, y), guess, f"{count(len(y))} {name} rows", bool(fitted.classes)):
            return [told + remedy]
    return []


def guessing_is_better(score: float, guess: float, rows: str, accuracy: bool) -> str:
    """A sentence where a score is worse than that of one answer for everyone; else nothing.

    >>> guessing_is_better(0.25, 0.75, "4 test rows", True)
    'The model is correct for 25.00 % of the 4 test rows; the most frequent class alone would be for 75.00 %.'

    Args:
        score: of the model.
        guess: of the answer.
        rows: how many of which rows.
        accuracy: the scores are accuracies, else mean squared errors.
    """
    if accuracy and score < guess:
        return (
            f"The model is correct for {percent(score)} of the {rows}; the most frequent class alone would be for "
            f"{percent(guess)}."
        )
    if not accuracy and score > guess * (1 + _ROUNDING):
        return (
            f"The model's mean squared error on the {rows} is {number(score)}; that of the mean of the training "
            f"targets alone would be {number(guess)}."
        )
    return ""


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
