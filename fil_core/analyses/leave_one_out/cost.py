"""What leaving every example out of a linear model costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.leave_one_out.request import LeaveOneOutRequest
from fil_core.specs.pairs import ROUNDS, work


def cost(request: LeaveOneOutRequest, sizes: Sizes) -> Cost:
    """Iterating to the optimum without each example, and the scores of the target's examples there."""
    family, n, d = request.model.family, sizes.n, sizes.d
    k = family.scores(sizes.classes)
    share = 1.0 if request.examples is None else min(1.0, request.examples / n)
    exact = 0.0 if family.exact_leave_one_out else ROUNDS * work(n, d, k)
    return Cost(share * (exact + float(n) * n * d * k), 4.0 * (d * k) ** 2 + n * (2 * d + 12))
