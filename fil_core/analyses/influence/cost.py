"""What influence at the optimum of a linear model costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.influence.request import InfluenceRequest

_EIGEN = 10.0  # multiply-adds of an eigenvalue problem, of p^3
_DAMPINGS = 10


def cost(request: InfluenceRequest, sizes: Sizes) -> Cost:
    """The inverse curvature between the scores of every example, and models without several."""
    n, d, k = sizes.n, sizes.d, max(1, request.model.family.scores(sizes.classes) - 1)
    p = float(d * k)
    fisher = request.curvature.startswith("empirical")
    operations = p**3 + 2.0 * n * p * p + (_EIGEN * p**3 if fisher else 0.0)
    operations += _DAMPINGS * (p * p + n * p)
    if request.truth:
        again = request.subsets + (7 if request.remove else 0) + (1 if request.group else 0)
        operations += again * request.model.family.training(n, d, k)
    return Cost(operations, 4 * p * p + n * (k * k + 2 * d + _DAMPINGS + 12))
