"""What looking into one example costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.example.request import ExampleRequest

_NOISES = 41  # at which the bounds are drawn


def cost(request: ExampleRequest, sizes: Sizes) -> Cost:
    """Its own Jacobian, a bound for each noise, and the distance to everyone."""
    scores = request.model.family.scores(sizes.classes)
    size = scores * sizes.d
    return Cost(
        _NOISES * request.model.family.measuring(1, sizes.d, scores) + 3.0 * size**2 + sizes.n * sizes.d, size**2
    )
