"""From a leakage number to an action: how much noise, what adds up, how well a membership test can do.

NumPy only, so that a page can move a slider without loading torch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr, ndtri

from fil_core.errors import BadRequest
from fil_core.specs.checks import positive


def sigma_for_eta(eta_at_one: float, target: float) -> float:
    """Output noise that brings an eta measured at sigma = 1 down to `target`.

    sigma = eta(sigma=1) / target; with the largest eta it holds for every example.

    Raises:
        BadRequest: a target that is not > 0.
    """
    positive("target eta", target)
    return float(eta_at_one) / target


def sigma_for_error(dfil_at_one: float, target: float) -> float:
    """Output noise at which no unbiased attacker's mean-squared error a feature is below `target`.

    From error >= 1 / dFIL and dFIL = dFIL(sigma=1) / sigma^2: sigma = sqrt(target * dFIL(sigma=1)).

    Args:
        dfil_at_one: |J_x|_F^2 / d, the table's `dfil` at sigma = 1; its largest value holds for everyone.
        target: mean-squared error a feature, in squared feature units, > 0.

    Raises:
        BadRequest: a target that is not > 0.

    Source: Guo et al. (ICML 2022); docs/maths.md, section 3.
    """
    positive("target error", target)
    return float(np.sqrt(target * dfil_at_one))


def membership_auc(shift: np.ndarray | float, sigma: float) -> np.ndarray:
    """Area under the ROC of the best test whether an example was trained on, from the noisy parameters.

    The two cases are Gaussians `shift` apart with standard deviation sigma: AUC = Phi(shift / (sqrt(2) sigma)).

    Args:
        shift: |theta_{-i} - theta|, >= 0. sigma: > 0.

    Returns:
        In [0.5, 1].
    """
    positive("sigma", sigma)
    return ndtr(np.asarray(shift) / (np.sqrt(2) * sigma))


def sigma_for_membership(shift: float, target_auc: float) -> float:
    """Output noise that holds that area under the ROC at `target_auc`, in (0.5, 1).

    Raises:
        BadRequest: a target outside (0.5, 1).
    """
    if not 0.5 < target_auc < 1:
        raise BadRequest(f"target AUC: expected a number between 0.5 and 1, both excluded; got {target_auc!r}.")
    return float(shift / (np.sqrt(2) * ndtri(target_auc)))


def total_eta(etas: Sequence[np.ndarray]) -> np.ndarray:
    """Leakage of several independent releases together: Fisher information adds, so eta^2 does (an upper bound).

    Args:
        etas: one (n,) array per release, all over the same examples.

    Raises:
        BadRequest: no release, or arrays of different lengths.
    """
    if not etas or len({np.shape(e) for e in etas}) != 1:
        raise BadRequest("ledger: expected at least one release, all over the same examples.")
    return np.sqrt(np.sum(np.square(np.asarray(etas, dtype=np.float64)), axis=0))
