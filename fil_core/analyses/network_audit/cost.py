"""What an audit of a network costs."""

from __future__ import annotations

import dataclasses

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.network.cost import runs_cost
from fil_core.analyses.network_audit.request import NetworkAuditRequest


def cost(request: NetworkAuditRequest, sizes: Sizes) -> Cost:
    """A training on base rows and canaries for each run."""
    audit = request.audit
    found = runs_cost(request.network, dataclasses.replace(sizes, n=sizes.n + audit.canaries), audit.runs)
    return Cost(found.operations, found.values * min(audit.runs, 8))
