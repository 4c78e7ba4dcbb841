"""What an audit costs."""

from __future__ import annotations

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.audit.request import AuditRequest
from fil_core.specs.weights import Irfil

_MORE = 3  # trainings beside the runs: on the base rows, and to see what shifts that are added up miss


def cost(request: AuditRequest, sizes: Sizes) -> Cost:
    """A training for each run, and for each canary one without it or with it."""
    family, audit = request.model.family, request.audit
    n, d, scores = sizes.n + audit.canaries, sizes.d, family.scores(sizes.classes)
    weights = request.model.weights
    rounds = weights.iterations + 1 if isinstance(weights, Irfil) else 2 if weights is not None else 1
    again = 0 if weights is not None or family.exact_leave_one_out else audit.canaries
    each = family.training(n, d, scores) + (family.measuring(n, d, scores) if weights is not None else 0.0)
    trainings = rounds * (audit.runs + _MORE) + again
    p = d * scores
    return Cost(trainings * each, 3.0 * p * p + n * d + (audit.canaries + 2 * audit.runs) * p)
