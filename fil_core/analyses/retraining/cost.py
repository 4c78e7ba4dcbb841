"""What training a network again costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.network.cost import runs_cost
from fil_core.analyses.retraining.request import RetrainingRequest


def cost(request: RetrainingRequest, sizes: Sizes) -> Cost:
    """One run of training for each set of examples."""
    runs = {"each": len(request.ids), "together": 1, "random": len(request.draws)}[request.without]
    found = runs_cost(request.network, sizes, runs)
    return Cost(found.operations, found.values * min(runs, 8))
