"""What leave-one-out distinguishability costs."""

from __future__ import annotations

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.lood.request import LoodRequest
from fil_core.specs import KernelSpec
from fil_core.specs.targets import SELF

_ENTRY = 500.0  # multiply-adds of one covariance of activations
_TELLING = 1e7  # of the ROC curve of one record, in many small operations
_START = 1e9
_MATRICES = 4.0  # of n x n numbers


def cost(request: LoodRequest, sizes: Sizes) -> Cost:
    """Training, and what follows for each record."""
    n = float(sizes.n)
    rows = 0.0 if request.queries == SELF else n
    return training(request.kernel, sizes) + Cost(_START + _TELLING * n + rows * n * n, 2 * rows * n + rows * rows)


def training(kernel: KernelSpec, sizes: Sizes) -> Cost:
    """The kernel of all records, its factor and its inverse."""
    n = float(sizes.n)
    return Cost(entries(kernel, sizes, n / 2) + 2 * n * n * n, _MATRICES * n * n + 2.0**25)


def entries(kernel: KernelSpec, sizes: Sizes, rows: float) -> float:
    """Multiply-adds of the kernel of so many queries and all records."""
    places = float(sizes.d if kernel.convolutional else 1)
    layers = kernel.depth * _ENTRY * places if kernel.activation else _ENTRY
    return rows * sizes.n * (sizes.d + layers)
