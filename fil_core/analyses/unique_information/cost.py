"""What the unique information of every example costs besides training the network."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.analyses.unique_information.times import MOST_TIMES
from fil_core.specs.networks import outputs

_EIGEN = 10.0  # multiply-adds of an eigenvalue problem, of N^3
_SOLVE = 60.0  # of the equations of the examples that are left out, of N t
_HELD = 6.0  # matrices of the kernel's size


def cost(request: UniqueInfoRequest, sizes: Sizes) -> Cost:
    """The kernel, its eigenvalue problem, one more for the noise at the last time, and products at each time."""
    spec, d, k = request.network, sizes.d, outputs(sizes.classes)
    p, N = spec.family.parameters(spec, d, k), float(sizes.n) * k
    M = k * float(request.validation_size or sizes.n)
    steps, wide = float(spec.steps or 1), d + 2 * p**0.5
    operations = 2 * N * (N + M) * wide + N * spec.family.operations(spec, d, k)
    operations += 2 * _EIGEN * N**3 + MOST_TIMES * sizes.n * N * (steps + M) + _SOLVE * N * k * steps
    return Cost(operations, _HELD * N * N + 2 * N * M + MOST_TIMES * sizes.n * N + (N + M) * wide)
