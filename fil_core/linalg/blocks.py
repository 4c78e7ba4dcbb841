"""Cutting n examples into blocks whose temporaries stay small."""

from __future__ import annotations

from collections.abc import Iterator

import torch

# Float64 values of a temporary: 2 MB stay in a core's cache; a GPU wants fewer, larger launches.
_ELEMENTS = {"cpu": 2**18, "cuda": 2**26}
_ROWS = 2**15  # CUDA's eigenvalue solvers refuse batches of more than about 2**16 small matrices


def row_blocks(n: int, width: int, device: torch.device) -> Iterator[slice]:
    """Slices that cover 0..n-1, each of as many rows as let a (rows, width) temporary suit the device.

    >>> [(block.start, block.stop) for block in row_blocks(40_000, 1, torch.device("cpu"))]
    [(0, 32768), (32768, 40000)]

    Args:
        n: number of rows, >= 0.
        width: float64 values of the temporary per row, >= 0.
        device: where the temporary is allocated.

    Yields:
        Consecutive slices; none for n = 0.
    """
    rows = min(_ROWS, max(1, _ELEMENTS[device.type] // max(1, width)))
    for start in range(0, n, rows):
        yield slice(start, min(start + rows, n))
