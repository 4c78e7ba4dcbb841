"""What guessing an attribute of every example costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.fil.cost import measuring

_DEFAULT_SIGMAS = 13  # of the attack's own grid


def cost(request: AttributeRequest, sizes: Sizes) -> Cost:
    """Eta, trials of every attacker, the ideal one's training, and candidates, which may need passes over the data."""
    n, d, k = sizes.n, sizes.d, sizes.levels(request.attribute, request.bins)
    sigmas, attackers = len(request.sigmas) or _DEFAULT_SIGMAS, len(request.attackers)
    ideal = (d * k) ** 2 if "ideal" in request.attackers else 0.0
    trials = 15.0 * n * k * request.trials * sigmas * attackers
    candidates = request.model.family.refit(n, d, request.model.family.scores(sizes.classes)) * n * (k - 1)
    own = Cost(trials + 10.0 * n * ideal + candidates, n * (k * k + 4 * attackers * sigmas) + ideal)
    return measuring(request.model, sizes) + own
