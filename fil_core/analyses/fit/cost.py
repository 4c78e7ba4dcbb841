"""What training a model costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.fit.request import FitRequest
from fil_core.specs import ModelSpec

_CURVATURES = 5  # of the parameters' square: Hessian, eigenvectors, work space of the eigenproblem


def cost(request: FitRequest, sizes: Sizes) -> Cost:
    """Gram matrices and one factorisation."""
    return training(request.model, sizes)


def training(model: ModelSpec, sizes: Sizes) -> Cost:
    """Training a model once."""
    scores = model.family.scores(sizes.classes)
    return Cost(model.family.training(sizes.n, sizes.d, scores), _CURVATURES * (scores * sizes.d) ** 2)
