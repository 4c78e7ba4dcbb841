"""The nearest training example of the same and of another class."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.progress import Progress

_VALUES = {"cpu": 2**22, "cuda": 2**26}  # distances, or coordinates, held at once


@dataclass(frozen=True, slots=True)
class Nearest:
    """Who is nearest to each of n examples.

    Attributes:
        distance: (n,) float64, Euclidean; NaN where there is nobody.
        row: (n,) int64, their positions; -1 where there is nobody.
    """

    distance: Tensor
    row: Tensor


def nearest(X: Tensor, y: Tensor, *, same: bool, progress: Progress | None = None) -> Nearest:
    """The nearest other example of the same class, or of another one; of equally near ones the first.

    Distances by inner products alone lose half of the digits between near-duplicates. They only leave the candidates
    that rounding cannot tell from the nearest; among those the differences themselves decide: docs/maths.md, section 7.

    >>> found = nearest(torch.tensor([[0.0], [3.0], [4.0]], dtype=torch.float64), torch.tensor([0, 0, 1]), same=True)
    >>> found.distance.tolist(), found.row.tolist()
    ([3.0, 3.0, nan], [1, 0, -1])

    Args:
        X: (n, d) features, float64.
        y: (n,) class codes; equal ones for examples without classes.
        same: of the same class, else of another.
        progress: told (examples done, n, what).
    """
    n, d = X.shape
    squares, rows = X.square().sum(1), max(1, _VALUES[X.device.type] // n)
    distance, row = torch.full_like(squares, torch.nan), torch.full_like(squares, -1, dtype=torch.long)
    rounding = 4 * (d + 4) * torch.finfo(X.dtype).eps * squares.max()
    for start in range(0, n, rows):
        if progress:
            progress(start, n, "looking for the nearest examples")
        block = torch.arange(start, min(start + rows, n), device=X.device)
        allowed = (y[block, None] == y) if same else (y[block, None] != y)
        allowed[torch.arange(len(block), device=X.device), block] = False
        square = (squares[block, None] + squares - 2 * X[block] @ X.T).masked_fill(~allowed, torch.inf)
        close = allowed & (square <= square.amin(1, keepdim=True) + 2 * rounding)
        distance[block], row[block] = _first_nearest(X, block, close)
    return Nearest(distance, row)


def _first_nearest(X: Tensor, block: Tensor, close: Tensor) -> tuple[Tensor, Tensor]:
    """Distance and position of the nearest candidate of each example of a block, (m,) each.

    Args:
        X: (n, d).
        block: (m,) positions of the examples.
        close: (m, n), who are their candidates.
    """
    which, candidate = torch.nonzero(close, as_tuple=True)
    step = max(1, _VALUES[X.device.type] // X.shape[1])
    pairs = zip(block[which].split(step), candidate.split(step), strict=True)
    exact = torch.cat([(X[a] - X[b]).norm(dim=1) for a, b in pairs])
    least = exact.new_full((len(block),), torch.inf).scatter_reduce(0, which, exact, "amin")
    at = torch.where(exact == least[which], candidate, len(X))
    first = at.new_full((len(block),), len(X)).scatter_reduce(0, which, at, "amin")
    nobody = first == len(X)
    return least.masked_fill(nobody, torch.nan), first.masked_fill(nobody, -1)
