"""What leave-one-out distinguishability of groups costs."""

from __future__ import annotations

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.lood.cost import entries, training
from fil_core.analyses.lood_groups.request import CLASSES, TWINS, LoodGroupsRequest
from fil_core.specs.targets import SELF

_EIGEN = 10.0  # multiply-adds of an eigenproblem of r x r, in r^3
_SQUARES = 7.0  # matrices of a group at once
_NODES = 600.0  # values for each record of a group
_OF_A_FILE = 10.0  # groups that a file has, where nobody knows


def cost(request: LoodGroupsRequest, sizes: Sizes) -> Cost:
    """Training, the eigenproblem of every group, and of other queries as many as there are records."""
    n = float(sizes.n)
    groups = {CLASSES: float(max(sizes.classes, 1)), TWINS: max(n / 2, 1.0)}.get(request.group, _OF_A_FILE)
    r = n / groups
    of_groups = Cost(_EIGEN * groups * r**3 + n * n + n * (sizes.d + _NODES), _SQUARES * r * r + _NODES * r)
    rows = 0.0 if request.queries == SELF else n
    at_queries = Cost(entries(request.kernel, sizes, rows) + 3 * rows * n * n, 3 * rows * n + 2 * rows * rows)
    return training(request.kernel, sizes) + of_groups + at_queries
