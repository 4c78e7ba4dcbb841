"""What models of an ensemble cost."""

from __future__ import annotations

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.ensemble.request import EnsembleRequest
from fil_core.specs.weights import Irfil

_SIGNALS = 8  # numbers that are kept of an example under a model
TOGETHER = 32  # models that are stored together


def cost(request: EnsembleRequest, sizes: Sizes) -> Cost:
    """Training on half of the examples and a pass over all, for each model; with every round of a reweighting."""
    family, d, half = request.model.family, sizes.d, max(1, sizes.n // 2)
    scores = family.scores(sizes.classes)
    weights = request.model.weights
    rounds = weights.iterations + 1 if isinstance(weights, Irfil) else 2 if weights is not None else 1
    measured = family.measuring(half, d, scores) if weights is not None else 0.0
    each = rounds * (family.training(half, d, scores) + measured) + sizes.n * d * scores
    runs = len(request.members)
    return Cost(runs * each, 3.0 * (d * scores) ** 2 + sizes.n * d + _SIGNALS * sizes.n * runs)
