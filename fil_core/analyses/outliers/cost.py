"""What scores of gradients cost, besides the trained model."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.outliers.request import OutliersRequest

DIRECTIONS = 512  # that a forest is fed at most, see `influence.outliers`
_TREE = 2e4  # multiply-adds of sending an example down all trees
_GROWN = 4e8  # of growing them
_BLOCK = 2.0**22  # numbers of a block of gradients and of random directions


def cost(request: OutliersRequest, sizes: Sizes) -> Cost:
    """Gradients of every example, and the forest."""
    k = request.model.family.scores(sizes.classes)
    return scoring(sizes.n, float(sizes.d * k))


def scoring(n: int, p: float) -> Cost:
    """Norms of n gradients of p entries, their random directions where these are fewer, and the forest."""
    projecting = 0.0 if p <= DIRECTIONS else n * p * DIRECTIONS
    fed = min(p, float(DIRECTIONS))
    return Cost(4 * n * p + projecting + _TREE * n + _GROWN, 3 * n * fed + min(n * p, 2 * _BLOCK) + 8 * n)
