"""Calibration: the noise for a target, what independent releases add up to, how well a membership test can do.

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

    >>> sigma_for_eta(12.0, 3.0)
    4.0

    Args:
        eta_at_one: eta at sigma = 1, >= 0, in 1/feature units.
        target: eta to reach, > 0, in the same units.

    Raises:
        BadRequest: a target that is not > 0.
    """
    positive("target eta", target)
    return float(eta_at_one) / target


def sigma_for_error(bound_at_one: float, target: float) -> float:
    """Output noise at which no unbiased attacker's mean-squared error per feature is below `target`.

    The Cramér–Rao bound grows as sigma^2: sigma = sqrt(target / bound(sigma=1)).

    >>> sigma_for_error(0.25, 4.0)
    4.0

    Args:
        bound_at_one: Tr(I_x^-1) / d, the table's `bound_unbiased` at sigma = 1, > 0, in squared feature units; with the
            smallest it holds for all examples. Infinite where no unbiased estimator exists: then no noise is needed.
        target: mean-squared error per feature, in squared feature units, > 0.

    Raises:
        BadRequest: a target that is not > 0.

    Source: docs/maths.md, section 3.
    """
    positive("target error", target)
    return float(np.sqrt(target / bound_at_one))


def membership_auc(shift: np.ndarray | float, sigma: float) -> np.ndarray:
    """Area under the ROC of the best test whether an example was trained on, from the noisy parameters.

    The two cases are Gaussians `shift` apart with standard deviation sigma: AUC = Phi(shift / (sqrt(2) sigma)).

    >>> membership_auc(np.array([0.0, 2**0.5]), 1.0).round(6).tolist()  # Phi(0), Phi(1)
    [0.5, 0.841345]

    Args:
        shift: |theta_{-i} - theta|, >= 0, any shape.
        sigma: standard deviation of the output perturbation, > 0, in units of theta.

    Returns:
        In [0.5, 1], of the shape of `shift`.

    Raises:
        BadRequest: sigma <= 0.

    Source: docs/maths.md, section 3.
    """
    positive("sigma", sigma)
    return ndtr(np.asarray(shift) / (np.sqrt(2) * sigma))


def sigma_for_membership(shift: float, target_auc: float) -> float:
    """Output noise at which the best membership test has an area under the ROC of `target_auc`.

    sigma = shift / (sqrt(2) Phi^-1(target_auc))

    >>> round(sigma_for_membership(2**0.5, 0.8413447460685429), 9)  # Phi^-1 of it is 1
    1.0

    Args:
        shift: |theta_{-i} - theta|, >= 0.
        target_auc: in (0.5, 1).

    Raises:
        BadRequest: a target outside (0.5, 1).
    """
    if not 0.5 < target_auc < 1:
        raise BadRequest(f"target AUC: expected a number between 0.5 and 1, both excluded; got {target_auc!r}.")
    return float(shift / (np.sqrt(2) * ndtri(target_auc)))


def total_eta(etas: Sequence[np.ndarray]) -> np.ndarray:
    """Upper bound on eta of several independent releases together: Fisher information adds.

    eta_total <= sqrt(sum_t eta_t^2)

    >>> total_eta([np.array([3.0, 0.0]), np.array([4.0, 1.0])]).tolist()
    [5.0, 1.0]

    Args:
        etas: one (n,) array per release, >= 0, all over the same examples in the same order.

    Raises:
        BadRequest: no release, or arrays of different lengths.
    """
    if not etas or len({np.shape(e) for e in etas}) != 1:
        raise BadRequest("ledger: expected at least one release, all over the same examples.")
    return np.sqrt(np.sum(np.square(np.asarray(etas, dtype=np.float64)), axis=0))
