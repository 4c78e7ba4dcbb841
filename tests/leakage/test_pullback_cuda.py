"""Leakage through a network on a GPU is what it is on the CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fil_core.leakage import pullback as module
from fil_core.leakage.pullback import eta_pixels, pixel_leakage
from fil_core.models import fit
from fil_core.specs import ModelSpec

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU on this machine"),
]


@pytest.mark.parametrize("few", [0, 32], ids=["lanczos", "dense"])
@pytest.mark.parametrize(("kind", "classes"), [("logistic", 2), ("softmax", 3)])
def test_pixels_and_maps(make_dataset, from_arrays, monkeypatch, kind, classes, few):
    monkeypatch.setattr(module, "FEW", few)
    pixels = np.random.default_rng(0).random((40, 64))
    network = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3, stride=2), nn.Tanh(), nn.Flatten(), nn.Linear(72, 9)
    ).double().requires_grad_(False)  # fmt: skip
    data = from_arrays(network(torch.from_numpy(pixels)).numpy(), make_dataset(classes=classes).y, classes=classes)
    found = []
    for device in ("cpu", "cuda"):
        terms = fit(ModelSpec(kind=kind, l2=0.01), data, device=torch.device(device)).terms(data)
        through = network.to(device)
        one = pixel_leakage(terms, through, pixels, 3)
        found.append((eta_pixels(terms, through, pixels).eta.cpu(), one.pixels.cpu(), one.direction.cpu()))
    for here, there in zip(*found, strict=True):  # sums in another order
        torch.testing.assert_close(there, here, rtol=1e-7, atol=1e-9)
