"""What the exposure of planted secrets costs, besides training the network."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.canaries.request import CanariesRequest
from fil_core.analyses.network.cost import runs_cost
from fil_core.specs.networks import outputs

SECRETS = 8  # different ones in a text, at most
BLOCK = 2_000  # candidates whose losses are computed at a time
_NUMBERS = 4.0  # per token of a candidate and of the vocabulary
_BACK = 1.0  # multiply-adds of the pass back for one secret, of those of training
_KEPT = 2.0**27  # numbers of weights that are kept on the way


def cost(request: CanariesRequest, sizes: Sizes) -> Cost:
    """A forward pass for each candidate of each secret, and the run of training there and back for all secrets."""
    spec, d, k = request.network, sizes.d, sizes.vocabulary or outputs(sizes.classes)
    p, run = spec.family.parameters(spec, d, k), runs_cost(spec, sizes, 1.0)
    ranked = SECRETS * (request.candidates + 1.0)
    held = min(request.candidates, BLOCK) * (_NUMBERS * d * k)
    forward = Cost(ranked * spec.family.operations(spec, d, k), held + 2.0 * request.candidates * d)
    back = Cost((1 + SECRETS * _BACK) * run.operations, run.values + min(_KEPT, p * (spec.steps or 1)) + SECRETS * p)
    return forward + back
