"""What a comparison of architectures costs besides its parts: nothing; but each of these takes memory in its turn."""

from __future__ import annotations

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.architectures.request import ArchitecturesRequest, architectures_of
from fil_core.analyses.lood.cost import cost as cost_of_one


def cost(request: ArchitecturesRequest, sizes: Sizes) -> Cost:
    """Comparing columns that are there already."""
    each = architectures_of(request)
    return Cost(10.0 * len(each) * sizes.n, max(cost_of_one(one, sizes).values for one in each))
