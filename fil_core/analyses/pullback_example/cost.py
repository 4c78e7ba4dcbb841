"""What the map of one picture costs."""

from __future__ import annotations

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.example.cost import jacobian
from fil_core.analyses.pixel_fit.cost import of_pixels
from fil_core.analyses.pullback.cost import network_passes
from fil_core.analyses.pullback_example.request import PullbackExampleRequest


def cost(request: PullbackExampleRequest, sizes: Sizes) -> Cost:
    """A pass back for each feature, and the Jacobian of the model on raw pixels."""
    return network_passes(request, sizes, sizes.d) + jacobian(request.model, of_pixels(sizes)) + Cost(sizes.n * sizes.d)
