"""Outlying gradients of a network at the end of training: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.analyses.outliers.request import asked_seed
from fil_core.specs import NetworkRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOutliersRequest(NetworkRequest):
    """How far the gradient of each training example's loss lies from the others' at the end of a network's training.

    Attributes:
        forest_seed: seed of the forest, and of the random directions on which many weights are projected.
    """

    forest_seed: int = asked_seed()
