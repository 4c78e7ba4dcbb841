"""What a ladder costs besides its parts: nothing."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.specs import Request


def cost(request: Request, sizes: Sizes) -> Cost:
    """Comparing columns that are there already."""
    return Cost(1e3 * sizes.n, 50.0 * sizes.n)
