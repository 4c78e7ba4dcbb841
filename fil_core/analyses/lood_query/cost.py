"""What optimised queries cost."""

from __future__ import annotations

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.lood.cost import entries, training
from fil_core.analyses.lood_query.request import LoodQueryRequest

_EVALUATIONS = 2.5  # of the objective in a step
_BACK = 3.0  # an evaluation with its gradient, in evaluations
_SLOW = 20.0  # products of a matrix with a vector wait for memory
_STEPS = 60.0  # that an ascent usually takes
_ASCENTS = 2.0


def cost(request: LoodQueryRequest, sizes: Sizes) -> Cost:
    """Training, and the ascents."""
    one = _SLOW * (entries(request.kernel, sizes, 1.0) + float(sizes.n) ** 2)
    ascents = 1.0 if request.start == "record" else min(_ASCENTS, request.restarts)
    operations = len(request.ids) * ascents * min(_STEPS, request.steps) * _EVALUATIONS * _BACK * one
    return training(request.kernel, sizes) + Cost(operations, 4.0 * sizes.n * sizes.d)
