"""What networks of an ensemble cost, and how many are stored together."""

from __future__ import annotations

import dataclasses

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.network.cost import runs_cost
from fil_core.analyses.network_ensemble.request import NetworkEnsembleRequest
from fil_core.dataset import Dataset
from fil_core.specs import NetworkRequest

_FAST = {"float64": 1.0, "float32": 0.5}  # of the time of a multiply-add
_TOGETHER = 16  # networks whose weights are held at the same time
_SIGNALS = 8  # numbers that are kept of an example under a network
_FEWEST, _MOST = 2, 64  # networks of a part
_WORK = 2e12  # multiply-adds of a part, as far as that leaves a pair: an interruption costs a minute or two


def cost(request: NetworkEnsembleRequest, sizes: Sizes) -> Cost:
    """One run of training on half of the examples for each network, and a pass over all examples."""
    runs = len(request.members)
    found = runs_cost(request.network, dataclasses.replace(sizes, n=max(1, sizes.n // 2)), runs)
    held = found.values * min(runs, _TOGETHER) + _SIGNALS * sizes.n * runs
    return Cost(_FAST[request.network.precision] * found.operations + runs * sizes.n * sizes.d, held)


def members_together(request: NetworkRequest, dataset: Dataset) -> int:
    """How many networks of an ensemble are trained and stored together, an even number."""
    sizes = Sizes(dataset.n // 2, dataset.d, len(dataset.class_names), lambda attribute, bins: 0)
    each = runs_cost(request.network, sizes, 1).operations
    return int(min(_MOST, max(_FEWEST, _WORK / max(each, 1.0)))) // 2 * 2
