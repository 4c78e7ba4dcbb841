"""Outlying gradients at the optimum of a linear model: what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fil_core.specs import ModelRequest
from fil_core.specs.options import option, whole

_MOST_SEED = 2**32 - 1  # of a forest


def asked_seed() -> Any:
    """The field of the forest's seed."""
    said = "seed of the isolation forest, and of the directions that it is fed of many weights (default 0)"
    return option(0, whole(least=0, most=_MOST_SEED), said, link="forest-seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutliersRequest(ModelRequest):
    """How far the gradient of each training example's loss lies from the others', by an isolation forest and by norms.

    Attributes:
        forest_seed: seed of the forest, and of the random directions on which many weights are projected.
    """

    forest_seed: int = asked_seed()
