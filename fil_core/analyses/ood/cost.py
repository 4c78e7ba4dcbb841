"""What out-of-distribution scores cost, besides the trained model."""

from __future__ import annotations

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.fil.cost import measuring
from fil_core.analyses.lood.cost import entries, training
from fil_core.analyses.ood.request import VARIANCE, OodRequest


def cost(request: OodRequest, sizes: Sizes) -> Cost:
    """Measuring as many examples as there are training examples under every label, and the Gaussian process."""
    n, d = float(sizes.n), float(sizes.d)
    under_labels = measuring(request.model, sizes).times(max(2, sizes.classes))
    total = under_labels + Cost(3 * n * d * d + d**3, 3 * n * d + 3 * d * d)
    if VARIANCE in request.scores:
        variances = Cost(entries(request.kernel, sizes, n) + n * n * n, n)
        total = total + training(request.kernel, sizes) + variances
    return total
