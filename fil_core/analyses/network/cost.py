"""What training networks costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.specs import NetworkRequest, NetworkSpec
from fil_core.specs.networks import outputs

_STEP = 6.0  # multiply-adds of a step, of those of a forward pass
_WATCHED = 1.4  # of the loss before each step and the curvature at some
_COPIES = 6.0  # of the weights: start, current, gradients, and directions of the curvature
_TEXT = 6.0  # numbers per token of a sequence and of the vocabulary
_HELD = 2.0**28  # numbers of these at most: a step takes no more examples at a time
_WIDE = 8.0  # numbers per example and square root of the weights: what layers put out, and its gradients


def runs_cost(spec: NetworkSpec, sizes: Sizes, runs: float) -> Cost:
    """So many runs of training one after the other."""
    d, k = sizes.d, sizes.vocabulary or outputs(sizes.classes)
    p, rows = spec.family.parameters(spec, d, k), min(sizes.n, spec.batch or sizes.n)
    each = _STEP * spec.family.operations(spec, d, k) * (spec.steps or 0)
    held = min(_HELD, rows * _TEXT * d * k) if sizes.vocabulary else rows * _WIDE * p**0.5
    return Cost(runs * rows * each + sizes.n * d, _COPIES * p + held + sizes.n * d)


def cost(request: NetworkRequest, sizes: Sizes) -> Cost:
    """One watched run."""
    return runs_cost(request.network, sizes, _WATCHED)
