"""What a landscape costs."""

from __future__ import annotations

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.lood.cost import entries, training
from fil_core.analyses.lood_landscape.request import LandscapeRequest

BLOCK = 2**22  # values of a block of queries
_SOLVES = 4.0  # n^2 of one query: what it takes from all records, and its variance twice
_HELD = 4.0  # values of a query and a record at a time, of a block of queries


def cost(request: LandscapeRequest, sizes: Sizes) -> Cost:
    """Training, and the kernel of all queries with the variances at them."""
    n, m = float(sizes.n), float(request.size)
    operations = entries(request.kernel, sizes, m) + m * _SOLVES * n * n
    block = min(m * n, max(BLOCK, n))
    return training(request.kernel, sizes) + Cost(operations, _HELD * block + m * sizes.d)
