"""What scores of a network's gradients cost, besides training it."""

import dataclasses

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.network.cost import runs_cost
from fil_core.analyses.network_outliers.request import NetworkOutliersRequest
from fil_core.analyses.outliers.cost import scoring
from fil_core.specs.networks import outputs


def cost(request: NetworkOutliersRequest, sizes: Sizes) -> Cost:
    """A pass back for each example, and the forest on the gradients."""
    spec, k = request.network, sizes.vocabulary or outputs(sizes.classes)
    one_pass = dataclasses.replace(spec, time=1, batch=None)
    p = spec.family.parameters(spec, sizes.d, k)
    return runs_cost(one_pass, sizes, 1.0) + scoring(sizes.n, p)
