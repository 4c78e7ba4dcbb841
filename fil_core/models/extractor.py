"""A frozen network that makes features of pictures: what its last linear layer reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from fil_core.dataset import fingerprint
from fil_core.models.extractor_networks import Design, built, headless, load_weights
from fil_core.models.networks.gradients import rows_at_once
from fil_core.result import Result

WEIGHT = "weight:"  # begins the names of a stored result's arrays that hold weights

Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Extractor:
    """A frozen network without its last linear layer.

    Attributes:
        module: from (m, d0) pixels to (m, k) features; its weights have no gradients, its inputs have.
        width: k.
        fingerprint: sha-256 of the network and of its weights.
    """

    module: nn.Module
    width: int
    fingerprint: str

    def features(self, pixels: Tensor) -> Tensor:
        """What the last linear layer reads, differentiable, in the precision of the network.

        Args:
            pixels: (m, d0) in units of the source over its `pixel_max`, so from 0 to 1.

        Returns:
            (m, width).
        """
        features: Tensor = self.module(pixels)
        return features

    def of(self, pixels: np.ndarray) -> np.ndarray:
        """`features` of all rows (m, d0), a few at a time, float64 (m, width)."""
        if not len(pixels):
            return np.empty((0, self.width))
        weight = next(self.module.parameters())
        rows = rows_at_once(self.module, torch.as_tensor(pixels[:1]).to(weight))
        with torch.no_grad():
            parts = [
                self.features(torch.as_tensor(pixels[i : i + rows]).to(weight)) for i in range(0, len(pixels), rows)
            ]
        return torch.cat(parts).double().cpu().numpy()


def extractor(
    design: Design, weights: Weights, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float64
) -> Extractor:
    """The frozen network of some weights.

    Args:
        design: what it is.
        weights: arrays by the names of its `state_dict`.
        device: where it computes.
        dtype: precision that it computes in.

    Raises:
        BadData: the weights do not fit; the message names those that are missing or unknown.
        BadRequest: it has no last linear layer, or takes pictures of another size.
    """
    whole = built(design)
    load_weights(whole, weights, design)
    module, width = headless(whole.to(dtype), design)
    return Extractor(module.to(device), width, extractor_name(design, weights))


def extractor_name(design: Design, weights: Weights) -> str:
    """sha-256 of a network and of its weights, as hex, whatever their order."""
    return fingerprint(repr(design), *(part for name in sorted(weights) for part in (name, weights[name])))


def restored(result: Result, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float64) -> Extractor:
    """The network behind a stored result of the analysis `features`.

    Args:
        result: the stored result.
        device: where it computes.
        dtype: precision that it computes in.
    """
    s = result.summary
    design = Design(s["network"], tuple(s["image"]), s["outputs"], s["uploaded"], s["resize"])
    weights = {name.removeprefix(WEIGHT): array for name, array in result.arrays.items() if name.startswith(WEIGHT)}
    return extractor(design, weights, device=device, dtype=dtype)
