"""What reweighting costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.fil.cost import measuring
from fil_core.analyses.fit.cost import training
from fil_core.analyses.irfil.request import IrfilRequest


def cost(request: IrfilRequest, sizes: Sizes) -> Cost:
    """Measuring everyone, then training and measuring in every round."""
    measured = measuring(request.model, sizes)
    return measured + (training(request.model, sizes) + measured).times(request.weights.iterations)
