"""What is told of one record: its exact ROC curve, and how far it is (epsilon, delta)-indistinguishable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from fil_core.lood import gaussians
from fil_core.lood.gaussians import Gap

LEAST_FPR = 1e-6
_POINTS = 181
_MOST = 9.0  # standard deviations beyond the mean, where the rates are 1
_LEAST_DELTA = 1e-6
_FIRST_EPSILON, _LAST_EPSILON = 1.0, 500.0


def gap_of(g: float, m: float, outputs: int, points: int) -> Gap:
    """The gap of one record, as often as there are points.

    Args:
        g: of the record, as in the arrays of a result.
        m: likewise.
        outputs: C.
        points: how many.
    """
    whole = torch.ones(points, dtype=torch.float64)
    return Gap(float(g) * whole, float(m) * whole, outputs)


def roc(g: float, m: float, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """The exact ROC curve of one record: says "in" where the distance from a centre is below a radius.

    >>> fpr, tpr = roc(1.0, 0.0, 2)  # two exponential variables: 1 - TPR = (1 - FPR)^(1 + g)
    >>> bool(np.allclose(tpr, 1 - (1 - fpr) ** 2, rtol=1e-6))
    True

    Args:
        g: of the record, as in the arrays of a result.
        m: likewise.
        outputs: C.

    Returns:
        False-positive rates from 1e-6 to 1 and true-positive rates, (p,).
    """
    one, points = gap_of(g, m, outputs, 1), gap_of(g, m, outputs, _POINTS)
    least = float(gaussians.threshold_at(one, LEAST_FPR))
    centre = (m * (1 + g)) ** 0.5 / g if g > 0 else 0.0  # its distance, in standard deviations without the record
    # Radii of equal ratios: near a centre the rates are powers of the radius, and far from it these are equal steps.
    span = np.log1p((_MOST + outputs**0.5 - least) / (centre + least))
    z = least + (centre + least) * torch.linspace(0, span, _POINTS, dtype=torch.float64).expm1()
    fpr, tpr = gaussians.roc(points, z)
    return np.append(fpr.numpy(), 1.0), np.append(tpr.numpy(), 1.0)


def tpr_at(g: float, m: float, outputs: int, rates: Sequence[float]) -> np.ndarray:
    """True-positive rates of one record at some false-positive rates.

    Args:
        g: of the record, as in the arrays of a result.
        m: likewise.
        outputs: C.
        rates: false-positive rates.
    """
    one = gap_of(g, m, outputs, 1)
    return np.array([float(gaussians.tpr_at(one, rate)) for rate in rates])


def indistinguishable(g: float, m: float, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """The smallest delta at each epsilon, for one draw of the outputs and both directions.

    Args:
        g: of the record, as in the arrays of a result.
        m: likewise.
        outputs: C.

    Returns:
        epsilon from 0 to where delta falls below 1e-6 (or to 1 or 500), and delta, (p,).
    """
    most = _FIRST_EPSILON
    while most < _LAST_EPSILON and float(_delta(g, m, outputs, torch.tensor([most]))) > _LEAST_DELTA:
        most = min(2 * most, _LAST_EPSILON)
    eps = torch.linspace(0, most, _POINTS, dtype=torch.float64)
    delta = _delta(g, m, outputs, eps)
    told = max(2, int((delta >= _LEAST_DELTA).sum()) + 1) if delta[0] >= _LEAST_DELTA else len(eps)
    return eps[:told].numpy(), delta[:told].numpy()


def _delta(g: float, m: float, outputs: int, eps: torch.Tensor) -> torch.Tensor:
    return gaussians.delta_at(gap_of(g, m, outputs, len(eps)), eps.double())
