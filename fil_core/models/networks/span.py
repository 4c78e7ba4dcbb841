"""Inputs in coordinates of their own span, where there are more features than examples.

The gradient of a first linear layer lies in the span of the inputs, so its weights never move out of it: training in
coordinates of the span takes the same steps with smaller matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

_WORTH = 0.7  # of the features: with a span that is larger the change of coordinates gains too little


@dataclass(frozen=True, slots=True)
class InputSpan:
    """Coordinates for the inputs and for the first layer's weights.

    Attributes:
        inputs: (n, r) the inputs in these coordinates, or (n, d) themselves.
        basis: (d, r) orthonormal columns; None for no change.
        name: of the first layer's weights.
        start: these weights at the start, (units, d).
    """

    inputs: Tensor
    basis: Tensor | None = None
    name: str = ""
    start: Tensor | None = None

    def reduced(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weights, or derivatives in weights, each (...) or (k, ...), in the span's coordinates."""
        if self.basis is None:
            return weights
        return weights | {self.name: weights[self.name] @ self.basis}

    def expanded(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """The inverse for weights that training reached from the start, each (...) or (B, ...)."""
        if self.basis is None or self.start is None:
            return weights
        moved = weights[self.name] - self.start @ self.basis
        return weights | {self.name: self.start + moved @ self.basis.mT}


def input_span(module: nn.Module, weights: dict[str, Tensor], X: Tensor) -> InputSpan:
    """The coordinates in which a network is trained on inputs X (n, d): those of their span where that is smaller.

    Args:
        module: only an `nn.Sequential` that begins with a linear layer is known to see the inputs through it alone.
        weights: its weights by name.
        X: (n, d).
    """
    first = module[0] if isinstance(module, nn.Sequential) and len(module) else None
    if not isinstance(first, nn.Linear) or "0.weight" not in weights or X.shape[0] > _WORTH * X.shape[1]:
        return InputSpan(X)
    # All n directions are kept, small ones too: nothing of the inputs is lost.
    basis = torch.linalg.qr(X.mT).Q
    return InputSpan(X @ basis, basis, "0.weight", weights["0.weight"])
