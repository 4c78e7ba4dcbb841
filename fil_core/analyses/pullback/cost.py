"""What leakage through a network costs."""

from __future__ import annotations

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.features.cost import one_pass
from fil_core.analyses.fil.cost import measuring
from fil_core.analyses.pixel_fit.cost import of_pixels
from fil_core.specs import ModelRequest

_STEPS = 9.0  # of Lanczos's method, usually
_PASSES = 12.0  # forward passes in float32 that a step takes as long as: two passes, in float64
_GRAPH = 2.0**24  # values of a block


def cost(request: ModelRequest, sizes: Sizes) -> Cost:
    """Passes through the network for every picture, and measuring it under both models."""
    return network_passes(request, sizes, sizes.n) + measuring(request.model, sizes) + measuring(
        request.model, of_pixels(sizes)
    )  # fmt: skip


def network_passes(request: ModelRequest, sizes: Sizes, pictures: int) -> Cost:
    """Of Lanczos's method for some pictures, whatever they are of."""
    pixels = of_pixels(sizes)
    return Cost(_STEPS * _PASSES * pictures * one_pass(request.data, pixels.d, sizes.classes)[0], 3 * _GRAPH + pixels.d)
