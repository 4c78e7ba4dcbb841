"""What looking into one example costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.example.request import ExampleRequest
from fil_core.specs import ModelSpec

_NOISES = 41  # at which the bounds are drawn


def cost(request: ExampleRequest, sizes: Sizes) -> Cost:
    """Its own Jacobian, a bound for each noise, and the distance to everyone."""
    return jacobian(request.model, sizes, _NOISES) + Cost(sizes.n * sizes.d)


def jacobian(model: ModelSpec, sizes: Sizes, times: int = 1) -> Cost:
    """The Jacobian of one example, from which something is computed so many times."""
    scores = model.family.scores(sizes.classes)
    size = scores * sizes.d
    return Cost(times * model.family.measuring(1, sizes.d, scores) + 3.0 * size**2, size**2)
