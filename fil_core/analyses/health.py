"""What stands under every figure: sizes, whether the optimum means something, and what a reader must know."""

from __future__ import annotations

from typing import Any

import numpy as np

from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.models import Fitted
from fil_core.specs.weights import Dropping

# Above this eta has lost more than half of float64's digits.
_ILL_CONDITIONED = 1e8
_DIGITS = 3
STILL_IN_SCALE = "The examples left out still had a part in the scaling of the features and in their components."
CONSTANT_WEIGHTS = (
    "Eta takes the weights as constants. They were computed from the examples themselves, and what they give away is "
    "not counted."
)


def health(fitted: Fitted, dataset: Dataset) -> dict[str, Any]:
    """Sizes, and whether the model is at an optimum that means something: what stands under every figure."""
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
    """Mean, standard deviation (n - 1), minimum, median and maximum of eta."""
    deviation = float(eta.std(ddof=1)) if eta.size > 1 else 0.0
    found = {"mean": eta.mean(), "std": deviation, "min": eta.min(), "median": np.median(eta), "max": eta.max()}
    return {f"eta_{name}": float(value) for name, value in found.items()}


def feature_spread(dataset: Dataset) -> float:
    """Root mean variance of the training features: what an attacker knows who has seen only others like them.

    Raises:
        BadData: all training examples are the same, so that there is no such spread.
    """
    std = float(np.sqrt(dataset.X.var(axis=0).mean()))
    if std == 0:
        raise BadData(f"training rows: expected at least two that differ; got {dataset.n:,}, all the same.")
    return std


def caveats(fitted: Fitted) -> list[str]:
    """Warnings that stand under every figure: a curvature that costs digits, weights that eta does not count."""
    weighting = fitted.spec.weights
    found = conditioning(fitted.curvature.condition) + ([CONSTANT_WEIGHTS] if weighting is not None else [])
    return found + ([STILL_IN_SCALE] if isinstance(weighting, Dropping) else [])


def conditioning(condition: float) -> list[str]:
    """A warning where the curvature costs eta its digits."""
    if condition <= _ILL_CONDITIONED:
        return []
    return [
        f"The curvature's condition number is {condition:.1e}: about {np.log10(condition):.0f} of 16 digits of eta are "
        "lost. A larger l2 mends it."
    ]


def noise_grid(values: np.ndarray) -> tuple[float, ...]:
    """No noise, and these to a few digits, so that they can be read and typed."""
    return tuple(dict.fromkeys([0.0, *(float(f"{v:.{_DIGITS - 1}e}") for v in values)]))


def score_name(fitted: Fitted) -> str:
    """What the test score is."""
    return "accuracy" if fitted.classes else "mean squared error"
