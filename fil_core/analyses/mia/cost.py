"""What attacks cost, once the models are trained."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.analysis import Cost, Sizes

_OF_PAIR = 40.0  # operations of an attack on one record in one model, per shadow model
_OF_QUANTILE = 4e9  # of the trees of one model
_COPIES = 6.0  # of the scores of all records under all models


def cost(request: Any, sizes: Sizes) -> Cost:
    """Every attack on every model, of the three kinds of request.

    Args:
        request: the attacks; where signals are uploaded, the number of models is not known before and is taken as 64.
        sizes: of the data.
    """
    models = request.ensemble.models if hasattr(request, "ensemble") else 64
    targets = models if request.attack.target_model is None else 1
    pairs = _OF_PAIR * len(request.attack.attacks) * sizes.n * models * targets
    trees = _OF_QUANTILE * targets if "quantile" in request.attack.attacks else 0.0
    return Cost(pairs + trees + sizes.n * sizes.d, _COPIES * sizes.n * models + sizes.n * sizes.d)
