"""Which examples each step of training sees: seeded permutations, one an epoch, cut into mini-batches."""

from __future__ import annotations

import torch
from torch import Tensor


def batches(n: int, batch: int, steps: int, seed: int) -> list[Tensor]:
    """The examples of each step, as positions.

    Each epoch draws a permutation of all examples and cuts it into mini-batches; the last one is smaller where `batch`
    does not divide n. The order depends on the seed alone, not on the device, and is the same for fewer steps.

    >>> [len(rows) for rows in batches(5, 2, 4, seed=0)]
    [2, 2, 1, 2]

    Args:
        n: number of examples.
        batch: examples per step, >= 1.
        steps: number of steps.
        seed: of the permutations.

    Returns:
        `steps` int64 tensors on the CPU.
    """
    generator = torch.Generator().manual_seed(seed)
    order: list[Tensor] = []
    while len(order) < steps:
        order += torch.randperm(n, generator=generator).split(batch)
    return order[:steps]
