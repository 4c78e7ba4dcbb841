"""Attacks that compare all records with one threshold: by the loss, and by the norm of the gradient."""

from __future__ import annotations

import numpy as np
from scipy.special import log_expit

from fil_core.errors import BadData
from fil_core.membership.signals import Signals


def loss(signals: Signals, target: int) -> np.ndarray:
    """Minus the loss under the target, (n,); where losses are not known, log p of the logit-scaled confidence.

    `log p = -log(1 + exp(-s))`, which orders the records of a classifier as its cross-entropy does.

    Args:
        signals: of the ensemble; only what the target shows is looked at.
        target: the model that is attacked, 0 to M - 1.

    Source: Yeom et al. (CSF 2018), Sec. 3.2.
    """
    return log_expit(signals.scores[:, target]) if signals.losses is None else -signals.losses[:, target]


def gradient(signals: Signals, target: int) -> np.ndarray:
    """Minus the norm of the loss's gradient in the target's weights, (n,).

    Args:
        signals: of the ensemble; only what the target shows is looked at.
        target: the model that is attacked, 0 to M - 1.

    Raises:
        BadData: no gradients are known.

    Source: Nasr, Shokri, Houmansadr (S&P 2019), who learn from whole gradients; this is the norm alone.
    """
    if signals.gradients is None:
        raise BadData(
            "gradient: expected the norms of the records' gradients; got none for this ensemble. Take another attack."
        )
    return -signals.gradients[:, target]
