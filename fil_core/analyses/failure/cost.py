"""What a failure mode costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.failure.request import FailureRequest
from fil_core.specs.pairs import ROUNDS, work

_FITS, _STEPS = 12.0, 12.0  # models of a mode, and Newton steps of each
_PASSES = {"irfil-weights": 2.0, "gap": 1.0}


def cost(request: FailureRequest, sizes: Sizes) -> Cost:
    """A dozen fits with eta of every example, more by the round; and all pairs for the leave-one-out shifts."""
    n, d, k = sizes.n, sizes.d + 1, max(1, sizes.classes - 1)
    fits = _FITS + (2 * request.amount if request.mode == "irfil-weights" else 0)
    one = _STEPS * n * (k * d) ** 2 + (k * d) ** 3
    pairs = ROUNDS * work(n, d, 1) if request.mode == "saturated" else float(min(n, 2000)) * n * d
    return Cost(fits * one + pairs, 8.0 * (k * d) ** 2 + 6.0 * n * d + float(min(n, 2000)) * n)
