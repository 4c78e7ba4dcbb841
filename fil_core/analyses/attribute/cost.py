"""What guessing an attribute of every example costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.fil.cost import measuring
from fil_core.attacks.attackers import WHITE_BOX

_DEFAULT_SIGMAS = 13  # of the attack's own grid
_BLOCK = 2**22  # values of a block of candidates
_BLOCKS = 4  # held at once: H^-1 of the two rows, and of those that have not converged


def cost(request: AttributeRequest, sizes: Sizes) -> Cost:
    """Eta, trials of every attacker, the ideal one's training, and candidates, which may need passes over the data."""
    n, d, k = sizes.n, sizes.d, sizes.levels(request.attribute, request.bins)
    scores = request.model.family.scores(sizes.classes)
    sigmas, attackers = len(request.sigmas) or _DEFAULT_SIGMAS, len(request.attackers)
    ideal = (d * k) ** 2 if "ideal" in request.attackers else 0.0
    candidates = request.model.family.refit(n, d, scores) * n * (k - 1)
    operations = float(n) * k * request.trials * (sigmas * _trial(request, k, scores) + d * scores)
    block = _BLOCKS * min(_BLOCK, n * (k - 1) * 2 * scores**2 * d)
    held = n * (k * k + 4 * attackers * sigmas + 8 * scores) + 2 * (scores * d) ** 2 + block
    drawn = request.trials * (4 * scores * d + 3 * sigmas * max(2, scores) ** 2)
    return measuring(request.model, sizes) + Cost(operations + 10.0 * n * ideal + candidates, held + drawn + ideal)


def _trial(request: AttributeRequest, k: int, scores: int) -> float:
    """Multiply-adds of one release for one value of an example under one sigma."""
    black = 150.0 * (1 + scores) if "fredrikson14" in request.attackers else 0.0
    white = 60.0 * len(set(request.attackers) & set(WHITE_BOX)) if k > 2 else 0.0
    return black + white
