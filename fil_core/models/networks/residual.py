"""Torchvision's residual network for rows of pixels; a module of its own, so that others load no torchvision."""

from __future__ import annotations

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, ResNet


class RowsResNet18(ResNet):
    """`torchvision.models.resnet18` whose inputs are rows of pixels.

    It draws the same weights and its `state_dict` has the same names, so that files of weights fit both.
    """

    def __init__(self, pictures: nn.Module, outputs: int) -> None:
        """What makes pictures (n, 3, H, W) of rows (n, d), and the number of outputs."""
        super().__init__(BasicBlock, [2, 2, 2, 2], num_classes=outputs)
        self.pictures = pictures

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, d) to (n, outputs)."""
        outputs: Tensor = super().forward(self.pictures(x))
        return outputs
