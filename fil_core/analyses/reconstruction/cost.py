"""What reconstructing examples costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.reconstruction.request import ReconstructionRequest

_DEFAULT_SIGMAS = 13  # at most, of the attack's own grid
_POINTS = 1e5  # operations per release and feature of the integral over the scores
_STEPS = 60  # of the searches of a softmax model for its modes, and points of the integral, per release
_OVERHEAD = 2e5  # operations that one of them costs whatever its size


def cost(request: ReconstructionRequest, sizes: Sizes) -> Cost:
    """Two eigenproblems per example, and an integral for each release; several examples are parts of their own."""
    if len(request.ids) > 1:
        return Cost()
    d, scores = sizes.d, request.model.family.scores(sizes.classes)
    releases = request.trials * (len(request.sigmas) or _DEFAULT_SIGMAS)
    rounds = request.model.family.reconstruction_rounds
    if scores > 1:
        return _several_scores(releases, rounds, d, scores, sizes.n)
    return Cost(20.0 * d**3 + rounds * releases * d * (_POINTS + sizes.n), 6.0 * d**2)


def _several_scores(releases: int, rounds: int, d: int, scores: int, n: int) -> Cost:
    """H^-1 and H^-2 once; per step products of all their blocks with x, and a factor of d x d."""
    step = 6.0 * (scores * d) ** 2 + d**3 + _OVERHEAD
    passes = 8.0 * rounds * releases * n * scores * d  # gradients of the others
    return Cost(4.0 * (scores * d) ** 3 + _STEPS * releases * step + passes, 4.0 * (scores * d) ** 2)
