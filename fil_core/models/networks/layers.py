"""Layers that PyTorch does not have."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class ScaledLinear(nn.Linear):
    """A linear layer in the scaling of the neural tangent kernel: `W (scale x) + b`, weights of variance one.

    Attributes:
        scale: gain / sqrt(inputs), which in the standard scaling is part of the weights.
    """

    def __init__(self, inputs: int, outputs: int, gain: float) -> None:
        """Draws the weights from a standard normal distribution; the bias starts at zero."""
        super().__init__(inputs, outputs)
        self.scale = gain / math.sqrt(inputs)
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) to (..., outputs)."""
        return functional.linear(self.scale * x, self.weight, self.bias)


class Erf(nn.Module):
    """The error function as an activation."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same."""
        return torch.erf(x)


class Images(nn.Module):
    """Rows of pixels as images (n, channels, height, width), in a black margin where they are small.

    Attributes:
        image: (height, width) or (height, width, 3) of a row.
        least: height and width of what is put out are at least this.
        channels: grey images are repeated to so many.
    """

    def __init__(self, image: tuple[int, ...], *, least: int = 1, channels: int = 0) -> None:
        """Keeps the shape."""
        super().__init__()
        self.image, self.least, self.channels = image, least, channels

    def forward(self, x: Tensor) -> Tensor:
        """(n, features) to (n, channels, height, width)."""
        height, width, depth = (*self.image, 1)[:3]
        images = x.reshape(len(x), height, width, depth).permute(0, 3, 1, 2)
        if depth < self.channels:
            images = images.expand(-1, self.channels, -1, -1)
        down, right = max(0, self.least - height), max(0, self.least - width)
        return functional.pad(images, (right // 2, right - right // 2, down // 2, down - down // 2))
