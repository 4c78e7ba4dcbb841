"""What the influence of a network's examples costs, besides training it."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.network.cost import runs_cost
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest
from fil_core.specs.networks import outputs

_BACK = 5.0  # multiply-adds of a metagradient, of those of training
_PRODUCT = 4.0  # of a product with the curvature, of those of a step of training
_EIGEN = 10.0  # of an eigenvalue problem, of p^3
_DIRECT, _KRYLOV = 5_000, 200  # weights of a matrix that is factorised; products otherwise


def cost(request: NetworkInfluenceRequest, sizes: Sizes) -> Cost:
    """Passes through the run of training, or gradients of every example and the equations of the curvature."""
    spec, n, d, k = request.network, sizes.n, sizes.d, outputs(sizes.classes)
    run = runs_cost(spec, sizes, 1.0)
    p, step = spec.family.parameters(spec, d, k), run.operations / max(1, spec.steps or 1)
    targets = float(n) if request.target == "self" else 1.0
    if request.curvature == "metagradient":
        return Cost(_BACK * run.operations * targets, run.values + min(2**27, p * (spec.steps or 1)) + targets * p)
    if request.curvature == "tracin":
        return Cost(run.operations + 4 * step * request.checkpoints, run.values + 2**25)
    if request.curvature in ("hessian", "ggn"):
        products = p if p <= _DIRECT else _KRYLOV * targets
        matrices = 4 * p * p if p <= _DIRECT else _KRYLOV * p
        return Cost(_PRODUCT * step * products + (_EIGEN * p**3 if p <= _DIRECT else 0.0), run.values + matrices)
    gram = request.curvature.startswith("empirical")
    return Cost(4 * step + (n * n * p + _EIGEN * n**3 if gram else n * p), run.values + 3.0 * n * n + 2**25)
