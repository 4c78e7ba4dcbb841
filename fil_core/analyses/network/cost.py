"""What training networks costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.specs import NetworkRequest, NetworkSpec
from fil_core.specs.networks import outputs

_STEP = 6.0  # multiply-adds of a step, of those of a forward pass
_WATCHED = 1.4  # of the loss before each step and the curvature at some
_COPIES = 6.0  # of the weights: start, current, gradients, and directions of the curvature
_WIDE = 8.0  # numbers per example and square root of the weights: what layers put out, and its gradients


def runs_cost(spec: NetworkSpec, sizes: Sizes, runs: float) -> Cost:
    """So many runs of training one after the other."""
    d, k = sizes.d, outputs(sizes.classes)
    p = spec.family.parameters(spec, d, k)
    each = _STEP * spec.family.operations(spec, d, k) * (spec.steps or 0)
    return Cost(sizes.n * (runs * each + d), _COPIES * p + sizes.n * (_WIDE * p**0.5 + d))


def cost(request: NetworkRequest, sizes: Sizes) -> Cost:
    """One watched run."""
    return runs_cost(request.network, sizes, _WATCHED)
