"""What the leakage of some examples costs."""

import dataclasses

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.fil.cost import measuring
from fil_core.analyses.fil.request import FilRowsRequest


def cost(request: FilRowsRequest, sizes: Sizes) -> Cost:
    """The scores of every example, and measuring each of those that are asked about."""
    rows = min(request.last, sizes.n) - min(request.first, sizes.n)
    return Cost(1.0 * sizes.n * sizes.d) + measuring(request.model, dataclasses.replace(sizes, n=max(1, rows)))
