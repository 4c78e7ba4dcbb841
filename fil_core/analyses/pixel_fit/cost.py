"""What training on raw pixels costs."""

from __future__ import annotations

import dataclasses

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.fit.cost import training
from fil_core.analyses.pixel_fit.request import PixelFitRequest


def cost(request: PixelFitRequest, sizes: Sizes) -> Cost:
    """As of a model of so many features as a picture has."""
    return training(request.model, of_pixels(sizes))


def of_pixels(sizes: Sizes) -> Sizes:
    """The sizes of the pictures behind features."""
    return dataclasses.replace(sizes, d=sizes.pixels or sizes.d)
