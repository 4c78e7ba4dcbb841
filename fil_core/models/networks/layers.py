"""Layers that PyTorch lacks: inputs with a fixed scale, the error function, and rows of pixels as pictures."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class ScaledLinear(nn.Linear):
    """A linear layer in the scaling of the neural tangent kernel: `W (scale x) + b`, from W ~ N(0, 1) and b = 0.

    Attributes:
        scale: gain / sqrt(inputs); what a layer puts out then keeps its variance over the width, and so does the
            kernel. The bias is not scaled: its part of the kernel is that of a standard layer.

    Source: Jacot, Gabriel, Hongler (NeurIPS 2018), Sec. 3; their bias is scaled, too.
    """

    scale: float

    def __init__(self, inputs: int, outputs: int, *, gain: float = 1.0, bias: bool = True) -> None:
        super().__init__(inputs, outputs, bias)
        self.scale = gain / math.sqrt(inputs)

    def reset_parameters(self) -> None:
        """Draw the weights from N(0, 1); the bias is zero."""
        nn.init.normal_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Inputs (..., inputs) to (..., outputs)."""
        return functional.linear(input * self.scale, self.weight, self.bias)


class Erf(nn.Module):
    """The error function, elementwise: an activation with a closed-form kernel."""

    def forward(self, input: Tensor) -> Tensor:
        """erf of every entry."""
        return torch.erf(input)


class Pictures(nn.Module):
    """Rows of pixels as pictures: (n, H W) to (n, 1, H, W), and (n, H W 3), colour last, to (n, 3, H, W).

    Attributes:
        image: (H, W) or (H, W, 3).
        margin: zeros to the left, right, top and bottom of a picture, so that it has at least the least side.
        repeat: how often a grey picture is repeated, for a network of three channels.
    """

    def __init__(self, image: tuple[int, ...], *, least: int = 1, channels: int | None = None) -> None:
        """A picture's shape, the least side that it is brought to, and the number of channels; None keeps it."""
        super().__init__()
        height, width = (max(0, least - side) for side in image[:2])
        self.image = image
        self.margin = (width // 2, width - width // 2, height // 2, height - height // 2)
        own = image[2] if len(image) == 3 else 1
        self.repeat = 1 if channels is None else channels // own

    def forward(self, input: Tensor) -> Tensor:
        """Rows (n, d) to pictures (n, channels, height, width)."""
        pictures = input.reshape(-1, *self.image)
        pictures = pictures.permute(0, 3, 1, 2) if len(self.image) == 3 else pictures.unsqueeze(1)
        pictures = pictures.repeat(1, self.repeat, 1, 1) if self.repeat > 1 else pictures
        return functional.pad(pictures, self.margin) if any(self.margin) else pictures
