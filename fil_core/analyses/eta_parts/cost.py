"""What the parts of eta cost."""

from __future__ import annotations

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.eta_parts.request import EtaPartsRequest
from fil_core.analyses.fil.cost import measuring
from fil_core.analyses.lood.cost import training
from fil_core.specs import KernelSpec


def cost(request: EtaPartsRequest, sizes: Sizes) -> Cost:
    """Measuring each example twice, and a Gaussian process where there are few enough."""
    total = measuring(request.model, sizes).times(2)
    return total + training(KernelSpec(kind="linear"), sizes) if request.lood else total
