"""What reconstructing examples costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.reconstruction.request import ReconstructionRequest

_DEFAULT_SIGMAS = 13  # at most, of the attack's own grid
_POINTS = 1e5  # operations per release and feature of the integral over the scores


def cost(request: ReconstructionRequest, sizes: Sizes) -> Cost:
    """Two eigenproblems per example, and an integral for each release; several examples are parts of their own."""
    if len(request.ids) > 1:
        return Cost()
    d = sizes.d
    releases = request.trials * (len(request.sigmas) or _DEFAULT_SIGMAS)
    rounds = request.model.family.reconstruction_rounds
    return Cost(20.0 * d**3 + rounds * releases * d * (_POINTS + sizes.n), 6.0 * d**2)
