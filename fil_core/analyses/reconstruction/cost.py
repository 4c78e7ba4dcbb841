"""What reconstructing examples costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.attacks.points import POINTS, POINTS_WIDE, WIDE

_DEFAULT_SIGMAS = 13  # at most, of the attack's own grid
_POINTS = 1e5  # operations per release and feature of the integral over the scores
# Of a softmax model, per release: steps to its modes, each some products with all blocks of H_o^-1 and a factor.
_PRODUCTS, _FACTORS = 150.0, 35.0
_PASSES = 40.0  # gradients of all other examples
_SLOW, _SLOW_WIDE = 4.0, 2.6  # times as long as large products take, which `PER_SECOND` is about
_OVERHEAD = 6e8  # multiply-adds in whose time the calls of one release are made, whatever their size


def cost(request: ReconstructionRequest, sizes: Sizes) -> Cost:
    """Two eigenproblems per example, and an integral for each release; several examples are parts of their own."""
    if len(request.ids) > 1:
        return Cost()
    d, scores = sizes.d, request.model.family.scores(sizes.classes)
    releases = request.trials * (len(request.sigmas) or _DEFAULT_SIGMAS)
    if scores > 2:  # two classes are attacked as one score
        return _several_scores(releases, d, scores, sizes.n)
    rounds = request.model.family.reconstruction_rounds
    return Cost(20.0 * d**3 + rounds * releases * d * (_POINTS + sizes.n), 6.0 * d**2)


def _several_scores(releases: int, d: int, scores: int, n: int) -> Cost:
    """H^-1 and H^-2 once; for each release the searches for its modes, and the points of the integral."""
    blocks, factor = float(scores * d) ** 2, float(d) ** 3
    search = _PRODUCTS * blocks + _FACTORS * factor
    if d < WIDE:
        each = _SLOW * (search + POINTS * (6.0 * blocks + (scores + 1.0) * factor))
    else:
        each = _SLOW_WIDE * (search + POINTS_WIDE * (4.0 * blocks + factor))
    passes = _PASSES * n * scores * d
    return Cost(4.0 * (scores * d) ** 3 + releases * (each + passes + _OVERHEAD), 4.0 * blocks)
