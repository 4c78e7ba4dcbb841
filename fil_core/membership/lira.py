"""The likelihood-ratio attack: is a score likelier of a model with the record, or of one without it?"""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr

from fil_core.membership.gaussian_fits import Gaussians, pooled, positive, shadow_gaussians
from fil_core.membership.signals import Signals


def log_ratio(scores: np.ndarray, inside: Gaussians, outside: Gaussians) -> np.ndarray:
    """`log N(s; mu_in, var_in) - log N(s; mu_out, var_out)`, in nats, of the shape of the scores.

    >>> one = Gaussians(np.array([2]), np.array([1.0]), np.array([1.0]))
    >>> none = Gaussians(np.array([2]), np.array([-1.0]), np.array([1.0]))
    >>> log_ratio(np.array([3.0]), one, none).tolist()
    [6.0]

    Args:
        scores: (n,) or (n, k) of each record.
        inside: of its scores under models with it; variances above 0.
        outside: of those under models without it.
    """
    return (_log_density(scores.T, inside) - _log_density(scores.T, outside)).T


def online(signals: Signals, target: int, *, variance: str = "record") -> np.ndarray:
    """LiRA with shadow models of both kinds: the log-likelihood ratio of the target's score, (n,) in nats.

    Log-densities, never ratios of densities, so that no score is too far out. A variance of 0 is replaced by the
    smallest positive one of the records, see `gaussian_fits.positive`.

    Args:
        signals: of the ensemble.
        target: the model that is attacked, 0 to M - 1.
        variance: `record`, or `pooled`: one of all records with it, one of all without it.

    Returns:
        The ratio, larger the likelier the record is in; NaN for a record without two shadow models of both kinds.

    Source: Carlini et al. (S&P 2022), Algorithm 1.
    """
    fits = shadow_gaussians(signals, target)
    inside, outside = positive(*(map(pooled, fits) if variance == "pooled" else fits))
    return log_ratio(signals.scores[:, target], inside, outside)


def offline(signals: Signals, target: int, *, variance: str = "record") -> np.ndarray:
    """LiRA with shadow models that had not the record: `-log Pr[N(mu_out, var_out) > s]`, (n,) in nats.

    Minus the logarithm of a one-sided p-value, exact in the far tail. Below 38 standard deviations under the mean it
    is less than the smallest float, 0.

    Args:
        signals: of the ensemble.
        target: the model that is attacked, 0 to M - 1.
        variance: `record`, or `pooled` over all records.

    Returns:
        At least 0, larger the likelier the record is in; NaN for a record without two shadow models that had it not.

    Source: Carlini et al. (S&P 2022), Sec. VI-D.
    """
    _, fitted = shadow_gaussians(signals, target)
    (outside,) = positive(pooled(fitted) if variance == "pooled" else fitted)
    return np.abs(log_ndtr((outside.mean - signals.scores[:, target]) / np.sqrt(outside.variance)))


def _log_density(scores: np.ndarray, fits: Gaussians) -> np.ndarray:
    """Without the constant -log(2 pi) / 2, which every ratio is free of."""
    return -((scores - fits.mean) ** 2) / (2 * fits.variance) - np.log(fits.variance) / 2
