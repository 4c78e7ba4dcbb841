"""Cutting n examples into blocks whose temporaries stay small."""

from __future__ import annotations

from collections.abc import Iterator

import torch

# Temporaries of about 2 MB stay in a core's cache; a GPU wants fewer, larger launches.
_ELEMENTS = {"cpu": 2**18, "cuda": 2**26}
_ROWS = 2**15  # batches of small matrices beyond 2**16 are more than CUDA's eigenvalue solvers take at once


def row_blocks(n: int, width: int, device: torch.device) -> Iterator[slice]:
    """Slices that cover 0..n-1, each of so many rows that one (rows, width) temporary suits the device."""
    rows = min(_ROWS, max(1, _ELEMENTS[device.type] // max(1, width)))
    for start in range(0, n, rows):
        yield slice(start, min(start + rows, n))
