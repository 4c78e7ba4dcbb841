"""What the exposure of planted secrets costs, besides training and influence."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.canaries.request import CanariesRequest
from fil_core.specs.networks import outputs

SECRETS = 8  # different ones in a text, at most
BLOCK = 2_000  # candidates whose losses are computed at a time
_NUMBERS = 4.0  # per token of a candidate and of the vocabulary


def cost(request: CanariesRequest, sizes: Sizes) -> Cost:
    """A forward pass for each candidate of each secret."""
    spec, d, k = request.network, sizes.d, sizes.vocabulary or outputs(sizes.classes)
    ranked = SECRETS * (request.candidates + 1.0)
    held = min(request.candidates, BLOCK) * (_NUMBERS * d * k)
    return Cost(ranked * spec.family.operations(spec, d, k), held + 2.0 * request.candidates * d)
